"""What an operator may decide about a node among others."""

from __future__ import annotations

from typing import Literal

import msgspec

Strategy = Literal["least_load", "round_robin", "random", "consistent_hash"]
"""How a gateway is chosen for a login."""


class ClusterSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Leases, heartbeats and the choice of a gateway.  Every node of a cluster should have the same, but `weight`."""

    buckets: int = 4096
    """Subjects that people and conversations are spread over; stored in the database, and fixed from then on."""

    # ---- who lives
    lease_s: float = 10.0
    """A node that could not renew its lease for so long may be declared dead, if nobody hears it either."""
    heartbeat_s: float = 1.0
    """How often a node tells the others that it is there, and how busy."""
    suspect_s: float = 3.0
    """A node that was silent for so long gets nothing new."""
    look_s: float = 2.0
    """How often the rows are read for what the heartbeats did not tell."""

    # ---- who gets whom
    strategy: Strategy = "least_load"
    weight: float = 1.0
    """How much this node takes compared with others."""
    connects_per_s: float = 500.0
    """How many new logins one gateway is given per second; a rate of 0 means no limit."""

"""Who speaks on the bus: a node, one incarnation of it, and the log it belongs to."""

from __future__ import annotations

import msgspec


class BusIdentity(msgspec.Struct, frozen=True):
    """What every message of one process says of its sender, and the secret that proves it."""

    node_id: str
    incarnation: str
    secret: bytes = b""
    """The cluster's; known to whoever may read the database, and to nobody else."""
    epoch: str = ""
    """The log's; messages of another log are never merged with this one's."""

    def __repr__(self) -> str:
        return f"BusIdentity({self.node_id!r}, {self.incarnation!r}, epoch={self.epoch!r})"

"""What an operator may decide about Web Push."""

from __future__ import annotations

import msgspec


class PushSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether, when and how often browsers are called that are closed."""

    on: bool = True
    """Take subscriptions, and send through the push services of the browsers' makers; what is sent is encrypted."""
    contact: str = ""
    """`mailto:` or `https:` by which a push service reaches the operator; empty: the public address, if https."""
    grace_s: float = 4.0
    """So long somebody has to read a message before they are called."""
    away_s: float = 30.0
    """The same for somebody who is connected on another device, which calls by itself."""
    large: int = 500
    """In conversations of more people only those who are mentioned are called."""
    keep_s: int = 24 * 3600
    """So long a push service keeps a message for a browser that is not there."""
    send_s: float = 10.0
    """How long one delivery may take with everything."""
    tries: int = 5
    at_once: int = 16
    poll_s: float = 2.0
    """How often a worker looks for calls that it was not told of."""
    lease_s: float = 60.0
    """After it another worker may take up calls that one had begun with."""
    forget_s: float = 7 * 24 * 3600.0
    private_addresses: bool = False
    """Send to push services inside private networks as well, and over plain HTTP; for tests."""

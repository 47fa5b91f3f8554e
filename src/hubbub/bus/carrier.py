"""What a bus server must be able to do, and nothing more: carry bytes from one subject to whoever subscribed.

Everything that gives the bytes a meaning (signatures, numbers, events, calls) is written once, above this port; a
driver is the hundred and fifty lines that speak to one kind of server.  A carrier keeps its subscriptions over
reconnects by itself.  It may hand back what its own process sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hubbub.base.errors import ChatError, Code


class BusAway(ChatError):
    """The bus did not take it.  What was committed is in the log, and the outbox sweep announces it."""

    def __init__(self, reason: str) -> None:
        super().__init__(Code.UNAVAILABLE, retry_after_s=1.0)
        self.reason = reason
        """For the log and the operator; a peer is told the code alone."""

    def __repr__(self) -> str:
        return f"BusAway({self.reason!r})"


class Receiver(Protocol):
    """Whom a carrier tells; called in the event loop, in the order things happened."""

    def arrived(self, subject: str, data: bytes) -> None:
        """Take a message.  Messages of one sender come in the order it sent them, whatever their subjects."""

    def nobody(self, receipt: str) -> None:
        """Nobody was subscribed to what was sent with this receipt."""

    def lost(self) -> None:
        """The connection broke: what was on its way, either way, may never arrive."""

    def back(self) -> None:
        """There is a connection and every subscription is in force: the first one, or one after `lost`."""


class Carrier(Protocol):
    """One process's connection to a bus server."""

    @property
    def connected(self) -> bool: ...

    def send(self, subject: str, data: bytes, receipt: str = "") -> None:
        """Send in this loop turn, after everything sent before.

        Never keeps anything for later: raises BusAway when there is no connection, or one that takes nothing.  With a
        `receipt` (letters, digits and dots) the receiver hears of it when nobody was subscribed.
        """

    async def flush(self, timeout_s: float) -> None:
        """Return once the server has taken everything sent and subscribed before this call; raises BusAway."""

    def subscribe(self, subjects: Sequence[str]) -> None:
        """Want these from now on.

        A later `flush` says that they are in force; without a connection they are from `back` on.
        """

    def unsubscribe(self, subjects: Sequence[str]) -> None: ...

    def reconnect(self) -> None:
        """Give up a connection that seems to be of no use, and make a new one."""

    async def close(self) -> None: ...

"""What a session asks of the connection below it, whatever that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Link(Protocol):
    """One connection that carries ready frames.

    It calls `receive`, `stalled`, `drained` and `lost` of its session.  Nothing here blocks or waits.
    """

    def write(self, frames: Sequence[bytes]) -> None:
        """Put frames that are ready for this link's encoding onto the connection, with one write."""

    def buffered(self) -> int:
        """Return how many bytes wait in this process to be taken by the peer."""

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def close(self, code: int, reason: str) -> None:
        """Say goodbye and end the connection once what was written is out, or after a deadline.

        Nothing is received any more.  Idempotent.
        """

    def abort(self) -> None:
        """End the connection now, losing what is buffered."""

    async def closed(self) -> None:
        """Return once the connection is gone."""

"""Let go of what legal holds kept once no open one needs it.

What was let go is a number on the hold's row and is looked for until that was done, so a worker that dies is followed
by another, and two at once delete each copy once.  Files go with the next sweep of files.
"""

from __future__ import annotations

from hubbub.base.loops import Loop
from hubbub.chat.holds import HoldStore

__all__ = ["Releasing"]


class Releasing:
    """A worker's loop."""

    def __init__(self, store: HoldStore, *, every_s: float = 30.0) -> None:
        self._loop = Loop("releasing", store.release, every_s=every_s)

    def start(self) -> None:
        self._loop.start()

    async def stop(self) -> None:
        await self._loop.stop()

"""Messages that were kept long enough go, by one worker at a time.

A dozen workers that let go of the same messages would do no harm, and only be in each other's way.  So one of them has
the lock for as long as it lives, and the next one takes it over; no fencing token is needed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from hubbub.base.errors import ChatError
from hubbub.base.loops import Loop
from hubbub.cluster.locks import LockBusy, LockLost, Locks

__all__ = ["LOCK", "RetentionJob"]

LOCK = "retention"

_WAIT_S = 3600.0
"""How long the lock is waited for before it is asked for anew; whoever waits is woken and polls nothing."""

_log = logging.getLogger(__name__)


class RetentionJob:
    """Lets messages go while it has the lock, and waits for it while another has."""

    def __init__(
        self, locks: Locks, step: Callable[[], Awaitable[None]], *, every_s: float, pause_s: float = 1.0
    ) -> None:
        """`step` lets go of all there is.  `pause_s`: before it goes on after a failure."""
        self._locks = locks
        self._step = step
        self._every_s = every_s
        self._loop = Loop("retention", self.serve, every_s=0.0, pause_s=pause_s)

    def start(self) -> None:
        """Begin to wait for the lock."""
        self._loop.start()

    async def stop(self) -> None:
        """Give the lock to the next one."""
        await self._loop.stop()

    async def serve(self) -> None:
        """Wait for the lock and let messages go under it until it is lost."""
        try:
            async with self._locks.hold(LOCK, wait_s=_WAIT_S):
                while True:
                    try:
                        await self._step()
                    except ChatError as problem:
                        _log.warning("what was kept long enough goes later: %r", problem)
                    await asyncio.sleep(self._every_s)
        except LockBusy:
            return
        except LockLost:
            _log.warning("another node may let messages go now; this one waits for its turn")

"""Connections end with their logins, also when nobody lives to tell of it.

Whoever ends a login tells the nodes over the bus, which is quick, and lost when that node dies right after its commit.
So every few seconds whoever holds connections asks the database which logins have ended since it last asked, and looks
a while back each time, because a transaction that was slow appears among earlier ones.  A connection is registered
before its login is checked, so a login that ends is noticed by that check or by this question.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from hubbub.auth.model import NEVER, Authenticator, Ended
from hubbub.base.errors import ChatError
from hubbub.base.loops import Loop

__all__ = ["LATE_MS", "Endings"]

LATE_MS = 60_000
"""How late an ending may become visible after the moment it is stamped with; transactions are cut off far earlier."""

_AT_ONCE = 1_000

_log = logging.getLogger(__name__)


class Endings:
    """Names the logins that ended, told of it or not."""

    def __init__(
        self, auth: Authenticator, end: Callable[[Ended], None], *, every_s: float, timeout_s: Callable[[], float]
    ) -> None:
        """`end` is called with each login that ended, in the loop, and more than once with the same."""
        self._auth = auth
        self._end = end
        self._timeout_s = timeout_s
        self._after = NEVER
        self._turn = asyncio.Lock()
        self._failing = False
        self._loop = Loop("ended logins", self._try, every_s=every_s)

    async def start(self) -> None:
        """Begin to ask, before the first connection comes.  Raises ChatError or TimeoutError."""
        await self.look()
        self._loop.start()

    async def stop(self) -> None:
        await self._loop.stop()

    async def look(self) -> None:
        """Ask once and end what has to end.  Raises ChatError or TimeoutError; then the next call asks for the same."""
        async with asyncio.timeout(self._timeout_s()), self._turn:
            while True:
                now_ms, found = await self._auth.ended(self._after, _AT_ONCE)
                for one in found:
                    self._end(one)
                if len(found) < _AT_ONCE:
                    break
                self._after = (found[-1].ended_ms, found[-1].login_id)
            self._after = (now_ms - LATE_MS, "")

    async def _try(self) -> None:
        try:
            await self.look()
        except (ChatError, TimeoutError) as problem:
            if not self._failing:
                _log.warning("ended logins cannot be asked for and are tried again: %r", problem)
            self._failing = True
        else:
            self._failing = False

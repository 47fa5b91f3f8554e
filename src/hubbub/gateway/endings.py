"""Sockets end with their logins, also when nobody lives to tell of it.

Whoever ends a login tells the gateways over the bus, which is quick, and lost when that node dies right after its
commit.  So every few seconds a gateway asks the database which logins have ended since it last asked, and looks a while
back each time, because a transaction that was slow appears among earlier ones.  A session is in its person's list
before its login is checked, so a login that ends is noticed by that check or by this question.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hubbub.auth.model import NEVER, Ended
from hubbub.base.errors import ChatError, Code
from hubbub.base.loops import Loop
from hubbub.gateway.tasks import log

if TYPE_CHECKING:
    from hubbub.gateway.service import Service

LATE_MS = 60_000
"""How late an ending may become visible after the moment it is stamped with; transactions are cut off far earlier."""

_AT_ONCE = 1_000


class Endings:
    """Ends the sessions whose login ended, told of it or not."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._after = NEVER
        self._turn = asyncio.Lock()
        self._failing = False
        self._loop = Loop("ended logins", self._try, every_s=service.settings.endings_s)

    async def start(self) -> None:
        """Begin to ask, before the first session comes.  Raises ChatError or TimeoutError."""
        await self.look()
        self._loop.start()

    async def stop(self) -> None:
        await self._loop.stop()

    async def look(self) -> None:
        """Ask once and end what has to end.  Raises ChatError or TimeoutError; then the next call asks for the same."""
        service = self._service
        async with asyncio.timeout(service.settings.request_timeout_s), self._turn:
            while True:
                now_ms, found = await service.auth.ended(self._after, _AT_ONCE)
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
                log.warning("ended logins cannot be asked for and are tried again", problem=repr(problem))
            self._failing = True
        else:
            self._failing = False

    def _end(self, login: Ended) -> None:
        person = self._service.people.get(login.user_id)
        for session in list(person.sessions) if person is not None else ():
            identity = session.identity
            # A session that logs itself out ends after its answer.
            if identity is not None and identity.login_id == login.login_id and not session.logged_out:
                session.end(Code.SESSION_ENDED)

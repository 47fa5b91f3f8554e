"""What to do when the bus may have lost something: compare what was told here with the log, and tell the rest.

A bus delivers at most once.  It says when it cannot vouch for what a node heard: it reconnected, it dropped what came
too fast, a number was missing.  Then every large conversation with a listener here is compared with its head, and the
log is asked what every person here hears of: entries, rows and logins all may have changed unheard.  What is behind is
announced, not sent; feeds and clients fetch what they lack.  A hole that is half mended is a hole, so it is tried until
it is done for everybody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from hubbub.base.errors import ChatError
from hubbub.base.ids import SYSTEM_CONVERSATION
from hubbub.chat.model import Listening, UserState
from hubbub.gateway import mapping_out
from hubbub.gateway.encoding import Push
from hubbub.gateway.people import Person
from hubbub.gateway.tasks import log
from hubbub.wire import hubbub_pb2 as pb

if TYPE_CHECKING:
    from hubbub.gateway.service import Service
    from hubbub.gateway.session import Session

T = TypeVar("T")

PEOPLE_AT_ONCE = 50
HEADS_AT_ONCE = 500
_AGAIN_S = 1.0


class Holes:
    """Mends what a gateway may have missed."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._found = False
        self._running = False
        self.mended = 0
        """How often everybody was looked after."""

    def found(self) -> None:
        """Learn that something may be missing.  Called in the loop; finding the same hole twice costs nothing."""
        self._found = True
        if not self._running:
            self._running = True
            self._service.tasks.start(self._mend())

    async def _mend(self) -> None:
        try:
            while self._found:
                self._found = False
                try:
                    await self.compare()
                except (ChatError, TimeoutError) as problem:
                    log.warning("a hole could not be mended yet", problem=repr(problem))
                    self._found = True
                    await asyncio.sleep(_AGAIN_S)
                except Exception:
                    log.exception("a hole could not be mended")
                    self._found = True
                    await asyncio.sleep(_AGAIN_S)
        finally:
            self._running = False

    async def compare(self) -> None:
        """Compare everything once.  Raises ChatError or TimeoutError where the log could not be asked."""
        service = self._service
        async with asyncio.timeout(service.settings.request_timeout_s):
            await service.feeds.compare(HEADS_AT_ONCE)
        for people in _pieces(list(service.people.everybody()), PEOPLE_AT_ONCE):
            async with asyncio.timeout(service.settings.request_timeout_s):
                await self._look_after({person.user_id: person for person in people})
        await self._service.endings.look()
        self.mended += 1

    # ------------------------------------------------------------ people

    async def _look_after(self, people: dict[str, Person]) -> None:
        for person in people.values():
            person.begin_entering()  # what they leave while this is read is not joined again below
        try:
            found = await self._service.chat.listening(list(people))
            heads: dict[str, int] = {}
            hearers: dict[str, list[Session]] = {}
            for listening in found:
                self._compare_person(people[listening.user_id], listening, heads, hearers)
        finally:
            for person in people.values():
                person.end_entering()
        self._service.feeds.fanout.catch_up(heads, hearers)

    def _compare_person(
        self, person: Person, listening: Listening, heads: dict[str, int], hearers: dict[str, list[Session]]
    ) -> None:
        feeds = self._service.feeds
        person.knows(listening.version)
        large: set[str] = {SYSTEM_CONVERSATION}
        for conversation_id, head, is_large in listening.conversations:
            if conversation_id in person.departed or conversation_id == SYSTEM_CONVERSATION:
                continue
            channel = feeds.get(conversation_id)
            if is_large or channel is not None:
                large.add(conversation_id)
                if channel is None or not channel.has(person):
                    # They came into it unheard, or it grew: from here on they hear it, and they are told how far it is.
                    if channel is None:
                        feeds.grow(conversation_id, head, [person])
                    else:
                        channel.enter(person, head)
                    feeds.fanout.announce(conversation_id, head, person.sessions)
            else:
                heads[conversation_id] = head
                hearers.setdefault(conversation_id, []).extend(person.sessions)
        for conversation_id in [name for name in person.channels if name not in large]:
            # They left unheard.  What the feed still holds back it tells nobody who is out.
            channel = feeds.get(conversation_id)
            if channel is not None:
                channel.part(person, channel.pushed)
                feeds.settle(channel)
        self._tell_version(person, listening.version)

    def _tell_version(self, person: Person, version: int) -> None:
        """Say which version the person's rows have (protocol.md 11.3): who holds less asks for the rest."""
        state = UserState(version, version, ())
        push = Push(pb.ServerFrame(user_changed=mapping_out.user_state(state)))
        for session in person.sessions:
            session.push(push)


def _pieces(items: Sequence[T], size: int) -> list[Sequence[T]]:
    return [items[at : at + size] for at in range(0, len(items), size)]

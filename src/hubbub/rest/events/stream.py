"""One person's stream of server-sent events: the log from a position on, read as fast as its reader takes it.

Joining is always: follow the topics, then read the heads, so nothing falls in between (`chat.ports.Feed`).  What is
sent is read from the log after that, a page of one conversation at a time, so entries come in order and once, whatever
the bus lost, repeated or swapped; and each event carries the position after it, so that a stream that broke is taken up
again where its client was, on any node.  The next page is read when the last is written: there is never more than one
in memory.  Receipts, typing and presence are not here; they are best effort, and what sockets are for.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator

import msgspec

from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import SYSTEM_CONVERSATION
from hubbub.chat import model
from hubbub.chat.model import Listening, MemberState
from hubbub.chat.ports import Topic
from hubbub.rest.events import cursor as event_cursor
from hubbub.rest.events.cursor import Position
from hubbub.rest.events.listeners import Listener, Listeners
from hubbub.rest.log_models import EntryPage
from hubbub.rest.models import UserState
from hubbub.rest.problems import problem_of

__all__ = ["EventStream", "Hello", "Reset"]

log = logging.getLogger("hubbub.rest")

_GONE = frozenset({Code.NOT_A_MEMBER, Code.BANNED, Code.CONVERSATION_NOT_FOUND})
_STORE_S = 15.0
_AGAIN_MS = 1_000
_SPREAD_MS = 4_000
"""Those whose node goes away come back within so long, and not all at once."""

_ALIVE = b":\n\n"
"""A comment (HTML Standard 9.2.6): nothing was said, and somebody is there."""


class Hello(msgspec.Struct, frozen=True, kw_only=True):
    """The first event: whose stream it is, and how often it shows that it lives."""

    user_id: str
    epoch: str
    user_version: int
    server_time_ms: int
    heartbeat_ms: int


class Reset(msgspec.Struct, frozen=True, kw_only=True):
    """The log is another one: what was read before is forgotten, and the stream begins at its head."""

    epoch: str
    reason: str


class EventStream:
    """What one listener is sent, from `enter` to the end."""

    def __init__(self, listeners: Listeners, listener: Listener, epoch: str) -> None:
        self._listeners = listeners
        self._listener = listener
        self._chat = listeners.chat
        self._epoch = epoch
        self._version = 0
        self._reset = False

    @property
    def _user_id(self) -> str:
        return self._listener.identity.user_id

    async def begin(self, cursor: str) -> None:
        """Take up the position of a cursor, or else the heads of everything.

        Raises ChatError, with BAD_CURSOR among others, or TimeoutError.
        """
        position = event_cursor.read(cursor, self._epoch, self._user_id) if cursor else None
        self._reset = bool(cursor) and position is None
        if position is not None:
            self._version, self._listener.seen = position.version, position.seen
            return
        listening = await self._listening()
        self._version = listening.version
        self._listener.seen = {name: head for name, head, _ in listening.conversations}
        self._listener.begun.clear()
        self._check_size()

    async def events(self) -> AsyncIterator[bytes]:
        """Yield what to write, until the end; the last of it says why."""
        try:
            async for event in self._events():
                if self._listener.over is not None:
                    break
                yield event
            problem = ChatError(self._listener.over or Code.GOING_AWAY)
        except ChatError as refused:
            problem = refused
        except TimeoutError:
            problem = ChatError(Code.TIMEOUT)
        except Exception:
            log.exception("a stream of events failed")
            problem = ChatError(Code.INTERNAL_ERROR)
        yield self._end(problem)

    async def _events(self) -> AsyncIterator[bytes]:
        listeners, listener = self._listeners, self._listener
        settings = listeners.settings
        ends_s = listeners.clock.monotonic() + settings.event_longest_s
        if self._reset:
            yield self._event("reset", Reset(epoch=self._epoch, reason=Code.EPOCH_CHANGED.value))
        yield self._hello()
        while True:
            left_s = (listener.identity.expires_ms - listeners.clock.now_ms()) / 1000
            if left_s <= 0:
                raise ChatError(Code.TOKEN_EXPIRED)
            if listener.over is not None:
                return
            if listener.look:
                async for event in self._look_around():
                    yield event
            elif listener.heard:
                event = await self._read_on(next(iter(listener.heard)))
                if event:
                    yield event
            elif (rest_s := ends_s - listeners.clock.monotonic()) <= 0:
                return
            elif not await listener.woken(min(settings.event_heartbeat_s, left_s, rest_s)):
                yield _ALIVE

    # ------------------------------------------------------------ reading

    async def _listening(self) -> Listening:
        """Return what this person hears of, once all of it is followed."""
        listener = self._listener
        while True:
            async with asyncio.timeout(_STORE_S):
                (found,) = await self._chat.listening([self._user_id])
                wanted = {
                    Topic("conversation", name)
                    for name, _, large in found.conversations
                    if large and name != SYSTEM_CONVERSATION
                }
                followed = {topic for topic in listener.topics if topic.scope == "conversation"}
                self._listeners.unfollow(listener, followed - wanted)
                if wanted <= followed:
                    return found
                # What was appended before it was followed is in what is read after.
                await self._listeners.follow(listener, wanted - followed)

    async def _look_around(self) -> AsyncIterator[bytes]:
        """Compare everything with the log: which conversations there are, how far they reach, the person's rows."""
        listener = self._listener
        listener.look = False
        listening = await self._listening()
        seen = listener.seen
        joined = {name: head for name, head, _ in listening.conversations}
        for name, head in joined.items():
            if name not in seen:
                # A client that comes into a conversation has its state, of `as_of` or later; whoever was here when it
                # began gets it from there.
                seen[name] = min(head, listener.begun.get(name, head))
            if head > seen[name]:
                listener.heard[name] = head
        listener.begun.clear()
        left = seen.keys() - joined.keys()
        more = self._version < listening.version
        while more:
            async with asyncio.timeout(_STORE_S):
                rows = await self._chat.user_state(listener.caller, self._version, 0)
            for row in rows.conversations:
                name, member = row.conversation.id, row.member
                if name in left and member.state is MemberState.JOINED:
                    left.discard(name)  # They came back meanwhile, which is told as well.
                elif name in left and member.intervals:
                    async for event in self._read_to_the_cut(name, member.intervals[-1][1]):
                        yield event
            # Only now: whoever comes back from an earlier event gets these rows, and what came before the cut.
            self._version = max(self._version, rows.version)
            more = rows.more and bool(rows.conversations)
            if rows.conversations:
                yield self._event("user_changed", UserState.of(rows, self._user_id))
        for name in left:
            del seen[name]
            listener.heard.pop(name, None)
        self._check_size()

    async def _read_on(self, conversation_id: str) -> bytes:
        """Return the next page of a conversation as an event; nothing where there is nothing to see."""
        listener = self._listener
        last, at = listener.heard.pop(conversation_id), listener.seen.get(conversation_id)
        if at is None or last <= at:
            return b""
        page = await self._page(conversation_id, at)
        if page is None:
            del listener.seen[conversation_id]
            return b""
        if page.to_seq > at:
            listener.seen[conversation_id] = page.to_seq
            if page.to_seq < page.as_of:
                # Behind the others: nobody's flood keeps them waiting.
                listener.hear(conversation_id, 0, page.as_of)
        return self._event("entries", EntryPage.of(page)) if page.entries else b""

    async def _read_to_the_cut(self, conversation_id: str, cut: int) -> AsyncIterator[bytes]:
        """Yield what is left of a conversation this person is no longer in: nothing after their part of it."""
        seen = self._listener.seen
        while (at := seen[conversation_id]) < cut:
            page = await self._page(conversation_id, at)
            if page is None or page.to_seq <= at:
                return
            to_seq = seen[conversation_id] = min(page.to_seq, cut)
            entries = tuple(entry for entry in page.entries if entry.seq <= cut)
            if entries:
                page = msgspec.structs.replace(page, entries=entries, to_seq=to_seq, as_of=min(page.as_of, cut))
                yield self._event("entries", EntryPage.of(page))

    async def _page(self, conversation_id: str, after_seq: int) -> model.EntryPage | None:
        """Return entries as this person may see them now; None where they may see nothing."""
        try:
            async with asyncio.timeout(_STORE_S):
                return await self._chat.entries(
                    self._listener.caller, conversation_id, after_seq, self._listeners.settings.event_page
                )
        except ChatError as refused:
            if refused.code not in _GONE:
                raise
            return None

    def _check_size(self) -> None:
        if len(self._listener.seen) > event_cursor.MOST:
            raise ChatError(
                Code.BAD_REQUEST, f"A stream carries {event_cursor.MOST} conversations; a socket carries more."
            )

    # ------------------------------------------------------------ writing

    def _hello(self) -> bytes:
        settings, clock = self._listeners.settings, self._listeners.clock
        hello = Hello(
            user_id=self._user_id,
            epoch=self._epoch,
            user_version=self._version,
            server_time_ms=clock.now_ms(),
            heartbeat_ms=int(settings.event_heartbeat_s * 1000),
        )
        return b"retry: %d\n" % _AGAIN_MS + self._event("hello", hello)

    def _event(self, name: str, said: msgspec.Struct) -> bytes:
        """Return an event with the position after it; JSON has no line breaks, so one `data` line holds it."""
        cursor = event_cursor.write(self._epoch, self._user_id, Position(self._version, self._listener.seen))
        return b"event: %s\nid: %s\ndata: %s\n\n" % (name.encode(), cursor.encode(), msgspec.json.encode(said))

    @staticmethod
    def _end(problem: ChatError) -> bytes:
        """Return the last event; it has no position of its own."""
        again_ms = _AGAIN_MS
        if problem.code is Code.GOING_AWAY:
            again_ms += random.randrange(_SPREAD_MS)
        said = msgspec.json.encode(problem_of(problem))
        return b"retry: %d\nevent: end\ndata: %s\n\n" % (again_ms, said)

"""Who listens over HTTP on this node, and what wakes them.

What the bus says is only a reason to look: a listener notes which conversations grew, or that its person's rows
changed, and reads the log itself, as far as it has room.  So one that reads slowly costs a number per conversation, and
what it may see is decided where every read is, in the snapshot of the read.  What the bus lost is announced again, and
after a hole everybody looks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hubbub.auth.endings import Endings
from hubbub.auth.model import Authenticator, Ended, Identity
from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import SYSTEM_CONVERSATION
from hubbub.base.loops import Loop
from hubbub.chat.following import FeedFactory, Following
from hubbub.chat.model import SMALL_AUDIENCE, Caller
from hubbub.chat.ports import RIGHTS_CHANGED, EntriesAppended, Event, HeadsAnnounced, LoginEnded, Topic, UserChanged
from hubbub.chat.service import Chat
from hubbub.rest.events import cursor as event_cursor
from hubbub.rest.settings import RestSettings

__all__ = ["Listener", "Listeners"]

_ENDINGS_S = 3.0
"""How often the database is asked which logins ended, as for sockets."""
_SWEEP_S = 5.0
_STORE_S = 15.0


class Listener:
    """One stream's ear: what it has, and what it heard of that it has not."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self.caller = Caller(identity.user_id, identity.device_id, identity.is_admin, identity.scopes)
        self.seen: dict[str, int] = {}
        """By conversation: everything up to here was sent, or is withheld."""
        self.heard: dict[str, int] = {}
        """Those of them that have more."""
        self.begun: dict[str, int] = {}
        """Conversations that are not among `seen`, and what came before the first that was heard of them."""
        self.look = True
        """Which conversations there are may have changed."""
        self.over: Code | None = None
        """Why it ends."""
        self.topics: set[Topic] = set()
        self._woken = asyncio.Event()

    def hear(self, conversation_id: str, first_seq: int, last_seq: int) -> None:
        """Learn that these entries exist; `first_seq` 0: only that there is one with the last number."""
        seen = self.seen.get(conversation_id)
        if seen is None:
            if first_seq and len(self.begun) < event_cursor.MOST:
                self.begun.setdefault(conversation_id, first_seq - 1)
            self.look = True
        elif last_seq > seen:
            self.heard[conversation_id] = max(last_seq, self.heard.get(conversation_id, 0))
        else:
            return
        self._woken.set()

    def look_around(self) -> None:
        """Learn that the person's rows changed, or that something may have gone unheard."""
        self.look = True
        self._woken.set()

    def end(self, code: Code) -> None:
        """Learn that this is the end; what is not yet sent is not sent any more."""
        if self.over is None:
            self.over = code
        self._woken.set()

    async def woken(self, within_s: float) -> bool:
        """Wait until something was heard, at most so long; whether it was."""
        try:
            async with asyncio.timeout(max(within_s, 0.0)):
                await self._woken.wait()
        except TimeoutError:
            return False
        self._woken.clear()
        return True


class Listeners:
    """Everybody who listens here."""

    def __init__(
        self,
        chat: Chat,
        auth: Authenticator,
        feed_factory: FeedFactory,
        clock: Clock,
        settings: RestSettings,
        *,
        small_audience: int = SMALL_AUDIENCE,
    ) -> None:
        """`small_audience`: up to how many members a conversation is told to its people one by one."""
        self.chat = chat
        self.clock = clock
        self.settings = settings
        self._auth = auth
        self._small_audience = small_audience
        self._by_user: dict[str, list[Listener]] = {}
        self._by_conversation: dict[str, set[Listener]] = {}
        self._count = 0
        self._draining = False
        self._following = Following(feed_factory(self._hear, self._hole))
        self._endings = Endings(auth, self._login_ended, every_s=_ENDINGS_S, timeout_s=lambda: _STORE_S)
        self._sweeping = Loop("topics of listeners", self._following.sweep, every_s=_SWEEP_S)

    def __len__(self) -> int:
        return self._count

    async def start(self) -> None:
        """Begin to watch logins, before the first listener comes.  Raises ChatError or TimeoutError."""
        await self._endings.start()
        self._sweeping.start()

    def drain(self) -> None:
        """End every stream with the word to come back, and take no new ones."""
        self._draining = True
        self._end_all(Code.GOING_AWAY)

    async def stop(self) -> None:
        """End what is left; nothing is heard any more."""
        self.drain()
        await self._endings.stop()
        await self._sweeping.stop()

    async def enter(self, identity: Identity) -> Listener:
        """Return a listener that hears everything from now on; whoever enters has to `leave`.

        Raises ChatError with GOING_AWAY, OVERLOADED, RATE_LIMITED or SESSION_ENDED.
        """
        if self._draining:
            raise ChatError(Code.GOING_AWAY, retry_after_s=1.0)
        if self._count >= self.settings.event_streams:
            raise ChatError(Code.OVERLOADED, retry_after_s=5.0)
        mine = self._by_user.setdefault(identity.user_id, [])
        most = self.settings.event_streams_per_user
        if len(mine) >= most:
            raise ChatError(Code.RATE_LIMITED, f"There are {most} streams of yours already.", retry_after_s=5.0)
        listener = Listener(identity)
        mine.append(listener)
        self._count += 1
        try:
            await self.follow(listener, {Topic("all"), Topic("user", identity.user_id)})
            # In the list first, then checked: a login that ends in between is noticed by one of the two.
            await self._auth.check(identity)
        except BaseException:
            self.leave(listener)
            raise
        return listener

    def leave(self, listener: Listener) -> None:
        """Take a listener out of every place it had.  Idempotent."""
        mine = self._by_user.get(listener.identity.user_id, [])
        if listener not in mine:
            return
        mine.remove(listener)
        if not mine:
            del self._by_user[listener.identity.user_id]
        self._count -= 1
        self.unfollow(listener, set(listener.topics))

    async def follow(self, listener: Listener, topics: set[Topic]) -> None:
        """Have the listener woken by these as well; returns once every later word on them will be heard."""
        listener.topics |= topics
        for topic in topics:
            if topic.scope == "conversation":
                self._by_conversation.setdefault(topic.id, set()).add(listener)
        await self._following.need(topics)

    def unfollow(self, listener: Listener, topics: set[Topic]) -> None:
        """Have the listener woken by these no more."""
        listener.topics -= topics
        for topic in topics:
            if topic.scope == "conversation" and (others := self._by_conversation.get(topic.id)) is not None:
                others.discard(listener)
                if not others:
                    del self._by_conversation[topic.id]
        self._following.go(topics)

    # ------------------------------------------------------------ from the bus

    def _hear(self, events: Sequence[Event]) -> None:
        if not self._count:
            return
        for event in events:
            match event:
                case EntriesAppended():
                    entries = event.entries
                    self._tell(event.conversation_id, entries[0].seq, entries[-1].seq, event.audience)
                case HeadsAnnounced():
                    for conversation_id, head in event.heads.items():
                        self._tell(conversation_id, 0, head, event.audiences.get(conversation_id))
                case UserChanged():
                    for listener in self._by_user.get(event.user_id, ()):
                        listener.look_around()
                case LoginEnded() if event.code != RIGHTS_CHANGED:
                    for listener in self._by_user.get(event.user_id, ()):
                        if not event.device_id or listener.identity.device_id == event.device_id:
                            listener.end(Code(event.code))
                case _:
                    pass  # Typing and receipts are best effort, and what a socket is for.

    def _tell(self, conversation_id: str, first_seq: int, last_seq: int, audience: Sequence[str] | None) -> None:
        if audience is not None:
            # One that outgrew the small ones has a topic of its own from now on, which has to be followed.
            grew = len(audience) > self._small_audience
            for name in audience:
                for listener in self._by_user.get(name, ()):
                    listener.hear(conversation_id, first_seq, last_seq)
                    if grew and listener not in self._by_conversation.get(conversation_id, ()):
                        listener.look_around()
        elif conversation_id == SYSTEM_CONVERSATION:
            for mine in self._by_user.values():
                for listener in mine:
                    listener.hear(conversation_id, first_seq, last_seq)
        else:
            for listener in self._by_conversation.get(conversation_id, ()):
                listener.hear(conversation_id, first_seq, last_seq)

    def _hole(self) -> None:
        for mine in self._by_user.values():
            for listener in mine:
                listener.look_around()

    def _login_ended(self, login: Ended) -> None:
        for listener in self._by_user.get(login.user_id, ()):
            if listener.identity.login_id == login.login_id:
                listener.end(Code.SESSION_ENDED)

    def _end_all(self, code: Code) -> None:
        for mine in self._by_user.values():
            for listener in mine:
                listener.end(code)

"""The feeds of large conversations: opened, kept whole, and closed with their last listener here.

Joining a feed is always: follow the topic, then read the head, then count from there, so nothing falls in between.  A
gap that does not close by itself within moments is fetched once for all listeners.  One that is too large for that is
skipped, and since it may hide that somebody was removed, its listeners hear nothing more until the log has said who
they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from hubbub.base.errors import ChatError
from hubbub.base.ids import SYSTEM_CONVERSATION
from hubbub.chat.following import Following
from hubbub.chat.ports import Topic
from hubbub.gateway.channel import Channel
from hubbub.gateway.people import Person
from hubbub.gateway.settings import GatewaySettings
from hubbub.gateway.tasks import Tasks, log

if TYPE_CHECKING:
    from hubbub.chat.service import Chat
    from hubbub.gateway.fanout import Fanout
    from hubbub.gateway.session import Session

PEOPLE_AT_ONCE = 50
_AGAIN_S = 1.0
"""When a gap is looked at again after the log could not be read."""


class Feeds:
    """Every channel of this node by conversation."""

    def __init__(self, chat: Chat, following: Following, tasks: Tasks, settings: GatewaySettings) -> None:
        self._chat = chat
        self._following = following
        self._tasks = tasks
        self._settings = settings
        self._channels: dict[str, Channel] = {}
        self.get = self._channels.get
        self.fanout: Fanout

    def __len__(self) -> int:
        return len(self._channels)

    async def open_system(self) -> None:
        """Open the announcements, which everybody hears as long as the gateway runs."""
        channel = self._channels[SYSTEM_CONVERSATION] = Channel(SYSTEM_CONVERSATION)
        await self._following.need([Topic("all")])
        heads = await self._chat.heads([SYSTEM_CONVERSATION])
        self._release(channel, channel.open(heads.get(SYSTEM_CONVERSATION, 0)))

    def attend(self, session: Session) -> None:
        """Let a session that enters hear the announcements from now on."""
        self._channels[SYSTEM_CONVERSATION].sessions.add(session)

    async def enter(self, person: Person, conversations: Mapping[str, int]) -> bool:
        """Let a person who just connected hear these conversations, of which they know the heads, from now on.

        Returns once everything that is appended from here on will be heard; what is older is the resume's to bring.
        True: everything above the given heads is heard, so a resume that was read with them will do.
        """
        fresh: list[str] = []
        heard = True
        for name, head in conversations.items():
            channel = self._channels.get(name)
            if channel is None:
                channel = self._channels[name] = Channel(name)
                fresh.append(name)
            heard = heard and channel.opened and channel.pushed <= head
            # A feed that is behind has entries from before they came, which are the resume's and not theirs to hear.
            channel.enter(person, head)
        await self._open(fresh, None)
        # Ones that another session is opening just now.
        for name in conversations:
            channel = self._channels.get(name)
            if channel is not None and not channel.opened and name not in fresh:
                await self._following.need([Topic("conversation", name)])
                self._following.go([Topic("conversation", name)])
        return heard

    def grow(self, conversation_id: str, seq: int, people: Iterable[Person]) -> None:
        """Let people hear a conversation that is large now; they were told of its entries up to `seq`."""
        people = list(people)
        if not people:
            return
        channel = self._channels.get(conversation_id)
        if channel is None:
            channel = self._channels[conversation_id] = Channel(conversation_id)
            self._tasks.start(self._open([conversation_id], seq))
        for person in people:
            channel.join(person)

    async def _open(self, names: Sequence[str], seq: int | None) -> None:
        """Follow new channels and let them begin: at `seq`, or at their heads."""
        if not names:
            return
        try:
            await self._following.need([Topic("conversation", name) for name in names])
            heads = await self._chat.heads(names)
        except BaseException:
            # Whoever listens already must not be left without a feed because one session's entering failed.
            self._tasks.start(self._open_again(names, seq))
            raise
        self._begin(names, heads, seq)

    async def _open_again(self, names: Sequence[str], seq: int | None) -> None:
        while True:
            await asyncio.sleep(_AGAIN_S)
            names = [name for name in names if not self._dropped(name)]
            if not names:
                return
            try:
                topics = [Topic("conversation", name) for name in names]
                async with asyncio.timeout(self._settings.request_timeout_s):
                    await self._following.need(topics)
                    self._following.go(topics)
                    heads = await self._chat.heads(names)
            except (ChatError, TimeoutError) as problem:
                log.warning("feeds could not be opened", problem=repr(problem))
                continue
            self._begin(names, heads, seq)
            return

    def _begin(self, names: Sequence[str], heads: dict[str, int], seq: int | None) -> None:
        for name in names:
            channel = self._channels.get(name)
            if channel is None:
                continue
            head = heads.get(name, 0)
            self._release(channel, channel.open(head if seq is None else seq))
            channel.timeline.announce(head)
            self.look(channel)
            self.settle(channel)

    def _dropped(self, name: str) -> bool:
        """Drop a channel that was never opened and has no listeners left."""
        channel = self._channels.get(name)
        if channel is not None and not channel.sessions:
            del self._channels[name]
            self._following.go([Topic("conversation", name)])
            return True
        return channel is None

    def leave(self, session: Session, channels: Iterable[str]) -> None:
        """Take a session out of the feeds it listened to."""
        self._channels[SYSTEM_CONVERSATION].sessions.discard(session)
        for name in list(channels):
            channel = self._channels.get(name)
            if channel is not None:
                channel.sessions.discard(session)
                self.settle(channel)

    def settle(self, channel: Channel) -> None:
        """Close a feed nobody listens to."""
        if channel.sessions or channel.doubted or channel.id == SYSTEM_CONVERSATION or not channel.opened:
            return
        if self._channels.pop(channel.id, None) is not None:
            self._following.go([Topic("conversation", channel.id)])

    # ------------------------------------------------------------ gaps

    async def compare(self, at_once: int) -> None:
        """Compare every feed here with the head of its log; what is missing is fetched as any gap is."""
        names = [name for name, channel in self._channels.items() if channel.opened]
        for at in range(0, len(names), at_once):
            for name, head in (await self._chat.heads(names[at : at + at_once])).items():
                channel = self._channels.get(name)
                if channel is not None:
                    channel.timeline.announce(head)
                    self.look(channel)

    def look(self, channel: Channel) -> None:
        """Have a look at the gap of a channel, if it has one, in a moment."""
        if channel.opened and not channel.waiting and not channel.fetching and channel.timeline.missing is not None:
            channel.waiting = True
            self._look_later(channel, self._settings.gap_ms / 1000)

    def _look_later(self, channel: Channel, delay_s: float) -> None:
        asyncio.get_running_loop().call_later(delay_s, self._look_now, channel)

    def _look_now(self, channel: Channel) -> None:
        channel.waiting = False
        whole = channel.timeline.missing is None and not channel.doubted
        if whole or self._channels.get(channel.id) is not channel or channel.fetching:
            return
        channel.fetching = True
        self._tasks.start(self._fetch(channel))

    async def _fetch(self, channel: Channel) -> None:
        """Fetch what is missing, once for everybody here."""
        try:
            while (missing := channel.timeline.missing) is not None or channel.doubted:
                if self._channels.get(channel.id) is not channel:
                    return
                too_large = channel.timeline.known - channel.pushed > self._settings.gap_limit
                if missing is None or channel.doubted or too_large:
                    await self._skip(channel)
                    continue
                limit = min(self._settings.page_entries, missing[1] - missing[0] + 1)
                async with asyncio.timeout(self._settings.request_timeout_s):
                    page = await self._chat.entries_for_all(channel.id, channel.pushed, limit)
                if page.reset or page.to_seq <= channel.pushed:
                    await self._skip(channel)
                    continue
                pairs = [(entry.seq, entry) for entry in page.entries]
                self._release(channel, channel.timeline.cover(page.from_seq, page.to_seq, pairs))
        except (ChatError, TimeoutError) as problem:
            log.warning("a gap could not be fetched", conversation_id=channel.id, problem=repr(problem))
            channel.waiting = True
            self._look_later(channel, _AGAIN_S)
        finally:
            channel.fetching = False

    def _release(self, channel: Channel, entries: Sequence) -> None:  # type: ignore[type-arg]
        if entries:
            channel.push(entries, self.fanout.newcomers(entries))
            self.settle(channel)

    async def _skip(self, channel: Channel) -> None:
        """Give up on a gap: those who are members are told the head and fetch for themselves.

        What was skipped may have removed somebody, so who listens is read anew first, and the feed goes on from where
        it was read.  Raises ChatError or TimeoutError; whoever is in doubt then stays so, and is asked for next time.
        """
        head = channel.timeline.known
        if channel.id != SYSTEM_CONVERSATION:
            channel.doubt()
            heads = await self._readmit(channel)
            # Nobody may go on hearing entries from before their own place was read, nor miss what came after it.
            head = max(head, channel.pushed, min(heads, default=0))
        channel.timeline.reset(head)
        self.fanout.announce(channel.id, head, list(channel.sessions))
        self.settle(channel)

    async def _readmit(self, channel: Channel) -> list[int]:
        """Let those in doubt hear the conversation again if they are in it; return the heads this was read at."""
        heads: list[int] = []
        while channel.doubted:
            some = list(channel.doubted.values())[:PEOPLE_AT_ONCE]
            async with asyncio.timeout(self._settings.request_timeout_s):
                found = await self._chat.listening([person.user_id for person in some])
            read = {listening.user_id: listening for listening in found}
            for person in some:
                del channel.doubted[person.user_id]
                listening = read.get(person.user_id)
                # A row that is newer than what was read, or somebody who came back since, was let in or out already.
                if listening is None or person.learned(channel.id) > listening.version:
                    continue
                person.learns(channel.id, listening.version)
                head = next((head for name, head, _ in listening.conversations if name == channel.id), None)
                if head is None:
                    channel.part(person, channel.pushed)
                elif person.sessions:
                    channel.enter(person, head)
                    heads.append(head)
        return heads

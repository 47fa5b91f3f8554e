"""Everything a person at a terminal has before them, without the terminal.

Conversations with their counts, the stretch of the open one, who types and who is here, what waits to be sent and how
the connection is.  Events of the SDK change it, the local log keeps it, and whoever draws is told what changed.  It
draws nothing, so it is tested without a screen.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from typing import Any, Final, Literal

import msgspec
from msgspec.structs import replace

from hubbub.base.clock import Clock
from hubbub.client import (
    Client,
    Conversation,
    ConversationEvent,
    Entry,
    EntryEvent,
    Event,
    HubbubError,
    Kind,
    MarksEvent,
    Message,
    Pending,
    PresenceEvent,
    ResetEvent,
    State,
    StateEvent,
    TypingEvent,
)
from hubbub.client.events import EventStream
from hubbub.client.models import (
    Action,
    Edit,
    MemberChange,
    MemberState,
    Pin,
    Post,
    Reaction,
    Recall,
)
from hubbub.terminal.company import RECEIPTS, Company, Standing
from hubbub.terminal.fold import fold_conversation
from hubbub.terminal.local_log import LocalLog
from hubbub.terminal.people import People
from hubbub.terminal.stretch import Stretch, Where

PAGE: Final = 60
"""Items on a page that is asked for."""

RECENT: Final = 1_000
"""Entries that are remembered to be folded into pages that were read before them."""

AT_ONCE: Final = 500
"""Events that are dealt with together."""

WATCHED: Final = 200
"""Whose coming and going is heard of."""

What = Literal["places", "history", "people", "connection"]


class Waiting(msgspec.Struct):
    """A message of one's own that is not in the log yet."""

    conversation_id: str
    client_id: str
    post: Post
    made_ms: int
    refused: str = ""
    """Why it never will be."""


class Desk:
    """What one person has open.  Use it as a context round the client's."""

    def __init__(
        self,
        client: Client,
        log: LocalLog,
        people: People,
        clock: Clock,
        *,
        me: str,
        changed: Callable[[What], None] = lambda _: None,
        said: Callable[[str], None] = lambda _: None,
        heard: Callable[[Entry], None] = lambda _: None,
    ) -> None:
        """`changed`: called with what must be drawn again; `said`: with a sentence for the person; `heard`: with every
        entry that comes, once, after it was taken in."""
        self.client = client
        self.log = log
        self.people = people
        self._clock = clock
        self.me = me
        self.changed = changed
        self.said = said
        self.heard = heard

        self.places: dict[str, Conversation] = {}
        self.here = ""
        self.stretch = Stretch(me)
        self.last_here = ""
        """The conversation that an earlier run had open."""
        self.unread_after = 0
        """The last seq that was read when the conversation was opened; 0: no line is drawn."""
        self.loading: set[Where] = set()
        self.away_since_ms = 0
        """Since when there has been no connection; 0 while there is one."""
        self.error = ""
        """Why the connection was lost."""

        self._waiting: dict[str, Waiting] = {}
        self._changes: dict[str, Pending] = {}
        self._recent: deque[Entry] = deque(maxlen=RECENT)
        self.company = Company(me, clock)
        self._unkept: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    # ------------------------------------------------------------ life

    async def begin(self) -> None:
        """Take up what an earlier run left; the client is entered already."""
        remembered = await self.log.open()
        self.people.remembered(remembered.people)
        self.places = {place.id: place for place in remembered.places}
        for id_, held in self.client.known.items():
            mine = self.places.get(id_)
            if mine is None or (held.version, held.as_of) > (mine.version, mine.as_of):
                self.places[id_] = held
        self.last_here = remembered.here if remembered.here in self.places else ""
        self._drop_left()
        for pending in self.client.waiting():
            self._follow(pending)
        if self.client.state is not State.ONLINE:
            self.away_since_ms = self._clock.now_ms()
        self.changed("places")

    async def listen(self, events: EventStream) -> None:
        """Deal with everything that happens until the client ends."""
        while (event := await anext(events, None)) is not None:
            batch: list[Event] = [event]
            while len(batch) < AT_ONCE and (more := events.take()) is not None:
                batch.append(more)
            entries = [one.entry for one in batch if isinstance(one, EntryEvent)]
            if entries:
                await self._kept(self.log.note(entries, self.me))
            for one in batch:
                self._take(one)

    async def end(self) -> None:
        """Keep what changed, and let go."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.keep()
        await self._kept(self.log.close())

    async def keep(self) -> None:
        """Write down the conversations as they are now, if they changed."""
        unkept, self._unkept = self._unkept, set()
        places = [self.places[id_] for id_ in unkept if id_ in self.places]
        if places or self.here != self.last_here:
            self.last_here = self.here
            await self._kept(self.log.remember(places, here=self.here))

    def begin_task(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that may take a while and may fail; a failure is said."""

        async def guarded() -> None:
            try:
                await work
            except HubbubError as error:
                self.said(str(error))
            except Exception as exc:
                loop.call_exception_handler({"message": "the terminal app failed", "exception": exc})

        loop = asyncio.get_running_loop()
        task = loop.create_task(guarded())
        self._tasks.add(task)

        def done(_: object) -> None:
            self._tasks.discard(task)
            # One that was cancelled before its first step has not begun its work.
            work.close()

        task.add_done_callback(done)

    # ------------------------------------------------------------ what is shown

    @property
    def online(self) -> bool:
        return self.client.state is State.ONLINE

    @property
    def place(self) -> Conversation | None:
        """The conversation that is open."""
        return self.places.get(self.here)

    def listed(self) -> list[Conversation]:
        """Return one's conversations, pinned ones first, then the most recent."""
        kept = [place for place in self.places.values() if not place.own.archived or place.unread]
        return sorted(kept, key=lambda place: (not place.own.pinned, -place.last_time_ms, place.id))

    def waiting_here(self) -> list[Waiting]:
        """Return what waits to be in the part of the log that is open."""
        thread = self.stretch.thread
        stored = {item.client_id for item in self.stretch.items[-50:] if isinstance(item, Message)}
        return [
            one
            for one in self._waiting.values()
            if one.conversation_id == self.here
            and one.client_id not in stored
            and (one.post.thread == thread if thread else not one.post.thread or one.post.also_in_conversation)
        ]

    def changes_here(self) -> Iterator[Entry]:
        """Yield edits, reactions and so on that wait, as the entries they will be."""
        for pending in self._changes.values():
            if pending.conversation_id == self.here:
                action = pending.command.action
                yield Entry(self.here, 2**62, self._clock.now_ms(), self.me, pending.client_id, action)

    def standing(self, message: Message) -> tuple[Standing, int]:
        """Return how far a message of one's own has come, and how many people read it."""
        return self.company.standing(message, self.places.get(message.conversation_id))

    def typing_here(self) -> list[str]:
        """Return the names of people who are typing in the open conversation."""
        return list(map(self.people.name, self.company.types(self.here)))

    def members_here(self) -> list[str]:
        """Return the ids of the open conversation's members, as far as they are known."""
        place = self.place
        known = self.company.known_in(self.here)
        return known or ([self.me, place.peer_id] if place is not None and place.peer_id else [])

    # ------------------------------------------------------------ opening and reading

    def open(self, conversation_id: str, *, thread: int = 0, around: int = 0) -> None:
        """Show the end of a conversation or a thread, or the neighbourhood of a message."""
        if conversation_id != self.here:
            place = self.places.get(conversation_id)
            self.unread_after = place.read_seq if place is not None and place.unread else 0
        self.here = conversation_id
        self.stretch = Stretch(self.me, thread=thread)
        self.loading = set()
        self.changed("history")
        self.changed("places")
        self.begin_task(self._open(self.stretch, around))
        self.begin_task(self._meet(conversation_id))

    def load(self, where: Where) -> None:
        """Load more at one end of the stretch, if there is more and it is not under way; `fresh` loads its end."""
        more = {"before": self.stretch.more_before, "after": self.stretch.more_after, "fresh": True}[where]
        if more and where not in self.loading and self.here:
            self.loading.add(where)
            self.begin_task(self._load(self.stretch, where))

    def jump(self, seq: int) -> None:
        """Show the neighbourhood of a seq."""
        self.open(self.here, thread=self.stretch.thread, around=max(1, seq))

    async def _open(self, stretch: Stretch, around: int) -> None:
        here = self.here
        if not around:
            held = await self.log.page(here, thread=stretch.thread, limit=PAGE)
            if held is not None and stretch is self.stretch and not stretch.loaded:
                stretch.put(held.page, "fresh", self._recent_in(here), as_of=held.as_of)
                self.changed("history")
        if self.online:
            await self._read(stretch, "fresh", around=around)
        elif around:
            held = await self.log.page(here, before=around + PAGE // 2, thread=stretch.thread, limit=PAGE)
            if held is None:
                raise HubbubError("unavailable", retry=True)
            if stretch is self.stretch:
                stretch.put(replace(held.page, more_after=True), "fresh", as_of=held.as_of)
                self.changed("history")

    async def _load(self, stretch: Stretch, where: Where) -> None:
        try:
            if self.online:
                await self._read(stretch, where)
            elif where == "before":
                held = await self.log.page(self.here, before=stretch.from_seq, thread=stretch.thread, limit=PAGE)
                if held is not None and stretch is self.stretch:
                    stretch.put(held.page, "before", as_of=held.as_of)
                    self.changed("history")
            elif where == "fresh":
                await self._open(stretch, 0)
        finally:
            if stretch is self.stretch:
                self.loading.discard(where)

    async def _read(self, stretch: Stretch, where: Where, *, around: int = 0) -> None:
        """Read a page from the server, into the stretch and the local log."""
        here, thread = self.here, stretch.thread
        position = {"before": ("before", stretch.from_seq), "after": ("after", stretch.to_seq)}.get(where)
        if around:
            position = ("around", around)
        page = await self.client.history(here, thread=thread, limit=PAGE, **dict([position] if position else []))
        await self._kept(self.log.put(page, thread=thread))
        if stretch is self.stretch:
            stretch.put(page, where, self._recent_in(here))
            self.changed("history")
        await self._learn({user_id for item in page.items for user_id in _named(item)})

    def _recent_in(self, conversation_id: str) -> list[Entry]:
        return [entry for entry in self._recent if entry.conversation_id == conversation_id]

    async def _meet(self, conversation_id: str) -> None:
        """Learn who is in a conversation, how far they have read and whether they are here."""
        place = self.places.get(conversation_id)
        if not self.online or place is None or place.kind is Kind.SYSTEM:
            return
        members, _ = await self.client.members(conversation_id, limit=100)
        if place.member_count <= RECEIPTS:
            self.company.marks(conversation_id, members)
        await self.people.learn(one.user_id for one in members)
        self.changed("history")
        await self._watch([one.user_id for one in members])

    async def _watch(self, members: Sequence[str]) -> None:
        peers = [place.peer_id for place in self.listed() if place.peer_id]
        wanted = list(dict.fromkeys([*members, *peers]))[:WATCHED]
        self.company.presence(await self.client.watch_presence(wanted))
        self.changed("people")

    def saw(self, seq: int) -> None:
        """The person saw everything up to a seq."""
        place = self.place
        if place is None or self.stretch.thread or seq <= place.read_seq:
            return
        self.client.saw(self.here, seq)
        counts = {"unread": 0, "mentions": 0} if seq >= place.as_of else {}
        self._hold(replace(place, read_seq=seq, **counts))
        self.changed("places")

    # ------------------------------------------------------------ saying

    async def say(self, text: str, *, reply_to: int = 0) -> None:
        """Send a text to what is open.  Raises HubbubError."""
        here, thread = self.here, self.stretch.thread
        mentions, everybody = self._mentioned(text)
        pending = self.client.send(
            here, text, reply_to=reply_to, thread=thread, mentions=mentions, mention_all=everybody
        )
        self._follow(pending)
        self.client.typing(here, False)

    def edit(self, target: int, text: str) -> None:
        """Replace the text of a message of one's own."""
        mentions, everybody = self._mentioned(text)
        self._follow(self.client.edit(self.here, target, text, mentions=mentions, mention_all=everybody))

    def recall(self, target: int) -> None:
        """Take a message back."""
        self._follow(self.client.recall(self.here, target))

    def react(self, message: Message, emoji: str) -> None:
        """Set a reaction, or take one's own back."""
        mine = any(one.emoji == emoji and (one.mine or self.me in one.user_ids) for one in message.reactions)
        self._follow(self.client.react(self.here, message.seq, emoji, set=not mine))

    def pin(self, message: Message) -> None:
        """Pin a message, or unpin it."""
        self._follow(self.client.pin(self.here, message.seq, set=not message.pinned))

    def discard(self, client_id: str) -> str:
        """Forget a message that was refused; return its text."""
        one = self._waiting.pop(client_id, None)
        self.changed("history")
        return one.post.body.text if one is not None else ""

    def _mentioned(self, text: str) -> tuple[list[str], bool]:
        """Return who of those met before is named in a text, and whether everybody is."""
        if "@" not in text:
            return [], False
        words = {
            word.strip(".,;:!?-()[]，。！？；：、").casefold()
            for word in text.split("@")[1:]
            for word in word.split()[:1]
        }
        found = [user.id for user in self.people.known.values() if user.username.casefold() in words]
        return found[:100], "all" in words

    def _follow(self, pending: Pending) -> None:
        """Show a command until its outcome is known."""
        action: Action = pending.command.action
        if isinstance(action, Post):
            self._waiting[pending.client_id] = Waiting(
                pending.conversation_id, pending.client_id, action, self._clock.now_ms()
            )
        elif isinstance(action, Edit | Recall | Reaction | Pin):
            self._changes[pending.client_id] = pending
        pending.future.add_done_callback(lambda _: self._settled(pending))
        self.changed("history")
        self.changed("connection")

    def _settled(self, pending: Pending) -> None:
        error = None if pending.future.cancelled() else pending.future.exception()
        if isinstance(error, HubbubError) and error.code != "closed":
            self._changes.pop(pending.client_id, None)
            if (one := self._waiting.get(pending.client_id)) is not None:
                one.refused = str(error)
            else:
                self.said(str(error))
        # What was stored stays until its entry comes, which takes its place.
        self.changed("history")
        self.changed("connection")

    # ------------------------------------------------------------ hearing

    def _take(self, event: Event) -> None:
        match event:
            case EntryEvent(entry):
                self._take_entry(entry)
            case ConversationEvent(conversation):
                self._take_row(conversation)
            case MarksEvent(conversation_id, marks):
                self.company.marks(conversation_id, marks)
                if conversation_id == self.here:
                    self.changed("history")
            case TypingEvent(conversation_id, user_id, typing):
                self.company.typing(conversation_id, user_id, typing=typing)
                self.changed("people")
            case PresenceEvent(presence):
                self.company.presence([presence])
                self.changed("people")
                self.changed("places")
            case StateEvent(state, error):
                self._take_state(state, error)
            case ResetEvent(conversation_id, _):
                self._take_reset(conversation_id)

    def _take_entry(self, entry: Entry) -> None:
        self._recent.append(entry)
        where = entry.conversation_id
        if entry.sender_id == self.me:
            self._waiting.pop(entry.client_id, None)
            self._changes.pop(entry.client_id, None)
        self.company.typing(where, entry.sender_id, typing=False)
        place = self.places.get(where)
        if place is not None:
            folded, again = fold_conversation(place, entry, self.me)
            self._hold(folded)
            if again:
                self.begin_task(self._ask_place(where))
        if where == self.here:
            if again_seq := self.stretch.fold(entry):
                self.begin_task(self._ask_message(self.stretch, again_seq))
            self.changed("history")
        if unknown := _named(entry) - self.people.known.keys():
            self.begin_task(self._learn(unknown))
        self.changed("places")
        self.heard(entry)

    async def _learn(self, user_ids: Iterable[str]) -> None:
        if await self.people.learn(user_ids):
            self.changed("history")
            self.changed("places")

    def _take_row(self, row: Conversation) -> None:
        held = self.places.get(row.id)
        if held is not None and row.version < held.version:
            return
        for entry in self._recent_in(row.id):
            row, _ = fold_conversation(row, entry, self.me)
        self._hold(row)
        self._drop_left()
        if row.peer_id and row.peer_id not in self.people.known:
            self.begin_task(self._learn_peers([row.peer_id]))
        self.changed("places")

    def _take_state(self, state: State, error: str) -> None:
        if state is State.ONLINE:
            self.away_since_ms, self.error = 0, ""
            self.begin_task(self._came_online())
        elif not self.away_since_ms:
            self.away_since_ms = self._clock.now_ms()
        if error:
            self.error = error
        self.changed("connection")

    def _take_reset(self, conversation_id: str) -> None:
        if conversation_id:
            self.begin_task(self.log.distrust(conversation_id))
        else:
            self.begin_task(self.log.forget())
            self._recent.clear()
            self.company.forget()
            self.places.clear()
        if self.here and conversation_id in ("", self.here):
            # What is shown is stale: it is read anew before it is shown again.
            self.stretch = Stretch(self.me)
            self.load("fresh")
        self.changed("history")

    async def _came_online(self) -> None:
        """Bring everything up to what the server says now."""
        fresh = {place.id: place for place in await self.client.conversations()}
        for gone in self.places.keys() - fresh.keys():
            del self.places[gone]
        for place in fresh.values():
            self._take_row(place)
        await self._learn_peers([place.peer_id for place in fresh.values() if place.peer_id])
        if self.here:
            # What is shown is as current as what was heard, and the rest has just come; only a gap is read anew.
            if not self.stretch.loaded or len(self.stretch.items) < PAGE:
                self.load("fresh")
            await self._meet(self.here)
        elif self.listed():
            self.open(self.listed()[0].id)
        else:
            await self._watch([])
        await self.keep()

    async def _learn_peers(self, user_ids: Sequence[str]) -> None:
        if await self.people.learn(user_ids):
            self.changed("places")

    async def _ask_place(self, conversation_id: str) -> None:
        self._take_row(await self.client.conversation(conversation_id))

    async def _ask_message(self, stretch: Stretch, seq: int) -> None:
        page = await self.client.history(self.here, around=seq, limit=1)
        for message in page.messages:
            stretch.renew(message, page.as_of)
        self.changed("history")

    def _hold(self, place: Conversation) -> None:
        self.places[place.id] = place
        self._unkept.add(place.id)

    def _drop_left(self) -> None:
        for place in list(self.places.values()):
            if place.state is not MemberState.JOINED and place.kind is not Kind.SYSTEM and place.id != self.here:
                del self.places[place.id]

    async def _kept(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something with the local log; chatting goes on without it."""
        try:
            await work
        except HubbubError as error:
            self.said(str(error))


def _named(item: Message | Entry) -> set[str]:
    """Return everybody whose name a row shows."""
    said = item.post if isinstance(item, Message) else item.action
    named = {item.sender_id} if item.sender_id.strip("0") else set()
    if isinstance(said, Post) and said.forwarded is not None:
        named.add(said.forwarded.sender_id)
    if isinstance(said, MemberChange):
        named.update(said.user_ids)
    return named

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
    PresenceEvent,
    Reminder,
    ReminderEvent,
    ResetEvent,
    SignedInEvent,
    State,
    StateEvent,
    TypingEvent,
)
from hubbub.client.events import EventStream
from hubbub.client.models import MemberChange, Post
from hubbub.terminal import whom
from hubbub.terminal.author import Author
from hubbub.terminal.carrier import Carrier
from hubbub.terminal.company import RECEIPTS, Company, Standing
from hubbub.terminal.drafts import Drafts
from hubbub.terminal.local_log import LocalLog
from hubbub.terminal.outgoing import Outgoing, Waiting
from hubbub.terminal.people import People
from hubbub.terminal.places import Places
from hubbub.terminal.reminders import Reminders
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
        signed_in: Callable[[SignedInEvent], None] = lambda _: None,
        reminded: Callable[[list[Reminder]], None] = lambda _: None,
    ) -> None:
        """`changed`: called with what must be drawn again; `said`: with a sentence for the person; `heard`: with every
        entry that comes, once, after it was taken in; `signed_in`: with word of a new device; `reminded`: with
        reminders whose time has come."""
        self.client = client
        self.log = log
        self.people = people
        self._clock = clock
        self.me = me
        self.changed = changed
        self.said = said
        self.heard = heard
        self.signed_in = signed_in
        self.reminded = reminded

        self.places = Places(me, clock)
        self.drafts = Drafts(client, log, self.places)
        self.reminders = Reminders(client)
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

        self.carrier = Carrier(client, lambda: self.changed("connection"))
        self._outgoing = Outgoing(me, clock, changed=self._sent_changed, refused=lambda error: self.said(str(error)))
        self.author = Author(client, people, self._outgoing, self.carrier, me=me, where=self._where)
        self._recent: deque[Entry] = deque(maxlen=RECENT)
        self.company = Company(me, clock)
        self._tasks: set[asyncio.Task[None]] = set()

    # ------------------------------------------------------------ life

    async def begin(self) -> None:
        """Take up what an earlier run left; the client is entered already."""
        remembered = await self.log.open()
        self.people.remembered(remembered.people)
        await self.drafts.begin()
        self.places.remembered(remembered.places, self.client.known.values())
        self.last_here = remembered.here if self.places.get(remembered.here) else ""
        for pending in self.client.waiting():
            self._outgoing.follow(pending)
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
        await self._kept(self.drafts.write())
        await self.keep()
        await self._kept(self.log.close())

    async def keep(self) -> None:
        """Write down the conversations as they are now, if they changed."""
        places = self.places.unkept()
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
        """Return one's conversations as they are shown."""
        return self.places.listed()

    def waiting_here(self) -> list[Waiting]:
        """Return what waits to be in the part of the log that is open."""
        stored = {item.client_id for item in self.stretch.items[-50:] if isinstance(item, Message)}
        return self._outgoing.messages(self.here, self.stretch.thread, stored)

    def changes_here(self) -> Iterator[Entry]:
        """Yield edits, reactions and so on that wait, as the entries they will be."""
        return self._outgoing.changes(self.here)

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

    def _where(self) -> tuple[str, int]:
        return self.here, self.stretch.thread

    def _sent_changed(self) -> None:
        self.changed("history")
        self.changed("connection")

    async def meant(self, name: str) -> Conversation:
        """Return the conversation somebody means by `@name`, `#title`, a plain name or an id.

        One of the list is found without a connection.  Raises HubbubError.
        """
        wanted = name.strip().casefold()
        names = {wanted} if wanted[:1] in ("@", "#") else {f"@{wanted}", f"#{wanted}"}
        known = [one for one in self.places.rows.values() if self.people.title(one).casefold() in names]
        if known:
            return known[0]
        found = await whom.place(self.client, name)
        self.places.meet(found)
        if found.peer_id:
            await self.people.learn([found.peer_id])
        return found

    async def message(self, conversation_id: str, seq: int) -> Message | None:
        """Return a message as it is by now; None where one may not see it (any more).

        Raises HubbubError where that may be known later.
        """
        try:
            page = await self.client.history(conversation_id, around=seq, limit=1)
        except HubbubError as error:
            if error.retry:
                raise
            return None
        return next((one for one in page.messages if one.seq == seq), None)

    async def said_in(self, conversation_id: str, seq: int) -> str:
        """Return what a message says by now, as far as it can be seen.  Raises HubbubError."""
        message = await self.message(conversation_id, seq)
        return message.text if message is not None else ""

    def now_ms(self) -> int:
        """Return the time."""
        return self._clock.now_ms()

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
        if self.place is not None and self.place.own.marked_unread and self.online:
            # Whoever opens it has seen to it (protocol.md 11.9).
            self.begin_task(self.client.set_own(conversation_id, marked_unread=False))

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
        if not self.stretch.thread and self.places.saw(self.here, seq):
            self.client.saw(self.here, seq)
            self.changed("places")

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
            case SignedInEvent():
                self.signed_in(event)
            case StateEvent(state, error):
                self._take_state(state, error)
            case ReminderEvent(row):
                if self.reminders.take(row):
                    self.reminded([row])
            case ResetEvent(conversation_id, _):
                self._take_reset(conversation_id)

    def _take_entry(self, entry: Entry) -> None:
        self._recent.append(entry)
        where = entry.conversation_id
        if entry.sender_id == self.me:
            self._outgoing.came(entry)
        self.company.typing(where, entry.sender_id, typing=False)
        if self.places.fold(entry):
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
        if not self.places.replace(row, self._recent_in(row.id)):
            return
        self.places.drop_left(but=self.here)
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
            self.places.keep_only([])
        if self.here and conversation_id in ("", self.here):
            # What is shown is stale: it is read anew before it is shown again.
            self.stretch = Stretch(self.me)
            self.load("fresh")
        self.changed("history")

    async def _came_online(self) -> None:
        """Bring everything up to what the server says now."""
        fresh = {place.id: place for place in await self.client.conversations()}
        self.places.keep_only(fresh)
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
        await self.drafts.tell()
        await self.keep()
        if due := await self.reminders.load():
            self.reminded(due)

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

"""The `/` commands about conversations: opening them, who is in them, what is in them, and how they are arranged."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from hubbub.client import Conversation, HubbubError, Message
from hubbub.client.models import Body, Post
from hubbub.terminal.attachments import files_of, label
from hubbub.terminal.commands import Answer
from hubbub.terminal.desk import Desk
from hubbub.terminal.language import Words, clock_time
from hubbub.terminal.places import FOR_EVER_MS
from hubbub.terminal.safe import line
from hubbub.terminal.whom import people, titled

if TYPE_CHECKING:
    from hubbub.terminal.view.chat import ChatScreen

HOUR_MS = 3_600_000
LONGEST_HOURS = 24 * 366
PINS = 100
"""How many pinned messages are listed."""
REMINDERS = 30
"""How many messages to come back to are listed; each is asked for."""


class AboutPlaces:
    """Carries them out for one screen."""

    def __init__(self, screen: ChatScreen, desk: Desk, words: Words) -> None:
        self._screen = screen
        self._desk = desk
        self._words = words
        self.orders: dict[str, Callable[[str], Awaitable[None]]] = {
            "/to": self._to,
            "/group": self._group,
            "/join": self._join,
            "/leave": self._leave,
            "/who": self._who,
            "/search": self._search,
            "/pins": self._pins,
            "/reminders": self._reminders,
            "/mute": self._mute,
            "/top": self._top,
            "/folder": self._folder,
            "/archive": self._archive,
            "/unread": self._unread,
        }

    # ------------------------------------------------------------ which one

    async def _to(self, rest: str) -> None:
        if rest:
            self._screen.open_place((await self._desk.meant(rest)).id)

    async def _group(self, rest: str) -> None:
        title, *names = rest.split() or [""]
        if not title:
            self._usage("/group")
            return
        members = await people(self._desk.client, names)
        made = await self._desk.client.create_group(title, [user.id for user in members])
        self._desk.places.meet(made)
        self._screen.open_place(made.id)

    async def _join(self, rest: str) -> None:
        if not rest:
            self._usage("/join")
            return
        found = await titled(self._desk.client, rest.removeprefix("#"), channels=True)
        joined = await self._desk.client.join(found.id)
        self._desk.places.hold(joined)
        self._screen.open_place(joined.id)
        self._screen.say(self._words("joined it", title=self._desk.people.title(joined)))

    async def _leave(self, rest: str) -> None:
        here = self._here()
        await self._desk.client.leave(here.id)
        self._screen.say(self._words("left it", title=self._desk.people.title(here)))
        self._screen.action_neighbour(1)

    # ------------------------------------------------------------ who and what is in it

    async def _who(self, rest: str) -> None:
        here = self._here()
        members, cursor = await self._desk.client.members(here.id, limit=100)
        await self._desk.people.learn(one.user_id for one in members)
        company, people = self._desk.company, self._desk.people
        lines = [f"{'●' if company.is_here(one.user_id) else ' '} {people.name(one.user_id)}" for one in members]
        if cursor:
            lines.append(self._words("and more"))
        count = self._words("member" if here.member_count == 1 else "members", count=here.member_count)
        await self._screen.show_answer(Answer(count, tuple(lines)))

    async def _search(self, rest: str) -> None:
        if not rest:
            self._usage("/search")
            return
        found = await self._desk.client.search(rest, limit=50)
        await self._desk.people.learn(hit.sender_id for hit in found.messages)
        lines, hits = [], []
        for hit in found.messages:
            text = line("".join(piece.text for piece in hit.snippet))
            lines.append(f"{clock_time(hit.time_ms)}  {self._desk.people.name(hit.sender_id)}: {text}")
            post = Post(Body(), thread=hit.thread_seq)
            hits.append(Message(hit.conversation_id, hit.seq, hit.time_ms, hit.sender_id, "", post))
        await self._screen.show_answer(Answer(self._words("found there", words=line(rest)), tuple(lines), tuple(hits)))

    async def _pins(self, rest: str) -> None:
        here = self._here()
        found, cursor = await self._desk.client.pins(here.id, limit=PINS)
        await self._desk.people.learn(message.sender_id for message in found)
        lines = []
        for message in found:
            said = " ".join(
                [line(message.post.body.text or message.post.body.fallback), *map(label, files_of(message))]
            )
            name = self._desk.people.name(message.sender_id)
            lines.append(f"{clock_time(message.time_ms)}  {name}: {said.strip()}")
        if cursor:
            lines.append(self._words("and more"))
        title = self._words("pins", title=self._desk.people.title(here), count=len(found))
        await self._screen.show_answer(Answer(title, tuple(lines), tuple(found)))

    async def _reminders(self, rest: str) -> None:
        lines, hits = [], []
        rows = await self._desk.reminders.listed()
        for row in rows[:REMINDERS]:
            place = self._desk.places.get(row.conversation_id)
            message = await self._desk.message(row.conversation_id, row.seq)
            when = clock_time(row.due_ms) + (f" ({self._words('due')})" if row.due else "")
            said = "  ".join(part for part in (row.note, message.text if message is not None else "") if part)
            lines.append(f"{when}  {self._desk.people.title(place) if place is not None else ''}  {line(said)}")
            hits.append(message or Message(row.conversation_id, row.seq, row.due_ms, "", "", Post(Body())))
        if len(rows) > REMINDERS:
            lines.append(self._words("and more"))
        await self._screen.show_answer(Answer(self._words("reminders", count=len(rows)), tuple(lines), tuple(hits)))

    # ------------------------------------------------------------ how it is arranged

    async def _mute(self, rest: str) -> None:
        here = self._here()
        if not rest:
            until_ms = 0 if here.own.muted_until_ms > self._desk.now_ms() else FOR_EVER_MS
        elif rest.isascii() and rest.isdecimal() and int(rest) <= LONGEST_HOURS:
            until_ms = self._desk.now_ms() + int(rest) * HOUR_MS
        else:
            self._usage("/mute")
            return
        await self._desk.client.set_own(here.id, muted_until_ms=until_ms)
        self._say_of(here, "muted it" if until_ms else "unmuted it")

    async def _top(self, rest: str) -> None:
        here = self._here()
        await self._desk.client.set_own(here.id, pinned=not here.own.pinned)
        self._say_of(here, "not at the top" if here.own.pinned else "at the top")

    async def _folder(self, rest: str) -> None:
        here = self._here()
        await self._desk.client.set_own(here.id, folder=rest)
        self._say_of(here, "in folder" if rest else "in no folder", folder=line(rest))

    async def _archive(self, rest: str) -> None:
        here = self._here()
        await self._desk.client.set_own(here.id, archived=not here.own.archived)
        self._say_of(here, "not archived" if here.own.archived else "archived")

    async def _unread(self, rest: str) -> None:
        here = self._here()
        await self._desk.client.set_own(here.id, marked_unread=True)
        self._say_of(here, "marked unread")

    def _here(self) -> Conversation:
        """Return the open conversation.  Raises HubbubError."""
        here = self._desk.place
        if here is None:
            raise HubbubError("bad_request", self._words("open one first"))
        return here

    def _say_of(self, here: Conversation, key: str, **values: object) -> None:
        self._screen.say(self._words(key, title=self._desk.people.title(here), **values))

    def _usage(self, order: str) -> None:
        self._screen.say(self._words("usage", order=self._words(f"slash {order}")))

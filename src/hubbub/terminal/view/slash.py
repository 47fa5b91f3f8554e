"""The `/` commands of the full screen; those about a message mean the chosen one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from hubbub.client import HubbubError, Message
from hubbub.client.models import Body, Post
from hubbub.terminal.commands import Answer
from hubbub.terminal.desk import Desk
from hubbub.terminal.emoji import emoji, with_emoji
from hubbub.terminal.language import Words, clock_time
from hubbub.terminal.safe import line, lined_up
from hubbub.terminal.whom import people, place, titled

if TYPE_CHECKING:
    from hubbub.terminal.view.chat import ChatScreen

REACTION = ":+1:"


class Slash:
    """Carries them out on one screen."""

    def __init__(self, screen: ChatScreen, desk: Desk, words: Words) -> None:
        self._screen = screen
        self._desk = desk
        self._words = words
        self._orders: dict[str, Callable[[str], Awaitable[None]]] = {
            "/to": self._to,
            "/group": self._group,
            "/join": self._join,
            "/leave": self._leave,
            "/who": self._who,
            "/search": self._search,
            "/reply": self._reply,
            "/edit": self._edit,
            "/recall": self._recall,
            "/react": self._react,
            "/pin": self._pin,
            "/thread": self._thread,
            "/theme": self._theme,
            "/help": self._help,
            "/quit": self._quit,
        }

    async def obey(self, typed: str) -> None:
        """Carry out one command.  Raises HubbubError."""
        word, _, rest = typed.partition(" ")
        order = self._orders.get(word)
        if order is None:
            self._screen.say(self._words("no such order", order=word))
            return
        await order(rest.strip())

    # ------------------------------------------------------------ conversations

    async def _to(self, rest: str) -> None:
        known = [one for one in self._desk.listed() if self._desk.people.title(one).casefold() == rest.casefold()]
        if known:
            self._screen.open_place(known[0].id)
        elif rest:
            found = await place(self._desk.client, rest)
            self._desk.places.setdefault(found.id, found)
            if found.peer_id:
                await self._desk.people.learn([found.peer_id])
            self._screen.open_place(found.id)

    async def _group(self, rest: str) -> None:
        title, *names = rest.split()
        members = await people(self._desk.client, names)
        made = await self._desk.client.create_group(title, [user.id for user in members])
        self._desk.places.setdefault(made.id, made)
        self._screen.open_place(made.id)

    async def _join(self, rest: str) -> None:
        found = await titled(self._desk.client, rest.removeprefix("#"), channels=True)
        joined = await self._desk.client.join(found.id)
        self._desk.places[joined.id] = joined
        self._screen.open_place(joined.id)
        self._screen.say(self._words("joined it", title=self._desk.people.title(joined)))

    async def _leave(self, rest: str) -> None:
        here = self._desk.place
        if here is not None:
            await self._desk.client.leave(here.id)
            self._screen.say(self._words("left it", title=self._desk.people.title(here)))
            self._screen.action_neighbour(1)

    async def _who(self, rest: str) -> None:
        here = self._desk.place
        if here is None:
            raise HubbubError("bad_request", self._words("open one first"))
        members, cursor = await self._desk.client.members(here.id, limit=100)
        await self._desk.people.learn(one.user_id for one in members)
        company, people = self._desk.company, self._desk.people
        lines = [f"{'●' if company.is_here(one.user_id) else ' '} {people.name(one.user_id)}" for one in members]
        if cursor:
            lines.append(self._words("and more"))
        self._screen.show_answer(Answer(self._words("members", count=here.member_count), tuple(lines)))

    async def _search(self, rest: str) -> None:
        if not rest:
            return
        found = await self._desk.client.search(rest, limit=50)
        await self._desk.people.learn(hit.sender_id for hit in found.messages)
        lines, hits = [], []
        for hit in found.messages:
            text = line("".join(piece.text for piece in hit.snippet))
            lines.append(f"{clock_time(hit.time_ms)}  {self._desk.people.name(hit.sender_id)}: {text}")
            hits.append(_hit(hit.conversation_id, hit.seq, hit.time_ms, hit.sender_id))
        title = self._words("found there", words=line(rest))
        self._screen.show_answer(Answer(title, tuple(lines), tuple(hits)))

    # ------------------------------------------------------------ messages

    def _meant(self, *, mine: bool = False, last: bool = False) -> Message:
        """Return the chosen message, or with `last` the last one.  Raises HubbubError."""
        chosen = self._screen.history.chosen_message()
        if chosen is None and last:
            stored = [row.message for row in self._screen.history.rows if row.message is not None and row.seq]
            me = self._desk.me
            fitting = [one for one in stored if not one.recalled and (not mine or one.sender_id == me)]
            chosen = fitting[-1] if fitting else None
        if chosen is None or not chosen.seq:
            raise HubbubError("bad_request", self._words("choose a message"))
        if mine and chosen.sender_id != self._desk.me:
            raise HubbubError("bad_request", self._words("not yours"))
        return chosen

    async def _reply(self, rest: str) -> None:
        message = self._meant()
        self._screen.reply_to, self._screen.editing = message, None
        name, text = self._desk.people.name(message.sender_id), line(lined_up(message.text))[:60]
        self._screen.about(self._words("replying", name=name, text=text))
        self._back()

    async def _edit(self, rest: str) -> None:
        message = self._meant(mine=True, last=True)
        self._screen.editing, self._screen.reply_to = message, None
        self._screen.about(self._words("editing"))
        self._back()
        self._screen.composer.fill(message.post.body.text)

    async def _recall(self, rest: str) -> None:
        row = self._screen.history.row_of(self._screen.history.chosen)
        if row is not None and row.waiting is not None and row.waiting.refused:
            # What was refused never reached anybody: its text comes back to be changed.
            self._screen.composer.fill(self._desk.discard(row.waiting.client_id))
            self._back()
            return
        self._desk.recall(self._meant(last=True).seq)
        self._back()

    async def _react(self, rest: str) -> None:
        message = self._meant(last=True)
        if not rest and self._screen.history.chosen:
            self._screen.composer.fill("/react ")
            self._screen.about(self._words("reacting", text=line(lined_up(message.text))[:40]))
            self._screen.composer.focus()
            return
        self._desk.react(message, emoji().get(rest.strip(":"), with_emoji(rest or REACTION)))
        self._screen.about("")
        self._back()

    async def _pin(self, rest: str) -> None:
        self._desk.pin(self._meant())

    async def _thread(self, rest: str) -> None:
        message = self._meant()
        self._screen.open_place(message.conversation_id, thread=message.post.thread or message.seq)

    def copy(self) -> None:
        """Copy the chosen message's text."""
        message = self._screen.history.chosen_message()
        if message is not None:
            self._screen.app.copy_to_clipboard(message.text)
            self._screen.say(self._words("copied"))

    def _back(self) -> None:
        self._screen.history.clear_choice()
        self._screen.composer.focus()

    # ------------------------------------------------------------ the app

    async def _theme(self, rest: str) -> None:
        self._screen.action_theme()

    async def _help(self, rest: str) -> None:
        self._screen.action_help()

    async def _quit(self, rest: str) -> None:
        self._screen.app.exit()


def _hit(conversation_id: str, seq: int, time_ms: int, sender_id: str) -> Message:
    """Return a message that stands for where one was found."""
    return Message(conversation_id, seq, time_ms, sender_id, "", Post(Body()))

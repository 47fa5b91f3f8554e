"""The `/` commands about a message: the chosen one, or where that is natural the last one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from hubbub.client import HubbubError, Message
from hubbub.terminal.attachments import files_of, folder_meant, typed_path
from hubbub.terminal.desk import Desk
from hubbub.terminal.emoji import emoji, with_emoji
from hubbub.terminal.language import Words, clock_time
from hubbub.terminal.reminders import moment
from hubbub.terminal.safe import line, lined_up
from hubbub.terminal.view.writing import Writing

if TYPE_CHECKING:
    from hubbub.terminal.view.chat import ChatScreen

REACTION = ":+1:"
OFF = "off"
"""Said instead of a time: do not remind me."""


class AboutMessages:
    """Carries them out for one screen."""

    def __init__(self, screen: ChatScreen, desk: Desk, writing: Writing, words: Words) -> None:
        self._screen = screen
        self._desk = desk
        self._writing = writing
        self._words = words
        self.orders: dict[str, Callable[[str], Awaitable[None]]] = {
            "/reply": self._reply,
            "/edit": self._edit,
            "/recall": self._recall,
            "/react": self._react,
            "/forward": self._forward,
            "/pin": self._pin,
            "/remind": self._remind,
            "/thread": self._thread,
            "/file": self._file,
            "/save": self._save,
        }

    def _meant(self, *, fits: Callable[[Message], bool] | None = None) -> Message:
        """Return the chosen message, or the last one that fits.  Raises HubbubError."""
        chosen = self._screen.history.chosen_message()
        if chosen is None and fits is not None:
            stored = [row.message for row in self._screen.history.rows if row.message is not None and row.seq]
            fitting = [one for one in stored if not one.recalled and fits(one)]
            chosen = fitting[-1] if fitting else None
        if chosen is None or not chosen.seq:
            raise HubbubError("bad_request", self._words("choose a message"))
        return chosen

    def _mine(self, message: Message) -> bool:
        return message.sender_id == self._desk.me

    async def _reply(self, rest: str) -> None:
        message = self._meant()
        if message.recalled:
            raise HubbubError("message_recalled")
        self._writing.answer(message)
        self._back()

    async def _edit(self, rest: str) -> None:
        message = self._meant(fits=lambda one: self._mine(one) and one.post.forwarded is None)
        if not self._mine(message):
            raise HubbubError("bad_request", self._words("not yours"))
        self._writing.correct(message)
        self._back()

    async def _recall(self, rest: str) -> None:
        row = self._screen.history.row_of(self._screen.history.chosen)
        if row is not None and row.waiting is not None and row.waiting.refused:
            # What was refused never reached anybody: its text comes back to be changed.
            text = self._desk.author.discard(row.waiting.client_id)
            if text and not self._screen.composer.text:
                self._screen.composer.fill(text)
        else:
            self._desk.author.recall(self._meant(fits=self._mine))
        self._back()

    async def _react(self, rest: str) -> None:
        message = self._meant(fits=lambda one: True)
        if not rest and self._screen.history.chosen:
            about = self._words("reacting", text=line(lined_up(message.text))[:40])
            self._writing.order("/react ", about)
            self._screen.write()
            return
        self._desk.author.react(message, emoji().get(rest.strip(":"), with_emoji(rest or REACTION)))
        self._back()

    async def _forward(self, rest: str) -> None:
        message = self._meant()
        if not rest:
            about = self._words("forwarding", text=line(lined_up(message.text))[:40])
            self._writing.order("/forward ", about)
            self._screen.write()
            return
        to = await self._desk.meant(rest)
        self._desk.author.forward(message, to)
        self._screen.say(self._words("forwarded it", title=self._desk.people.title(to)))
        self._back()

    async def _pin(self, rest: str) -> None:
        self._desk.author.pin(self._meant())

    async def _remind(self, rest: str) -> None:
        message = self._meant()
        if not rest:
            about = self._words("reminding", text=line(lined_up(message.text))[:40])
            self._writing.order("/remind ", about)
            self._screen.write()
            return
        when, _, note = rest.partition(" ")
        if when == OFF:
            await self._desk.client.forget_reminder(message.conversation_id, message.seq)
            self._screen.say(self._words("not reminded"))
        elif due_ms := moment(when, self._desk.now_ms()):
            await self._desk.client.remind(message.conversation_id, message.seq, due_ms, note=with_emoji(note.strip()))
            self._screen.say(self._words("reminded at", time=clock_time(due_ms)))
        else:
            self._screen.say(self._words("usage", order=self._words("slash /remind")))
            return
        self._back()

    async def _thread(self, rest: str) -> None:
        message = self._meant()
        self._screen.open_place(message.conversation_id, thread=message.post.thread or message.seq)

    async def _file(self, rest: str) -> None:
        if not rest:
            self._screen.say(self._words("usage", order=self._words("slash /file")))
            return
        if not self._desk.here:
            raise HubbubError("bad_request", self._words("open one first"))
        path, text = await asyncio.to_thread(typed_path, rest)
        reply_to, self._writing.reply_to = self._writing.reply_to, 0
        self._screen.history.go_home()
        await self._desk.author.say_file(path, with_emoji(text), reply_to=reply_to)

    async def _save(self, rest: str) -> None:
        message = self._meant(fits=lambda one: bool(files_of(one)))
        files = files_of(message)
        if not files:
            raise HubbubError("bad_request", self._words("no file"))
        where = await asyncio.to_thread(folder_meant, rest)
        for file in files:
            path = await self._desk.carrier.save(file, where)
            self._screen.say(self._words("saved it", path=path))

    def copy(self) -> None:
        """Copy the chosen message's text."""
        message = self._screen.history.chosen_message()
        if message is not None:
            self._screen.app.copy_to_clipboard(message.text)
            self._screen.say(self._words("copied"))

    def _back(self) -> None:
        self._screen.history.clear_choice()
        self._screen.write()

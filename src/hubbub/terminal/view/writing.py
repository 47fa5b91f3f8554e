"""What is being written: a message, an answer, or another text for one that was sent.

What was begun in a conversation stays there as a draft and comes back with it, from this machine or from another device
of the same person.  A text that is being corrected is no draft, and an order is none either.
"""

from __future__ import annotations

from collections.abc import Callable

from hubbub.client import Draft, Message
from hubbub.terminal.desk import Desk
from hubbub.terminal.drafts import NOTHING, Key, same
from hubbub.terminal.language import Words
from hubbub.terminal.safe import line, lined_up
from hubbub.terminal.view.composer import Composer


class Writing:
    """Stands between the composer and the drafts of the desk."""

    def __init__(self, composer: Composer, desk: Desk, words: Words, about: Callable[[str], None]) -> None:
        """`about`: says above the composer what is being written; empty for an ordinary message."""
        self._composer = composer
        self._desk = desk
        self._words = words
        self._about = about
        self._where: Key = ("", 0)
        """Where the text in the composer belongs."""
        self._kept = NOTHING
        """The draft as it was kept or brought back."""
        self._before = ""
        """The text a moment ago; one that stands still is kept."""
        self.reply_to = 0
        """The seq of the message that is answered."""
        self.editing: Message | None = None

    # ------------------------------------------------------------ where one writes

    def follow(self) -> None:
        """Keep what was written if something else is open now, and bring back what was begun there."""
        if self._where != (self._desk.here, self._desk.stretch.thread):
            self.keep()
            self._begin()
        elif self._is_untouched() and not same(self._desk.drafts.of(*self._where), self._kept):
            # What another device wrote or sent takes its place.
            self._begin()

    def _is_untouched(self) -> bool:
        return self.editing is None and self._composer.text == self._kept.text

    def _begin(self) -> None:
        self._where = (self._desk.here, self._desk.stretch.thread)
        self._kept = self._desk.drafts.of(*self._where)
        self.editing = None
        self.reply_to = self._kept.reply_to_seq
        self._composer.fill(self._kept.text)
        self._before = self._kept.text
        self._say()

    # ------------------------------------------------------------ keeping

    def tick(self) -> None:
        """Keep a text that nobody has changed for a moment."""
        text = self._composer.text
        if text == self._before:
            self.keep()
        self._before = text

    def keep(self) -> None:
        """Keep what is written as the draft of where it belongs."""
        text = self._composer.text
        if self.editing is not None or not self._where[0] or is_order(text):
            return
        conversation_id, thread = self._where
        self._kept = Draft(text, self.reply_to) if text else NOTHING
        if self._desk.drafts.note(conversation_id, self._kept, thread=thread):
            self._desk.begin_task(self._write())
            self._desk.changed("places")

    async def _write(self) -> None:
        await self._desk.drafts.write()
        await self._desk.drafts.tell()

    # ------------------------------------------------------------ what is written

    def answer(self, message: Message) -> None:
        """Write an answer to a message."""
        if self.editing is not None:
            self._begin()
        self.reply_to = message.seq
        self._say()

    def correct(self, message: Message) -> None:
        """Write another text for a message; what was written comes back afterwards."""
        self.keep()
        self.editing = message
        self._composer.fill(message.post.body.text)
        self._say()

    def order(self, begun: str, about: str) -> None:
        """Begin an order; what was written comes back afterwards."""
        self.keep()
        self.reply_to, self.editing = 0, None
        self._composer.fill(begun)
        self._about(about)

    def sent(self) -> None:
        """What was written is in the outbox."""
        corrected, self.editing = self.editing, None
        if corrected is None:
            self.reply_to = 0
            self.keep()
        self.obeyed()

    def obeyed(self) -> None:
        """An order was carried out; what was written before it comes back, unless it began something."""
        if self.editing is None and not self.reply_to and not self._composer.text:
            self._begin()

    def give_up(self) -> bool:
        """Give up an answer, a correction or an order; False if there is none."""
        if self.editing is None and not self.reply_to and not is_order(self._composer.text):
            return False
        if self.editing is not None or is_order(self._composer.text):
            self._begin()
        else:
            self.reply_to = 0
            self.keep()
        self._say()
        return True

    def _say(self) -> None:
        if self.editing is not None:
            self._about(self._words("editing"))
        elif self.reply_to:
            message = self._desk.stretch.message(self.reply_to)
            if message is None:
                self._about(self._words("replying there", seq=self.reply_to))
                return
            name, text = self._desk.people.name(message.sender_id), line(lined_up(message.text))[:60]
            self._about(self._words("replying", name=name, text=text))
        else:
            self._about("")


def is_order(text: str) -> bool:
    """Whether a text is for the program and not for people."""
    return text.startswith("/") and not text.startswith("//")

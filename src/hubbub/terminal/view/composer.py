"""Where one writes: several lines, what was sent before, and completion."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

from rich.text import Text
from textual import events
from textual.message import Message as Note
from textual.widgets import Static, TextArea

from hubbub.terminal.attachments import paths_like
from hubbub.terminal.completion import Choices, complete, path_begun, path_choices

NEW_LINE = frozenset({"ctrl+j", "shift+enter", "alt+enter", "ctrl+enter"})
KEPT = 200
"""How many messages sent before are remembered."""

TEXT_LIMIT = 64 * 1024
"""Characters; the server takes no more."""


class ChoiceList(Static):
    """The ways a word may go on, above where one writes."""

    def __init__(self, *, id: str) -> None:
        super().__init__("", id=id)
        self.choices: Choices | None = None
        self.index = 0

    def offer(self, choices: Choices | None) -> None:
        """Show these, or nothing."""
        self.choices, self.index = choices, 0
        self.display = choices is not None
        self._draw()

    def move(self, by: int) -> None:
        """Choose another one."""
        if self.choices is not None:
            self.index = (self.index + by) % len(self.choices.choices)
            self._draw()

    def _draw(self) -> None:
        text = Text(no_wrap=True, overflow="ellipsis")
        for index, choice in enumerate(self.choices.choices if self.choices is not None else ()):
            text.append("\n" if index else "")
            text.append(f" {choice.label} ", "reverse" if index == self.index else "")
        self.update(text)


class Composer(TextArea):
    """A text that Enter sends."""

    class Sent(Note):
        """The text is to be sent."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Typed(Note):
        """The person is writing."""

    class LeftEmpty(Note):
        """Escape was pressed with nothing to close here."""

    def __init__(self, choices: ChoiceList, *, placeholder: str, id: str) -> None:
        super().__init__(
            "",
            id=id,
            soft_wrap=True,
            show_line_numbers=False,
            compact=True,
            placeholder=placeholder,
            tab_behavior="focus",
        )
        self.highlight_cursor_line = False
        self._choices = choices
        self.people: Callable[[], Iterable[str]] = tuple
        self.titles: Callable[[], Iterable[str]] = tuple
        self.orders: Sequence[tuple[str, str]] = ()
        self._sent: list[str] = []
        self._offered_to = ""
        """What stood before the cursor for which ways to go on are offered."""
        self._at: int | None = None
        """Which of what was sent before is shown; None: none of it."""
        self._filled: str | None = None
        """A text that was put there and not typed, until the change it makes was seen."""

    def fill(self, text: str) -> None:
        """Put a text there, the cursor at its end."""
        self._filled = text
        self.text = text
        self.move_cursor(self.document.end)
        self._choices.offer(None)

    # ------------------------------------------------------------ keys

    async def _on_key(self, event: events.Key) -> None:
        """Take the keys that are not the text's; the others go on to it."""
        if self._handled(event):
            event.stop()
            event.prevent_default()

    def _handled(self, event: events.Key) -> bool:
        if self._choices.choices is not None and self._offered_to != self._before():
            # Keys may come faster than word of what the last one changed, or than a folder is read: what was offered to
            # another text is none of this one's.
            self._choices.offer(None)
            if not self._reads_a_folder():
                self._offer()
        key, offered = event.key, self._choices.choices is not None
        if key == "enter":
            if offered and not self._complete_already():
                self._accept()
                return True
            self._send_text()
        elif key in NEW_LINE:
            self.insert("\n")
        elif key == "tab" and offered:
            self._accept()
        elif key in ("up", "down") and offered:
            self._choices.move(-1 if key == "up" else 1)
        elif key == "escape":
            if offered:
                self._choices.offer(None)
            else:
                self.post_message(self.LeftEmpty())
        elif key in ("up", "down") and (self._at is not None or not self.text):
            return self._recall(-1 if key == "up" else 1)
        else:
            return False
        return True

    def _send_text(self) -> None:
        text = self.text.strip("\n")
        if not text.strip():
            return
        self._sent = [*self._sent[-KEPT:], text]
        self._at = None
        self.fill("")
        self.post_message(self.Sent(text[:TEXT_LIMIT]))

    def _recall(self, by: int) -> bool:
        if not self._sent:
            return False
        at = (len(self._sent) if self._at is None else self._at) + by
        if at >= len(self._sent):
            self._at = None
            self.fill("")
        else:
            self._at = max(0, at)
            self.fill(self._sent[self._at])
        return True

    # ------------------------------------------------------------ completion

    def _before(self) -> str:
        row, column = self.cursor_location
        return self.document.get_line(row)[:column]

    def _accept(self) -> None:
        choices = self._choices.choices
        if choices is None:
            return
        row, column = self.cursor_location
        choice = choices.choices[self._choices.index]
        self.replace(choice.text, (row, choices.begin), (row, column))
        self._choices.offer(None)

    def _complete_already(self) -> bool:
        """Whether what is offered would change nothing but a space: Enter then sends."""
        choices = self._choices.choices
        if choices is None:
            return True
        written = self._before()[choices.begin :]
        chosen = choices.choices[self._choices.index].text.strip()
        return written in (chosen, chosen[1:]) or " " in written

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        filled, self._filled = self._filled, None
        if filled == self.text:
            return
        if self._at is not None and self.text != self._sent[self._at]:
            self._at = None
        self._offer()
        if self.text and self.text[0] not in "/:":
            self.post_message(self.Typed())

    def _reads_a_folder(self) -> bool:
        """Whether what goes on from here is found a moment later, once word of the change came."""
        return self.cursor_location[0] == 0 and path_begun(self._before()) is not None

    def _offer(self) -> None:
        row, _ = self.cursor_location
        before = self._before()
        if row == 0 and (begun := path_begun(before)) is not None:
            self.run_worker(self._offer_paths(before, begun), exclusive=True)
            return
        self._offered_to = before
        orders = self.orders if row == 0 else ()
        choices = complete(before, people=self.people(), orders=orders, titles=self.titles()) if self.text else None
        self._choices.offer(choices)

    async def _offer_paths(self, before: str, begun: str) -> None:
        paths = await asyncio.to_thread(paths_like, begun)
        if self._before() == before:
            self._offered_to = before
            self._choices.offer(path_choices(before, begun, paths))

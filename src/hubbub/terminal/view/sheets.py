"""Sheets over the screen: help, and what a command or a search found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from hubbub.client.models import Message
from hubbub.terminal.commands import ORDERS, Answer
from hubbub.terminal.language import Words
from hubbub.terminal.safe import lined_up

SLASH = (
    "/to",
    "/group",
    "/join",
    "/leave",
    "/who",
    "/search",
    "/pins",
    "/reminders",
    "/reply",
    "/edit",
    "/recall",
    "/react",
    "/forward",
    "/pin",
    "/remind",
    "/thread",
    "/file",
    "/save",
    "/mute",
    "/top",
    "/folder",
    "/archive",
    "/unread",
    "/theme",
    "/help",
    "/quit",
)
KEYS = ("enter", "newline", "history", "tab", "choose", "acts", "acts more", "pages", "places", "theme", "help")


TWO_COLUMNS: Final = 150
"""How wide a terminal is that has room for keys and commands side by side."""


def key_lines(words: Words) -> list[str]:
    """Return what every key does."""
    return [words("keys"), *(f"  {words(f'key {name}')}" for name in KEYS)]


def command_lines(words: Words) -> list[str]:
    """Return what every command does."""
    return [
        words("commands"),
        *(f"  {words(f'slash {word}')}" for word in SLASH),
        *(f"  {words(f'order {word}')}" for word in ORDERS),
        f"  {words('order ;;')}",
    ]


class HelpSheet(ModalScreen[None]):
    """Every key and command."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,q,question_mark", "dismiss", show=False)]

    def __init__(self, words: Words) -> None:
        super().__init__()
        self._words = words

    def compose(self) -> ComposeResult:
        keys, commands = "\n".join(key_lines(self._words)), "\n".join(command_lines(self._words))
        wide = self.app.size.width >= TWO_COLUMNS
        with Vertical(classes="sheet wide" if wide else "sheet"):
            yield Static(self._words("help"), classes="title", markup=False)
            with VerticalScroll():
                if wide:
                    with Horizontal():
                        yield Static(keys, markup=False)
                        yield Static(commands, markup=False)
                else:
                    yield Static(f"{keys}\n\n{commands}", markup=False)
            yield Static(self._words("close"), classes="foot", markup=False)

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def on_click(self) -> None:
        self.dismiss()


class AnswerSheet(ModalScreen[Message | None]):
    """What a command found; choosing a message returns it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", show=False)]

    def __init__(self, answer: Answer, words: Words) -> None:
        super().__init__()
        self._answer = answer
        self._words = words

    def compose(self) -> ComposeResult:
        lines: Sequence[str] = self._answer.lines or (self._words("nothing found"),)
        with Vertical(classes="sheet"):
            yield Static(lined_up(self._answer.title), classes="title", markup=False)
            yield OptionList(*(Option(Text(lined_up(line), no_wrap=True, overflow="ellipsis")) for line in lines))
            yield Static(self._words("close"), classes="foot", markup=False)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        hits = self._answer.hits
        self.dismiss(hits[event.option_index] if event.option_index < len(hits) else None)

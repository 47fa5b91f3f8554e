"""Sheets over the screen: help, and what a command or a search found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
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
    "/reply",
    "/edit",
    "/recall",
    "/react",
    "/pin",
    "/thread",
    "/theme",
    "/help",
    "/quit",
)
KEYS = ("enter", "newline", "history", "tab", "choose", "acts", "pages", "places", "theme", "help")


def help_lines(words: Words) -> list[str]:
    """Return everything the help sheet says."""
    return [
        words("keys"),
        *(f"  {words(f'key {name}')}" for name in KEYS),
        "",
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
        with Vertical(classes="sheet"):
            yield Static(self._words("help"), classes="title", markup=False)
            with VerticalScroll():
                yield Static("\n".join(help_lines(self._words)), markup=False)
            yield Static(self._words("close"), classes="foot", markup=False)

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

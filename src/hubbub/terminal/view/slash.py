"""The `/` commands of the full screen: which there are, and those about the app itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from hubbub.terminal.desk import Desk
from hubbub.terminal.language import Words
from hubbub.terminal.view.about_messages import AboutMessages
from hubbub.terminal.view.about_places import AboutPlaces
from hubbub.terminal.view.writing import Writing

if TYPE_CHECKING:
    from hubbub.terminal.view.chat import ChatScreen

Order = Callable[[str], Awaitable[None]]


class Slash:
    """Carries them out on one screen."""

    def __init__(self, screen: ChatScreen, desk: Desk, writing: Writing, words: Words) -> None:
        self._screen = screen
        self._words = words
        self.messages = AboutMessages(screen, desk, writing, words)
        self._orders: dict[str, Order] = {
            **AboutPlaces(screen, desk, words).orders,
            **self.messages.orders,
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

    async def _theme(self, rest: str) -> None:
        self._screen.action_theme()

    async def _help(self, rest: str) -> None:
        self._screen.action_help()

    async def _quit(self, rest: str) -> None:
        await self._screen.app.action_quit()

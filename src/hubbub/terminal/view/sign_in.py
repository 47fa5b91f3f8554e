"""The first screen of a new person: which server, and who they are."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Button, Input, Label, Static

from hubbub.client import HubbubError
from hubbub.terminal.door import Door, Seat
from hubbub.terminal.language import Words
from hubbub.terminal.safe import line, lined_up

LOW: Final = 24
"""Lines that a terminal needs for room between the questions."""


class SignInScreen(Screen[Seat]):
    """Asks until there is a login; returns where it leads."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "app.quit", show=False)]

    def __init__(self, door: Door, words: Words, why: str = "") -> None:
        """`why`: why one must log in again."""
        super().__init__()
        self._door = door
        self._words = words
        self._why = why

    def compose(self) -> ComposeResult:
        words = self._words
        with Vertical(id="sign-in"):
            yield Static(words("welcome"), classes="title", markup=False)
            yield Static(words("welcome more"), classes="more", markup=False)
            yield Label(words("server"))
            yield Input(self._door.server, id="server", compact=True)
            yield Label(words("username"))
            yield Input(self._door.username, id="username", compact=True)
            yield Label(words("password"))
            yield Input(password=True, id="password", compact=True)
            yield Label(words("password again"))
            yield Input(password=True, id="again", compact=True)
            yield Label(words("second step"), id="code-label")
            yield Input(id="code", compact=True)
            with Horizontal():
                yield Button(words("log in"), variant="primary", id="log-in")
                yield Button(words("register"), id="register")
            yield Static(line(lined_up(words.refusal(self._why))), id="trouble", markup=False)

    def on_mount(self) -> None:
        self.query_one("#password" if self._door.username else "#username", Input).focus()

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.height < LOW, "low")

    @on(Button.Pressed, "#log-in")
    def _log_in(self) -> None:
        self._try(register=False)

    @on(Button.Pressed, "#register")
    def _register(self) -> None:
        self._try(register=True)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        fields = ["server", "username", "password", "again"]
        if event.input.id == "password":
            self._try(register=False)
        elif event.input.id == "again":
            self._try(register=True)
        elif event.input.id == "code":
            self._try(register=False)
        elif event.input.id in fields:
            self.query_one(f"#{fields[fields.index(event.input.id) + 1]}", Input).focus()

    def _try(self, *, register: bool) -> None:
        server, username = (self.query_one(f"#{name}", Input).value.strip() for name in ("server", "username"))
        password, again = (self.query_one(f"#{name}", Input).value for name in ("password", "again"))
        if not (server and username and password):
            self._say("fill in")
        elif register and password != again:
            self._say("passwords differ")
        else:
            self._say("one moment")
            self.run_worker(self._enter(server, username, password, register=register), exclusive=True)

    async def _enter(self, server: str, username: str, password: str, *, register: bool) -> None:
        if "://" not in server:
            server = f"http://{server}" if server.startswith(("127.", "localhost")) else f"https://{server}"
        try:
            code = self.query_one("#code", Input).value.strip()
            self.dismiss(await self._door.enter(server, username, password, register=register, code=code))
        except HubbubError as error:
            if error.code == "second_factor_needed":
                self.set_class(True, "second-step")
                self.query_one("#code", Input).focus()
            self.query_one("#trouble", Static).update(line(lined_up(self._words.refusal(str(error)))))

    def _say(self, key: str) -> None:
        self.query_one("#trouble", Static).update(self._words(key))

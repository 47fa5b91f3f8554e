"""The full-screen app: it comes up first, and looks for its login, its log and the server afterwards.

It owns everything that runs for one person: the client, the local log, the desk and the task that listens.  Leaving
gives what was written a moment to be acknowledged; what then has no answer waits in the outbox on disk.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import ClassVar, Final

from textual.app import App
from textual.binding import Binding, BindingType

from hubbub.base.clock import Clock, SystemClock
from hubbub.client import HubbubError
from hubbub.terminal.auto_reply import AutoReply, Hook
from hubbub.terminal.commands import Clerk
from hubbub.terminal.desk import Desk
from hubbub.terminal.door import Door, Seat
from hubbub.terminal.language import Words
from hubbub.terminal.people import People
from hubbub.terminal.view.chat import ChatScreen
from hubbub.terminal.view.sign_in import SignInScreen

LINGER_S: Final = 2.0

CONNECT_S: Final = 60.0
"""How long opening somebody's conversation for the first time waits for a connection."""

LOGIN_ENDED: Final = frozenset({"session_ended", "bad_token", "token_expired", "unauthenticated"})
"""Codes after which one must log in again."""

STYLES: Final = """
#body { height: 1fr; }
#places { width: 28; border-right: vkey $panel; padding: 0 0 0 1; }
#talk { width: 1fr; padding: 0 0 0 1; }
#title { height: 1; text-style: bold; background: $panel; padding: 0 1; }
#history { height: 1fr; }
#typing { height: 1; color: $text-muted; }
#about { height: auto; display: none; color: $text-accent; }
#choices { height: auto; max-height: 8; display: none; background: $surface; }
#composer { height: auto; min-height: 3; max-height: 10; border: round $primary; padding: 0 1; }
#composer { background: $background; }
#banner { height: 1; background: $panel; color: $text-muted; padding: 0 1; }
#banner.online { color: $text-success; }
#banner.offline { background: $warning; color: auto; }
ChatScreen.narrow #places { width: 18; }
ChatScreen.slim #places { display: none; }
ToastRack { dock: top; align: right top; margin-top: 1; }

HistoryView > .history--dim { text-style: dim; }
HistoryView > .history--new { color: $text-error; }
HistoryView > .history--mention { text-style: bold; color: $text-warning; }
HistoryView > .history--waiting { color: $text-warning; }
HistoryView > .history--read { color: $text-success; }
HistoryView > .history--error { color: $text-error; }
HistoryView > .history--mine { text-style: bold; }
HistoryView > .history--thread { color: $text-accent; }
HistoryView > .history--file { color: $text-accent; }
HistoryView > .history--bar { color: $primary; }
HistoryView > .history--chosen { background: $primary-muted; }
HistoryView > .history--name0 { text-style: bold; color: $text-primary; }
HistoryView > .history--name1 { text-style: bold; color: $text-secondary; }
HistoryView > .history--name2 { text-style: bold; color: $text-success; }
HistoryView > .history--name3 { text-style: bold; color: $text-warning; }
HistoryView > .history--name4 { text-style: bold; color: $text-accent; }
HistoryView > .history--name5 { text-style: bold; color: $text-error; }
PlacesView > .places--open { background: $primary-muted; text-style: bold; }
PlacesView > .places--cursor { text-style: reverse; }
PlacesView > .places--unread { text-style: bold; }
PlacesView > .places--count { color: $text-primary; text-style: bold; }
PlacesView > .places--mention { color: $text-error; text-style: bold; }
PlacesView > .places--online { color: $text-success; }
PlacesView > .places--dim { text-style: dim; }
PlacesView > .places--folder { color: $text-muted; text-style: italic; }

SignInScreen { align: center middle; }
#sign-in { width: 60; max-width: 100%; height: auto; max-height: 100%; border: round $primary; padding: 1 2; }
#sign-in { overflow-y: auto; }
#sign-in .title { text-style: bold; }
#sign-in .more { margin: 0 0 1 0; }
#sign-in Input { margin: 0 0 1 0; background: $surface; }
#sign-in Horizontal { height: auto; }
#sign-in Button { margin: 0 2 0 0; }
#code, #code-label { display: none; }
.second-step #code, .second-step #code-label { display: block; }
#trouble { color: $text-error; height: auto; }
SignInScreen.low #sign-in { padding: 0 1; }
SignInScreen.low .more { display: none; }
SignInScreen.low #sign-in Input { margin: 0; }
SignInScreen.low #sign-in Button { height: 1; border: none; min-width: 12; }

ModalScreen { align: center middle; background: $background 60%; }
.sheet { width: 84; max-width: 96%; height: auto; max-height: 94%; border: round $primary; padding: 0 1; }
.sheet.wide { width: 148; }
.sheet { background: $surface; }
.sheet .title { text-style: bold; height: auto; }
.sheet .foot { color: $text-muted; height: 1; dock: bottom; }
.sheet VerticalScroll { height: auto; max-height: 100%; margin: 0 0 1 0; }
.sheet Horizontal { height: auto; }
.sheet Horizontal Static { width: 1fr; }
.sheet OptionList { height: auto; max-height: 26; margin: 0 0 1 0; border: none; background: $surface; }
"""


class HubbubApp(App[None]):
    """One person at one terminal."""

    CSS = STYLES
    TITLE = "Hubbub"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q", "quit", priority=True, show=False)]

    def __init__(
        self,
        door: Door,
        words: Words,
        hook: Hook | None = None,
        *,
        opened: str = "",
        dark: bool = True,
        clock: Clock | None = None,
    ) -> None:
        """`opened`: whom to show first, as `/to` takes it; `hook`: what `:ai` answers with."""
        super().__init__()
        self._door = door
        self._words = words
        self._hook = hook or (lambda asked: words("auto sentence"))
        self._wanted = opened
        self._time = clock or SystemClock()
        self._dark = dark
        self.desk: Desk | None = None
        self._living: asyncio.Task[None] | None = None
        self.chat = ChatScreen(words, self._time)
        self.sitting: Callable[[], None] = lambda: None
        """Called when there is a desk; benchmarks and tests wait for it."""

    async def on_mount(self) -> None:
        self.theme = "textual-dark" if self._dark else "textual-light"
        await self.push_screen(self.chat)
        # The first picture does not wait for files and sockets.
        self.call_after_refresh(self._come_in)

    def _come_in(self, why: str = "") -> None:
        seat = None if why else self._door.known()
        if seat is None:
            self.push_screen(SignInScreen(self._door, self._words, why), self._sit)
        else:
            self._sit(seat)

    def _sit(self, seat: Seat | None) -> None:
        if seat is not None:
            # A task of its own, because what is written is kept after the screen is gone; the worker shows its failure.
            self._living = asyncio.get_running_loop().create_task(self._chat_as(seat), name="hubbub-terminal")
            self.run_worker(self._until_it_ends(self._living))

    async def live(self) -> None:
        """Run until the person leaves and everything is kept."""
        try:
            await self.run_async()
        finally:
            await self.leave()

    async def leave(self) -> None:
        """Let go of the connection and the files."""
        living, self._living = self._living, None
        if living is not None:
            living.cancel()
            await asyncio.gather(living, return_exceptions=True)

    @staticmethod
    async def _until_it_ends(living: asyncio.Task[None]) -> None:
        await asyncio.shield(living)

    async def _chat_as(self, seat: Seat) -> None:
        """Chat as one person until the client or the app ends."""
        events = seat.client.events()
        people = People(seat.client, seat.log)
        desk = Desk(seat.client, seat.log, people, self._time, me=seat.user_id)
        auto = AutoReply(self._hook, self._time)
        clerk = Clerk(
            seat.client,
            seat.log,
            people,
            auto,
            self._words,
            self._time,
            server=seat.server,
            username=seat.username,
        )
        await seat.client.__aenter__()
        try:
            await desk.begin()
            self.desk = desk
            self.chat.sit(desk, clerk)
            self._open_first(desk)
            self.sitting()
            await desk.listen(events)
        finally:
            self.desk = None
            await desk.end()
            await seat.client.close(linger_s=LINGER_S)
        error = seat.client.error
        if error is not None and error.code in LOGIN_ENDED and self.is_running:
            self._come_in(str(error))

    def _open_first(self, desk: Desk) -> None:
        if self._wanted:
            self.chat.work(self._open_wanted(desk))
        elif desk.last_here or desk.listed():
            desk.open(desk.last_here or desk.listed()[0].id)

    async def _open_wanted(self, desk: Desk) -> None:
        try:
            self.chat.open_place((await desk.meant(self._wanted)).id)
        except HubbubError as error:
            if not error.retry:
                raise
            # The first start has nothing to show without a connection.
            await desk.client.ready(timeout=CONNECT_S)
            self.chat.open_place((await desk.meant(self._wanted)).id)

    async def action_quit(self) -> None:
        """Leave; what was written gets a moment to be acknowledged, and what was begun to be kept."""
        desk = self.desk
        if desk is not None:
            self.chat.keep_draft()
            with contextlib.suppress(HubbubError, TimeoutError):
                async with asyncio.timeout(LINGER_S):
                    await desk.drafts.write()
                    await desk.drafts.tell()
                    if desk.online and desk.client.unanswered:
                        await desk.client.flush(timeout=LINGER_S)
        self.exit()

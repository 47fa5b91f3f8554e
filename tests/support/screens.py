"""The full-screen app over a server in a test's hands, without a terminal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from support.puppet import NOON_MS, ROMEO, PuppetServer
from support.puppet_http import PuppetHttp
from textual.pilot import Pilot

from hubbub.client import Client, HttpApi, HubbubError
from hubbub.terminal.door import Seat
from hubbub.terminal.language import Words
from hubbub.terminal.local_log import MEMORY, LocalLog
from hubbub.terminal.view.app import HubbubApp
from hubbub.terminal.view.chat import ChatScreen

PATIENCE_S = 10.0


class StillClock:
    """A clock that stands at noon, so that pictures are the same every day."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now_ms(self) -> int:
        return NOON_MS + int(self.seconds * 1000)

    def monotonic(self) -> float:
        return self.seconds


class PuppetDoor:
    """A login on a puppet server."""

    server = "http://verona.example"
    username = "romeo"

    def __init__(
        self, puppet: PuppetServer, *, folder: Path | None = None, logged_in: bool = True, code: str = ""
    ) -> None:
        """`code`: what a second step asks for; empty for none."""
        self.code = code
        self._puppet = puppet
        self._folder = folder
        self._logged_in = logged_in
        self.entered: list[tuple[str, str, str, bool]] = []

    def known(self) -> Seat | None:
        return self._seat() if self._logged_in else None

    async def enter(self, server: str, username: str, password: str, *, register: bool, code: str = "") -> Seat:
        self.entered.append((server, username, password, register))
        if password != "wherefore":
            raise HubbubError("bad_credentials")
        if self.code != code:
            raise HubbubError("bad_second_factor" if code else "second_factor_needed")
        return self._seat()

    def _seat(self) -> Seat:
        store = self._folder / "outbox.db" if self._folder else None
        log = LocalLog(self._folder / "log.db" if self._folder else MEMORY)
        client = Client(
            "http://fake",
            token="t",
            address="fake",
            connector=self._puppet,
            http=HttpApi("http://fake", transport=PuppetHttp(self._puppet)),
            store=store,
            backoff=lambda failures, asked: 0.05,
            send_timeout_s=None,
        )
        return Seat(client, log, self.server, self.username, ROMEO)


class Screen:
    """The app as a test sees it."""

    def __init__(self, app: HubbubApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def chat(self) -> ChatScreen:
        return self.app.chat

    def text(self) -> str:
        """Return everything on the screen as plain text."""
        size = self.app.size
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips[: size.height])

    def darkness(self) -> set[bool]:
        """Return whether the cells of the screen, but for the cursor's, are dark or light; both when it is mixed."""
        cells: list[bool] = []
        for strip in self.app.screen._compositor.render_strips():
            for segment in strip:
                style = segment.style
                assert style is not None, f"{segment.text!r} has no colour"
                assert style.bgcolor is not None, f"{segment.text!r} has no colour behind it"
                if not style.reverse and style.bgcolor.triplet is not None and len(segment.text) > 1:
                    cells.append(sum(style.bgcolor.triplet) < 384)
        return set(cells)

    async def until(self, claim: Callable[[], object]) -> None:
        """Wait until a claim about the screen is true."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not claim():
                    await self.pilot.pause(0.01)
        except TimeoutError:
            raise AssertionError(f"the screen stayed so:\n{self.text()}") from None

    async def shows(self, *texts: str) -> None:
        """Wait until all of these are on the screen."""
        await self.until(lambda: all(text in self.text() for text in texts))

    async def hides(self, text: str) -> None:
        """Wait until this is on the screen no longer."""
        await self.until(lambda: text not in self.text())

    async def types(self, text: str) -> None:
        """Write a text into the composer, as a paste does, and send it."""
        self.chat.composer.focus()
        self.chat.composer.insert(text)
        await self.pilot.press("enter")


@asynccontextmanager
async def screen_of(
    puppet: PuppetServer,
    *,
    door: PuppetDoor | None = None,
    language: Any = "en",
    size: tuple[int, int] = (90, 24),
    **options: Any,
) -> AsyncIterator[Screen]:
    """Run the app; Romeo is logged in unless `door` says otherwise."""
    failures: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
    app = HubbubApp(door or PuppetDoor(puppet), Words(language), clock=StillClock(), **options)
    async with app.run_test(size=size, notifications=True) as pilot:
        try:
            yield Screen(app, pilot)
        finally:
            await app.leave()
    assert failures == []

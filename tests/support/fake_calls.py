"""Calls in one process whose nodes die, pause and lose answers when a test says so.

Requests reach their handler in the next turn of the loop, in the order they were made, as over a real bus.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from hubbub.base.clock import Clock
from hubbub.bus.calls import CallFailed, Handler, Peer

ASKER = Peer("gateway-1", "a" * 32)


class FakeCalls:
    """Connects every asker of this process with every node of this process."""

    def __init__(self, clock: Clock) -> None:
        self._now = clock.monotonic
        self._handlers: dict[str, Handler] = {}
        self._open: dict[asyncio.Future[bytes], tuple[str, float]] = {}
        self._paused: dict[str, list[tuple[bytes, asyncio.Future[bytes]]]] = {}
        self._dead: set[str] = set()
        self._mute: set[str] = set()
        self._late: dict[str, list[Callable[[], None]]] = {}
        self.drops_answers = 0
        """How many of the next answers are lost in silence."""
        self.away = False
        """While true there is no bus."""
        self.asked: list[str] = []
        """The node of every request, in order."""
        self.waits: list[float] = []
        """The timeout of every request, in order."""

    # ------------------------------------------------------------ the port

    def request(self, incarnation: str, payload: bytes, *, timeout_s: float) -> asyncio.Future[bytes]:
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.asked.append(incarnation)
        self.waits.append(timeout_s)
        if self.away:
            future.set_exception(CallFailed("disconnected", maybe_done=False))
        elif incarnation not in self._handlers:
            future.set_exception(CallFailed("nobody", maybe_done=False))
        else:
            self._open[future] = incarnation, self._now() + timeout_s
            future.add_done_callback(lambda _: self._open.pop(future, None))
            asyncio.get_running_loop().call_soon(self._deliver, incarnation, payload, future)
        return future

    async def serve(self, incarnation: str, handler: Handler) -> Callable[[], Awaitable[None]]:
        self._handlers[incarnation] = handler
        return partial(self._leave, incarnation)

    # ------------------------------------------------------------ what happens to nodes

    def dies(self, incarnation: str) -> None:
        """The node is gone, and the bus knows it."""
        self.vanishes(incarnation)
        self._fail(incarnation, "nobody")

    def vanishes(self, incarnation: str) -> None:
        """The node is gone, and the bus tells only those who ask for it anew."""
        self._handlers.pop(incarnation, None)
        self._dead.add(incarnation)

    def pauses(self, incarnation: str) -> None:
        """The node reads nothing until it resumes, and nobody is told."""
        self._paused[incarnation] = []

    def resumes(self, incarnation: str) -> None:
        """The node reads what came meanwhile."""
        for payload, future in self._paused.pop(incarnation):
            self._deliver(incarnation, payload, future)

    def falls_mute(self, incarnation: str) -> None:
        """The node carries out what it is asked, and its answers wait until it `speaks`."""
        self._mute.add(incarnation)
        self._late[incarnation] = []

    def speaks(self, incarnation: str) -> None:
        """What a mute node answered arrives, late."""
        self._mute.discard(incarnation)
        for answer in self._late.pop(incarnation):
            answer()

    def loses(self, reason: str, *, maybe_done: bool = True) -> None:
        """Every open request fails."""
        for future in list(self._open):
            if not future.done():
                future.set_exception(CallFailed(reason, maybe_done=maybe_done))

    def keeps_deadlines(self) -> None:
        """Fail what is overdue."""
        for future, (_, until) in list(self._open.items()):
            if until <= self._now() and not future.done():
                future.set_exception(CallFailed("timeout", maybe_done=True))

    # ------------------------------------------------------------ inside

    async def _leave(self, incarnation: str) -> None:
        self._handlers.pop(incarnation, None)

    def _fail(self, incarnation: str, reason: str) -> None:
        for future, (node, _) in list(self._open.items()):
            if node == incarnation and not future.done():
                future.set_exception(CallFailed(reason, maybe_done=True))

    def _deliver(self, incarnation: str, payload: bytes, future: asyncio.Future[bytes]) -> None:
        if incarnation in self._paused:
            self._paused[incarnation].append((payload, future))
            return
        handler = self._handlers.get(incarnation)
        if handler is None:
            if not future.done():
                future.set_exception(CallFailed("nobody", maybe_done=False))
            return
        work = asyncio.ensure_future(handler(ASKER, payload))
        work.add_done_callback(partial(self._answered, incarnation, future))

    def _answered(self, incarnation: str, future: asyncio.Future[bytes], work: asyncio.Future[bytes]) -> None:
        if work.cancelled() or incarnation in self._dead:
            return
        if self.drops_answers > 0:
            self.drops_answers -= 1
            return
        answer = partial(_settle, future, work.result())
        if incarnation in self._mute:
            self._late[incarnation].append(answer)
        else:
            answer()


def _settle(future: asyncio.Future[bytes], answer: bytes) -> None:
    if not future.done():
        future.set_result(answer)

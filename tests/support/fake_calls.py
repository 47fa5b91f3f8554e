"""Calls in one process whose nodes die, pause and lose answers when a test says so.

Everything that is not trouble is `LocalCalls`; requests reach it in the next turn of the loop, in the order they were
made, as over a real bus.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from hubbub.base.clock import Clock
from hubbub.bus.calls import CallFailed, Handler, Peer
from hubbub.bus.local_calls import LocalCalls, fail

ASKER = Peer("gateway-1", "a" * 32)


class FakeCalls:
    """Connects every asker of this process with every node of this process."""

    def __init__(self, clock: Clock, peer: Peer = ASKER) -> None:
        self._now = clock.monotonic
        self._there = LocalCalls(peer, clock)
        self._serving: set[str] = set()
        self._open: dict[asyncio.Future[bytes], tuple[str, float]] = {}
        self._paused: dict[str, list[Callable[[], None]]] = {}
        self._dead: set[str] = set()
        self._mute: dict[str, list[Callable[[], None]]] = {}
        self._missing: set[str] = set()
        self.drops_requests = 0
        """How many of the next requests are lost in silence; what follows at their nodes is `missed`."""
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
            fail(future, "disconnected", maybe_done=False)
        elif incarnation not in self._serving:
            fail(future, "nobody", maybe_done=False)
        else:
            self._open[future] = incarnation, self._now() + timeout_s
            future.add_done_callback(lambda _: self._open.pop(future, None))
            deliver = partial(self._deliver, incarnation, payload, timeout_s, future)
            asyncio.get_running_loop().call_soon(deliver)
        return future

    def anew(self, incarnation: str) -> None:
        asyncio.get_running_loop().call_soon(self._begin_anew, incarnation)

    async def serve(self, incarnation: str, handler: Handler) -> Callable[[], Awaitable[None]]:
        finish = await self._there.serve(incarnation, handler)
        self._serving.add(incarnation)

        async def stop() -> None:
            self._serving.discard(incarnation)
            await finish()

        return stop

    # ------------------------------------------------------------ what happens to nodes

    def dies(self, incarnation: str) -> None:
        """The node is gone, and the bus knows it."""
        self.vanishes(incarnation)
        for future, (node, _) in list(self._open.items()):
            if node == incarnation:
                fail(future, "nobody", maybe_done=True)

    def vanishes(self, incarnation: str) -> None:
        """The node is gone, and the bus tells only those who ask for it anew."""
        self._serving.discard(incarnation)
        self._dead.add(incarnation)

    def pauses(self, incarnation: str) -> None:
        """The node reads nothing until it resumes, and nobody is told."""
        self._paused[incarnation] = []

    def resumes(self, incarnation: str) -> None:
        """The node reads what came meanwhile."""
        for deliver in self._paused.pop(incarnation):
            deliver()

    def falls_mute(self, incarnation: str) -> None:
        """The node carries out what it is asked, and its answers wait until it `speaks`."""
        self._mute[incarnation] = []

    def speaks(self, incarnation: str) -> None:
        """What a mute node answered arrives, late."""
        for answer in self._mute.pop(incarnation):
            answer()

    def loses(self, reason: str, *, maybe_done: bool = True) -> None:
        """Every open request fails."""
        for future in list(self._open):
            fail(future, reason, maybe_done=maybe_done)

    def keeps_deadlines(self) -> None:
        """Fail what is overdue by the clock of the test."""
        for future, (_, until) in list(self._open.items()):
            if until <= self._now():
                fail(future, "timeout", maybe_done=True)

    # ------------------------------------------------------------ inside

    def _deliver(self, incarnation: str, payload: bytes, timeout_s: float, future: asyncio.Future[bytes]) -> None:
        if incarnation in self._paused:
            self._paused[incarnation].append(partial(self._deliver, incarnation, payload, timeout_s, future))
        elif incarnation not in self._serving:
            fail(future, "nobody", maybe_done=False)
        elif future.done():
            return
        elif self.drops_requests > 0:
            self.drops_requests -= 1
            self._missing.add(incarnation)
        elif incarnation in self._missing:
            fail(future, "missed", maybe_done=False)
        else:
            answer = self._there.request(incarnation, payload, timeout_s=timeout_s)
            answer.add_done_callback(partial(self._answered, incarnation, future))

    def _begin_anew(self, incarnation: str) -> None:
        if incarnation in self._paused:
            self._paused[incarnation].append(partial(self._begin_anew, incarnation))
        else:
            self._missing.discard(incarnation)

    def _answered(self, incarnation: str, future: asyncio.Future[bytes], answer: asyncio.Future[bytes]) -> None:
        if incarnation in self._dead:
            return
        if self.drops_answers > 0:
            self.drops_answers -= 1
        elif incarnation in self._mute:
            self._mute[incarnation].append(partial(_settle, future, answer))
        else:
            _settle(future, answer)


def _settle(future: asyncio.Future[bytes], answer: asyncio.Future[bytes]) -> None:
    problem = answer.exception()
    if future.done():
        return
    if isinstance(problem, CallFailed):
        fail(future, problem.reason, maybe_done=problem.maybe_done)
    else:
        future.set_result(answer.result())

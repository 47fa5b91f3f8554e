"""Calls within one process, for what runs without a bus and for calls to oneself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from hubbub.base.clock import Clock
from hubbub.bus.calls import CallFailed, Handler, Peer
from hubbub.bus.serving import OPEN_LIMIT, Service, Status

STOP_S = 10.0
"""How long ending a service waits for its open requests."""

FAILURES = {
    Status.REFUSED: ("refused", True),
    Status.OVERLOADED: ("overloaded", False),
    Status.LATE: ("timeout", False),
    Status.MISSED: ("missed", False),
}
"""What the caller is told, and whether it may have been done."""


def settle(future: asyncio.Future[bytes], status: Status, payload: bytes) -> None:
    """End a request with its answer; one that ended already stays as it is."""
    if future.done():
        return
    if status is Status.OK:
        future.set_result(payload)
    else:
        reason, maybe_done = FAILURES[status]
        fail(future, reason, maybe_done=maybe_done)


def fail(future: asyncio.Future[bytes], reason: str, *, maybe_done: bool) -> None:
    """End a request without an answer; whoever asked may have left."""
    if not future.done():
        future.set_exception(CallFailed(reason, maybe_done=maybe_done))
        future.exception()


class LocalCalls:
    """Calls to the incarnations that are served in this process."""

    def __init__(self, peer: Peer, clock: Clock, limit: int = OPEN_LIMIT) -> None:
        """`peer`: who the calls of this process come from."""
        self.peer = peer
        self._clock = clock
        self._limit = limit
        self._services: dict[str, Service] = {}

    def service(self, incarnation: str) -> Service | None:
        """Return what is served here under this name."""
        return self._services.get(incarnation)

    def request(self, incarnation: str, payload: bytes, *, timeout_s: float) -> asyncio.Future[bytes]:
        """Hand a request over; the future fails with CallFailed."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bytes] = loop.create_future()
        service = self._services.get(incarnation)
        if service is None:
            fail(future, "nobody", maybe_done=False)
            return future
        late = loop.call_later(timeout_s, lambda: fail(future, "timeout", maybe_done=True))

        def answer(status: Status, answered: bytes) -> None:
            late.cancel()
            settle(future, status, answered)

        service.begin(self.peer, payload, timeout_s, answer)
        return future

    def anew(self, incarnation: str) -> None:
        """Nothing is lost within a process."""

    async def serve(self, incarnation: str, handler: Handler) -> Callable[[], Awaitable[None]]:
        """Answer requests to this incarnation until what is returned is called, which waits for the open ones."""
        if incarnation in self._services:
            raise ValueError(f"{incarnation} is served already")
        service = self._services[incarnation] = Service(handler, self._clock, self._limit)

        async def stop() -> None:
            if self._services.get(incarnation) is service:
                del self._services[incarnation]
            await service.finish(STOP_S)

        return stop

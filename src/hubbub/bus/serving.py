"""The answering side of calls: handlers, their requests, and what becomes of each.

A handler that returns a future costs no task; a coroutine gets one, and is not begun when it waited longer than its
caller does.  A handler that raises answers `refused`; when too many requests are open the next is refused as
`overloaded` at once, so that the caller can go elsewhere.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from enum import IntEnum
from functools import partial

from hubbub.base.clock import Clock
from hubbub.bus.calls import Handler, Peer

_log = logging.getLogger(__name__)

OPEN_LIMIT = 4_096
"""Requests one service works on at a time."""


class Status(IntEnum):
    """How a request ended; the numbers travel."""

    OK = 0
    REFUSED = 1
    OVERLOADED = 2
    LATE = 3
    """It was not begun in time."""
    MISSED = 4
    """Something that was sent before it did not arrive."""


Answer = Callable[[Status, bytes], None]


class Service:
    """One incarnation's handler and its open requests."""

    def __init__(self, handler: Handler, clock: Clock, limit: int = OPEN_LIMIT) -> None:
        self._handler = handler
        self._clock = clock
        self._limit = limit
        self._open: set[asyncio.Future[bytes]] = set()

    def __len__(self) -> int:
        return len(self._open)

    def begin(self, peer: Peer, payload: bytes, budget_s: float, answer: Answer) -> None:
        """Hand a request to the handler, in the order of these calls; `answer` is called once, or never when late."""
        if len(self._open) >= self._limit:
            answer(Status.OVERLOADED, b"")
            return
        try:
            answering = self._handler(peer, payload)
        except Exception:
            _log.exception("a call from %s failed", peer.node_id)
            answer(Status.REFUSED, b"")
            return
        if not isinstance(answering, asyncio.Future):
            until = self._clock.monotonic() + budget_s
            answering = asyncio.get_running_loop().create_task(self._run(answering, until))
        self._open.add(answering)
        answering.add_done_callback(partial(self._ended, peer, answer))

    async def finish(self, timeout_s: float) -> None:
        """Wait for the open requests; those that take longer are cancelled."""
        if self._open:
            _, late = await asyncio.wait(tuple(self._open), timeout=timeout_s)
            for answering in late:
                answering.cancel()

    async def _run(self, answering: Awaitable[bytes], until: float) -> bytes:
        if self._clock.monotonic() >= until:
            if isinstance(answering, Coroutine):
                answering.close()
            raise _Late
        return await answering

    def _ended(self, peer: Peer, answer: Answer, answering: asyncio.Future[bytes]) -> None:
        self._open.discard(answering)
        if answering.cancelled():
            return
        problem = answering.exception()
        if problem is None:
            answer(Status.OK, answering.result())
        elif isinstance(problem, _Late):
            answer(Status.LATE, b"")
        else:
            _log.error("a call from %s failed", peer.node_id, exc_info=problem)
            answer(Status.REFUSED, b"")


class _Late(Exception):
    """The request waited longer than its caller does."""

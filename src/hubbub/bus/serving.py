"""The answering side of calls: handlers, one task per request, and what becomes of it.

A request that waited longer than its caller does is not begun; a handler that raises answers `refused`; when too many
are open the next is refused as `overloaded` at once, so that the caller can go elsewhere.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from enum import IntEnum

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


Answer = Callable[[Status, bytes], None]


class Service:
    """One incarnation's handler and its open requests."""

    def __init__(self, handler: Handler, clock: Clock, limit: int = OPEN_LIMIT) -> None:
        self._handler = handler
        self._clock = clock
        self._limit = limit
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def begin(self, peer: Peer, payload: bytes, budget_s: float, answer: Answer) -> None:
        """Hand a request to the handler, in the order of these calls; `answer` is called once, or never when late."""
        if len(self._tasks) >= self._limit:
            answer(Status.OVERLOADED, b"")
            return
        until = self._clock.monotonic() + budget_s
        task = asyncio.get_running_loop().create_task(self._run(peer, payload, until, answer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self, timeout_s: float) -> None:
        """Wait for the open requests; those that take longer are cancelled."""
        if self._tasks:
            _, late = await asyncio.wait(tuple(self._tasks), timeout=timeout_s)
            for task in late:
                task.cancel()

    async def _run(self, peer: Peer, payload: bytes, until: float, answer: Answer) -> None:
        if self._clock.monotonic() >= until:
            answer(Status.LATE, b"")
            return
        try:
            answered = await self._handler(peer, payload)
        except asyncio.CancelledError:
            raise
        except Exception:
            _log.exception("a call from %s failed", peer.node_id)
            answer(Status.REFUSED, b"")
            return
        answer(Status.OK, answered)

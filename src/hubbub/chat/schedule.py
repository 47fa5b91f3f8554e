"""Send what people wrote for later, once, whatever crashes in between.

A scheduled message is a submit with its client_id, kept until it is due.  Sending it is submitting it: if the process
dies after the entry was stored and before the row was deleted, the next attempt finds the key and stores nothing.  For
the same reason several nodes may find the same row.  A refusal stays with the row, where its author sees it.

What the store has called due is past being cancelled, at whichever node: so what was cancelled is never sent, and what
is being sent is in nobody's list.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.base.loops import Loop
from hubbub.chat.model import Accepted, Caller, ScheduledRow, Submit
from hubbub.chat.ports import ScheduleStore
from hubbub.chat.settings import ChatSettings

_PASSING = frozenset(
    {
        Code.INTERNAL_ERROR,
        Code.OVERLOADED,
        Code.STORAGE_FULL,
        Code.TIMEOUT,
        Code.UNAVAILABLE,
        Code.UNKNOWN_OUTCOME,
    }
)
"""Refusals that say nothing about the message: it is tried again at the next step."""


class Scheduler:
    """Submits messages when they are due."""

    def __init__(
        self,
        store: ScheduleStore,
        submit: Callable[[Caller, Submit], asyncio.Future[Accepted]],
        clock: Clock,
        settings: ChatSettings,
    ) -> None:
        self._store = store
        self._submit = submit
        self._clock = clock
        self._settings = settings
        self._loop = Loop("chat scheduler", self.send_due, every_s=settings.schedule_interval_s)

    def start(self) -> None:
        self._loop.start()

    async def stop(self) -> None:
        """End; what was due and is not settled is found again by the next start, or by another node."""
        await self._loop.stop()

    async def send_due(self) -> None:
        """Submit everything that is due now, in the order of its time."""
        while rows := await self._store.due(self._clock.now_ms(), self._settings.schedule_batch):
            futures = [self._submit(Caller(row.user_id), row.submit) for row in rows]
            settled = 0
            for row, future in zip(rows, futures, strict=True):
                settled += await self._settle(row, future)
            if len(rows) < self._settings.schedule_batch or not settled:
                return

    async def _settle(self, row: ScheduledRow, future: asyncio.Future[Accepted]) -> bool:
        try:
            await future
        except ChatError as refusal:
            if refusal.code in _PASSING:
                return False
            await self._store.settle(row, str(refusal.code))
        else:
            await self._store.settle(row, "")
        return True

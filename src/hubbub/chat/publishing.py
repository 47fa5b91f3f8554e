"""Tell the world what was committed, in the order it was committed.

Publishing runs beside the next commit, not before it: the log is the truth and a push is a hint, so nothing waits for
the bus but the bus.  A batch whose publishing fails keeps its outbox row, and the sweep announces it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

import msgspec

from hubbub.base.errors import ChatError
from hubbub.chat.changes import UserChanges
from hubbub.chat.outbox import Outbox
from hubbub.chat.ports import Bus, Committed, EntriesAppended, Event
from hubbub.chat.rules import Plan

_log = logging.getLogger(__name__)


class Stored(msgspec.Struct):
    """A batch that is durable."""

    plan: Plan
    committed: Committed


class Publisher:
    """Publishes committed batches one after another."""

    def __init__(
        self, bus: Bus, outbox: Outbox, changes: UserChanges, before: Callable[[], None] | None = None
    ) -> None:
        """`before`: called for each batch of entries that is committed and not yet published; for tests."""
        self._before = before
        self._bus = bus
        self._outbox = outbox
        self._changes = changes
        self._waiting: asyncio.Queue[Stored] = asyncio.Queue(maxsize=16)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; must be called in the event loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="chat publisher")

    async def stop(self, timeout_s: float) -> None:
        """Publish what is committed, then end.  What is left after the deadline is for the sweep."""
        if self._task is None:
            return
        try:
            async with asyncio.timeout(timeout_s):
                await self._waiting.join()
        except TimeoutError:
            _log.warning("%d batches were left to the outbox sweep", self._waiting.qsize())
        self._task.cancel()
        await asyncio.wait((self._task,))
        self._task = None

    async def join(self) -> None:
        """Wait until what was handed over so far is published, or left to the sweep."""
        await self._waiting.join()

    async def put(self, stored: Stored) -> None:
        """Hand over a committed batch; waits while too many are unpublished."""
        await self._waiting.put(stored)

    async def _run(self) -> None:
        while True:
            batches = [await self._waiting.get()]
            while not self._waiting.empty():
                batches.append(self._waiting.get_nowait())
            try:
                await self.publish(batches)
            except ChatError as problem:
                # The bus is away, or the database that says whose rows changed.
                _log.warning("%d batches are left to the outbox sweep: %r", len(batches), problem)
            except Exception:
                _log.exception("publishing failed; the outbox sweep announces %d batches", len(batches))
            finally:
                for _ in batches:
                    self._waiting.task_done()

    async def publish(self, batches: list[Stored]) -> None:
        """Tell of these batches: first the entries, then the people whose rows changed, then forget the outbox row."""
        events: list[Event] = [event for stored in batches for event in stored.plan.appended]
        if events:
            if self._before is not None:
                for _ in batches:
                    self._before()
            await self._bus.publish(events)
        for stored in batches:
            changes, committed = stored.plan.changes, stored.committed
            if stored.plan.appended:
                self._outbox.published(_heads(stored.plan), changes.audiences)
            then = partial(self._outbox.forget, committed.outbox_id) if committed.outbox_id else None
            if committed.user_versions:
                self._changes.note(committed.user_versions, then)
            elif then is not None:
                then()


def _heads(plan: Plan) -> dict[str, int]:
    heads: dict[str, int] = {}
    for event in plan.appended:
        if isinstance(event, EntriesAppended):
            heads[event.conversation_id] = event.entries[-1].seq
        else:
            heads.update(event.heads)
    return heads

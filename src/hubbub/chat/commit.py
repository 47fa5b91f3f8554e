"""Group commit: one durable transaction for everything that came while the last one ran.

A transaction costs its fsync, whether it stores one entry or five hundred.  So commands wait in one queue, a single
task takes what is there (bounded in number and bytes), and their futures end when it is durable.  Because every command
goes through this queue, those of one caller to one conversation are decided in the order of the calls.

The store's failures are told apart here, once.  A value that cannot be stored splits its batch and never fails its
neighbours; a deadlock runs the batch again; a connection lost during COMMIT runs it again and lets the keys decide; and
what cannot be known is answered as unknown, never as failed.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.chat import rules
from hubbub.chat.model import Accepted
from hubbub.chat.ports import (
    Changes,
    DataRefused,
    Facts,
    LogWriter,
    OutcomeUnknown,
    StoreBusy,
    StoreFull,
    StoreUnavailable,
)
from hubbub.chat.publishing import Stored
from hubbub.chat.rules import Command, Plan, Settled
from hubbub.chat.settings import ChatSettings

_log = logging.getLogger(__name__)

Done = Accepted | Settled
Waiting = tuple[Command, "asyncio.Future[Done]"]


class GroupCommit:
    """The queue in front of the store, and the task that empties it."""

    def __init__(
        self,
        store: LogWriter,
        publish: Callable[[Stored], Awaitable[None]],
        clock: Clock,
        settings: ChatSettings,
        inside: Callable[[], None] | None = None,
    ) -> None:
        """`publish` takes what was committed, in order; it may wait, which slows the commits down.

        `inside` is called in each transaction once its conversations are locked; for tests.
        """
        self._inside = inside
        self._store = store
        self._publish = publish
        self._clock = clock
        self._settings = settings
        self._queue: deque[Waiting] = deque()
        self._queued_bytes = 0
        self._woken = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._open = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; must be called in the event loop."""
        self._open = True
        self._task = asyncio.get_running_loop().create_task(self._run(), name="chat group commit")

    async def stop(self) -> None:
        """Refuse new commands, finish those that wait, then end; past the deadline the rest is unavailable."""
        self._open = False
        if self._task is None:
            return
        try:
            async with asyncio.timeout(self._settings.drain_timeout_s):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("%d commands were not stored in time", len(self._queue))
        self._task.cancel()
        await asyncio.wait((self._task,))
        self._task = None
        self._fail(list(self._queue), Code.UNAVAILABLE)
        self._queue.clear()
        self._queued_bytes = 0

    @property
    def waiting(self) -> int:
        """How many commands wait for the commit that runs."""
        return len(self._queue)

    def submit(self, command: Command) -> asyncio.Future[Done]:
        """Queue a command; the future ends when it is durable or refused.

        Cancelling the future does not take the command back.
        """
        future: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
        queue, settings = self._queue, self._settings
        if not self._open:
            future.set_exception(ChatError(Code.UNAVAILABLE))
        elif len(queue) >= settings.queue_commands or self._queued_bytes >= settings.queue_bytes:
            future.set_exception(ChatError(Code.OVERLOADED, retry_after_s=1.0))
        else:
            self._queued_bytes += command.size
            queue.append((command, future))
            if len(queue) == 1:
                self._idle.clear()
                self._woken.set()
        return future

    # ------------------------------------------------------------ the one task

    async def _run(self) -> None:
        while True:
            if not self._queue:
                self._idle.set()
                self._woken.clear()
                await self._woken.wait()
            batch = self._take()
            try:
                await self._finish(batch)
            except asyncio.CancelledError:
                # The transaction may be committing in its thread at this moment.
                self._fail(batch, Code.UNKNOWN_OUTCOME)
                raise
            except Exception:
                _log.exception("a batch of %d commands ended in an unexpected way", len(batch))
                self._fail(batch, Code.UNKNOWN_OUTCOME)

    def _take(self) -> list[Waiting]:
        """Return the next batch, bounded in number and bytes; at least one command."""
        queue, settings = self._queue, self._settings
        if len(queue) <= settings.batch_commands and self._queued_bytes <= settings.batch_bytes:
            taken = list(queue)
            queue.clear()
            self._queued_bytes = 0
            return taken
        taken = []
        size = 0
        while queue and len(taken) < settings.batch_commands:
            size += queue[0][0].size
            if taken and size > settings.batch_bytes:
                size -= queue[0][0].size
                break
            taken.append(queue.popleft())
        self._queued_bytes -= size
        return taken

    async def _finish(self, batch: list[Waiting]) -> None:
        """Store a batch and answer every command of it; split it where a value is refused."""
        commands = [command for command, _ in batch]
        attempt = Attempt(self._store, self._clock, self._settings, commands, self._inside)
        try:
            stored = await attempt.run()
        except DataRefused as refusal:
            await self._split(batch, refusal.code)
            return
        except ChatError as failure:
            self._fail(batch, failure.code)
            return
        except Exception:
            # A fault of a rule or of the store; one command must not take its neighbours along.
            _log.exception("a batch of %d commands could not be stored", len(batch))
            await self._split(batch, Code.INTERNAL_ERROR if attempt.refused_by_plan else Code.UNKNOWN_OUTCOME)
            return
        for (_, future), outcome in zip(batch, stored.plan.outcomes, strict=True):
            if future.done():
                continue
            if isinstance(outcome, ChatError):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
        if stored.plan.appended or stored.committed.user_versions or stored.committed.outbox_id:
            await self._publish(stored)

    async def _split(self, batch: list[Waiting], code: Code) -> None:
        """Store the halves one after the other, so that what follows still finds what it must follow."""
        if len(batch) == 1:
            self._fail(batch, code)
            return
        middle = len(batch) // 2
        await self._finish(batch[:middle])
        await self._finish(batch[middle:])

    def _fail(self, batch: list[Waiting], code: Code) -> None:
        for _, future in batch:
            if not future.done():
                future.set_exception(ChatError(code))


class Attempt:
    """One batch on its way into the store, however many runs it takes."""

    def __init__(
        self,
        store: LogWriter,
        clock: Clock,
        settings: ChatSettings,
        commands: list[Command],
        inside: Callable[[], None] | None = None,
    ) -> None:
        self._inside = inside
        self._store = store
        self._clock = clock
        self._settings = settings
        self._commands = commands
        self._plan: Plan | None = None
        self.refused_by_plan = False
        """Whether the last run ended because a rule raised, which leaves nothing stored."""

    async def run(self) -> Stored:
        """Store the batch; raises ChatError for all of it, or DataRefused when it must be split."""
        needs = rules.needs(self._commands)
        in_doubt = False
        tries = 0
        while True:
            tries += 1
            try:
                async with asyncio.timeout(self._settings.commit_timeout_s):
                    committed = await self._store.commit(needs, self._decide)
                assert self._plan is not None, "the store committed without a plan"
                return Stored(self._plan, committed)
            except StoreBusy:
                if tries >= self._settings.commit_tries:
                    raise ChatError(Code.UNKNOWN_OUTCOME if in_doubt else Code.UNAVAILABLE) from None
                await asyncio.sleep(self._pause_s(tries))
            except OutcomeUnknown:
                if in_doubt:
                    raise ChatError(Code.UNKNOWN_OUTCOME) from None
                in_doubt = True
            except TimeoutError:
                raise ChatError(Code.UNKNOWN_OUTCOME) from None
            except StoreFull:
                raise ChatError(Code.UNKNOWN_OUTCOME if in_doubt else Code.STORAGE_FULL) from None
            except StoreUnavailable:
                raise ChatError(Code.UNKNOWN_OUTCOME if in_doubt else Code.UNAVAILABLE) from None

    def _decide(self, facts: Facts) -> Changes:
        """Plan over these facts; runs inside the transaction, maybe in another thread, maybe more than once."""
        if self._inside is not None:
            self._inside()
        self.refused_by_plan = True
        self._plan = rules.plan(self._commands, facts, self._clock.now_ms())
        self.refused_by_plan = False
        return self._plan.changes

    def _pause_s(self, tries: int) -> float:
        most = min(self._settings.retry_max_s, self._settings.retry_base_s * 2**tries)
        return random.uniform(most / 2, most)

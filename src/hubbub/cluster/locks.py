"""Locks for what must run once in a cluster, such as a job of the night.

A lock is a lease in the database: whoever stops renewing it loses it, so that a process that died blocks nobody for
longer than a lease.  Those who wait are woken when it is given free, and otherwise look again when the lease would end;
nobody polls.

No lease can keep two processes apart by itself.  A holder may stand still (a long collection, a stopped machine) while
its lease ends, another takes the lock, and the first goes on writing without knowing.  Therefore each taking has a
fencing token, greater than all before it: whoever writes under the lock sends it along, and what is written to refuses
a token lower than the highest it has seen (Martin Kleppmann, "How to do distributed locking", 2016).  Where the work
is harmless to do twice, the lock alone is enough.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError
from hubbub.base.ids import new_id
from hubbub.base.loops import Loop
from hubbub.cluster.model import Lock
from hubbub.cluster.ports import LockStore, Signals

_RETRY_S = 1.0
_RELEASE_S = 3.0
"""How long the database is given to take a lock back; after that its lease ends by itself."""

_log = logging.getLogger(__name__)


class LockBusy(Exception):
    """Another had the lock for as long as was waited."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"the lock {self.name} is taken"


class LockLost(Exception):
    """The lock was lost while it was held; what was done under it may have met with another's work."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"the lock {self.name} was lost"


class HeldLock:
    """A lock this process has, for as long as `lost` is not set."""

    def __init__(
        self, lock: Lock, owner: str, store: LockStore, clock: Clock, began: float, on_lost: Callable[[], object]
    ) -> None:
        self.name = lock.name
        self.token = lock.token
        """Send it along with every write under the lock."""
        self.lock = lock
        """For a store that checks the token itself."""
        self.lost = asyncio.Event()
        self._owner = owner
        self._store = store
        self._clock = clock
        self._on_lost = on_lost
        self._renewed_at = began
        self._loop = Loop(f"keeping lock {lock.name}", self.keep, every_s=lock.lease_s / 10)

    async def keep(self) -> None:
        """Renew the lease when a third of it is over; give up the lock when it may have ended.

        A lease counts from before it was asked for, by this process's own clock, so that it ends here no later than in
        the database.
        """
        now = self._clock.monotonic()
        left_s = self._renewed_at + self.lock.lease_s - now
        if self.lost.is_set() or left_s > self.lock.lease_s * 2 / 3:
            return
        if left_s > 0:
            try:
                async with asyncio.timeout(left_s):
                    kept = await self._store.extend(self.lock, self._owner, self.lock.lease_s)
            except (ChatError, TimeoutError):
                # It is tried again until the lease may have ended.
                if self._clock.monotonic() - now < left_s:
                    return
                kept = False
            if kept:
                self._renewed_at = now
                return
        _log.warning("the lock %s was lost", self.name)
        self.lost.set()
        self._on_lost()

    def start(self) -> None:
        """Begin to renew it."""
        self._loop.start()

    async def give_back(self) -> None:
        """Stop renewing it and give it free; at worst its lease ends by itself."""
        await self._loop.stop()
        try:
            async with asyncio.timeout(_RELEASE_S):
                await self._store.release(self.lock, self._owner)
        except (ChatError, TimeoutError) as problem:
            _log.warning("the lease of lock %s is left to end by itself: %r", self.name, problem)


class Locks:
    """The locks of a cluster, by name.  Names are few and chosen by the program, because each keeps a row for ever."""

    def __init__(self, store: LockStore, signals: Signals, clock: Clock, *, lease_s: float = 10.0) -> None:
        self._store = store
        self._signals = signals
        self._clock = clock
        self._lease_s = lease_s

    @asynccontextmanager
    async def hold(self, name: str, *, wait_s: float = 0.0) -> AsyncIterator[HeldLock]:
        """Hold the lock while the body runs.

        Raises LockBusy when it was not to be had within `wait_s`, and ChatError when the database cannot be asked.
        When the lock is lost the body is cancelled and LockLost raised in its place.
        """
        task = asyncio.current_task()
        assert task is not None
        cancelling = task.cancelling()
        held = await self._take(name, wait_s, task.cancel)
        held.start()
        try:
            yield held
        except asyncio.CancelledError:
            # As asyncio.timeout does: only our own cancelling becomes another error.
            if held.lost.is_set() and task.uncancel() <= cancelling:
                raise LockLost(name) from None
            raise
        finally:
            await held.give_back()
            await self._signals.signal(_subject(name), b"")
        if held.lost.is_set():
            raise LockLost(name)

    async def _take(self, name: str, wait_s: float, on_lost: Callable[[], object]) -> HeldLock:
        owner = new_id()
        until = self._clock.monotonic() + wait_s
        freed = asyncio.Event()
        unlisten: Callable[[], None] | None = None
        try:
            while True:
                freed.clear()
                began = self._clock.monotonic()
                try:
                    answer = await self._store.acquire(name, owner, self._lease_s)
                except ChatError as problem:
                    if not problem.retry or began + _RETRY_S >= until:
                        raise
                    await asyncio.sleep(_RETRY_S)
                    continue
                if isinstance(answer, Lock):
                    return HeldLock(answer, owner, self._store, self._clock, began, on_lost)
                left_s = until - self._clock.monotonic()
                if left_s <= 0:
                    raise LockBusy(name)
                if unlisten is None:
                    # It may have been given free before anybody listened here: ask once more.
                    unlisten = await self._signals.listen(_subject(name), lambda _: freed.set())
                    continue
                try:
                    async with asyncio.timeout(min(left_s, answer.left_s + 0.01)):
                        await freed.wait()
                except TimeoutError:
                    pass
        finally:
            if unlisten is not None:
                unlisten()


def _subject(name: str) -> str:
    return f"locks.{hashlib.blake2b(name.encode(), digest_size=8).hexdigest()}"

"""One at a time, the next one woken, and whoever lost the lock told."""

from __future__ import annotations

import asyncio

import pytest
from support.air import Air
from unit.cluster.town import Breaking

from hubbub.base.clock import ManualClock
from hubbub.base.errors import ChatError
from hubbub.cluster.locks import HeldLock, LockBusy, LockLost, Locks
from hubbub.storage.memory.cluster import MemoryLocks

NAME = "retention"
LEASE = 10.0


class Place:
    """Two processes that want the same lock."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        """The database's."""
        self.rows = MemoryLocks(self.clock)
        self.air = Air()
        self.one_clock, self.two_clock = ManualClock(), ManualClock()
        self.one_way, self.two_way = Breaking(self.rows), Breaking(self.rows)
        self.one = Locks(self.one_way, self.air.wire(), self.one_clock, lease_s=LEASE)
        self.two = Locks(self.two_way, self.air.wire(), self.two_clock, lease_s=LEASE)

    def passes(self, seconds: float) -> None:
        for clock in (self.clock, self.one_clock, self.two_clock):
            clock.advance(seconds)


@pytest.fixture
def place() -> Place:
    return Place()


async def stops() -> None:
    """Wait until cancelled."""
    async with asyncio.timeout(5):
        await asyncio.Event().wait()


async def until_waiting(task: asyncio.Task[object]) -> None:
    for _ in range(10):
        await asyncio.sleep(0)
    assert not task.done()


async def test_a_held_lock_is_refused_to_others_and_free_afterwards(place: Place) -> None:
    async with place.one.hold(NAME) as lock:
        assert (lock.name, lock.token) == (NAME, 1)
        with pytest.raises(LockBusy, match="the lock retention is taken"):
            async with place.two.hold(NAME):
                pass
        async with place.two.hold("another") as other:
            assert other.token == 1
    async with place.two.hold(NAME) as lock:
        assert lock.token == 2


async def test_one_process_cannot_hold_a_lock_twice(place: Place) -> None:
    async with place.one.hold(NAME):
        with pytest.raises(LockBusy):
            async with place.one.hold(NAME):
                pass


async def test_whoever_waits_is_woken_when_the_lock_is_given_free(place: Place) -> None:
    async def second() -> int:
        async with place.two.hold(NAME, wait_s=60) as lock:
            return lock.token

    async with place.one.hold(NAME) as first:
        waiting = asyncio.create_task(second())
        await until_waiting(waiting)
    assert await asyncio.wait_for(waiting, 1) == first.token + 1


async def test_a_lock_is_free_after_its_body_failed(place: Place) -> None:
    with pytest.raises(ZeroDivisionError):
        async with place.one.hold(NAME):
            raise ZeroDivisionError
    async with place.two.hold(NAME):
        pass


async def test_a_lock_is_free_after_its_body_was_cancelled(place: Place) -> None:
    async def body() -> None:
        async with place.one.hold(NAME):
            await stops()

    task = asyncio.create_task(body())
    await until_waiting(task)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with place.two.hold(NAME):
        pass


async def test_when_a_holder_vanished_the_lock_is_looked_at_again_when_its_lease_would_end(place: Place) -> None:
    await place.rows.acquire(NAME, "vanished", 0.001)

    async def second() -> int:
        async with place.two.hold(NAME, wait_s=60) as lock:
            return lock.token

    waiting = asyncio.create_task(second())
    await until_waiting(waiting)
    place.passes(1)
    assert await asyncio.wait_for(waiting, 1) == 2


async def test_waiting_ends_when_its_time_is_over(place: Place) -> None:
    async def second() -> None:
        async with place.two.hold(NAME, wait_s=0.001):
            pass

    async with place.one.hold(NAME):
        waiting = asyncio.create_task(second())
        await until_waiting(waiting)
        place.two_clock.advance(1)
        with pytest.raises(LockBusy):
            await asyncio.wait_for(waiting, 2)


async def test_a_lock_is_renewed_while_it_is_held(place: Place) -> None:
    async with place.one.hold(NAME) as lock:
        for _ in range(10):
            place.passes(4)
            await lock.keep()
            with pytest.raises(LockBusy):
                async with place.two.hold(NAME):
                    pass
        assert not lock.lost.is_set()


async def lose(place: Place, lock: HeldLock) -> None:
    """Have the lease end and another take the lock."""
    place.passes(LEASE + 1)
    await place.rows.acquire(NAME, "another", LEASE)
    await lock.keep()


async def test_the_body_is_ended_when_the_lock_was_lost(place: Place) -> None:
    async def body() -> None:
        async with place.one.hold(NAME) as lock, asyncio.TaskGroup() as group:
            group.create_task(lose(place, lock))
            await stops()

    with pytest.raises(LockLost, match="the lock retention was lost"):
        await body()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    # It was not given free for the one who has it now.
    with pytest.raises(LockBusy):
        async with place.two.hold(NAME):
            pass


async def test_a_body_that_ends_nevertheless_is_told(place: Place) -> None:
    async def body() -> None:
        async with place.one.hold(NAME) as lock:
            losing = asyncio.create_task(lose(place, lock))
            try:
                await stops()
            except asyncio.CancelledError:
                assert lock.lost.is_set()
            await losing

    with pytest.raises(LockLost):
        await body()


async def test_a_lock_lasts_while_the_database_is_away_but_no_longer_than_its_lease(place: Place) -> None:
    async with place.one.hold(NAME) as lock:
        place.one_way.away = True
        place.passes(6)
        await lock.keep()
        assert not lock.lost.is_set()
        place.one_way.away = False
        await lock.keep()
        place.one_way.away = True
        place.passes(9)
        await lock.keep()
        assert not lock.lost.is_set()
        place.one_way.away = False
        await lock.keep()


async def test_a_lock_that_may_have_ended_is_given_up_without_asking(place: Place) -> None:
    async def body() -> None:
        async with place.one.hold(NAME) as lock, asyncio.TaskGroup() as group:
            place.one_way.away = True
            place.one_clock.advance(LEASE)
            group.create_task(lock.keep())
            await stops()

    with pytest.raises(LockLost):
        await body()


async def test_a_database_that_does_not_answer_is_said_so(place: Place) -> None:
    place.one_way.away = True
    with pytest.raises(ChatError):
        async with place.one.hold(NAME):
            pass


async def test_many_who_want_a_lock_have_it_one_after_the_other(place: Place) -> None:
    inside: list[int] = []
    tokens: list[int] = []

    async def work(locks: Locks) -> None:
        async with locks.hold(NAME, wait_s=60) as lock:
            inside.append(1)
            assert len(inside) == 1
            await asyncio.sleep(0)
            inside.pop()
            tokens.append(lock.token)

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for locks in (place.one, place.two) * 5:
            group.create_task(work(locks))
    assert tokens == sorted(tokens)
    assert len(set(tokens)) == 10

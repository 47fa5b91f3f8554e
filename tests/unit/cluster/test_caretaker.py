"""What dead nodes left is carried out, by one worker at a time, and by nobody who only thinks it is his turn."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest
from support.air import Air
from unit.cluster.town import Breaking

from hubbub.base.clock import ManualClock
from hubbub.base.ids import new_id
from hubbub.cluster.caretaker import LOCK, Caretaker
from hubbub.cluster.locks import LockLost, Locks
from hubbub.cluster.model import Lock, NodeRecord, SessionRow
from hubbub.storage.memory.cluster import MemoryLocks, MemoryNodes
from hubbub.storage.memory.sessions import MemorySessions

LEASE = 10.0
ROMEO = "a" * 32


class House:
    """A database with workers on it, and what each of them tidied."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.locks = MemoryLocks(self.clock)
        self.nodes = MemoryNodes(self.clock, self.locks)
        self.sessions = MemorySessions(self.nodes, self.clock)
        self.air = Air()
        self.tidied: list[str] = []
        self._seen = asyncio.Event()

    def worker(self, name: str, *, nodes: object | None = None) -> Caretaker:
        locks = Locks(self.locks, self.air.wire(), self.clock, lease_s=LEASE)
        return Watched(name, self, locks, nodes or self.nodes)

    def note(self, name: str) -> None:
        self.tidied.append(name)
        self._seen.set()

    async def until(self, claim: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not claim():
                self._seen.clear()
                await self._seen.wait()

    async def litter(self) -> SessionRow:
        """Leave a session of a node that nobody remembers."""
        row = SessionRow(new_id(), ROMEO, new_id(), "gone", new_id())
        await self.sessions.take_slot(row)
        return row


class Watched(Caretaker):
    """A caretaker that says when it was at it."""

    def __init__(self, name: str, house: House, locks: Locks, nodes: object) -> None:
        super().__init__(locks, nodes, house.sessions, every_s=3600.0, pause_s=0.0)  # type: ignore[arg-type]
        self._name = name
        self._house = house

    async def tidy(self, under: Lock) -> None:
        try:
            await super().tidy(under)
        finally:
            self._house.note(self._name)


async def test_what_nobody_remembers_is_carried_out_by_one_worker() -> None:
    house = House()
    await house.litter()
    one, two = house.worker("one"), house.worker("two")
    one.start()
    await house.until(lambda: house.tidied == ["one"])
    assert await house.sessions.slots([ROMEO]) == []
    two.start()
    for _ in range(20):
        await asyncio.sleep(0)
    assert house.tidied == ["one"]
    # Who stops lets the next one know.
    await one.stop()
    await house.until(lambda: house.tidied == ["one", "two"])
    await two.stop()


async def test_a_caretaker_that_stood_still_deletes_nothing_once_another_has_its_place() -> None:
    house = House()
    gone = NodeRecord("gateway-1", new_id(), ("gateway",))
    await house.nodes.enter(gone, 1.0)
    late, prompt = house.worker("late"), house.worker("prompt")
    slow = Locks(house.locks, house.air.wire(), house.clock, lease_s=LEASE)
    async with slow.hold(LOCK) as held:
        # It stands still for longer than its lease, and the other takes over.
        house.clock.advance(LEASE + 1)
        prompt.start()
        await house.until(lambda: house.tidied == ["prompt"])
        row = await house.litter()
        with pytest.raises(LockLost):
            await late.tidy(held.lock)
        assert [slot.session_id for slot in await house.sessions.slots([ROMEO])] == [row.session_id]
        await prompt.stop()


async def test_a_database_that_is_away_is_tried_again_later(caplog: pytest.LogCaptureFixture) -> None:
    house = House()
    breaking = Breaking(house.nodes)
    breaking.away = True
    worker = house.worker("one", nodes=breaking)
    with caplog.at_level(logging.WARNING):
        worker.start()
        await house.until(lambda: house.tidied == ["one"])
        for _ in range(5):
            await asyncio.sleep(0)
    assert "carried out later" in caplog.text
    await worker.stop()

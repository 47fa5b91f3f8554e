"""One worker at a time lets messages go, and another takes its place."""

from __future__ import annotations

import asyncio
import logging

import pytest
from support.air import Air

from hubbub.base.clock import ManualClock
from hubbub.base.errors import ChatError, Code
from hubbub.cluster.locks import Locks
from hubbub.server.retaining import RetentionJob
from hubbub.storage.memory.cluster import MemoryLocks


class House:
    """Workers that wait for one lock, and which of them did something."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = MemoryLocks(self.clock)
        self.air = Air()
        self.done: list[str] = []
        self.seen = asyncio.Event()

    def worker(self, name: str, fault: ChatError | None = None) -> RetentionJob:
        async def step() -> None:
            self.done.append(name)
            self.seen.set()
            if fault is not None:
                raise fault

        locks = Locks(self.store, self.air.wire(), self.clock, lease_s=10.0)
        return RetentionJob(locks, step, every_s=0.01 if fault else 3600.0, pause_s=0.0)

    async def until(self, done: list[str]) -> None:
        async with asyncio.timeout(10):
            while self.done[: len(done)] != done:
                self.seen.clear()
                await self.seen.wait()


async def test_one_worker_lets_messages_go_and_the_next_one_follows() -> None:
    house = House()
    one, two = house.worker("one"), house.worker("two")
    one.start()
    await house.until(["one"])
    two.start()
    for _ in range(20):
        await asyncio.sleep(0)
    assert house.done == ["one"]
    await one.stop()
    await house.until(["one", "two"])
    await two.stop()


async def test_a_database_that_is_away_is_asked_again_later(caplog: pytest.LogCaptureFixture) -> None:
    house = House()
    worker = house.worker("one", ChatError(Code.UNAVAILABLE))
    with caplog.at_level(logging.WARNING):
        worker.start()
        await house.until(["one", "one"])
    assert "goes later" in caplog.text
    await worker.stop()

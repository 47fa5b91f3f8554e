"""Loops that step when woken, go on after faults, and end when told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from hubbub.base.loops import Loop


async def test_a_loop_steps_when_it_is_woken_and_not_before() -> None:
    steps = asyncio.Queue[int]()
    loop = Loop("test", _counting(steps))
    loop.start()
    await asyncio.sleep(0)
    assert steps.empty()
    loop.wake()
    loop.wake()
    assert await asyncio.wait_for(steps.get(), 1) == 1
    await asyncio.sleep(0)
    assert steps.empty()
    await loop.stop()


async def test_a_loop_steps_by_itself_after_a_while() -> None:
    steps = asyncio.Queue[int]()
    loop = Loop("test", _counting(steps), every_s=0.001)
    loop.start()
    assert [await asyncio.wait_for(steps.get(), 1) for _ in range(3)] == [1, 2, 3]
    await loop.stop()


async def test_a_step_that_failed_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    done = asyncio.Event()
    faults = [ZeroDivisionError(), OSError()]

    async def step() -> None:
        if faults:
            raise faults.pop()
        done.set()

    loop = Loop("the test", step, pause_s=0.001)
    loop.start()
    loop.wake()
    await asyncio.wait_for(done.wait(), 1)
    await loop.stop()
    assert caplog.text.count("the test failed") == 2


async def test_stopping_ends_a_step_and_may_be_repeated() -> None:
    entered = asyncio.Event()

    async def step() -> None:
        entered.set()
        await asyncio.Event().wait()

    loop = Loop("test", step)
    loop.start()
    loop.wake()
    await asyncio.wait_for(entered.wait(), 1)
    await loop.stop()
    await loop.stop()


def _counting(steps: asyncio.Queue[int]) -> Callable[[], Awaitable[None]]:
    count = 0

    async def step() -> None:
        nonlocal count
        count += 1
        steps.put_nowait(count)

    return step

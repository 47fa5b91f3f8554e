"""The crowd of `hubbub bench cluster` loses its server, comes back by itself, and tells when and with what."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from hubbub.lab.figures.driver import CrowdFailed, CrowdProcess
from hubbub.lab.figures.timeline import all_back_ns, all_had_ns, outages_s
from hubbub.lab.figures.told import Task
from hubbub.lab.load.seed import seed
from hubbub.lab.load.server import OPEN_LIMITS, OwnServer


@pytest.mark.slow
async def test_a_crowd_comes_back_to_a_server_that_was_killed_and_lacks_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    seats, _ = await asyncio.to_thread(seed, data, people=4)
    server = OwnServer(data, environ=OPEN_LIMITS)
    await asyncio.to_thread(server.start)
    try:
        task = Task(server=server.http, seats=seats, backoff_s=0.5, result=str(tmp_path / "told.json"))
        async with CrowdProcess(task) as crowd:
            await crowd.rate(50)
            await asyncio.sleep(0.5)
            killed_ns = time.monotonic_ns()
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
            await crowd.rate(0)
            told = await crowd.told()
    finally:
        await asyncio.to_thread(server.stop)
    assert str(told.report.words) == "[]"
    assert told.report.accepted == len(told.spoken) > 20
    assert (told.missing, told.unanswered, told.away, told.refused) == ([], 0, 0, {})
    assert sorted(each.person for each in told.outages) == [0, 1, 2, 3]
    back_ns = all_back_ns(told.outages, killed_ns)
    assert all_had_ns(told.spoken, 0, back_ns) > killed_ns
    assert max(outages_s(told.outages)) < 60


async def test_a_crowd_that_cannot_tell_says_why(tmp_path: Path) -> None:
    task = Task(server="http://127.0.0.1:1", seats=[], result=str(tmp_path / "no" / "such" / "folder"))
    async with CrowdProcess(task) as crowd:
        with pytest.raises(CrowdFailed, match="FileNotFoundError"):
            await crowd.told()

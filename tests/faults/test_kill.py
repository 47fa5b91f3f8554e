"""The server is killed again and again in the middle of load; afterwards nothing acknowledged is missing or doubled.

Twenty people talk through the SDK, each with every raw frame recorded at the socket.  The server process gets SIGKILL
at moments drawn from a fixed seed and is started again on the same folder and port.  At the end the load stops, and
within five seconds everybody who is online has everything; then the whole log is read through fresh logins and the
checker judges all of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from hubbub.client.http import HttpApi
from hubbub.client.models import State
from hubbub.lab.checker import check, owed
from hubbub.lab.faults.people import PASSWORD, Crowd, Person
from hubbub.lab.history import History
from hubbub.lab.load.server import OPEN_LIMITS, OwnServer

SEED = 20_061_989
PEOPLE = 20
KILLS = 12
PACE_S = 0.02
WHOLE_AGAIN_S = 5.0
"""Within this time after the system is whole everybody online has everything."""

NO_LIMITS = {**OPEN_LIMITS, "HUBBUB_AUTH_REGISTERS_PER_MINUTE": "0", "HUBBUB_AUTH_LOGINS_PER_MINUTE": "0"}


async def eventually(what: str, is_so: Callable[[], bool], timeout_s: float) -> None:
    """Wait for something that has a deadline."""
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, f"{what} took longer than {timeout_s:g} s"
        await asyncio.sleep(0.01)


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_killing_the_server_at_any_moment_loses_doubles_and_swaps_nothing(tmp_path: Path) -> None:
    dice = random.Random(SEED)
    history = History()
    server = OwnServer(tmp_path / "data", environ=NO_LIMITS)
    await asyncio.to_thread(server.start)
    try:
        crowd = Crowd(server.http, history, dice, pace_s=PACE_S)
        async with contextlib.AsyncExitStack() as stack:
            await crowd.gather(PEOPLE, stack)
            living = asyncio.create_task(crowd.live())
            crowd.awake.set()
            for _ in range(KILLS):
                await asyncio.sleep(0.2 + dice.random() * 1.2)
                server.kill()
                await asyncio.to_thread(server.start)
            await asyncio.sleep(1.0)
            crowd.awake.clear()
            living.cancel()
            await asyncio.wait((living,))
            await asyncio.gather(*(person.client.flush(timeout=30) for person in crowd.people))
            await eventually("reconnecting", lambda: all(p.client.state is State.ONLINE for p in crowd.people), 30)
            with contextlib.suppress(AssertionError):
                await eventually("catching up", lambda: not owed(history), WHOLE_AGAIN_S)
            assert owed(history) == []
        await crowd.audit()
        for person in crowd.people:
            await read_by_rest(server, person, history)
    finally:
        code = await asyncio.to_thread(server.stop)
    report = check(history)
    assert report.clean, f"{report}\n{server.log()[-3000:]}"
    assert report.accepted > 500, str(report)
    assert code == 0


async def read_by_rest(server: OwnServer, person: Person, history: History) -> None:
    """What REST shows of a log is what the frames showed."""
    async with HttpApi(server.http) as api:
        token = (await api.log_in(person.username, PASSWORD)).access_token
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=server.http, headers=headers, timeout=10) as http:
        for room in person.rooms:
            answer = await http.get(f"/api/v1/conversations/{room}/messages", params={"limit": 50})
            assert answer.status_code == 200, answer.text
            log = history.logs[room]
            for item in answer.json()["items"]:
                assert log.client_id[log.slot_of[int(item["seq"])]] == item["client_id"]

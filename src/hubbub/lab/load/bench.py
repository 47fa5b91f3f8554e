"""One measurement from beginning to end: a server, people, a load process, and the figures it brings back.

The server has a core of its own and so has the load; this process only waits and shows progress.
"""

from __future__ import annotations

import asyncio
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import httpx
import msgspec

from hubbub.lab.load.client import Seat
from hubbub.lab.load.processes import cores, memory_kib, raise_file_limit
from hubbub.lab.load.seed import seed
from hubbub.lab.load.server import OPEN_LIMITS, OwnServer, ServerFailed, socket_address
from hubbub.lab.load.task import Figures, Progress, Task
from hubbub.lab.load.worker import Line

IDLE_S = 2.0
STARTS = 3
LARGE_LOG, SMALL_LOG = 1_000_000, 1_000


class BenchFailed(Exception):
    """A measurement did not come to its end; the sentence says why."""


class Plan(msgspec.Struct, kw_only=True):
    """What is to be measured, as it was asked for."""

    bench: str
    server: str = ""
    """A server that runs already; empty: start one on a temporary data folder."""
    users: int = 0
    in_flight: int = 1
    senders: int = 1
    rate: float = 0.0
    size: int = 200
    duration_s: float = 5.0
    messages: int = 0
    transport: str = "ws"
    server_cpu: int | None = None
    load_cpu: int | None = None


USERS = {"direct": 200, "fanout": 1000, "connect": 1000, "sync": 2, "history": 2}
"""How many people a measurement has unless it is told."""


def pinned(plan: Plan) -> Plan:
    """Give server and load a core each where there are two and nobody chose."""
    available = cores()
    if len(available) < 2:
        return plan
    server_cpu = available[0] if plan.server_cpu is None else plan.server_cpu
    load_cpu = next(cpu for cpu in available if cpu != server_cpu) if plan.load_cpu is None else plan.load_cpu
    return msgspec.structs.replace(plan, server_cpu=None if plan.server else server_cpu, load_cpu=load_cpu)


def measure(plan: Plan, progress: Progress) -> Figures:
    """Measure once.  Raises BenchFailed."""
    raise_file_limit()
    people = plan.users or USERS[plan.bench]
    try:
        if plan.server:
            seats = asyncio.run(register(plan.server.rstrip("/"), people, progress))
            if plan.bench == "history":
                raise BenchFailed("history needs a server of its own, whose log it can fill")
            return _load(plan, plan.server.rstrip("/"), seats, [], 0, progress)
        with tempfile.TemporaryDirectory(prefix="hubbub-bench-") as folder:
            return _measure_own(plan, Path(folder) / "data", people, progress)
    except (ServerFailed, httpx.HTTPError, subprocess.SubprocessError) as error:
        raise BenchFailed(str(error)) from error


def _measure_own(plan: Plan, data: Path, people: int, progress: Progress) -> Figures:
    progress(0.0, "seeding")
    seats, groups = seed(data, people=people, logs=(SMALL_LOG, LARGE_LOG) if plan.bench == "history" else ())
    starts: list[float] = []
    if plan.bench == "connect":
        with OwnServer(data, environ=OPEN_LIMITS, cpu=plan.server_cpu) as server:
            prepare = msgspec.structs.replace(plan, bench="connect_prepare")
            _load(prepare, server.http, seats, groups, server.pid, lambda share, words: progress(share / 2, words))
        for _ in range(STARTS - 1):
            progress(0.5, "starting")
            with OwnServer(data, environ=OPEN_LIMITS, cpu=plan.server_cpu) as server:
                starts.append(server.start_s)
    with OwnServer(data, environ=OPEN_LIMITS, cpu=plan.server_cpu) as server:
        starts.append(server.start_s)
        idle_mib = None
        if plan.bench == "connect":
            time.sleep(IDLE_S)
            idle_mib = round(memory_kib(server.pid) / 1024, 1)
        figures = _load(plan, server.http, seats, groups, server.pid, progress)
        if plan.bench == "connect":
            figures.start_to_first_connection_s = round(statistics.median(starts), 3)
            figures.note += f" Starts took {', '.join(f'{start_s:.2f}' for start_s in starts)} s; the median counts."
            figures.server_idle_rss_mib = idle_mib
        if code := server.stop():
            figures.note += f" The server ended with {code}: {server.log()[-300:]}"
    return figures


def _load(
    plan: Plan, http: str, seats: list[Seat], conversations: list[str], server_pid: int, progress: Progress
) -> Figures:
    task = Task(
        bench=plan.bench,
        address=socket_address(http, seats[0].token, plan.transport),
        transport=plan.transport,
        seats=seats,
        in_flight=plan.in_flight,
        senders=plan.senders,
        rate=plan.rate,
        size=plan.size,
        duration_s=plan.duration_s,
        messages=plan.messages,
        cpu=plan.load_cpu,
        server_cpu=plan.server_cpu,
        server_pid=server_pid,
        conversations=conversations,
    )
    command = [sys.executable, "-m", "hubbub.lab.load.worker"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(msgspec.json.encode(task))
        process.stdin.close()
        for text in process.stdout:
            line = msgspec.json.decode(text, type=Line)
            if line.figures is not None or line.error:
                break
            progress(line.share, line.words)
        else:
            raise BenchFailed(f"the load process ended with {process.wait(10)}")
        if line.figures is None:
            raise BenchFailed(line.error)
        return line.figures
    finally:
        process.stdout.close()
        if process.poll() is None:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


async def register(http: str, people: int, progress: Progress) -> list[Seat]:
    """Make accounts on a running server, at the pace it allows."""
    run = secrets.token_hex(4)
    password = secrets.token_urlsafe(18)
    seats: list[Seat] = []
    async with httpx.AsyncClient(base_url=http, timeout=30) as client:
        for number in range(people):
            name = f"bench-{run}-{number}"
            account = {"username": name, "password": password, "display_name": name}
            made = await _patiently(partial(client.post, "/api/v1/accounts", json=account))
            form = {"grant_type": "password", "username": name, "password": password}
            login = await _patiently(partial(client.post, "/oauth/token", data=form))
            user_id = str(made.get("user_id") or made.get("id"))
            seats.append(Seat(user_id, name, str(login["access_token"])))
            progress(0.1 * number / people, "registering")
    return seats


async def _patiently(call: Callable[[], Awaitable[httpx.Response]]) -> dict[str, object]:
    deadline = time.monotonic() + 120
    while True:
        answer = await call()
        if answer.status_code == 429 and time.monotonic() < deadline:
            await asyncio.sleep(min(10.0, float(answer.headers.get("retry-after", "1"))))
            continue
        if not answer.is_success:
            raise BenchFailed(f"{answer.request.url.path}: HTTP {answer.status_code} {answer.text[:200]}")
        found: dict[str, object] = answer.json()
        return found

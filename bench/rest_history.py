"""How many history pages of 50 one server process answers in a second: `python bench/rest_history.py`.

A server of its own on one core, with a group of 2,000 messages of 200 bytes, all of them in the search index; on
another core so many connections that each ask for a page, one after another, at random places.  Every page is checked
to have 50 messages.  It ends by itself after the time it is given, and prints the rate, the times, and the server's
share of its core.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import httpx
import psutil
from reads import fill  # type: ignore[import-not-found]

from hubbub.base.clock import SystemClock
from hubbub.lab.load.processes import cores, pin
from hubbub.lab.load.server import OPEN_LIMITS, OwnServer
from hubbub.storage.chat.store import SqlStore
from hubbub.storage.sqlite_database import SqliteDatabase

MESSAGES = 2_000


PERSON = {"username": "romeo", "password": "wherefore art"}


def make_room(http: str) -> tuple[str, str]:
    """Make a person and a group; return their ids."""
    with httpx.Client(base_url=http, timeout=30) as client:
        user_id = client.post("/api/v1/accounts", json=PERSON).json()["user_id"]
        headers = {"authorization": f"Bearer {log_in(http)}"}
        new = {"kind": "group", "title": "Verona"}
        room = client.post("/api/v1/conversations", json=new, headers=headers).json()
        return user_id, room["conversation_id"]


def log_in(http: str) -> str:
    """Return a token."""
    answer = httpx.post(f"{http}/oauth/token", data={"grant_type": "password", **PERSON}, timeout=30)
    return str(answer.json()["access_token"])


async def seed(folder: Path, user_id: str, conversation_id: str) -> None:
    """Write the messages into a data folder that no server has."""
    database = await SqliteDatabase.open(folder, clock=SystemClock())
    try:
        store = SqlStore(database)
        await fill(store, conversation_id, user_id, MESSAGES)
        # Now, so that the server that is measured has nothing else to do.
        behind, _ = await store.behind("", 100)
        while behind:
            behind = sorted(await store.index(behind, 200))
    finally:
        await database.close()


class Asker:
    """One connection that asks for a page again and again."""

    def __init__(self, head: str, path: str) -> None:
        self._head, self._path = head, path
        self.times: list[float] = []
        self.bytes = 0

    async def run(self, host: str, port: int, until: float) -> None:
        reader, writer = await asyncio.open_connection(host, port)
        dice = random.Random(7)
        try:
            while (began := time.perf_counter()) < until:
                before = dice.randrange(60, MESSAGES)
                writer.write(f"GET {self._path}?limit=50&before={before} HTTP/1.1\r\n{self._head}\r\n".encode())
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200"), head
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                body = await reader.readexactly(length)
                self.times.append(time.perf_counter() - began)
                self.bytes = len(body)
                if len(self.times) == 1:
                    assert len(json.loads(body)["items"]) == 50
        finally:
            writer.close()


async def measure(http: str, path: str, connections: int, seconds: float, pid: int) -> None:
    token = log_in(http)
    where = urlsplit(http)
    head = f"host: {where.netloc}\r\nauthorization: Bearer {token}\r\n"
    askers = [Asker(head, path) for _ in range(connections)]
    process = psutil.Process(pid)
    before, began = sum(process.cpu_times()[:2]), time.perf_counter()
    until = began + seconds
    await asyncio.gather(*(one.run(where.hostname or "", where.port or 80, until) for one in askers))
    took_s = time.perf_counter() - began
    used_s = sum(process.cpu_times()[:2]) - before
    times = sorted(each for one in askers for each in one.times)
    print(
        f"{len(times) / took_s:,.0f} pages of 50 a second over {connections} connections; p50"
        f" {statistics.median(times) * 1e3:.1f} ms, p99 {times[int(len(times) * 0.99)] * 1e3:.1f} ms;"
        f" {askers[0].bytes:,} bytes each; the server used {used_s / took_s:.0%} of a core, which is"
        f" {len(times) / used_s:,.0f} pages for each second of a core's time"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--connections", type=int, default=16)
    options = parser.parse_args()
    available = cores()
    pin(available[-1])
    environ = {**OPEN_LIMITS, "HUBBUB_AUTH_REQUESTS_PER_SECOND": "0"}
    with tempfile.TemporaryDirectory(prefix="hubbub-rest-") as folder:
        data = Path(folder) / "data"
        with OwnServer(data, environ=environ) as server:
            user_id, room = make_room(server.http)
        asyncio.run(seed(data, user_id, room))
        with OwnServer(data, environ=environ, cpu=available[0]) as server:
            path = f"/api/v1/conversations/{room}/messages"
            asyncio.run(measure(server.http, path, options.connections, options.seconds, server.pid))


if __name__ == "__main__":
    main()

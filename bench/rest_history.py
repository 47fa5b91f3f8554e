"""How many history pages of 50 one server process answers in a second: `python bench/rest_history.py`.

A server of its own on one core, with a group of 2,000 messages of 200 bytes; on another core so many connections that
each ask for a page, one after another, at random places.  Every page is checked to have 50 messages.  It ends by itself
after the time it is given, and prints the rate, the times, and the server's share of its core.
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

import httpx
import psutil

from hubbub.lab.load.processes import cores, pin
from hubbub.lab.load.server import OPEN_LIMITS, OwnServer

MESSAGES = 2_000
TEXT = "But soft, what light through yonder window breaks? It is the east, and Juliet is the sun. " * 3


async def prepare(http: str) -> tuple[str, str]:
    """Return a token, and the path of a conversation with so many messages."""
    async with httpx.AsyncClient(base_url=http, timeout=30) as client:
        person = {"username": "romeo", "password": "wherefore art"}
        (await client.post("/api/v1/accounts", json=person)).raise_for_status()
        answer = await client.post("/oauth/token", data={"grant_type": "password", **person})
        client.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        room = (await client.post("/api/v1/conversations", json={"kind": "group", "title": "Verona"})).json()
        path = f"/api/v1/conversations/{room['conversation_id']}/messages"
        for _ in range(0, MESSAGES, 50):
            sent = await asyncio.gather(*(client.post(path, json={"text": TEXT[:200]}) for _ in range(50)))
            assert all(one.status_code == 201 for one in sent), sent[0].text
        return str(answer.json()["access_token"]), path


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


async def measure(http: str, connections: int, seconds: float, pid: int) -> None:
    token, path = await prepare(http)
    where = urlsplit(http)
    head = f"host: {where.netloc}\r\nauthorization: Bearer {token}\r\n"
    askers = [Asker(head, path) for _ in range(connections)]
    process = psutil.Process(pid)
    before, began = sum(process.cpu_times()[:2]), time.perf_counter()
    until = began + seconds
    await asyncio.gather(*(one.run(where.hostname or "", where.port or 80, until) for one in askers))
    took_s = time.perf_counter() - began
    busy = (sum(process.cpu_times()[:2]) - before) / took_s
    times = sorted(each for one in askers for each in one.times)
    print(
        f"{len(times) / took_s:,.0f} pages of 50 a second over {connections} connections; p50"
        f" {statistics.median(times) * 1e3:.1f} ms, p99 {times[int(len(times) * 0.99)] * 1e3:.1f} ms;"
        f" {askers[0].bytes:,} bytes each; the server used {busy:.0%} of a core"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--connections", type=int, default=16)
    options = parser.parse_args()
    available = cores()
    pin(available[-1])
    with (
        tempfile.TemporaryDirectory(prefix="hubbub-rest-") as folder,
        OwnServer(
            Path(folder) / "data", environ={**OPEN_LIMITS, "HUBBUB_AUTH_REQUESTS_PER_SECOND": "0"}, cpu=available[0]
        ) as server,
    ):
        asyncio.run(measure(server.http, options.connections, options.seconds, server.pid))


if __name__ == "__main__":
    main()

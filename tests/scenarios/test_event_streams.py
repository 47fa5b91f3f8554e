"""A stream of events goes on at another web node, by its cursor, with exactly what is missing."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import pytest
from support.clusters import ManyHouses, a_cluster
from support.house import PASSWORD
from support.stage import Stage

from hubbub.client import HttpApi, Transport

WAIT_S = 60.0


class Listener:
    """Listens through the one public address, and comes back by its cursor whenever its stream breaks."""

    def __init__(self, url: str, token: str, conversation_id: str) -> None:
        self.seqs: list[int] = []
        """Of the entries of one conversation, as they came."""
        self.streams = 0
        self.names: list[str] = []
        self._url = url
        self._headers = {"authorization": f"Bearer {token}"}
        self._conversation_id = conversation_id
        self._news = asyncio.Event()

    async def run(self) -> None:
        async with httpx.AsyncClient(base_url=self._url, timeout=WAIT_S) as http:
            while True:
                try:
                    async with http.stream("GET", "/api/v1/events", headers=self._headers) as answer:
                        if answer.status_code == 200:
                            await self._listen(answer)
                except httpx.TransportError:
                    pass  # Whoever served it has died.
                await asyncio.sleep(0.05)

    async def _listen(self, answer: httpx.Response) -> None:
        event: dict[str, str] = {}
        async for line in answer.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                event[name] = value
                continue
            self._take(event)
            event = {}

    def _take(self, event: dict[str, str]) -> None:
        name = event.get("event", "")
        self.names.append(name)
        if name == "hello":
            self.streams += 1
        if name == "entries":
            page = json.loads(event["data"])
            if page["conversation_id"] == self._conversation_id:
                self.seqs += [entry["seq"] for entry in page["entries"]]
        if "id" in event:
            self._headers["last-event-id"] = event["id"]
        self._news.set()

    async def until(self, *, streams: int = 0, seq: int = 0) -> None:
        """Wait until so many streams were begun and this entry was heard."""
        async with asyncio.timeout(WAIT_S):
            while self.streams < streams or (self.seqs[-1] if self.seqs else 0) < seq:
                self._news.clear()
                await self._news.wait()


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_stream_that_broke_with_its_node_goes_on_at_another_with_exactly_what_is_missing(
    tmp_path: Path,
) -> None:
    cluster = a_cluster(tmp_path, web=2, gateway=1)
    async with cluster:
        stage = Stage(ManyHouses(cluster), Transport.WEBSOCKET, tmp_path)
        try:
            romeo, juliet = await stage.enter("romeo", "juliet")
            balcony = await romeo.place(juliet)
            await romeo.says(balcony, "Soft!")
            async with HttpApi(cluster.url) as http:
                token = (await http.log_in(juliet.username, PASSWORD)).access_token
            listener = Listener(cluster.url, token, balcony)
            listening = asyncio.create_task(listener.run())
            try:
                await listener.until(streams=1)
                first = (await romeo.client.send(balcony, "in the beginning")).seq
                await listener.until(seq=first)
                # One of the two serves the stream; when both have died in turn, it has moved.
                for name in ("web-1", "web-2"):
                    before = listener.streams
                    await cluster.kill(name)
                    for number in range(20):
                        last = (await romeo.client.send(balcony, f"{number} without {name}")).seq
                    await listener.until(seq=last)
                    moved = listener.streams > before
                    await cluster.start(name)
                    await cluster.wait_ready()
                assert moved, "the second to die was the one that served"
                assert listener.seqs == list(range(first, last + 1)), "each once, in order, and nothing left out"
                assert "reset" not in listener.names
            finally:
                listening.cancel()
                await asyncio.wait([listening])
        finally:
            await stage.close()

"""Plays in a town of many houses: people come in by whichever gateway the play says.

    romeo, juliet = await town.enter("romeo@gateway-1", "juliet@gateway-2")

What they say is written by whichever chat node is theirs, so a play with more than a few people uses all of them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from support.house import PASSWORD
from support.stage import Actor, Play

from hubbub.client import Entry, EntryEvent, HttpApi, ResetEvent
from hubbub.client.models import Post
from hubbub.lab.cluster import Cluster

WHOLE_AGAIN_S = 5.0
"""Within this time after the system is whole everybody online has everything."""


class Town(Play):
    """One play in a cluster that others use as well."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        super().__init__("websocket", folder)
        self.cluster = cluster

    @property
    def http(self) -> str:
        return self.cluster.url

    async def enter(self, *names: str) -> list[Actor]:
        """Register people and let each come online; `name@gateway` comes in by that gateway."""
        return list(await asyncio.gather(*map(self._comes, names)))

    async def is_whole(self) -> None:
        """Start whoever was harmed, and wait until all are ready."""
        for name, member in self.cluster.members.items():
            if member.running and member.paused:
                await self.cluster.resume(name)
            await self.cluster.start(name)
        await self.cluster.wait_ready()

    async def extras(self, count: int) -> list[Actor]:
        """Make accounts of people who stay away."""
        return [await self.registered(f"extra{number}") for number in range(count)]

    async def prince(self, door: str) -> Actor:
        """Let the admin enter; the first play that needs one makes it."""
        token = self.cluster.setup_token
        if token is not None:
            async with HttpApi(self.http) as http:
                body = {"token": token, "username": "prince", "password": PASSWORD, "name": "Verona"}
                await http.call("POST", "/api/v1/setup", json=body)
        prince = self.known("prince")
        prince.door = self.door(door)
        await prince.returns()
        return prince

    def username(self, name: str) -> str:
        return name if name == "prince" else super().username(name)

    def door(self, gateway: str) -> str:
        """Return the address of a gateway."""
        return self.cluster.nodes[gateway].url.replace("http", "ws", 1) + "/ws"

    async def _comes(self, name: str) -> Actor:
        name, _, gateway = name.partition("@")
        actor = await self.registered(name)
        if gateway:
            actor.door = self.door(gateway)
        await actor.returns()
        return actor


class Ear:
    """Everything one device is shown of one conversation, from now on."""

    def __init__(self, actor: Actor, conversation_id: str) -> None:
        self.entries: list[Entry] = []
        self.resets = 0
        self._conversation_id = conversation_id
        self._news = asyncio.Event()
        actor.client.on(EntryEvent, self._entry)
        actor.client.on(ResetEvent, self._reset)

    def _entry(self, event: EntryEvent) -> None:
        if event.entry.conversation_id == self._conversation_id:
            self.entries.append(event.entry)
            self._news.set()

    def _reset(self, event: ResetEvent) -> None:
        self.resets += 1

    @property
    def seqs(self) -> list[int]:
        return [entry.seq for entry in self.entries]

    @property
    def texts(self) -> list[str]:
        return [entry.text for entry in self.entries if isinstance(entry.action, Post)]

    async def has(self, claim: Callable[[Ear], bool], what: str, within_s: float = 15.0) -> None:
        """Wait until the claim holds."""
        try:
            async with asyncio.timeout(within_s):
                while not claim(self):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"waited {within_s:g} s in vain for {what}; heard {self.seqs}") from None

    async def has_all(self, seqs: Sequence[int], within_s: float = 15.0) -> None:
        """Wait until all of these were shown, then make sure that each was shown once and in order."""
        wanted = set(seqs)
        await self.has(lambda ear: wanted.issubset(ear.seqs), f"{sorted(wanted.difference(self.seqs))[:5]}", within_s)
        assert self.seqs == sorted(set(self.seqs)), f"shown out of order or twice: {self.seqs}"


class Chatter:
    """People who say something all the time, until they are asked to stop; nobody is spared an error."""

    def __init__(self, actors: Sequence[Actor], conversation_id: str, *, pause_s: float = 0.02) -> None:
        self._actors = actors
        self._conversation_id = conversation_id
        self._pause_s = pause_s
        self._stopping = False
        self.accepted: list[tuple[float, float, int, str]] = []
        """(when it was sent, when it was known to be stored, seq, text) of everything said."""
        self._tasks = [asyncio.create_task(self._speak(actor)) for actor in actors]

    async def _speak(self, actor: Actor) -> None:
        number = 0
        while not self._stopping:
            words = f"{actor.name} {number}"
            sent = time.monotonic()
            accepted = await actor.client.send(self._conversation_id, words)
            self.accepted.append((sent, time.monotonic(), accepted.seq, words))
            number += 1
            await asyncio.sleep(self._pause_s)

    async def said(self, count: int) -> None:
        """Wait until so much more was said."""
        wanted = len(self.accepted) + count
        async with asyncio.timeout(30):
            while len(self.accepted) < wanted:
                failed = [task for task in self._tasks if task.done()]
                if failed:
                    failed[0].result()
                await asyncio.sleep(0.01)

    async def stop(self) -> list[int]:
        """Stop, and return every seq there is; raises what anybody was told instead of an answer."""
        self._stopping = True
        async with asyncio.timeout(30):
            await asyncio.gather(*self._tasks)
        return sorted(seq for _, _, seq, _ in self.accepted)

    def longest_wait_s(self) -> float:
        """Return the longest that anybody waited for an answer."""
        return max(known - sent for sent, known, _, _ in self.accepted)

    def assert_everybody_kept_their_order(self) -> None:
        """Nobody's later words may have an earlier place in the log."""
        last: dict[str, int] = {}
        for _, _, seq, words in self.accepted:
            name = words.partition(" ")[0]
            assert seq > last.get(name, 0), f"{words} was stored before what {name} had said earlier"
            last[name] = seq

"""The world that faults happen in: a cluster whose every node has wires of its own to bus, database and edge."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

from hubbub.lab.cluster import Cluster, ClusterPlan
from hubbub.lab.faults.disk import SmallDisk
from hubbub.lab.faults.wires import Wire

SETTINGS = {
    # Twenty people do from one address what thousands would from many, and an experiment outlives a token.
    "HUBBUB_CHAT_LIMITS_ON": "false",
    "HUBBUB_AUTH_REGISTERS_PER_MINUTE": "0",
    "HUBBUB_AUTH_LOGINS_PER_MINUTE": "0",
    "HUBBUB_AUTH_ACCESS_TOKEN_S": "7200",
    "HUBBUB_CLUSTER_CONNECTS_PER_S": "0",
    "HUBBUB_DRAIN_S": "2",
    "HUBBUB_LOG_LEVEL": "info",
}


class World:
    """A cluster to be harmed.  Use it as a context."""

    def __init__(self, folder: Path, plan: ClusterPlan, dice: random.Random) -> None:
        self.dice = dice
        self.disk: SmallDisk | None = None
        """The disk of the database; None where one of a given size cannot be had."""
        self.bus_wires: dict[str, Wire] = {}
        """By node."""
        self.database_wires: dict[str, Wire] = {}
        self.edge_wires: dict[str, Wire] = {}
        """Between the edge and each node, and so between people and their gateways."""
        self._folder = folder
        self._plan = plan
        self._stack = AsyncExitStack()
        self.cluster: Cluster

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self.disk = await asyncio.to_thread(SmallDisk.mount, self._folder / "database")
            if self.disk is not None:
                stack.callback(self.disk.unmount)
            self.cluster = Cluster(self._folder, self._plan, environ=SETTINGS)
            for name, node in self.cluster.nodes.items():
                self.bus_wires[name] = await stack.enter_async_context(_wire(self.cluster.bus.url))
                self.database_wires[name] = await stack.enter_async_context(_wire(self.cluster.database.url))
                self.edge_wires[name] = await stack.enter_async_context(_wire(node.url))
                node.environ["HUBBUB_ADVERTISE"] = self.edge_wires[name].address
                node.environ["HUBBUB_BUS"] = _through(self.cluster.bus.url, self.bus_wires[name])
                node.environ["HUBBUB_DATABASE"] = _through(self.cluster.database.url, self.database_wires[name])
            await stack.enter_async_context(self.cluster)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.mend()
        await self._stack.__aexit__(kind, exc, trace)

    @property
    def wires(self) -> Iterable[Wire]:
        return (*self.bus_wires.values(), *self.database_wires.values(), *self.edge_wires.values())

    def mend(self) -> None:
        """Make every wire whole, quick and tight."""
        for wire in self.wires:
            wire.delay_s = 0.0
            wire.leaks = None
            wire.mend()

    def one(self, *roles: str) -> str:
        """Draw a node with one of the roles."""
        return self.dice.choice([name for role in roles for name in self.cluster.names(role)])

    def stopped(self, name: str) -> bool:
        """Whether a node stands still, by whoever stopped it."""
        try:
            stat = Path(f"/proc/{self.cluster.members[name].pid}/stat").read_text("ascii", "replace")
        except OSError:
            return False
        return stat.rpartition(")")[2].split()[0] == "T"

    async def wait(self, least_s: float, most_s: float) -> float:
        """Let some time pass, as drawn."""
        seconds = self.dice.uniform(least_s, most_s)
        await asyncio.sleep(seconds)
        return seconds

    async def until(self, claim: Callable[[], bool], most_s: float) -> bool:
        """Wait for something to become true; return whether it did in time."""
        for _ in range(int(most_s / 0.02)):
            if claim():
                return True
            await asyncio.sleep(0.02)
        return claim()

    async def restart_with(self, name: str, environ: Mapping[str, str]) -> None:
        """Restart a node with other variables, which it loses at its next start."""
        node = self.cluster.nodes[name]
        before = dict(node.environ)
        node.environ.update(environ)
        try:
            await self.cluster.restart(name)
        finally:
            node.environ.clear()
            node.environ.update(before)


def _wire(url: str) -> Wire:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return Wire(parts.hostname, parts.port, of_nats=parts.scheme == "nats")


def _through(url: str, wire: Wire) -> str:
    parts = urlsplit(url)
    login, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{login}{at}{wire.address}"))

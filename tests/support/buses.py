"""Processes on a bus, of each sort there is: within one process, over a hub in memory, over real servers.

    async def test_…(buses: Buses) -> None: ...

runs on all of them; `await buses.join("name")` is one more process.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

import pytest
from support.bus_hub import SECRET, Hub

from hubbub.base.clock import SystemClock
from hubbub.base.ids import new_id
from hubbub.bus.calls import Calls, Peer
from hubbub.bus.cluster_bus import ClusterBus
from hubbub.bus.identity import BusIdentity
from hubbub.bus.local import Handler, LocalBus, LocalSignals
from hubbub.bus.local_calls import LocalCalls
from hubbub.bus.nats import connect as connect_nats
from hubbub.bus.redis import connect as connect_redis
from hubbub.chat.ports import Bus, Feed
from hubbub.cluster.ports import Signals

BUCKETS = 64


class Joined(Protocol):
    """What one process has of the bus."""

    @property
    def incarnation(self) -> str: ...
    @property
    def bus(self) -> Bus: ...
    @property
    def signals(self) -> Signals: ...
    @property
    def calls(self) -> Calls: ...
    def feed(
        self, handler: Handler, *, everything: bool = False, on_hole: Callable[[], None] | None = None
    ) -> Feed: ...
    async def caught_up(self) -> None: ...


class LocalJoined:
    """All processes of the local sort are one."""

    def __init__(self) -> None:
        self.incarnation = new_id()
        self.bus = LocalBus()
        self.signals = LocalSignals()
        self.calls: Calls = LocalCalls(Peer("here", self.incarnation), SystemClock())
        self.feed = self.bus.feed

    async def caught_up(self) -> None:
        return None


class ClusterJoined:
    def __init__(self, bus: ClusterBus) -> None:
        self.incarnation = bus.identity.incarnation
        self.bus = bus
        self.signals = bus.signals
        self.calls = bus.calls
        self.feed = bus.feed

    async def caught_up(self) -> None:
        await self.bus.caught_up()


class Buses:
    """One bus and the processes on it."""

    def __init__(self, join: Callable[[str], Awaitable[ClusterBus]] | None, here: Joined | None = None) -> None:
        """`join` connects one process; None: there is but one, which is `here`."""
        self._join = join
        self._open: list[ClusterBus] = []
        self._here = here or LocalJoined()

    async def join(self, node_id: str = "node") -> Joined:
        """Return one more process on this bus; on the local one it is always the same."""
        if self._join is None:
            return self._here
        bus = await self._join(node_id)
        self._open.append(bus)
        return ClusterJoined(bus)

    async def close(self) -> None:
        for bus in self._open:
            await bus.close()


def identity(node_id: str = "node", *, secret: bytes = SECRET, epoch: str = "epoch") -> BusIdentity:
    """Return who a process is, in an incarnation of its own."""
    return BusIdentity(node_id, new_id(), secret, epoch)


async def on_redis(url: str, node_id: str = "node") -> ClusterBus:
    """Join the bus of a Redis server."""
    return await connect_redis(url, identity=identity(node_id), buckets=BUCKETS, clock=SystemClock())


async def on_nats(url: str, node_id: str = "node") -> ClusterBus:
    """Join the bus of a NATS server."""
    return await connect_nats(url, identity=identity(node_id), buckets=BUCKETS, clock=SystemClock())


@pytest.fixture(params=["local", "hub", "nats", "redis"])
async def buses(request: pytest.FixtureRequest) -> AsyncIterator[Buses]:
    """One bus of each sort, with nobody on it."""
    hub = Hub()

    async def on_hub(node_id: str) -> ClusterBus:
        return hub.join(node_id)

    async def on_a_nats_server(node_id: str) -> ClusterBus:
        return await on_nats(request.getfixturevalue("nats_server").url, node_id)

    async def on_a_redis_server(node_id: str) -> ClusterBus:
        return await on_redis(request.getfixturevalue("redis_server").url, node_id)

    joins = {"local": None, "hub": on_hub, "nats": on_a_nats_server, "redis": on_a_redis_server}
    made = Buses(joins[request.param])
    try:
        yield made
    finally:
        await made.close()

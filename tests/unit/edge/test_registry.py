"""An edge sees the nodes as they see each other, and is none of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from support.air import Air
from support.edges import WrittenRegistry, view

from hubbub.base.clock import ManualClock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import new_id
from hubbub.cluster.model import Leased, NodeRecord, NodeState
from hubbub.cluster.nodes import Nodes
from hubbub.cluster.settings import ClusterSettings
from hubbub.server.edge.keeper import RegistryAway
from hubbub.server.edge.registry import ClusterRegistry, RegistryOver, RememberedRegistry
from hubbub.storage.memory.cluster import MemoryNodes

SETTINGS = ClusterSettings()


class Town:
    """Nodes over one database and one bus, an edge that watches them, and one clock."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.air = Air()
        self.rows = MemoryNodes(self.clock)
        self.away = False
        self.reads = 0
        self.registry = ClusterRegistry(self, self.clock, SETTINGS)
        self.inhabitants: dict[str, Nodes] = {}

    async def nodes(self) -> list[Leased]:
        """Read the rows, as the edge does."""
        self.reads += 1
        if self.away:
            raise ChatError(Code.UNAVAILABLE)
        return await self.rows.nodes()

    async def settles(self, name: str) -> Nodes:
        record = NodeRecord(name, new_id(), ("gateway",), http="127.0.0.1:80")
        nodes = self.inhabitants[name] = Nodes(record, self.rows, self.air.wire(), self.clock, SETTINGS)
        await nodes.enter()
        return nodes

    async def passes(self, seconds: float) -> None:
        """Let time pass; everybody does what its loops would do."""
        for _ in range(round(seconds * 2)):
            self.clock.advance(0.5)
            for nodes in self.inhabitants.values():
                await nodes.keep_lease()
                await nodes.beat()
                await nodes.look()
            await self.sees()

    async def sees(self) -> dict[str, NodeState]:
        try:
            views = await self.registry.nodes()
        except RegistryAway:
            return {}
        return {each.record.node_id: each.state for each in views}


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    """A town whose edge listens."""
    town = Town()
    end = await town.registry.listen(town.air.wire())
    yield town
    end()


async def test_an_edge_sees_the_nodes_and_is_none(town: Town) -> None:
    await town.settles("gateway-1")
    assert await town.sees() == {"gateway-1": NodeState.UP}
    assert [row.record.node_id for row in await town.rows.nodes()] == ["gateway-1"]


async def test_a_node_that_comes_wakes_the_edge(town: Town) -> None:
    await town.sees()
    waiting = asyncio.create_task(town.registry.changed(60.0))
    await town.settles("gateway-1")
    async with asyncio.timeout(5):
        await waiting
    assert await town.sees() == {"gateway-1": NodeState.UP}


async def test_a_node_that_drains_wakes_the_edge(town: Town) -> None:
    nodes = await town.settles("gateway-1")
    await town.passes(2)
    waiting = asyncio.create_task(town.registry.changed(60.0))
    await nodes.drain()
    async with asyncio.timeout(5):
        await waiting
    assert await town.sees() == {"gateway-1": NodeState.DRAINING}


async def test_a_heartbeat_that_tells_nothing_new_wakes_nobody(town: Town) -> None:
    nodes = await town.settles("gateway-1")
    await town.passes(2)
    waiting = asyncio.create_task(town.registry.changed(60.0))
    await asyncio.sleep(0)
    await nodes.beat()
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()


async def test_a_silent_node_is_suspect_and_then_dead(town: Town) -> None:
    await town.settles("gateway-1")
    await town.settles("gateway-2")
    await town.passes(2)
    del town.inhabitants["gateway-1"]
    await town.passes(5)
    assert await town.sees() == {"gateway-1": NodeState.SUSPECT, "gateway-2": NodeState.UP}
    await town.passes(30)
    assert await town.sees() == {"gateway-1": NodeState.DEAD, "gateway-2": NodeState.UP}


async def test_what_is_heard_counts_while_the_database_is_away(town: Town) -> None:
    nodes = await town.settles("gateway-1")
    await town.passes(2)
    town.away = True
    await town.passes(20)
    assert await town.sees() == {"gateway-1": NodeState.UP}
    await nodes.drain()
    assert await town.sees() == {"gateway-1": NodeState.DRAINING}


async def test_before_the_rows_were_read_once_nothing_is_known(town: Town) -> None:
    town.away = True
    with pytest.raises(RegistryAway):
        await town.registry.nodes()


async def test_without_a_bus_the_rows_are_enough() -> None:
    town = Town()
    nodes = await town.settles("gateway-1")
    assert await town.sees() == {"gateway-1": NodeState.UP}
    await nodes.drain()
    await town.passes(4)
    assert await town.sees() == {"gateway-1": NodeState.DRAINING}


async def test_the_rows_are_read_seldom_while_nothing_is_heard(town: Town) -> None:
    await town.settles("gateway-1")
    await town.passes(2)
    before = town.reads
    await town.passes(10)
    assert town.reads - before <= 10 / SETTINGS.look_s + 1


class Door:
    """Opens a registry, or does not."""

    def __init__(self, registry: WrittenRegistry) -> None:
        self.registry: Any = registry
        self.shut = ""
        self.opened = 0
        self.closed = 0

    async def open(self, parts: AsyncExitStack) -> Any:
        if self.shut:
            raise RegistryAway(self.shut)
        self.opened += 1
        parts.callback(self.close)
        return self.registry

    def close(self) -> None:
        self.closed += 1


async def test_the_nodes_of_the_last_run_are_remembered(tmp_path: Path) -> None:
    clock, file = ManualClock(), tmp_path / "nodes.json"
    written = WrittenRegistry(
        view("web-1", ("web",), http="10.0.0.1:80"), view("web-2", ("web",), http="10.0.0.2:80", state=NodeState.DEAD)
    )
    first = RememberedRegistry(Door(written).open, file, clock)
    await first.nodes()
    await first.close()
    second = RememberedRegistry(Door(written).open, file, clock)
    assert [each.record.node_id for each in second.kept()] == ["web-1"]


async def test_nodes_that_cannot_be_remembered_are_served_all_the_same(tmp_path: Path) -> None:
    written = WrittenRegistry(view("web-1", ("web",), http="10.0.0.1:80"))
    registry = RememberedRegistry(Door(written).open, tmp_path / "gone" / "nodes.json", ManualClock())
    for _ in range(2):
        assert [each.record.node_id for each in await registry.nodes()] == ["web-1"]


async def test_a_spoilt_memory_is_none(tmp_path: Path) -> None:
    file = tmp_path / "nodes.json"
    file.write_text("{", "utf-8")
    assert RememberedRegistry(Door(WrittenRegistry()).open, file, ManualClock()).kept() == []


async def test_a_registry_that_cannot_be_opened_is_tried_again_after_a_while(tmp_path: Path) -> None:
    clock = ManualClock()
    door = Door(WrittenRegistry())
    door.shut = "no database"
    registry = RememberedRegistry(door.open, tmp_path / "nodes.json", clock)
    for _ in range(2):
        with pytest.raises(RegistryAway, match="no database"):
            await registry.nodes()
    door.shut = ""
    with pytest.raises(RegistryAway, match="no database"):
        await registry.nodes()
    clock.advance(10)
    assert await registry.nodes() == []


async def test_a_registry_of_another_log_is_opened_anew(tmp_path: Path) -> None:
    town = Town()
    door = Door(WrittenRegistry())
    door.registry = town.registry
    registry = RememberedRegistry(door.open, tmp_path / "nodes.json", town.clock)
    await registry.nodes()
    town.registry.end("the log was replaced")
    with pytest.raises(RegistryOver):
        await registry.nodes()
    assert door.closed == 1
    door.registry = WrittenRegistry(view("web-1", ("web",)))
    assert [each.record.node_id for each in await registry.nodes()] == ["web-1"]
    assert door.opened == 2

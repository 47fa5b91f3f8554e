"""One cluster for the plays of this folder: two gateways, two chat nodes, PostgreSQL and NATS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from support.clusters import a_cluster
from support.leaky_bus import EVENTS, LeakyBus
from support.town import Town

from hubbub.lab.cluster import Cluster


@pytest.fixture(scope="session")
def wires(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cluster, LeakyBus]]:
    """A cluster for all plays of this run, whose gateway-2 hears the bus over a wire that leaks when it is told to."""
    cluster = a_cluster(tmp_path_factory.mktemp("verona"), edge=False)
    leak = LeakyBus(cluster.bus.port)
    leak.open()
    cluster.nodes["gateway-2"].environ["HUBBUB_BUS"] = leak.url
    for node in cluster.nodes.values():
        # Nobody in a play has had their device for a minute.
        node.environ["HUBBUB_AUTH_NEW_DEVICES_AFTER_S"] = "0"
        # A fresh signing key signs once every node has looked twice.
        node.environ["HUBBUB_AUTH_KEYS_LOOK_S"] = "0.5"
    # The cluster's own tasks live in the loop that opened it.
    with asyncio.Runner() as runner:
        runner.run(cluster.open())
        yield cluster, leak
        runner.run(cluster.close())
    leak.close()
    assert set(cluster.exits.values()) == {0}, cluster.exits


@pytest.fixture
def leak(wires: tuple[Cluster, LeakyBus]) -> Iterator[LeakyBus]:
    """The wire between gateway-2 and the bus."""
    leak = wires[1]
    leak.lost = 0
    yield leak
    leak.losing = 0
    leak.leaks = EVENTS


@pytest.fixture
async def town(wires: tuple[Cluster, LeakyBus], tmp_path: Path) -> AsyncIterator[Town]:
    """A play in the common cluster; who harms a member need not heal it."""
    cluster = wires[0]
    town = Town(cluster, tmp_path)
    yield town
    await town.close()
    for node in cluster.nodes.values():
        node.environ.pop("HUBBUB_CHAT_FAULT", None)
    await town.is_whole()

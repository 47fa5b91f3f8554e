"""A town of nodes over one database: each has a clock of its own, and time passes for all of them together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from support.air import Air, Wire

from hubbub.base.clock import ManualClock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import new_id
from hubbub.cluster.model import NodeLoad, NodeRecord, NodeState
from hubbub.cluster.nodes import Nodes
from hubbub.cluster.settings import ClusterSettings
from hubbub.storage.memory.cluster import MemoryNodes

STEP_S = 0.5


class Breaking:
    """A store that may be away: then every call fails as it does when a database is."""

    def __init__(self, store: object) -> None:
        self.away = False
        self._store = store

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def call(*args: Any, **options: Any) -> Any:
            await asyncio.sleep(0)
            if self.away:
                raise ChatError(Code.UNAVAILABLE)
            return await getattr(self._store, name)(*args, **options)

        return call


class Citizen:
    """One node of the town, and what happened to it."""

    def __init__(self, town: Town, nodes: Nodes, clock: ManualClock, wire: Wire) -> None:
        self._town = town
        self.nodes = nodes
        self.clock = clock
        self.wire = wire
        self.load = NodeLoad()
        self.stands_still = False
        self.changes = 0
        self.voided: list[tuple[str, str]] = []
        self.swept: list[str] = []
        self.drains = 0
        nodes.on_change(self._changed)
        nodes.on_declared_dead(self._void)
        nodes.on_drain(self._drain)

    def sees(self) -> dict[str, NodeState]:
        """Return what it thinks of every node that is not dead."""
        return {node.record.node_id: node.state for node in self.nodes.view() if node.state is not NodeState.DEAD}

    def live(self, role: str = "gateway") -> list[str]:
        return [node.record.node_id for node in self.nodes.live(role)]

    async def steps(self) -> None:
        """Do what its loops would do now."""
        await self.nodes.keep_lease()
        await self.nodes.beat()
        await self.nodes.look()

    def dies(self) -> None:
        """End as by kill -9."""
        self._town.citizens.remove(self)
        self._town.air.wires.remove(self.wire)

    def _changed(self) -> None:
        self.changes += 1

    async def _void(self, old: NodeRecord, new: NodeRecord) -> None:
        self.voided.append((old.incarnation, new.incarnation))

    async def sweep(self, record: NodeRecord) -> None:
        self.swept.append(record.incarnation)

    def _drain(self) -> None:
        self.drains += 1


class Town:
    """Nodes over one database and one bus."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        """The database's."""
        self.air = Air()
        self.rows = MemoryNodes(self.clock)
        self.citizens: list[Citizen] = []
        self.stores: dict[str, Breaking] = {}
        """The way of each node, by name, to the one database."""

    async def settles(
        self,
        name: str,
        *roles: str,
        skew_s: float = 0.0,
        sole: bool = False,
        enters: bool = True,
        sweeps: bool = True,
        starting: bool = False,
        level: int = 1,
        **settings: Any,
    ) -> Citizen:
        """Return a new node that has entered, whose calendar is wrong by `skew_s`."""
        clock = ManualClock(self.clock.now_ms() + int(skew_s * 1000))
        wire = self.air.wire()
        record = NodeRecord(
            name,
            new_id(),
            roles or ("gateway",),
            level=level,
            started_ms=clock.now_ms(),
            draining=starting,
            starting=starting,
        )
        store: Any = Breaking(self.rows)
        nodes = Nodes(record, store, wire, clock, ClusterSettings(**settings), load=lambda: citizen.load, sole=sole)
        citizen = Citizen(self, nodes, clock, wire)
        if sweeps:
            nodes.on_dead(citizen.sweep)
        self.stores[name] = store
        if enters:
            await nodes.enter()
        self.citizens.append(citizen)
        return citizen

    def database_away(self, away: bool) -> None:
        for store in self.stores.values():
            store.away = away

    async def passes(self, seconds: float) -> None:
        """Let time pass for everybody."""
        for _ in range(round(seconds / STEP_S)):
            self.clock.advance(STEP_S)
            for citizen in list(self.citizens):
                citizen.clock.advance(STEP_S)
            for citizen in list(self.citizens):
                if not citizen.stands_still:
                    await citizen.steps()

"""Several nodes' seats over one roll: rows in memory, signals through the air, and sessions without sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from support.air import Air, Wire

from hubbub.base.clock import Clock, ManualClock
from hubbub.base.ids import new_id
from hubbub.chat.ports import StoreUnavailable
from hubbub.cluster.model import NO_TIME, Departure, NodeRecord, SessionRow, Slot
from hubbub.cluster.presence import Presence, PresenceState
from hubbub.cluster.roll import Roll
from hubbub.cluster.sessions import Policy, SessionRegistry
from hubbub.storage.memory.cluster import MemoryNodes
from hubbub.storage.memory.sessions import MemorySessions

LEASE_S = 10.0
PATIENCE_S = 5.0


async def until(claim: Callable[[], bool]) -> None:
    """Let other tasks run until the claim is true."""
    async with asyncio.timeout(PATIENCE_S):
        while not claim():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


class Chair:
    """A session of a node, without a socket."""

    def __init__(self, node: Node, user_id: str, device_id: str) -> None:
        self.id = new_id()
        self.user_id = user_id
        self.device_id = device_id
        self.came = NO_TIME
        self.gone = False
        """Its peer has been silent for too long."""
        self.was_ousted = False
        self.node = node

    def ousted(self) -> None:
        self.was_ousted = True
        self.node.registry.leave(self, logged_out=False)

    def seems_gone(self) -> bool:
        return self.gone

    def logs_out(self) -> None:
        self.node.registry.leave(self, logged_out=True)

    def drops(self) -> None:
        self.node.registry.leave(self, logged_out=False)


class Eye:
    """A watcher that writes down what it sees."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, PresenceState]] = []

    def presence_changed(self, presence: Presence) -> None:
        self.seen.append((presence.user_id, presence.state))


class Rows(MemorySessions):
    """The rows, in a database that can be away and be counted."""

    def __init__(self, nodes: MemoryNodes, clock: Clock) -> None:
        super().__init__(nodes, clock)
        self.away = False
        self.questions = 0
        self.writes = 0
        self.answer: asyncio.Event | None = None
        """The next slot is taken, and its taker told so only then."""

    async def add(self, rows: Sequence[SessionRow]) -> None:
        self._write()
        await super().add(rows)

    async def remove(self, ended: Sequence[Departure]) -> None:
        self._write()
        await super().remove(ended)

    async def sessions_of(self, user_ids: Sequence[str]) -> list[SessionRow]:
        self._ask()
        return await super().sessions_of(user_ids)

    async def departures(self, user_ids: Sequence[str]) -> list[Departure]:
        self._ask()
        return await super().departures(user_ids)

    async def take_slot(self, row: SessionRow, expect: str | None = "") -> Slot:
        self._write()
        await asyncio.sleep(0)  # As a database would, so that others come in between.
        slot = await super().take_slot(row, expect)
        await asyncio.sleep(0)
        if self.answer is not None:
            answer, self.answer = self.answer, None
            await answer.wait()
        return slot

    def _ask(self) -> None:
        self.questions += 1
        if self.away:
            raise StoreUnavailable("nobody answers")

    def _write(self) -> None:
        self._ask()
        self.writes += 1


class Node:
    """A gateway's seats."""

    def __init__(self, town: Town, name: str) -> None:
        self.record = NodeRecord(name, new_id(), ("gateway",))
        self.wire: Wire = town.air.wire()
        self.roll = Roll(
            town.rows,
            self.wire,
            node_id=name,
            incarnation=self.record.incarnation,
            buckets=16,
            gather_s=0.0,
            look_s=0.0,
            ask_s=0.02,
        )
        self.registry = SessionRegistry(
            town.clock,
            lambda: town.policy,
            roll=self.roll,
            save_last_seen=town.save_last_seen,
            load_last_seen=town.load_last_seen,
        )

    def chair(self, user_id: str, device_id: str = "") -> Chair:
        """Return a session that was not admitted."""
        return Chair(self, user_id, device_id or new_id())

    async def enter(self, user_id: str, device_id: str = "") -> Chair:
        """Return a session that was admitted.  Raises ChatError."""
        chair = self.chair(user_id, device_id)
        await self.registry.admit(chair)
        return chair

    async def watches(self, *user_ids: str) -> Eye:
        """Return a watcher that knows the present state."""
        eye = Eye()
        await self.registry.watch(eye, user_ids)
        await self.registry.presence(user_ids)
        return eye

    async def state(self, user_id: str) -> PresenceState:
        (presence,) = await self.registry.presence([user_id])
        return presence.state


class Town:
    """Nodes that share rows and signals."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.clock = ManualClock()
        self.air = Air()
        self.nodes = MemoryNodes(self.clock)
        self.rows = Rows(self.nodes, self.clock)
        self.last_seen: dict[str, int] = {}
        self._crashed: set[str] = set()

    async def save_last_seen(self, seen: Sequence[tuple[str, int]]) -> None:
        self.last_seen.update(seen)

    async def load_last_seen(self, user_ids: Sequence[str]) -> dict[str, int]:
        return {name: self.last_seen[name] for name in user_ids if name in self.last_seen}

    async def node(self, name: str) -> Node:
        """Return one more node, whose lease runs."""
        node = Node(self, name)
        await self.nodes.enter(node.record, LEASE_S)
        await node.roll.start()
        return node

    async def crash(self, node: Node) -> None:
        """Let a node end without a word: its rows stay as they are, and it neither hears nor says anything."""
        node.wire.mute = node.wire.deaf = True
        self._crashed.add(node.record.incarnation)

    async def lapse(self) -> None:
        """Let so much time pass that the leases of crashed nodes end; the others renew theirs."""
        self.clock.advance(LEASE_S + 1)
        for leased in await self.nodes.nodes():
            if leased.record.incarnation not in self._crashed:
                await self.nodes.renew(leased.record, LEASE_S)

    async def bury(self, dead: Node, by: Node) -> None:
        """Let a node declare another dead, and clean up after it."""
        await self.lapse()
        assert await self.nodes.declare_dead(dead.record.incarnation)
        await by.roll.node_died(dead.record)


@asynccontextmanager
async def a_town(policy: Policy = "many", *names: str) -> AsyncIterator[tuple[Town, list[Node]]]:
    """Yield a town and its running nodes."""
    town = Town(policy)
    nodes = [await town.node(name) for name in names or ("a", "b")]
    try:
        yield town, nodes
    finally:
        for node in nodes:
            await node.roll.stop()

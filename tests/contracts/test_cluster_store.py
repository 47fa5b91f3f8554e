"""What every store of nodes, live configuration and locks keeps to.

A lease of `LAPSED` seconds has ended when it begins, so that nothing here waits for a clock that cannot be moved.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from support.databases import DATABASES, UrlOf, open_empty

from hubbub.base.clock import ManualClock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import new_id
from hubbub.cluster.locks import LockLost
from hubbub.cluster.model import ConfigVersion, Held, Leased, Lock, NodeRecord, TooOld
from hubbub.cluster.ports import ConfigStore, LockStore, NodeStore
from hubbub.storage.cluster_store import SqlConfig, SqlLocks, SqlNodes
from hubbub.storage.memory.cluster import MemoryConfig, MemoryLocks, MemoryNodes

LEASE = 60.0
LAPSED = -1.0


class Stores(NamedTuple):
    """What one database keeps for a cluster."""

    nodes: NodeStore
    config: ConfigStore
    locks: LockStore
    clock: ManualClock | None
    """The database's clock, where a test can move it."""


@pytest.fixture(params=["memory", *DATABASES])
async def stores(request: pytest.FixtureRequest, database_url: UrlOf, tmp_path: Path) -> AsyncIterator[Stores]:
    clock = ManualClock()
    if request.param == "memory":
        locks = MemoryLocks(clock)
        yield Stores(MemoryNodes(clock, locks), MemoryConfig(clock), locks, clock)
        return
    database = await open_empty(database_url(request.param), tmp_path / "data", clock=clock)
    try:
        movable = None if database.shared else clock
        yield Stores(SqlNodes(database), SqlConfig(database), SqlLocks(database), movable)
    finally:
        await database.close()


@pytest.fixture
def nodes(stores: Stores) -> NodeStore:
    return stores.nodes


@pytest.fixture
def config(stores: Stores) -> ConfigStore:
    return stores.config


@pytest.fixture
def locks(stores: Stores) -> LockStore:
    return stores.locks


# ---------------------------------------------------------------- nodes


def a_node(name: str = "gateway-1", **more: object) -> NodeRecord:
    record = NodeRecord(name, new_id(), ("gateway",), http="10.0.0.7:8080", version="1.2", weight=1.5, started_ms=7)
    return msgspec.structs.replace(record, **more)


async def row_of(nodes: NodeStore, incarnation: str) -> Leased:
    (row,) = [row for row in await nodes.nodes() if row.record.incarnation == incarnation]
    return row


async def refused(waiting: object) -> Code:
    with pytest.raises(ChatError) as error:
        await waiting  # type: ignore[misc]
    return error.value.code


async def test_a_node_that_entered_is_listed_as_it_described_itself(nodes: NodeStore) -> None:
    two, one = a_node("gateway-2"), a_node("gateway-1", roles=("web", "chat"))
    for record in (two, one):
        await nodes.enter(record, LEASE)
    found = await nodes.nodes()
    assert [row.record for row in found] == [one, two]
    for row in found:
        assert LEASE - 5 < row.left_s <= LEASE
        assert (row.dead, row.left, row.over, row.swept, row.drain_asked) == (False,) * 5


async def test_a_living_name_is_taken(nodes: NodeStore) -> None:
    first = a_node()
    await nodes.enter(first, LEASE)
    assert await refused(nodes.enter(a_node(), LEASE)) is Code.CONFLICT
    assert [row.record for row in await nodes.nodes()] == [first]


async def test_of_two_racing_for_a_name_one_enters(nodes: NodeStore) -> None:
    asked = [nodes.enter(a_node(), LEASE) for _ in range(5)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    lost = [answer for answer in answers if isinstance(answer, ChatError) and answer.code is Code.CONFLICT]
    assert (len(lost), answers.count(None)) == (4, 1)


async def test_entering_twice_is_entering_once(nodes: NodeStore) -> None:
    record = a_node()
    await nodes.enter(record, LEASE)
    await nodes.enter(record, LEASE)
    assert [row.record for row in await nodes.nodes()] == [record]


async def test_a_lapsed_name_is_taken_over_and_its_holder_declared_dead(nodes: NodeStore) -> None:
    old, new = a_node(), a_node()
    await nodes.enter(old, LAPSED)
    await nodes.enter(new, LEASE)
    assert (await row_of(nodes, old.incarnation)).dead
    assert not (await row_of(nodes, new.incarnation)).over
    assert not await nodes.renew(old, LEASE)
    assert await nodes.renew(new, LEASE)


async def test_whoever_is_alone_on_a_database_waits_for_no_lease(nodes: NodeStore) -> None:
    old, other, new = a_node(), a_node("gateway-2"), a_node()
    await nodes.enter(old, LEASE)
    await nodes.enter(other, LEASE)
    await nodes.enter(new, LEASE, sole=True)
    assert not (await row_of(nodes, new.incarnation)).over
    for gone in (old, other):
        assert (await row_of(nodes, gone.incarnation)).dead


async def test_a_lapsed_lease_is_simply_renewed(nodes: NodeStore) -> None:
    record = a_node()
    await nodes.enter(record, LAPSED)
    assert (await row_of(nodes, record.incarnation)).left_s < 0
    assert await nodes.renew(record, LEASE)
    assert (await row_of(nodes, record.incarnation)).left_s > LEASE - 5


async def test_renewing_stores_that_a_node_drains(nodes: NodeStore) -> None:
    record = a_node()
    await nodes.enter(record, LEASE)
    draining = msgspec.structs.replace(record, draining=True)
    assert await nodes.renew(draining, LEASE)
    assert (await row_of(nodes, record.incarnation)).record == draining


async def test_nobody_unknown_is_renewed(nodes: NodeStore) -> None:
    assert not await nodes.renew(a_node(), LEASE)


async def test_only_a_lapsed_lease_can_be_declared_dead(nodes: NodeStore) -> None:
    record = a_node()
    await nodes.enter(record, LEASE)
    assert not await nodes.declare_dead(record.incarnation)
    assert not (await row_of(nodes, record.incarnation)).dead
    assert not await nodes.declare_dead(new_id())


async def test_of_many_who_declare_a_death_one_wins_and_it_is_final(nodes: NodeStore) -> None:
    record = a_node()
    await nodes.enter(record, LAPSED)
    won = await asyncio.gather(*(nodes.declare_dead(record.incarnation) for _ in range(5)))
    assert sorted(won) == [False] * 4 + [True]
    assert not await nodes.renew(record, LEASE)
    assert await refused(nodes.enter(record, LEASE)) is Code.CONFLICT


async def test_a_renewal_and_a_declaration_cannot_both_succeed(nodes: NodeStore) -> None:
    for _ in range(10):
        record = a_node(f"node-{new_id()}")
        await nodes.enter(record, LAPSED)
        renewed, dead = await asyncio.gather(nodes.renew(record, LEASE), nodes.declare_dead(record.incarnation))
        assert renewed is not dead


async def test_who_left_is_over_and_its_name_is_free(nodes: NodeStore) -> None:
    record = a_node()
    await nodes.enter(record, LEASE)
    await nodes.leave(record.incarnation)
    await nodes.leave(record.incarnation)
    row = await row_of(nodes, record.incarnation)
    assert (row.left, row.dead, row.over) == (True, False, True)
    assert not await nodes.renew(record, LEASE)
    assert not await nodes.declare_dead(record.incarnation)
    await nodes.enter(a_node(), LEASE)


async def test_only_what_is_over_can_be_swept(nodes: NodeStore) -> None:
    living, dead = a_node("gateway-1"), a_node("gateway-2")
    await nodes.enter(living, LEASE)
    await nodes.enter(dead, LAPSED)
    await nodes.declare_dead(dead.incarnation)
    for record in (living, dead):
        await nodes.swept(record.incarnation)
    assert not (await row_of(nodes, living.incarnation)).swept
    assert (await row_of(nodes, dead.incarnation)).swept


async def test_what_was_swept_is_forgotten_after_an_hour_and_what_was_not_stays(stores: Stores) -> None:
    nodes, clock = stores.nodes, stores.clock
    if clock is None:
        pytest.skip("this database's clock cannot be moved")
    swept, unswept, new = a_node("gateway-1"), a_node("gateway-2"), a_node("gateway-3")
    for record in (swept, unswept):
        await nodes.enter(record, LAPSED)
        assert await nodes.declare_dead(record.incarnation)
    await nodes.swept(swept.incarnation)
    assert [row.record for row in await nodes.nodes()] == [swept, unswept]
    clock.advance(3601)
    await nodes.enter(new, LEASE)
    assert [row.record for row in await nodes.nodes()] == [unswept, new]
    # Before it is forgotten its name of then may not be entered again.
    assert await refused(nodes.enter(swept, LEASE)) is Code.CONFLICT
    lock = await stores.locks.acquire("caretaker", "one", LEASE)
    assert isinstance(lock, Lock)
    await nodes.forget(lock)
    assert [row.record for row in await nodes.nodes()] == [unswept, new]
    await nodes.enter(swept, LEASE)


async def test_the_level_is_raised_when_every_living_node_understands_it(nodes: NodeStore) -> None:
    old, new = a_node("gateway-1", level=1), a_node("gateway-2", level=3)
    assert await nodes.level() == 1
    assert await nodes.raise_level(0) == (1, [])
    for record in (old, new):
        await nodes.enter(record, LEASE)
    assert await nodes.raise_level(0) == (1, [])
    assert await nodes.raise_level(2) == (1, [old])
    await nodes.leave(old.incarnation)
    assert await nodes.raise_level(2) == (2, [])
    assert await nodes.level() == 2
    assert await nodes.raise_level(0) == (3, [])
    assert await nodes.raise_level(2) == (3, []), "it never falls"
    assert await nodes.level() == 3


async def test_a_lapsed_lease_is_no_leave_to_raise_the_level(nodes: NodeStore) -> None:
    # It may only stand still, and go on with what it does not understand.
    paused = a_node("gateway-1", level=1)
    await nodes.enter(paused, LAPSED)
    assert await nodes.raise_level(2) == (1, [paused])
    assert await nodes.declare_dead(paused.incarnation)
    assert await nodes.raise_level(2) == (2, [])


async def test_who_does_not_understand_the_level_cannot_enter(nodes: NodeStore) -> None:
    await nodes.enter(a_node("gateway-1", level=2), LEASE)
    assert await nodes.raise_level(0) == (2, [])
    with pytest.raises(TooOld, match="at level 2, and this version understands what is written up to level 1"):
        await nodes.enter(a_node("gateway-2", level=1), LEASE)
    assert len(await nodes.nodes()) == 1


async def test_of_an_old_node_and_a_higher_level_only_one_comes_in(nodes: NodeStore) -> None:
    for level in range(2, 12):
        old = a_node(f"gateway-{level}", level=level - 1)
        entered, raised = await asyncio.gather(
            nodes.enter(old, LEASE), nodes.raise_level(level), return_exceptions=True
        )
        assert (entered is None) == (raised == (level - 1, [old])), (entered, raised)
        await nodes.leave(old.incarnation)
        await nodes.raise_level(level)


async def test_who_lost_the_lock_deletes_nothing(stores: Stores) -> None:
    nodes, locks = stores.nodes, stores.locks
    paused = await locks.acquire("caretaker", "one", LAPSED)
    assert isinstance(paused, Lock)
    await nodes.forget(paused)  # Its lease has ended, and nobody has had the lock since.
    newer = await locks.acquire("caretaker", "two", LEASE)
    assert isinstance(newer, Lock)
    with pytest.raises(LockLost, match="caretaker"):
        await nodes.forget(paused)
    await nodes.forget(newer)
    with pytest.raises(LockLost):
        await nodes.forget(Lock("never taken", 1, LEASE))


async def test_a_wish_to_drain_waits_in_the_row_and_outlives_renewals(nodes: NodeStore) -> None:
    record = a_node()
    await nodes.enter(record, LEASE)
    assert await nodes.ask_drain(record.incarnation)
    assert await nodes.renew(record, LEASE)
    assert (await row_of(nodes, record.incarnation)).drain_asked
    await nodes.leave(record.incarnation)
    assert not await nodes.ask_drain(record.incarnation)
    assert not await nodes.ask_drain(new_id())


# ---------------------------------------------------------------- live configuration


async def test_before_anything_was_set_there_is_version_0(config: ConfigStore) -> None:
    assert await config.current() == ConfigVersion(0, {}, "", 0)
    assert await config.history(0, 10) == []
    assert await config.version(0) is None


async def test_each_change_is_a_version_that_stays(config: ConfigStore) -> None:
    first = await config.change(0, {"drain_s": 5.0, "flags": {"polls": True}}, "prince", "for the feast")
    second = await config.change(1, {"login_policy": "reject"}, "维罗纳 🌹")
    assert (first.version, first.author, first.note) == (1, "prince", "for the feast")
    assert first.values == {"drain_s": 5.0, "flags": {"polls": True}}
    assert first.made_ms > 1_600_000_000_000
    assert await config.current() == second
    assert await config.version(1) == first
    assert await config.version(3) is None
    assert await config.history(0, 10) == [second, first]
    assert await config.history(0, 1) == [second]
    assert await config.history(2, 10) == [first]


async def test_a_change_of_what_has_changed_is_a_conflict(config: ConfigStore) -> None:
    await config.change(0, {"a": 1}, "prince")
    for expect in (0, 2):
        assert await refused(config.change(expect, {"a": 2}, "paris")) is Code.CONFLICT
    assert (await config.current()).values == {"a": 1}


async def test_of_racing_changes_one_is_made(config: ConfigStore) -> None:
    asked = [config.change(0, {"a": number}, "prince") for number in range(5)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(answer, ConfigVersion) for answer in answers) == 1
    assert all(isinstance(answer, ConfigVersion | ChatError) for answer in answers)
    assert (await config.current()).version == 1


# ---------------------------------------------------------------- locks


async def test_a_lock_is_one_owners_at_a_time(locks: LockStore) -> None:
    lock = await locks.acquire("retention", "one", LEASE)
    assert lock == Lock("retention", 1, LEASE)
    held = await locks.acquire("retention", "two", LEASE)
    assert isinstance(held, Held)
    assert LEASE - 5 < held.left_s <= LEASE
    assert isinstance(await locks.acquire("another", "two", LEASE), Lock)


async def test_tokens_rise_with_every_taking(locks: LockStore) -> None:
    tokens = []
    for owner in ("one", "two", "one", "one"):
        lock = await locks.acquire("retention", owner, LEASE)
        assert isinstance(lock, Lock)
        tokens.append(lock.token)
        if len(tokens) < 3:
            await locks.release(lock, owner)
    # The last one asked again while it had the lock, as after an answer that was lost.
    assert tokens == [1, 2, 3, 4]


async def test_a_lapsed_lock_is_anybodys_and_lost_to_its_holder(locks: LockStore) -> None:
    old = await locks.acquire("retention", "one", LAPSED)
    new = await locks.acquire("retention", "two", LEASE)
    assert isinstance(old, Lock)
    assert isinstance(new, Lock)
    assert new.token > old.token
    assert not await locks.extend(old, "one", LEASE)
    await locks.release(old, "one")
    assert isinstance(await locks.acquire("retention", "three", LEASE), Held)
    assert await locks.extend(new, "two", LEASE)


async def test_a_lapsed_lock_that_nobody_took_is_made_longer(locks: LockStore) -> None:
    lock = await locks.acquire("retention", "one", LAPSED)
    assert isinstance(lock, Lock)
    assert await locks.extend(lock, "one", LEASE)
    assert isinstance(await locks.acquire("retention", "two", LEASE), Held)


async def test_a_released_lock_is_free_and_cannot_be_extended(locks: LockStore) -> None:
    lock = await locks.acquire("retention", "one", LEASE)
    assert isinstance(lock, Lock)
    await locks.release(lock, "one")
    await locks.release(lock, "one")
    assert not await locks.extend(lock, "one", LEASE)
    assert isinstance(await locks.acquire("retention", "two", LEASE), Lock)


@pytest.mark.parametrize("known", [False, True])
async def test_of_many_who_ask_for_a_lock_one_gets_it(locks: LockStore, known: bool) -> None:
    if known:
        lock = await locks.acquire("retention", "before", LEASE)
        assert isinstance(lock, Lock)
        await locks.release(lock, "before")
    answers = await asyncio.gather(*(locks.acquire("retention", f"owner-{n}", LEASE) for n in range(6)))
    assert sum(isinstance(answer, Lock) for answer in answers) == 1

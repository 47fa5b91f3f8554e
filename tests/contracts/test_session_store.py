"""What every store of open sessions, departures and slots keeps to.

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
from hubbub.base.ids import new_id
from hubbub.cluster.locks import LockLost
from hubbub.cluster.model import Departure, Lock, NodeRecord, SessionRow
from hubbub.cluster.ports import LockStore, NodeStore, SessionStore
from hubbub.storage.cluster_store import SqlLocks, SqlNodes
from hubbub.storage.memory.cluster import MemoryNodes
from hubbub.storage.memory.sessions import MemorySessions
from hubbub.storage.session_store import SqlSessions

LEASE = 60.0
LAPSED = -1.0

ROMEO, JULIET, NURSE = (letter * 32 for letter in "abc")


class Stores(NamedTuple):
    nodes: NodeStore
    sessions: SessionStore
    locks: LockStore


@pytest.fixture(params=["memory", *DATABASES])
async def stores(request: pytest.FixtureRequest, database_url: UrlOf, tmp_path: Path) -> AsyncIterator[Stores]:
    clock = ManualClock()
    if request.param == "memory":
        nodes = MemoryNodes(clock)
        yield Stores(nodes, MemorySessions(nodes, clock), nodes.locks)
        return
    database = await open_empty(database_url(request.param), tmp_path / "data", clock=clock)
    try:
        yield Stores(SqlNodes(database), SqlSessions(database), SqlLocks(database))
    finally:
        await database.close()


@pytest.fixture
def nodes(stores: Stores) -> NodeStore:
    return stores.nodes


@pytest.fixture
def sessions(stores: Stores) -> SessionStore:
    return stores.sessions


async def a_node(nodes: NodeStore, name: str, lease_s: float = LEASE) -> NodeRecord:
    record = NodeRecord(name, new_id(), ("gateway",))
    await nodes.enter(record, lease_s)
    return record


def a_session(user_id: str, node: NodeRecord, device_id: str = "") -> SessionRow:
    return SessionRow(new_id(), user_id, device_id or new_id(), node.node_id, node.incarnation)


def left(row: SessionRow, *, dropped: bool = False, at_ms: int = 7) -> Departure:
    return Departure(row.session_id, row.user_id, dropped, at_ms)


async def ids_of(sessions: SessionStore, *user_ids: str) -> set[str]:
    return {row.session_id for row in await sessions.sessions_of(user_ids)}


# ---------------------------------------------------------------- sessions


async def test_a_session_is_found_as_it_was_added_and_adding_it_again_changes_nothing(stores: Stores) -> None:
    nodes, sessions, _ = stores
    row = a_session(ROMEO, await a_node(nodes, "a"))
    await sessions.add([row, a_session(JULIET, await a_node(nodes, "b"))])
    (found,) = await sessions.sessions_of([ROMEO])
    assert found.since_ms > 0
    assert found == SessionRow(row.session_id, row.user_id, row.device_id, row.node_id, row.incarnation, found.since_ms)
    await sessions.add([row])
    assert await sessions.sessions_of([ROMEO, NURSE]) == [found]
    assert len(await sessions.sessions_of([ROMEO, JULIET])) == 2


async def test_a_session_keeps_the_time_it_came_at_however_late_it_is_stored(stores: Stores) -> None:
    nodes, sessions, _ = stores
    row = msgspec.structs.replace(
        a_session(ROMEO, await a_node(nodes, "a")), since_ms=1, run="r" * 64, attempt=2**32 - 1
    )
    await sessions.add([row])
    assert await sessions.sessions_of([ROMEO]) == [row]


async def test_a_slot_is_not_taken_by_what_its_device_said_before(stores: Stores) -> None:
    nodes, sessions, _ = stores
    came = {"device_id": "d" * 32, "run": "a run"}
    node = await a_node(nodes, "a")
    first, second, third = (
        msgspec.structs.replace(a_session(ROMEO, node), **came, attempt=attempt) for attempt in (1, 2, 3)
    )
    assert (await sessions.take_slot(second, None)).taken
    late = await sessions.take_slot(first, None)
    assert not late.taken
    assert late.holder is not None
    assert late.holder.session_id == second.session_id
    assert (await sessions.take_slot(third, None)).taken


async def test_hundreds_of_sessions_go_in_and_out_at_once(stores: Stores) -> None:
    nodes, sessions, _ = stores
    node = await a_node(nodes, "a")
    rows = [a_session(f"{number:032x}", node) for number in range(450)]
    await sessions.add(rows)
    people = [row.user_id for row in rows]
    assert await ids_of(sessions, *people) == {row.session_id for row in rows}
    await sessions.remove([left(row) for row in rows[:300]])
    assert await ids_of(sessions, *people) == {row.session_id for row in rows[300:]}
    assert {one.user_id for one in await sessions.departures(people)} == set(people[:300])


async def test_how_somebody_left_last_is_remembered(stores: Stores) -> None:
    nodes, sessions, _ = stores
    node = await a_node(nodes, "a")
    phone, tablet = a_session(ROMEO, node), a_session(ROMEO, node)
    await sessions.add([phone, tablet])
    assert await sessions.departures([ROMEO]) == []
    await sessions.remove([left(phone, dropped=True, at_ms=9)])
    assert await ids_of(sessions, ROMEO) == {tablet.session_id}
    assert await sessions.departures([ROMEO, JULIET]) == [left(phone, dropped=True, at_ms=9)]
    await sessions.remove([left(tablet, at_ms=8), left(tablet, at_ms=8)])
    await sessions.remove([left(tablet, at_ms=8)])
    assert await sessions.departures([ROMEO]) == [left(tablet, at_ms=8)]
    assert await sessions.sessions_of([ROMEO]) == []


async def test_a_session_counts_until_its_incarnation_is_over_whatever_its_lease_says(stores: Stores) -> None:
    nodes, sessions, _ = stores
    lapsed, leaves = await a_node(nodes, "lapsed", LAPSED), await a_node(nodes, "leaves")
    unknown = NodeRecord("unknown", new_id(), ())
    rows = [a_session(ROMEO, lapsed), a_session(JULIET, leaves), a_session(NURSE, unknown)]
    await sessions.add(rows)
    assert await ids_of(sessions, ROMEO, JULIET, NURSE) == {rows[0].session_id, rows[1].session_id}
    assert await sessions.online_after("", 10) == [ROMEO, JULIET]
    assert await nodes.declare_dead(lapsed.incarnation)
    await nodes.leave(leaves.incarnation)
    assert await sessions.sessions_of([ROMEO, JULIET, NURSE]) == []
    assert await sessions.online_after("", 10) == []


async def test_people_online_are_paged_by_id_each_once(stores: Stores) -> None:
    nodes, sessions, _ = stores
    one, other = await a_node(nodes, "a"), await a_node(nodes, "b")
    await sessions.add([a_session(user, node) for user in (NURSE, ROMEO, JULIET) for node in (one, other)])
    assert await sessions.online_after("", 2) == [ROMEO, JULIET]
    assert await sessions.online_after(JULIET, 2) == [NURSE]
    assert await sessions.online_after(NURSE, 2) == []


# ---------------------------------------------------------------- the dead


async def test_a_dead_nodes_sessions_are_swept_once_and_its_people_dropped(stores: Stores) -> None:
    nodes, sessions, _ = stores
    dead, living = await a_node(nodes, "dead", LAPSED), await a_node(nodes, "living")
    rows = [a_session(f"{number:032x}", dead) for number in range(25)]
    elsewhere = a_session(rows[0].user_id, living)
    await sessions.add([*rows, elsewhere])
    assert await sessions.sweep(dead.incarnation, 10) == [], "it lives until somebody says otherwise"
    assert await nodes.declare_dead(dead.incarnation)

    async def sweep_all() -> list[str]:
        swept: list[str] = []
        while some := await sessions.sweep(dead.incarnation, 10):
            assert len(some) <= 10
            swept += [row.session_id for row in some]
        return swept

    swept = [one for each in await asyncio.gather(*[sweep_all() for _ in range(3)]) for one in each]
    assert sorted(swept) == sorted(row.session_id for row in rows)
    assert await ids_of(sessions, *(row.user_id for row in rows)) == {elsewhere.session_id}
    assert all(one.dropped and one.at_ms > 0 for one in await sessions.departures([row.user_id for row in rows]))
    assert len(await sessions.departures([row.user_id for row in rows])) == 25


async def test_a_swept_node_holds_no_slot(stores: Stores) -> None:
    nodes, sessions, _ = stores
    dead = await a_node(nodes, "dead", LAPSED)
    await sessions.take_slot(a_session(ROMEO, dead))
    assert await nodes.declare_dead(dead.incarnation)
    assert await sessions.sweep(dead.incarnation, 10) == []
    assert await sessions.slots([ROMEO]) == []


async def test_what_nobody_remembers_is_dropped(stores: Stores) -> None:
    nodes, sessions, locks = stores
    known, unknown = await a_node(nodes, "known"), NodeRecord("unknown", new_id(), ())
    stray, kept = a_session(ROMEO, unknown), a_session(JULIET, known)
    await sessions.add([stray, kept])
    for row in (stray, kept):
        await sessions.take_slot(row)
    paused = await locks.acquire("caretaker", "one", LAPSED)
    newer = await locks.acquire("caretaker", "two", LEASE)
    assert isinstance(paused, Lock)
    assert isinstance(newer, Lock)
    with pytest.raises(LockLost):
        await sessions.drop_strays(paused)
    assert [row.user_id for row in await sessions.slots([ROMEO, JULIET])] == [ROMEO, JULIET]
    await sessions.drop_strays(newer)
    assert [row.user_id for row in await sessions.slots([ROMEO, JULIET])] == [JULIET]
    assert await sessions.sweep(unknown.incarnation, 10) == []
    assert await ids_of(sessions, JULIET) == {kept.session_id}


# ---------------------------------------------------------------- slots


async def taken(sessions: SessionStore, row: SessionRow, expect: str | None = "") -> tuple[bool, str]:
    slot = await sessions.take_slot(row, expect)
    return slot.taken, slot.holder.session_id if slot.holder else ""


async def test_a_slot_is_kept_from_others_until_it_is_freed(stores: Stores) -> None:
    nodes, sessions, _ = stores
    phone = a_session(ROMEO, await a_node(nodes, "a"))
    tablet = a_session(ROMEO, await a_node(nodes, "b"))
    assert await taken(sessions, phone) == (True, "")
    assert await taken(sessions, phone) == (True, ""), "its own holder may take it again"
    assert await taken(sessions, tablet) == (False, phone.session_id)
    assert await taken(sessions, a_session(JULIET, await a_node(nodes, "c"))) == (True, "")
    await sessions.free_slots([(ROMEO, tablet.session_id)])
    assert await taken(sessions, tablet) == (False, phone.session_id)
    await sessions.free_slots([(ROMEO, phone.session_id)])
    assert await taken(sessions, tablet) == (True, "")
    (held,) = await sessions.slots([ROMEO, NURSE])
    assert (held.session_id, held.node_id, held.incarnation) == (tablet.session_id, "b", tablet.incarnation)


async def test_a_slot_is_taken_from_whom_was_seen_there_and_from_nobody_else(stores: Stores) -> None:
    nodes, sessions, _ = stores
    node = await a_node(nodes, "a")
    first, second, third = (a_session(ROMEO, node) for _ in range(3))
    await sessions.take_slot(first)
    assert await taken(sessions, second, expect=first.session_id) == (True, first.session_id)
    assert await taken(sessions, third, expect=first.session_id) == (False, second.session_id)
    assert await taken(sessions, third, expect=None) == (True, second.session_id)
    await sessions.free_slots([(ROMEO, third.session_id)])
    assert await taken(sessions, first, expect=None) == (True, "")


async def test_the_same_device_takes_its_slot_again(stores: Stores) -> None:
    nodes, sessions, _ = stores
    older = a_session(ROMEO, await a_node(nodes, "a"))
    newer = a_session(ROMEO, await a_node(nodes, "b"), older.device_id)
    await sessions.take_slot(older)
    assert await taken(sessions, newer) == (True, older.session_id)


@pytest.mark.parametrize("end", ["lapsed", "dead", "left", "unknown"])
async def test_a_slot_whose_node_is_gone_stands_in_nobodys_way(stores: Stores, end: str) -> None:
    nodes, sessions, _ = stores
    gone = NodeRecord("gone", new_id(), ())
    if end != "unknown":
        await nodes.enter(gone, LEASE if end == "left" else LAPSED)
    if end == "dead":
        assert await nodes.declare_dead(gone.incarnation)
    if end == "left":
        await nodes.leave(gone.incarnation)
    stale = a_session(ROMEO, gone)
    await sessions.take_slot(stale)
    assert await taken(sessions, a_session(ROMEO, await a_node(nodes, "b"))) == (True, stale.session_id)


async def test_of_many_who_race_for_a_slot_one_gets_it(stores: Stores) -> None:
    nodes, sessions, _ = stores
    node = await a_node(nodes, "a")
    rows = [a_session(ROMEO, node) for _ in range(6)]
    slots = await asyncio.gather(*[sessions.take_slot(row) for row in rows])
    (winner,) = [row for row, slot in zip(rows, slots, strict=True) if slot.taken]
    assert {slot.holder.session_id for slot in slots if slot.holder} == {winner.session_id}
    again = await asyncio.gather(*[sessions.take_slot(row, winner.session_id) for row in rows if row is not winner])
    assert sum(slot.taken for slot in again) == 1


async def test_a_session_that_ends_frees_its_slot_and_no_others(stores: Stores) -> None:
    nodes, sessions, _ = stores
    node = await a_node(nodes, "a")
    older, newer = a_session(ROMEO, node), a_session(ROMEO, node)
    await sessions.take_slot(older)
    await sessions.take_slot(newer, older.session_id)
    await sessions.remove([left(older)])
    assert [row.session_id for row in await sessions.slots([ROMEO])] == [newer.session_id]
    await sessions.remove([left(newer)])
    assert await sessions.slots([ROMEO]) == []

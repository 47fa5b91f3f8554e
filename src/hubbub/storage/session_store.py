"""Open sessions, departures and slots in the database: one function per transaction.

Rows are written by the node they belong to alone, so there is little to race for.  Two things are raced for: a slot,
which is locked before it is looked at, and the rows of a dead node, of which each sweeper gets what it locked.  All of
it may be run again when it met another transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Table, bindparam, delete, select, update
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.elements import BindParameter

from hubbub.cluster.model import Departure, Lock, SessionRow, Slot, may_take
from hubbub.storage.again import write_again
from hubbub.storage.cluster_store import fence
from hubbub.storage.database import Database
from hubbub.storage.padded import padded
from hubbub.storage.tables.cluster import NodeLife, nodes
from hubbub.storage.tables.schema import Id
from hubbub.storage.tables.session import departures, sessions, slots

__all__ = ["SqlSessions"]

T = TypeVar("T")

_LIVING = NodeLife.LIVING.value
_AT_ONCE = 200
_TRIES = 10

_COUNTS = sessions.join(nodes, nodes.c.incarnation == sessions.c.incarnation)
"""Sessions beside the row of their incarnation, to be asked for its life."""

# Built once: to build a statement costs more than to run it.
_THESE: BindParameter[str] = bindparam("these", expanding=True)
_SESSIONS = select(sessions).select_from(_COUNTS).where(sessions.c.user_id.in_(_THESE), nodes.c.life == _LIVING)
_DEPARTURES = select(departures).where(departures.c.user_id.in_(_THESE))
_SLOTS = select(slots).where(slots.c.user_id.in_(_THESE))
_OF_PERSON = slots.c.user_id == bindparam("person", type_=Id)
_SLOT = select(slots).where(_OF_PERSON).with_for_update()
_TAKE = update(slots).where(_OF_PERSON)
_LEASE = select(nodes.c.lease_ms).where(
    nodes.c.incarnation == bindparam("incarnation", type_=Id), nodes.c.life == _LIVING
)


class SqlSessions:
    """A `SessionStore` on a `Database`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, rows: Sequence[SessionRow]) -> None:
        def work(conn: Connection) -> None:
            now = self._db.now_ms(conn)
            ordered = sorted(rows, key=lambda row: (row.user_id, row.session_id))
            for some in _cut(ordered):
                self._db.dialect.insert_new(conn, sessions, [_values(row, now) for row in some])

        await write_again(self._db, work)

    async def remove(self, ended: Sequence[Departure]) -> None:
        def work(conn: Connection) -> None:
            # In the order of the keys, so that two nodes never wait for each other.
            last = {one.user_id: one for one in ended}
            _delete(conn, sessions, [(one.user_id, one.session_id) for one in ended])
            _delete(conn, slots, [(one.user_id, one.session_id) for one in ended])
            self._remember(conn, [last[user_id] for user_id in sorted(last)])

        await write_again(self._db, work)

    async def sessions_of(self, user_ids: Sequence[str]) -> list[SessionRow]:
        def work(conn: Connection) -> list[SessionRow]:
            found: list[SessionRow] = []
            for some in padded(sorted(set(user_ids)), _AT_ONCE):
                found += [_as_session(row) for row in conn.execute(_SESSIONS, {"these": some})]
            return found

        return await self._db.read(work, single=len(user_ids) <= _AT_ONCE)

    async def departures(self, user_ids: Sequence[str]) -> list[Departure]:
        def work(conn: Connection) -> list[Departure]:
            found: list[Departure] = []
            for some in padded(sorted(set(user_ids)), _AT_ONCE):
                rows = conn.execute(_DEPARTURES, {"these": some})
                found += [Departure(row.session_id, row.user_id, row.dropped, row.at_ms) for row in rows]
            return found

        return await self._db.read(work, single=len(user_ids) <= _AT_ONCE)

    async def online_after(self, user_id: str, limit: int) -> list[str]:
        people = select(sessions.c.user_id).distinct().select_from(_COUNTS).where(nodes.c.life == _LIVING)
        if user_id:
            people = people.where(sessions.c.user_id > user_id)
        people = people.order_by(sessions.c.user_id).limit(limit)
        return await self._db.read(lambda conn: list(conn.execute(people).scalars()))

    async def sweep(self, incarnation: str, limit: int) -> list[SessionRow]:
        def work(conn: Connection) -> list[SessionRow]:
            life = conn.execute(select(nodes.c.life).where(nodes.c.incarnation == incarnation)).scalar()
            if life == _LIVING:
                return []
            of_it = sessions.c.incarnation == incarnation
            page = select(sessions).where(of_it).order_by(sessions.c.user_id, sessions.c.session_id).limit(limit)
            for _ in range(_TRIES):
                rows = [_as_session(row) for row in conn.execute(page.with_for_update())]
                # Another sweeper may have taken all of a page that was waited for, and there may be more behind it.
                if rows or conn.execute(select(sessions.c.user_id).where(of_it).limit(1)).first() is None:
                    break
            now = self._db.now_ms(conn)
            _delete(conn, sessions, [(row.user_id, row.session_id) for row in rows])
            gone = {row.user_id: Departure(row.session_id, row.user_id, True, now) for row in rows}
            self._remember(conn, [gone[user_id] for user_id in sorted(gone)])
            if len(rows) < limit:
                conn.execute(delete(slots).where(slots.c.incarnation == incarnation))
            return rows

        return await write_again(self._db, work)

    async def drop_strays(self, under: Lock) -> None:
        def work(conn: Connection) -> None:
            fence(conn, under)
            known = select(nodes.c.incarnation)
            for table in (sessions, slots):
                conn.execute(delete(table).where(table.c.incarnation.not_in(known)))

        await write_again(self._db, work)

    async def take_slot(self, row: SessionRow, expect: str | None = "") -> Slot:
        def work(conn: Connection) -> Slot:
            now = self._db.now_ms(conn)
            values, person = _values(row, now), {"person": row.user_id}
            for _ in range(_TRIES):
                found = conn.execute(_SLOT, person).first()
                if found is not None:
                    break
                self._db.dialect.insert_new(conn, slots, [values])
            else:
                return Slot(False)
            holder = _as_session(found)
            if holder.session_id == row.session_id:
                return Slot(True)
            if not may_take(row, holder, expect) and _lives(conn, holder, now):
                return Slot(False, holder)
            conn.execute(_TAKE, values | person)
            return Slot(True, holder)

        return await write_again(self._db, work)

    async def free_slots(self, held: Sequence[tuple[str, str]]) -> None:
        await write_again(self._db, lambda conn: _delete(conn, slots, held))

    async def slots(self, user_ids: Sequence[str]) -> list[SessionRow]:
        def work(conn: Connection) -> list[SessionRow]:
            found: list[SessionRow] = []
            for some in padded(sorted(set(user_ids)), _AT_ONCE):
                found += [_as_session(row) for row in conn.execute(_SLOTS, {"these": some})]
            return found

        return await self._db.read(work)

    def _remember(self, conn: Connection, gone: Sequence[Departure]) -> None:
        for some in _cut(gone):
            rows = [
                {"user_id": one.user_id, "session_id": one.session_id, "dropped": one.dropped, "at_ms": one.at_ms}
                for one in some
            ]
            self._db.dialect.upsert(conn, departures, rows)


# ---------------------------------------------------------------- inside a transaction


def _lives(conn: Connection, holder: SessionRow, now_ms: int) -> bool:
    return (conn.execute(_LEASE, {"incarnation": holder.incarnation}).scalar() or 0) > now_ms


def _delete(conn: Connection, table: Table, pairs: Sequence[tuple[str, str]]) -> None:
    """Delete rows by (user, session).  No session has two users, so two lists say as much as pairs."""
    for some in padded(sorted(pairs), _AT_ONCE):
        users, ids = zip(*some, strict=True)
        these: list[ColumnElement[bool]] = [table.c.user_id.in_(users), table.c.session_id.in_(ids)]
        conn.execute(delete(table).where(*these))


def _cut(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    for at in range(0, len(rows), _AT_ONCE):
        yield rows[at : at + _AT_ONCE]


def _values(row: SessionRow, now_ms: int) -> dict[str, Any]:
    return {
        "user_id": row.user_id,
        "session_id": row.session_id,
        "device_id": row.device_id,
        "node_id": row.node_id,
        "incarnation": row.incarnation,
        "since_ms": row.since_ms or now_ms,
        "run": row.run,
        "attempt": row.attempt,
    }


def _as_session(row: Row[Any]) -> SessionRow:
    about = (row.since_ms, row.run, row.attempt)
    return SessionRow(row.session_id, row.user_id, row.device_id, row.node_id, row.incarnation, *about)

"""A crowd that comes at once is read in a few transactions, however many they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar, cast

import pytest
from sqlalchemy import Connection, event

from hubbub.base.clock import Clock, ManualClock
from hubbub.base.ids import new_id
from hubbub.chat.model import Coming
from hubbub.storage.chat.store import SqlStore
from hubbub.storage.database import Database
from hubbub.storage.sqlite_database import SqliteDatabase

T = TypeVar("T")
CROWD = 100


class Counted:
    """A database that counts what is read from it."""

    shared = False

    def __init__(self, db: SqliteDatabase) -> None:
        self._db = db
        self.clock: Clock = db.clock
        self.dialect = db.dialect
        self.reads = self.statements = 0

    async def read(self, fn: Callable[[Connection], T], *, single: bool = False) -> T:
        self.reads += 1
        return await self._db.read(lambda conn: self._count(conn, fn))

    def _count(self, conn: Connection, fn: Callable[[Connection], T]) -> T:
        def counts(*_: object) -> None:
            self.statements += 1

        event.listen(conn, "before_cursor_execute", counts)
        try:
            return fn(conn)
        finally:
            event.remove(conn, "before_cursor_execute", counts)


@pytest.fixture
async def counted(tmp_path: Path) -> AsyncIterator[Counted]:
    db = await SqliteDatabase.open(tmp_path / "data", clock=ManualClock())
    try:
        yield Counted(db)
    finally:
        await db.close()


async def test_a_crowd_that_lacks_nothing_shares_a_few_statements(counted: Counted) -> None:
    store = SqlStore(cast("Database", counted))
    people = [new_id() for _ in range(CROWD)]
    comings = [Coming(user_id, 1, ((new_id(), 1),)) for user_id in people]
    found = await asyncio.gather(*(store.enter(each, limit=10, state_limit=10) for each in comings))
    assert [listening.user_id for listening, _, _ in found] == people
    assert counted.reads <= 6
    # Versions, memberships and SYSTEM's head; heads are the dialect's own.
    assert counted.statements <= 3 * counted.reads

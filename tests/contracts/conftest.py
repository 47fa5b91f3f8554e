"""The stores that must keep the contract of `chat.ports`, each empty."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from contracts.script import Script
from support.databases import DATABASES, UrlOf, open_empty

from hubbub.base.clock import ManualClock
from hubbub.storage.chat.store import SqlStore
from hubbub.storage.memory.store import MemoryStore
from hubbub.storage.sqlite_database import SqliteDatabase


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def db(tmp_path: Path, clock: ManualClock) -> AsyncIterator[SqliteDatabase]:
    """A fresh data folder, open."""
    database = await SqliteDatabase.open(tmp_path / "data", clock=clock)
    try:
        yield database
    finally:
        await database.close()


@pytest.fixture(params=["memory", *DATABASES])
async def script(
    request: pytest.FixtureRequest, database_url: UrlOf, clock: ManualClock, tmp_path: Path
) -> AsyncIterator[Script]:
    """A stage over each sort of store, empty."""
    if request.param == "memory":
        yield Script(MemoryStore(clock), clock)
        return
    database = await open_empty(database_url(request.param), tmp_path / "data", clock=clock)
    try:
        yield Script(SqlStore(database), clock, database)
    finally:
        await database.close()

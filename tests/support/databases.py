"""Empty databases of every sort, for suites that must hold on all of them.

A server is started once for a whole run, and has one database whose tables are made once; each test that opens it finds
its rows gone.  A data folder is new each time.

    @pytest.fixture(params=DATABASES)
    async def db(request, database_url, tmp_path, clock) -> AsyncIterator[Database]:
        database = await open_empty(database_url(request.param), tmp_path / "data", clock=clock)
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, delete

from hubbub.base.clock import Clock
from hubbub.lab.servers import MariaDbServer, PostgresServer
from hubbub.storage.database import Database
from hubbub.storage.opening import open_database
from hubbub.storage.tables.chat import meta
from hubbub.storage.tables.schema import metadata

SERVERS = ("postgresql", "mariadb")
DATABASES = ("sqlite", *SERVERS)

UrlOf = Callable[[str], str]


@pytest.fixture(scope="session")
def postgresql_kept(postgres_server: PostgresServer) -> str:
    """The URL of the one database whose tables are kept for the whole run."""
    return postgres_server.new_database()


@pytest.fixture(scope="session")
def mariadb_kept(mariadb_server: MariaDbServer) -> str:
    return mariadb_server.new_database()


@pytest.fixture(scope="session")
def database_url(request: pytest.FixtureRequest) -> UrlOf:
    """Return a function that gives the URL of a sort of database, empty for a data folder."""

    def url_of(kind: str) -> str:
        return "" if kind == "sqlite" else str(request.getfixturevalue(f"{kind}_kept"))

    return url_of


@pytest.fixture(scope="session")
def new_database(request: pytest.FixtureRequest) -> UrlOf:
    """Return a function that makes a database without tables on a sort of server and gives its URL."""
    servers = {"postgresql": "postgres_server", "mariadb": "mariadb_server"}

    def make(kind: str) -> str:
        return str(request.getfixturevalue(servers[kind]).new_database())

    return make


async def open_empty(url: str, folder: Path, *, clock: Clock, **options: Any) -> Database:
    """Open a database without a row but its epoch; servers for tests are fast, not safe, and that is accepted."""
    database = await open_database(url, folder, clock=clock, accept_unsafe=True, **options)
    if database.shared:
        await database.write(_empty)
    return database


def _empty(conn: Connection) -> None:
    for table in metadata.sorted_tables:
        rows = delete(table)
        conn.execute(rows.where(meta.c.key != "epoch") if table is meta else rows)

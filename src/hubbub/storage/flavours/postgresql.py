"""PostgreSQL through asyncpg.

What its settings mean for the promise: without `fsync` or `full_page_writes` a crash of the machine may take anything;
with `synchronous_commit` off the last commits before a crash of the server are lost, and with less than `on` where
there are standbys that must confirm, those before a fail-over.  A name beyond ASCII or an emoji needs UTF8.
"""

from __future__ import annotations

from typing import Any

import asyncpg
from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.util import await_

from hubbub.chat.ports import DataRefused, StoreBusy, StoreError, StoreFull, StoreUnavailable
from hubbub.storage.dialects import Dialect
from hubbub.storage.dialects.postgresql import PostgresqlDialect
from hubbub.storage.failures import DatabaseUnusable, UnsafeDatabase
from hubbub.storage.flavours import CONNECT_S, LOCK_S, PAUSE_S, STATEMENT_S

_SESSION = {
    "application_name": "hubbub",
    "lock_timeout": f"{LOCK_S:g}s",
    "idle_in_transaction_session_timeout": f"{PAUSE_S:g}s",
    "statement_timeout": f"{STATEMENT_S:g}s",
    "timezone": "UTC",
    # Compiling costs more than any of the statements here.
    "jit": "off",
    # Every hot statement is made for an index.  A plan is kept for as long as its connection, and one made while the
    # tables were still empty would walk them when they are long.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "plan_cache_mode": "force_generic_plan",
}

# Not READ WRITE: who makes a database read-only for a while means this one, too.
_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
_BEGIN_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

# A time limit that ends the wait for the standbys does not undo the commit, and shows it to all as if they had it.
_COMMIT = "SET LOCAL statement_timeout = 0; COMMIT"

_ADVISORY_KEY = int.from_bytes(b"hubbub", "big")
_SETTINGS = """
SELECT name, setting FROM pg_settings WHERE name IN
('fsync', 'full_page_writes', 'synchronous_commit', 'synchronous_standby_names', 'server_encoding')
"""

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_AGAIN = {
    "40001",  # serialization_failure
    "40P01",  # deadlock_detected
    "55P03",  # lock_not_available: the lock timeout
    "25P03",  # idle_in_transaction_session_timeout
    "23505",  # unique_violation: another node was first, and its rows decide the next run
    "25P02",  # in_failed_sql_transaction
}
_FULL = {"53100"}  # disk_full
_DATA_CLASSES = {"22", "23"}  # data exceptions, integrity constraint violations
_SETUP_CLASSES = {"28", "3D"}  # invalid authorization, invalid catalog name
_KEYS_OF_ONE_BATCH = {"uq_entries_key"}
"""Under the lock of its conversation nobody else can be first: the batch itself holds this key twice."""


class Postgresql:
    """The flavour of PostgreSQL 13 and later."""

    dialect: Dialect = PostgresqlDialect()

    def engine(self, url: URL) -> AsyncEngine:
        query = dict(url.query)
        if "sslmode" in query:
            # The name it has in every other client.
            query["ssl"] = query.pop("sslmode")
        return create_async_engine(
            url.set(drivername="postgresql+asyncpg", query=query),
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args={
                "timeout": CONNECT_S,
                "server_settings": _SESSION,
                "statement_cache_size": 200,
                "max_cached_statement_lifetime": 0,
            },
        )

    async def prepare(self, driver: Any, *, reading: bool) -> None:
        """Do nothing: BEGIN says all."""

    async def begin(self, driver: Any, *, reading: bool) -> None:
        await driver.execute(_BEGIN_READING if reading else _BEGIN)

    async def commit(self, driver: Any) -> None:
        answer = await driver.execute(_COMMIT)
        # A transaction in which a statement failed answers COMMIT with ROLLBACK, and calls that a success.
        if answer != "COMMIT":
            raise StoreBusy("a failed transaction was committed", answer)

    async def rollback(self, driver: Any) -> None:
        await driver.execute("ROLLBACK")

    def is_closed(self, driver: Any) -> bool:
        return bool(driver.is_closed())

    def let_go(self, driver: Any) -> None:
        # Before the driver comes to ask the server to cancel: a COMMIT whose wait for the standbys is cancelled is
        # shown to all as if they had it, and one whose connection is gone waits on.
        driver.terminate()

    def dangers(self, conn: Connection) -> list[UnsafeDatabase]:
        found = {row.name: row.setting for row in conn.exec_driver_sql(_SETTINGS)}
        wanted = {"fsync": "on", "full_page_writes": "on", "server_encoding": "UTF8"}
        dangers = [UnsafeDatabase(name, found[name], value) for name, value in wanted.items() if found[name] != value]
        enough = {"on", "remote_apply"}
        if not found["synchronous_standby_names"]:
            enough |= {"local", "remote_write"}
        if found["synchronous_commit"] not in enough:
            dangers.append(UnsafeDatabase("synchronous_commit", found["synchronous_commit"], "on"))
        return dangers

    def now_ms(self, conn: Connection) -> int:
        driver: Any = conn.connection.driver_connection
        return int(await_(driver.fetchval("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")))

    def lock_schema(self, conn: Connection) -> None:
        for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
            conn.exec_driver_sql(f"SET LOCAL {name} = 0")
        conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_KEY})")

    def translate(self, error: BaseException) -> StoreError | None:
        if isinstance(error, StoreError):
            return error
        cause = _cause(error)
        if isinstance(cause, asyncpg.PostgresError):
            return _of_server(cause)
        if isinstance(cause, asyncpg.InterfaceError | OSError | asyncpg.InternalClientError):
            return StoreUnavailable(str(cause))
        if isinstance(cause, UnicodeError | OverflowError) or isinstance(error, StatementError):
            # A value that its column's type or the driver refuses, before the server saw it.
            return DataRefused(type(cause).__name__)
        return None

    def is_certain(self, error: BaseException) -> bool:
        if isinstance(error, StoreBusy):
            return True
        cause = _cause(error)
        if not isinstance(cause, asyncpg.PostgresError) or isinstance(cause, asyncpg.PostgresConnectionError):
            return False
        # FATAL and PANIC end the connection, perhaps after the commit record was written.
        return getattr(cause, "severity_en", None) == "ERROR"


def _cause(error: BaseException) -> BaseException | None:
    """Return the driver's own error under SQLAlchemy's."""
    cause: BaseException | None = error
    if isinstance(error, DBAPIError | StatementError):
        cause = error.orig
        while cause is not None and not isinstance(cause, asyncpg.PostgresError | asyncpg.InterfaceError):
            if cause.__cause__ is None:
                break
            cause = cause.__cause__
    return cause


def _of_server(error: asyncpg.PostgresError) -> StoreError:
    state: str = getattr(error, "sqlstate", None) or ""
    told = str(error)
    if state == "23505" and getattr(error, "constraint_name", None) in _KEYS_OF_ONE_BATCH:
        return DataRefused(told)
    if state in _AGAIN:
        return StoreBusy(told)
    if state in _FULL:
        return StoreFull(told)
    if state[:2] in _DATA_CLASSES:
        return DataRefused(told)
    if state[:2] in _SETUP_CLASSES:
        return DatabaseUnusable(told)
    # Connections that broke (08), servers that stop (57P), standbys (25006), and whatever else keeps one from working.
    return StoreUnavailable(state, told)

"""MySQL and MariaDB through asyncmy.

What their settings mean for the promise: with `innodb_flush_log_at_trx_commit` other than 1 the last commits before a
crash are lost; with a binary log that is not synced as well, the log and the tables may part; without the doublewrite
buffer a torn page may take anything; a table of another engine than InnoDB has no transactions at all.  Everything is
compared byte by byte, and text of all languages is stored as utf8mb4.

A transaction that falls silent is ended by the server.  MariaDB has a limit for that; MySQL has one for connections
only, so there a connection also ends when nobody has used it for as long, and the next one is made when it is needed.
"""

from __future__ import annotations

import logging
from typing import Any

from asyncmy import errors
from sqlalchemy import Connection, text
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.mysql.asyncmy import MySQLDialect_asyncmy
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from hubbub.chat.ports import DataRefused, StoreBusy, StoreError, StoreFull, StoreUnavailable
from hubbub.storage.dialects import Dialect
from hubbub.storage.dialects.mysql import NOW_MS, MySqlDialect
from hubbub.storage.failures import DatabaseUnusable, UnsafeDatabase
from hubbub.storage.flavours import CONNECT_S, LOCK_S, PAUSE_S, STATEMENT_S

# What stands in /*M! is read by MariaDB alone, what stands in /*!80000 by MySQL alone.
_SESSION = f"""
SET SESSION
time_zone = '+00:00',
sql_mode = 'STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',
default_storage_engine = InnoDB,
innodb_lock_wait_timeout = {LOCK_S:.0f},
lock_wait_timeout = {LOCK_S:.0f}
/*M! , max_statement_time = {STATEMENT_S:g}, idle_transaction_timeout = {PAUSE_S:.0f} */
/*!80000 , max_execution_time = {STATEMENT_S * 1000:.0f}, wait_timeout = {PAUSE_S:.0f} */
"""
_NO_LIMITS = """
SET SESSION
autocommit = 0,
innodb_lock_wait_timeout = 600,
lock_wait_timeout = 600
/*M! , max_statement_time = 0, idle_transaction_timeout = 0 */
/*!80000 , max_execution_time = 0, wait_timeout = 600 */
"""
_SCHEMA_WAIT_S = 600
_PREPARED = 100
"""So many statements are kept prepared for each connection."""

_LEAST_PACKET = 16 << 20
_SETTINGS = text("""
SHOW GLOBAL VARIABLES WHERE Variable_name IN
('innodb_flush_log_at_trx_commit', 'innodb_doublewrite', 'log_bin', 'sync_binlog', 'binlog_format',
 'max_allowed_packet')
""")
_OTHER_ENGINES = text("""
SELECT CONCAT(TABLE_NAME, ': ', ENGINE) FROM information_schema.TABLES
WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE' AND ENGINE <> 'InnoDB'
""")
_OTHER_COLLATIONS = text("""
SELECT CONCAT(TABLE_NAME, '.', COLUMN_NAME, ': ', COLLATION_NAME) FROM information_schema.COLUMNS
WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME <> 'alembic_version'
AND CHARACTER_SET_NAME IS NOT NULL
AND (CHARACTER_SET_NAME <> 'utf8mb4' OR COLLATION_NAME NOT LIKE '%bin')
""")

# https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html, https://mariadb.com/kb/en/mariadb-error-codes
_DUPLICATE = 1062
_AGAIN = {
    1020,  # a row has changed since the snapshot was taken
    1205,  # lock wait timeout
    1213,  # deadlock
    1305,  # the savepoint is gone: a deadlock has rolled everything back
    1412,  # the table has changed since the snapshot was taken
    1615,  # the statement needs to be prepared again
    _DUPLICATE,  # another node was first, and its rows decide the next run
}
_FULL = {
    1021,  # the disk is full
    1114,  # the table is full
}
_NO_SPACE = ("errno: 28", "Errcode: 28", "No space left")
_DATA = {
    1048,  # NULL in a column that has none
    1153,  # more than max_allowed_packet
    1264,  # a number out of range
    1265,  # truncated
    1292,  # not a value of this type
    1300,  # text in another encoding
    1364,  # no value given
    1366,  # not a value of this type
    1406,  # too long
    1451,  # foreign keys
    1452,
    1690,  # a number out of range
    3140,  # not JSON
    3819,  # a CHECK refuses it, on MySQL
    4025,  # and on MariaDB
}
_SETUP = {
    1044,  # no access to the database
    1045,  # wrong user or password
    1049,  # no such database
    1130,  # no access from this host
    1142,  # not allowed to do this
    1698,  # no access without a password
}
_ROLLED_BACK = {1205, 1213}
_CERTAIN = {1205, 1213, 1290, 1792, 1836}
"""At COMMIT: a lost conflict, or a server that has become read-only; nothing was written."""

_KEYS_OF_ONE_BATCH = ("uq_entries_key",)
"""Under the lock of its conversation nobody else can be first: the batch itself holds this key twice."""

# It logs every warning of the server, and each table made is one: the name of a primary key is ignored.
logging.getLogger("asyncmy").setLevel(logging.ERROR)


class TransactionsElsewhere(MySQLDialect_asyncmy):
    """SQLAlchemy's view of the driver, but for COMMIT and ROLLBACK, which it would send also in autocommit."""

    supports_statement_cache = True

    def do_commit(self, dbapi_connection: Any) -> None:
        """Leave it to the flavour, whose caller knows what a failure of it means."""

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Leave it to the flavour."""

    def is_disconnect(self, e: Any, connection: Any, cursor: Any) -> bool:
        """Take a lost conflict for an end of the connection too.

        The server has rolled back, would run what follows all the same, and call its COMMIT a success.
        """
        return _number(e) in _ROLLED_BACK or super().is_disconnect(e, connection, cursor)


registry.register("mysql.hubbub", __name__, TransactionsElsewhere.__name__)


class MySql:
    """The flavour of MySQL 8.0 and MariaDB 10.6, and later."""

    dialect: Dialect = MySqlDialect()

    def engine(self, url: URL) -> AsyncEngine:
        return create_async_engine(
            url.set(drivername="mysql+hubbub"),
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args={
                "charset": "utf8mb4",
                "connect_timeout": CONNECT_S,
                "init_command": _SESSION,
                "stmt_cache_size": _PREPARED,
            },
        )

    async def prepare(self, driver: Any, *, reading: bool) -> None:
        level = "REPEATABLE READ" if reading else "READ COMMITTED"
        await driver.query(f"SET SESSION TRANSACTION ISOLATION LEVEL {level}")

    async def begin(self, driver: Any, *, reading: bool) -> None:
        how = "WITH CONSISTENT SNAPSHOT, READ ONLY" if reading else "READ WRITE"
        await driver.query(f"START TRANSACTION {how}")

    async def commit(self, driver: Any) -> None:
        await driver.query("COMMIT")

    async def rollback(self, driver: Any) -> None:
        await driver.query("ROLLBACK")

    def is_closed(self, driver: Any) -> bool:
        return not driver.connected

    def let_go(self, driver: Any) -> None:
        driver.close()

    def dangers(self, conn: Connection) -> list[UnsafeDatabase]:
        found = {str(name).lower(): str(value) for name, value in conn.execute(_SETTINGS)}
        dangers = []
        if (flushed := found["innodb_flush_log_at_trx_commit"]) != "1":
            dangers.append(UnsafeDatabase("innodb_flush_log_at_trx_commit", flushed, "1"))
        if (twice := found["innodb_doublewrite"].upper()) in ("0", "OFF", "DETECT_ONLY"):
            dangers.append(UnsafeDatabase("innodb_doublewrite", twice, "ON"))
        if found["log_bin"].upper() in ("1", "ON"):
            if (synced := found["sync_binlog"]) != "1":
                dangers.append(UnsafeDatabase("sync_binlog", synced, "1"))
            if (format_ := found.get("binlog_format", "ROW").upper()) == "STATEMENT":
                dangers.append(UnsafeDatabase("binlog_format", format_, "ROW"))
        if int(packet := found["max_allowed_packet"]) < _LEAST_PACKET:
            dangers.append(UnsafeDatabase("max_allowed_packet", packet, f"{_LEAST_PACKET} or more"))
        tables, columns = (conn.execute(query).scalars() for query in (_OTHER_ENGINES, _OTHER_COLLATIONS))
        dangers += [UnsafeDatabase("a table", name, "InnoDB") for name in tables]
        dangers += [UnsafeDatabase("a column", name, "a binary collation of utf8mb4") for name in columns]
        return dangers

    def now_ms(self, conn: Connection) -> int:
        return int(conn.exec_driver_sql(f"SELECT {NOW_MS}").scalar_one())

    def lock_schema(self, conn: Connection) -> None:
        # A statement that changes a table commits, and what follows it is a transaction of its own.
        conn.exec_driver_sql(_NO_LIMITS)
        name = "SELECT GET_LOCK(CONCAT('hubbub ', LEFT(SHA1(DATABASE()), 40)), %s)"
        if conn.exec_driver_sql(name, (_SCHEMA_WAIT_S,)).scalar_one() != 1:
            raise StoreBusy("another process changes the tables")

    def translate(self, error: BaseException) -> StoreError | None:
        if isinstance(error, StoreError):
            return error
        cause: BaseException | None = error
        if isinstance(error, DBAPIError | StatementError):
            cause = error.orig
        if isinstance(cause, errors.MySQLError):
            return _of_server(cause)
        if isinstance(cause, OSError | EOFError):
            return StoreUnavailable(str(cause))
        too_big = isinstance(cause, ValueError) and str(cause).startswith("int parameter out of")
        if too_big or isinstance(cause, UnicodeError | OverflowError) or isinstance(error, StatementError):
            # A value that its column's type or the driver refuses, before the server saw it.
            return DataRefused(type(cause).__name__)
        return None

    def is_certain(self, error: BaseException) -> bool:
        cause = error.orig if isinstance(error, DBAPIError) else error
        return isinstance(cause, errors.MySQLError) and _number(cause) in _CERTAIN


def _number(error: BaseException) -> int:
    number = error.args[0] if error.args else 0
    return number if isinstance(number, int) else 0


def _of_server(error: BaseException) -> StoreError:
    number, told = _number(error), str(error)
    if number == _DUPLICATE and any(key in told for key in _KEYS_OF_ONE_BATCH):
        return DataRefused(told)
    if number in _AGAIN:
        return StoreBusy(told)
    if number in _FULL or any(words in told for words in _NO_SPACE):
        return StoreFull(told)
    if number in _DATA or isinstance(error, errors.DataError):
        return DataRefused(told)
    if number in _SETUP:
        return DatabaseUnusable(told)
    # Connections that broke (20xx), servers that stop or are read-only, statements that took too long (1969, 3024), and
    # whatever else keeps one from working.
    return StoreUnavailable(number, told)

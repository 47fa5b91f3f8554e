"""One data folder with one SQLite database, open in one server.

SQLite allows one writer, so there is one writing thread; a few reading threads see snapshots beside it.  Everything
that stores goes through `write` or `read` with a function of a connection, which runs in one transaction in one hop.
Opening checks what the promise "acknowledged means stored" rests on, and refuses to serve when it does not hold: the
folder must not be open in another server, the schema must not be newer than this program, and `synchronous` must be
FULL.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from hubbub.base.clock import Clock
from hubbub.base.ids import new_id
from hubbub.storage import migrations
from hubbub.storage.checkpoints import FALLBACK_FRAMES, Checkpoints
from hubbub.storage.dialects import Dialect
from hubbub.storage.dialects.sqlite import SqliteDialect
from hubbub.storage.examining import Examined, examine
from hubbub.storage.failures import FolderMoved, FolderUnusable, UnsafeDatabase, translate, translate_commit
from hubbub.storage.folder import lock_folder
from hubbub.storage.lanes import Lanes
from hubbub.storage.meta import MOVED, agree, read

T = TypeVar("T")

FILE_NAME = "hubbub.sqlite3"

_WRITER_CACHE_KIB = 32 * 1024
_READER_CACHE_KIB = 1024  # what is read again soon is in the system's cache; more only grows the process
_COPY_CACHE_KIB = 256
_BUSY_TIMEOUT_MS = 1_000
_STATEMENTS = 400
"""Prepared statements kept per connection; the append uses a few dozen sizes of each of its own."""
_SYNCHRONOUS_FULL = 2


class SqliteDatabase:
    """An open data folder: a `Database` of this process alone."""

    shared = False

    def __init__(self, folder: Path, lock: int, *, readers: int, clock: Clock) -> None:
        """Use `open` instead."""
        self.folder = folder
        self.clock = clock
        self.dialect: Dialect = SqliteDialect()
        self.epoch = ""
        self._lock = lock
        self._writing = _engine(folder, "BEGIN IMMEDIATE", cache_kib=_WRITER_CACHE_KIB, query_only=False)
        self._reading = _engine(folder, "BEGIN", cache_kib=_READER_CACHE_KIB, query_only=True)
        self._checkpoints = Checkpoints(lambda: _connect(folder, cache_kib=_COPY_CACHE_KIB))
        self._writer = Lanes(
            "writer", 1, self._writing.connect, self._write, waiting_limit=512, deadline_s=20.0, interrupt=False
        )
        self._readers = Lanes(
            "reader", readers, self._reading.connect, self._read, waiting_limit=4096, deadline_s=10.0, interrupt=True
        )

    @classmethod
    async def open(cls, path: Path, *, readers: int = 2, clock: Clock, moved: bool = False) -> SqliteDatabase:
        """Open the folder, making it and its tables the first time; await it, and `close` when done.

        With `moved` also one whose data was moved elsewhere.  Raises FolderInUse, FolderMoved, FolderUnusable,
        NewerSchema or UnsafeDatabase, all of them StoreUnavailable.
        """
        try:
            lock = await asyncio.to_thread(lock_folder, path)
        except OSError as error:
            raise FolderUnusable(path, error.strerror or str(error)) from error
        database = cls(path, lock, readers=readers, clock=clock)
        try:
            await asyncio.to_thread(database._prepare, moved)
        except BaseException as error:
            os.close(lock)
            if isinstance(error, DBAPIError | sqlite3.Error | OSError):
                raise FolderUnusable(path, str(getattr(error, "orig", error))) from error
            raise
        database._writer.start()
        database._readers.start()
        database._checkpoints.start()
        return database

    async def write(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` in the one writing transaction and commit it durably.

        Any error rolls back; the database's own come as StoreError, all others unchanged.
        """
        return await self._writer.run(fn)

    async def read(self, fn: Callable[[Connection], T], *, single: bool = False) -> T:
        """Run `fn` over one snapshot; it cannot write.  `single` saves nothing here: there is no way to go."""
        return await self._readers.run(fn)

    def now_ms(self, conn: Connection) -> int:
        """Return this process's time: there is no other that could read or write here."""
        return self.clock.now_ms()

    async def close(self) -> None:
        """End the threads and give the folder free."""
        if self._lock < 0:
            return
        await self._readers.close()
        await self._writer.close()
        await asyncio.to_thread(self._checkpoints.stop)
        self._writing.dispose()
        self._reading.dispose()
        os.close(self._lock)
        self._lock = -1

    def _prepare(self, moved: bool) -> None:
        # SQLite would make the file readable to all; its log and index take the mode of the file they belong to.
        os.close(os.open(self.folder / FILE_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        with self._writing.connect() as conn:
            _refuse_unsafe(conn)
            with conn.begin():
                migrations.upgrade(conn)
                self.epoch = agree(conn, self.dialect, "epoch", new_id())
                if not moved and (to := read(conn, MOVED)) is not None:
                    raise FolderMoved(self.folder, to)

    def _write(self, conn: Connection, fn: Callable[[Connection], Any]) -> Any:
        driver = cast(sqlite3.Connection, conn.connection.driver_connection)
        try:
            self._checkpoints.before_transaction(driver)
            transaction = conn.begin()
            try:
                result = fn(conn)
            except BaseException:
                transaction.rollback()
                raise
        except Exception as error:
            known = translate(error, self.folder)
            if known is None or known is error:
                raise
            raise known from error
        try:
            transaction.commit()
        except Exception as error:
            # A COMMIT that failed may have left its transaction open.  What state the connection is in otherwise does
            # not matter: the lane looks, and takes a fresh one when in doubt.
            with contextlib.suppress(SQLAlchemyError):
                transaction.rollback()
            with contextlib.suppress(sqlite3.Error):
                driver.rollback()
            raise translate_commit(error, self.folder) from error
        self._checkpoints.after_transaction(driver)
        return result

    def _read(self, conn: Connection, fn: Callable[[Connection], Any]) -> Any:
        try:
            transaction = conn.begin()
            try:
                return fn(conn)
            finally:
                transaction.rollback()
        except Exception as error:
            known = translate(error, self.folder)
            if known is None or known is error:
                raise
            raise known from error


def examine_folder(folder: Path) -> Examined:
    """Look at the database of a folder without changing anything, also while a server has it open."""
    if not (folder / FILE_NAME).is_file():
        raise FolderUnusable(folder, "there is no database in it")
    address = f"{(folder / FILE_NAME).resolve().as_uri()}?mode=ro"
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=NullPool)
    try:
        with engine.connect() as conn:
            return examine(conn, ())
    except DBAPIError as error:
        raise FolderUnusable(folder, str(error.orig)) from error
    finally:
        engine.dispose()


def _connect(folder: Path, *, cache_kib: int, query_only: bool = False) -> sqlite3.Connection:
    driver = sqlite3.connect(
        folder / FILE_NAME,
        timeout=_BUSY_TIMEOUT_MS / 1000,
        isolation_level=None,  # BEGIN and COMMIT are ours
        cached_statements=_STATEMENTS,
    )
    driver.execute("PRAGMA journal_mode = WAL")
    driver.execute(f"PRAGMA wal_autocheckpoint = {FALLBACK_FRAMES}")
    driver.execute("PRAGMA synchronous = FULL")
    driver.execute("PRAGMA foreign_keys = ON")
    driver.execute(f"PRAGMA cache_size = {-cache_kib}")
    driver.execute("PRAGMA mmap_size = 0")  # an I/O error in a mapping would be a SIGBUS
    driver.execute("PRAGMA temp_store = MEMORY")
    driver.execute(f"PRAGMA query_only = {int(query_only)}")
    return driver


def _engine(folder: Path, begin: str, *, cache_kib: int, query_only: bool) -> Engine:
    def connect() -> sqlite3.Connection:
        return _connect(folder, cache_kib=cache_kib, query_only=query_only)

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)

    @event.listens_for(engine, "begin")
    def begin_as_told(conn: Connection) -> None:
        cast(sqlite3.Connection, conn.connection.driver_connection).execute(begin)

    return engine


def _refuse_unsafe(conn: Connection) -> None:
    driver = cast(sqlite3.Connection, conn.connection.driver_connection)
    for setting, wanted, name in (("synchronous", _SYNCHRONOUS_FULL, "FULL"), ("journal_mode", "wal", "wal")):
        found = driver.execute(f"PRAGMA {setting}").fetchone()[0]
        if found != wanted:
            raise UnsafeDatabase(setting, str(found), name)

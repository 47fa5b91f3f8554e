"""What a client keeps on disk: how far it has read, its person's rows, and the commands without an answer.

One SQLite file, written in one thread and in batches, so the event loop never waits for a disk.  A command is on disk
before it is sent for the first time; how far one has read may lag a little behind, which repeats entries after a crash
of this program but never skips one.  What was said is kept, too, for those who want it (`log`).
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from hubbub.base.error_table import Code
from hubbub.client.errors import HubbubError
from hubbub.client.log import SCHEMA, empty_log, let_go, write_log
from hubbub.client.models import Conversation, Entry
from hubbub.client.outbox import Command

T = TypeVar("T")


class Kept(msgspec.Struct):
    """What an earlier run left."""

    user_id: str = ""
    """Whose it is; empty in a fresh file."""
    epoch: str = ""
    user_version: int = 0
    conversations: list[tuple[Conversation, int]] = msgspec.field(default_factory=list)
    """Each with the highest seq that was dealt with."""
    commands: list[Command] = msgspec.field(default_factory=list)
    """In the order they were given."""


class Batch(msgspec.Struct):
    """Changes to write together."""

    forget: bool = False
    """Drop rows and positions first: the epoch changed."""
    evict: bool = False
    """Drop everything first, commands too: it was another person's."""
    user_id: str | None = None
    epoch: str | None = None
    user_version: int | None = None
    conversations: dict[str, Conversation] = msgspec.field(default_factory=dict)
    seen: dict[str, int] = msgspec.field(default_factory=dict)
    added: list[Command] = msgspec.field(default_factory=list)
    removed: list[tuple[str, str]] = msgspec.field(default_factory=list)
    """(conversation, client_id)."""
    logged: list[Entry] = msgspec.field(default_factory=list)
    """For the local log, in order."""

    def __bool__(self) -> bool:
        return bool(
            self.forget
            or self.evict
            or self.user_id is not None
            or self.epoch is not None
            or self.user_version is not None
            or self.conversations
            or self.seen
            or self.added
            or self.removed
            or self.logged
        )


class Store(Protocol):
    """Keeps what a client must not lose."""

    durable: bool
    """Whether anything is kept at all; if not, nothing is ever written."""

    async def load(self) -> Kept:
        """Open, and return what was kept."""

    async def write(self, batch: Batch) -> None:
        """Write a batch whole; durable when it returns."""

    async def close(self) -> None: ...


class NoStore:
    """Keeps nothing."""

    durable = False

    async def load(self) -> Kept:
        return Kept()

    async def write(self, batch: Batch) -> None:
        return

    async def close(self) -> None:
        return


_SCHEMA = """
CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS conversations (id TEXT PRIMARY KEY, state BLOB, seen INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (
    place INTEGER PRIMARY KEY AUTOINCREMENT, conversation TEXT NOT NULL, client_id TEXT NOT NULL, command BLOB NOT NULL,
    UNIQUE (conversation, client_id)
);
"""
_FORMAT = "1"


class SqliteStore:
    """Keeps everything in one file, for one person on one server."""

    durable = True

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hubbub-store")
        self._db: sqlite3.Connection | None = None

    async def load(self) -> Kept:
        """Open the file.  Raises HubbubError when it cannot be used."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._load)
        except (sqlite3.Error, OSError, msgspec.DecodeError) as exc:
            raise self._unusable(exc) from exc

    async def write(self, batch: Batch) -> None:
        """Write a batch whole.  Raises HubbubError when the file cannot be used."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._write, batch)
        except (sqlite3.Error, OSError) as exc:
            raise self._unusable(exc) from exc

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Call `work` with the open file, in the thread of the store.  Raises HubbubError when that cannot be."""

        def working() -> T:
            if self._db is None:
                raise sqlite3.ProgrammingError("it is not open")
            return work(self._db)

        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, working)
        except (sqlite3.Error, RuntimeError) as exc:
            raise self._unusable(exc) from exc

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    def _unusable(self, exc: Exception) -> HubbubError:
        return HubbubError(Code.UNAVAILABLE, f"{self._path} cannot be used: {exc}", retry=False)

    # ------------------------------------------------------------ in the thread

    def _load(self) -> Kept:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(self._path, isolation_level=None, timeout=10)
        self._path.chmod(0o600)
        self._db = db
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("BEGIN IMMEDIATE")
        for statement in (_SCHEMA + SCHEMA).split(";\n"):
            db.execute(statement)
        kept = dict(db.execute("SELECT key, value FROM kept"))
        if kept.get("format", _FORMAT) != _FORMAT:
            self._empty(db)
            kept = {}
        db.execute("INSERT OR REPLACE INTO kept VALUES ('format', ?)", (_FORMAT,))
        db.execute("COMMIT")
        rows = db.execute("SELECT state, seen FROM conversations WHERE state IS NOT NULL").fetchall()
        commands = db.execute("SELECT command FROM outbox ORDER BY place").fetchall()
        return Kept(
            kept.get("user_id", ""),
            kept.get("epoch", ""),
            int(kept.get("user_version", "0")),
            [(msgspec.msgpack.decode(state, type=Conversation), seen) for state, seen in rows],
            [msgspec.msgpack.decode(command, type=Command) for (command,) in commands],
        )

    def _write(self, batch: Batch) -> None:
        db = self._db
        assert db is not None, "write() comes after load()"
        db.execute("BEGIN IMMEDIATE")
        try:
            if batch.evict:
                self._empty(db)
            if batch.forget:
                db.execute("DELETE FROM conversations")
                db.execute("DELETE FROM kept WHERE key IN ('epoch', 'user_version')")
                empty_log(db)
            said = {"user_id": batch.user_id, "epoch": batch.epoch, "user_version": batch.user_version}
            for key, value in said.items():
                if value is not None:
                    db.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (key, str(value)))
            db.executemany(
                "INSERT INTO conversations VALUES (?, ?, 0) ON CONFLICT (id) DO UPDATE SET state = excluded.state",
                [(key, msgspec.msgpack.encode(state)) for key, state in batch.conversations.items()],
            )
            # Two programs may read with one file: neither takes the other back.
            db.executemany(
                "INSERT INTO conversations VALUES (?, NULL, ?) "
                "ON CONFLICT (id) DO UPDATE SET seen = max(seen, excluded.seen)",
                list(batch.seen.items()),
            )
            db.executemany(
                "INSERT OR IGNORE INTO outbox (conversation, client_id, command) VALUES (?, ?, ?)",
                [(c.conversation_id, c.client_id, msgspec.msgpack.encode(c)) for c in batch.added],
            )
            db.executemany("DELETE FROM outbox WHERE conversation = ? AND client_id = ?", batch.removed)
            write_log(db, batch.logged)
            for key, state in batch.conversations.items():
                if state.kept_from:
                    let_go(db, key, state.kept_from)
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            raise

    @staticmethod
    def _empty(db: sqlite3.Connection) -> None:
        db.execute("DELETE FROM conversations")
        db.execute("DELETE FROM outbox")
        empty_log(db)
        db.execute("DELETE FROM kept WHERE key <> 'format'")

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

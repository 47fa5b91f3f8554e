"""What was said, kept on this machine: read without a connection, and searched.

A cache of the server's log, never the truth.  For each conversation it knows which ranges it speaks for; inside them
messages are as current as what was heard, because every entry is folded in as it comes.  When entries may have passed
it by, it speaks for nothing any more: what it has is still found by words, and shown as history only once it was read
anew.  One SQLite file, used in one thread, so the event loop never waits for a disk.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from hubbub.client import Conversation, Draft, Entry, HubbubError, Message, User
from hubbub.client.log import folded
from hubbub.client.models import HistoryPage
from hubbub.terminal.fold import Item, fold_message, item_of, kept_from, target_of

T = TypeVar("T")

MEMORY: Final = ":memory:"
"""The path of a log that ends with the program."""

_FORMAT: Final = "1"
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS items (
    conversation TEXT NOT NULL, seq INTEGER NOT NULL, as_of INTEGER NOT NULL, time_ms INTEGER NOT NULL,
    thread INTEGER NOT NULL, message INTEGER NOT NULL, words TEXT NOT NULL, state BLOB NOT NULL,
    PRIMARY KEY (conversation, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ranges (
    conversation TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (conversation, first)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS places (id TEXT PRIMARY KEY, state BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS people (id TEXT PRIMARY KEY, state BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS drafts (
    conversation TEXT NOT NULL, thread INTEGER NOT NULL, state BLOB NOT NULL, PRIMARY KEY (conversation, thread)
) WITHOUT ROWID
"""


class Remembered(msgspec.Struct, frozen=True):
    """What an earlier run left."""

    places: tuple[Conversation, ...] = ()
    people: tuple[User, ...] = ()
    here: str = ""
    """The conversation that was open."""


class LocalPage(msgspec.Struct, frozen=True):
    """A page of history from this machine, with when each item was current."""

    page: HistoryPage
    as_of: dict[int, int]


class LocalLog:
    """The log of one person on one server."""

    def __init__(self, path: str | Path, *, owner: str = "") -> None:
        """`owner`: whose it is; what another one left there is dropped."""
        self._path = path
        self._owner = owner
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hubbub-log")
        self._db: sqlite3.Connection | None = None
        self._met: set[str] = set()
        """Conversations of which an entry was noted in this run: from then on nothing passes by."""

    async def open(self) -> Remembered:
        """Open the file and return what is remembered.  Raises HubbubError when it cannot be used."""
        return await self._in_thread(self._open)

    async def close(self) -> None:
        """Write what is left and close the file."""
        await self._in_thread(self._close)
        self._thread.shutdown(wait=False)

    # ------------------------------------------------------------ writing

    async def note(self, entries: Sequence[Entry], me: str) -> None:
        """Take entries as they come, in the order of their conversations."""

        def work(db: sqlite3.Connection) -> None:
            for entry in entries:
                self._note(db, entry, me)

        await self._in_thread(lambda: self._transaction(work))

    async def put(self, page: HistoryPage, *, thread: int = 0) -> None:
        """Take a page the server answered; the page of a thread speaks for nothing but itself."""
        await self._in_thread(lambda: self._transaction(lambda db: self._put(db, page, thread)))

    async def remember(
        self, places: Iterable[Conversation] = (), people: Iterable[User] = (), *, here: str = ""
    ) -> None:
        """Keep conversations and people as they are now, and which conversation is open."""
        rows = [(one.id, msgspec.msgpack.encode(one)) for one in places]
        names = [(one.id, msgspec.msgpack.encode(one)) for one in people]

        def work(db: sqlite3.Connection) -> None:
            db.executemany("INSERT OR REPLACE INTO places VALUES (?, ?)", rows)
            db.executemany("INSERT OR REPLACE INTO people VALUES (?, ?)", names)
            if here:
                db.execute("INSERT OR REPLACE INTO kept VALUES ('here', ?)", (here,))

        await self._in_thread(lambda: self._transaction(work))

    async def keep_draft(self, conversation_id: str, thread: int, draft: Draft | None) -> None:
        """Keep what was written and not sent; None: nothing any more."""

        def work(db: sqlite3.Connection) -> None:
            if draft is None:
                db.execute("DELETE FROM drafts WHERE conversation = ? AND thread = ?", (conversation_id, thread))
            else:
                row = (conversation_id, thread, msgspec.msgpack.encode(draft))
                db.execute("INSERT OR REPLACE INTO drafts VALUES (?, ?, ?)", row)

        await self._in_thread(lambda: self._transaction(work))

    async def distrust(self, conversation_id: str) -> None:
        """Speak for nothing of a conversation any more: entries have passed by."""
        await self._in_thread(
            lambda: self._transaction(
                lambda db: db.execute("DELETE FROM ranges WHERE conversation = ?", (conversation_id,))
            )
        )

    async def forget(self) -> None:
        """Drop what the server said: the numbers of another epoch mean nothing.  Drafts stay; nobody else has them."""
        await self._in_thread(lambda: self._transaction(self._empty))

    # ------------------------------------------------------------ reading

    async def page(
        self, conversation_id: str, *, before: int = 0, thread: int = 0, limit: int = 50
    ) -> LocalPage | None:
        """Return messages before a seq (0: the newest) if this log speaks for them."""
        return await self._in_thread(lambda: self._page(conversation_id, before, thread, limit))

    async def search(self, words: str, limit: int = 100) -> list[Message]:
        """Return messages that contain every word, newest first, whatever their case."""
        return await self._in_thread(lambda: self._search(folded(words).split(), limit))

    async def drafts(self) -> dict[tuple[str, int], Draft]:
        """Return what was written and not sent, by conversation and thread."""

        def work() -> dict[tuple[str, int], Draft]:
            rows = self._opened.execute("SELECT conversation, thread, state FROM drafts").fetchall()
            return {(where, thread): msgspec.msgpack.decode(state, type=Draft) for where, thread, state in rows}

        return await self._in_thread(work)

    async def count(self) -> int:
        """Return how many messages and lines are kept."""
        return await self._in_thread(lambda: int(self._opened.execute("SELECT count(*) FROM items").fetchone()[0]))

    # ------------------------------------------------------------ in the thread

    async def _in_thread(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except (sqlite3.Error, OSError, msgspec.DecodeError) as exc:
            raise HubbubError("unavailable", f"{self._path} cannot be used: {exc}", retry=False) from exc

    @property
    def _opened(self) -> sqlite3.Connection:
        assert self._db is not None, "open() comes first"
        return self._db

    def _open(self) -> Remembered:
        if self._path != MEMORY:
            Path(self._path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._db = db = sqlite3.connect(self._path, isolation_level=None, timeout=10)
        if self._path != MEMORY:
            Path(self._path).chmod(0o600)
        db.execute("PRAGMA journal_mode = WAL")
        # What the last second brought can be read again from the server.
        db.execute("PRAGMA synchronous = NORMAL")
        for statement in _SCHEMA.split(";\n"):
            db.execute(statement)
        kept = dict(db.execute("SELECT key, value FROM kept"))
        wanted = {"format": _FORMAT, "owner": self._owner}
        if any(kept.get(key, value) != value for key, value in wanted.items()):
            self._transaction(self._empty)
            db.execute("DELETE FROM drafts")
            kept = {}
        db.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?)", list(wanted.items()))
        places = [msgspec.msgpack.decode(row, type=Conversation) for (row,) in db.execute("SELECT state FROM places")]
        people = [msgspec.msgpack.decode(row, type=User) for (row,) in db.execute("SELECT state FROM people")]
        return Remembered(tuple(places), tuple(people), kept.get("here", ""))

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _transaction(self, work: Callable[[sqlite3.Connection], object]) -> None:
        db = self._opened
        db.execute("BEGIN IMMEDIATE")
        try:
            work(db)
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            raise

    def _note(self, db: sqlite3.Connection, entry: Entry, me: str) -> None:
        where = entry.conversation_id
        newest = db.execute(
            "SELECT first, last FROM ranges WHERE conversation = ? ORDER BY last DESC LIMIT 1", (where,)
        ).fetchone()
        if newest and where not in self._met and entry.seq > newest[1] + 1:
            db.execute("DELETE FROM ranges WHERE conversation = ?", (where,))
            newest = None
        self._met.add(where)
        if since := kept_from(entry):
            db.execute("DELETE FROM items WHERE conversation = ? AND seq < ?", (where, since))
        if target := target_of(entry):
            row = db.execute(
                "SELECT as_of, state FROM items WHERE conversation = ? AND seq = ? AND message", (where, target)
            ).fetchone()
            if row and entry.seq > row[0]:
                message, _ = fold_message(msgspec.msgpack.decode(row[1], type=Message), entry, me)
                self._write(db, message, entry.seq)
        item = item_of(entry)
        if item is not None and not (newest and newest[0] <= entry.seq <= newest[1]):
            self._write(db, item, entry.seq)
        if newest is None:
            db.execute("INSERT INTO ranges VALUES (?, ?, ?)", (where, entry.seq, entry.seq))
        elif entry.seq > newest[1]:
            sql = "UPDATE ranges SET last = ? WHERE conversation = ? AND first = ?"
            db.execute(sql, (entry.seq, where, newest[0]))

    def _put(self, db: sqlite3.Connection, page: HistoryPage, thread: int) -> None:
        where = page.conversation_id
        held = dict(
            db.execute(
                "SELECT seq, as_of FROM items WHERE conversation = ? AND seq BETWEEN ? AND ?",
                (where, page.from_seq, page.to_seq),
            )
        )
        for item in page.items:
            if held.pop(item.seq, 0) <= page.as_of:
                self._write(db, item, page.as_of)
        if thread or page.to_seq < page.from_seq:
            return
        # Inside its range a page has every message: what it does not have is withheld now.
        gone = [(where, seq) for seq, as_of in held.items() if as_of <= page.as_of]
        db.executemany("DELETE FROM items WHERE conversation = ? AND seq = ?", gone)
        self._cover(db, where, page.from_seq, page.to_seq)

    def _cover(self, db: sqlite3.Connection, where: str, first: int, last: int) -> None:
        touching = db.execute(
            "SELECT first, last FROM ranges WHERE conversation = ? AND first <= ? AND last >= ?",
            (where, last + 1, first - 1),
        ).fetchall()
        for begin, end in touching:
            db.execute("DELETE FROM ranges WHERE conversation = ? AND first = ?", (where, begin))
            first, last = min(first, begin), max(last, end)
        db.execute("INSERT INTO ranges VALUES (?, ?, ?)", (where, first, last))

    def _write(self, db: sqlite3.Connection, item: Item, as_of: int) -> None:
        is_message = isinstance(item, Message)
        thread = item.post.thread if isinstance(item, Message) else 0
        words = folded(item.text) if isinstance(item, Message) else ""
        db.execute(
            "INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                item.conversation_id,
                item.seq,
                as_of,
                item.time_ms,
                thread,
                is_message,
                words,
                msgspec.msgpack.encode(item),
            ),
        )

    def _page(self, where: str, before: int, thread: int, limit: int) -> LocalPage | None:
        db = self._opened
        wanted = before - 1 if before else 0
        row = db.execute(
            "SELECT first, last FROM ranges WHERE conversation = ? AND (? = 0 OR (first <= ? AND last >= ?))"
            " ORDER BY last DESC LIMIT 1",
            (where, wanted, wanted, wanted),
        ).fetchone()
        if row is None:
            return None
        first, last = row
        last = min(last, wanted) if wanted else last
        clause, values = ("AND (thread = ? OR seq = ?)", (thread, thread)) if thread else ("", ())
        rows = db.execute(
            f"SELECT seq, as_of, message, state FROM items WHERE conversation = ? AND seq BETWEEN ? AND ? {clause}"
            " ORDER BY seq DESC LIMIT ?",
            (where, first, last, *values, limit),
        ).fetchall()
        rows.reverse()
        full = len(rows) == limit
        from_seq = rows[0][0] if full else first
        page = HistoryPage(
            where,
            from_seq,
            last,
            last,
            tuple([_item(message, state) for _, _, message, state in rows]),
            more_before=from_seq > 1,
            more_after=False,
        )
        return LocalPage(page, {seq: as_of for seq, as_of, _, _ in rows})

    def _search(self, words: Sequence[str], limit: int) -> list[Message]:
        if not words:
            return []
        clause = " AND ".join(["words LIKE ? ESCAPE '\\'"] * len(words))
        rows = self._opened.execute(
            f"SELECT state FROM items WHERE message AND {clause} ORDER BY time_ms DESC, seq DESC LIMIT ?",
            (*(f"%{_escaped(word)}%" for word in words), limit),
        )
        return [msgspec.msgpack.decode(state, type=Message) for (state,) in rows]

    @staticmethod
    def _empty(db: sqlite3.Connection) -> None:
        for table in ("items", "ranges", "places", "people"):
            db.execute(f"DELETE FROM {table}")


def _item(is_message: int, state: bytes) -> Item:
    return msgspec.msgpack.decode(state, type=Message) if is_message else msgspec.msgpack.decode(state, type=Entry)


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")

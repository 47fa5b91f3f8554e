"""What was said, kept on this machine: the optional local log of a client.

It lies in the store's file and is written in the same transaction as how far one has read, so that after any crash it
holds exactly the messages up to there.  Messages are kept as they stand now: an edit replaces the text, a recall takes
it away, and what a conversation does not keep any more goes here as well.  It is a copy for reading without a
connection, not the truth: what was never received is not in it, and when the server's log is replaced it begins anew.
"""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

import msgspec

from hubbub.client.models import ConversationChange, Edit, Entry, Post, Recall

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS log (
    conversation TEXT NOT NULL, seq INTEGER NOT NULL, time_ms INTEGER NOT NULL, sender TEXT NOT NULL,
    text TEXT NOT NULL, folded TEXT NOT NULL, edited INTEGER NOT NULL, recalled INTEGER NOT NULL,
    PRIMARY KEY (conversation, seq)
) WITHOUT ROWID;
"""

_COLUMNS: Final = "conversation, seq, time_ms, sender, text, edited, recalled"


class LoggedMessage(msgspec.Struct, frozen=True):
    """A message as this machine knows it."""

    conversation_id: str
    seq: int
    time_ms: int
    sender_id: str
    text: str
    edited: bool = False
    recalled: bool = False


class MessageLog:
    """Reads the local log of one client."""

    def __init__(self, run: Callable[[Callable[[sqlite3.Connection], Any]], Awaitable[Any]]) -> None:
        """`run` calls a function with the store's connection, in the store's thread."""
        self._run = run

    async def history(self, conversation_id: str, *, before: int = 0, limit: int = 50) -> list[LoggedMessage]:
        """Return up to `limit` messages below the seq `before` (0: the newest), oldest first."""
        return await self._rows(
            f"SELECT {_COLUMNS} FROM log WHERE conversation = ? AND (? = 0 OR seq < ?) ORDER BY seq DESC LIMIT ?",
            (conversation_id, before, before, limit),
        )

    async def search(self, words: str, *, conversation_id: str = "", limit: int = 50) -> list[LoggedMessage]:
        """Return the newest messages that hold every one of these words, oldest first; case does not matter."""
        parts = folded(words).split()
        where = "".join(" AND instr(folded, ?)" for _ in parts)
        return await self._rows(
            f"SELECT {_COLUMNS} FROM log WHERE (? = '' OR conversation = ?){where} "
            "ORDER BY time_ms DESC, conversation, seq DESC LIMIT ?",
            (conversation_id, conversation_id, *parts, limit),
        )

    async def _rows(self, statement: str, values: tuple[object, ...]) -> list[LoggedMessage]:
        def read(db: sqlite3.Connection) -> list[LoggedMessage]:
            rows = db.execute(statement, values).fetchall()
            return [
                LoggedMessage(place, seq, time_ms, sender, text, bool(edited), bool(recalled))
                for place, seq, time_ms, sender, text, edited, recalled in reversed(rows)
            ]

        found: list[LoggedMessage] = await self._run(read)
        return found


def write_log(db: sqlite3.Connection, entries: Iterable[Entry]) -> None:
    """Apply entries to the log, in their order, inside the caller's transaction; twice is the same as once."""
    for entry in entries:
        action = entry.action
        where = (entry.conversation_id, entry.seq)
        if isinstance(action, Post):
            text = "" if action.withdrawn else action.body.shown
            db.execute(
                "INSERT OR IGNORE INTO log VALUES (?, ?, ?, ?, ?, ?, 0, ?)",
                (*where, entry.time_ms, entry.sender_id, text, folded(text), action.withdrawn),
            )
        elif isinstance(action, Edit) and not action.withdrawn:
            db.execute(
                "UPDATE log SET text = ?, folded = ?, edited = 1 WHERE conversation = ? AND seq = ? AND NOT recalled",
                (action.body.shown, folded(action.body.shown), entry.conversation_id, action.target),
            )
        elif isinstance(action, Recall):
            db.execute(
                "UPDATE log SET text = '', folded = '', recalled = 1 WHERE conversation = ? AND seq = ?",
                (entry.conversation_id, action.target),
            )
        elif isinstance(action, ConversationChange) and action.kept_from is not None:
            let_go(db, entry.conversation_id, action.kept_from)


def let_go(db: sqlite3.Connection, conversation_id: str, kept_from: int) -> None:
    """Forget what a conversation does not keep any more, inside the caller's transaction."""
    db.execute("DELETE FROM log WHERE conversation = ? AND seq < ?", (conversation_id, kept_from))


def empty_log(db: sqlite3.Connection) -> None:
    """Forget everything, inside the caller's transaction."""
    db.execute("DELETE FROM log")


def folded(text: str) -> str:
    """Return a text as it is compared with words that are searched: neither case nor width matters."""
    return unicodedata.normalize("NFKC", text).casefold()

"""SQLite's statements.

The interpreter gives its lock away around every step of a statement and must win it back from a busy event loop, so
what counts is not the work but the number of steps.  Inserts and updates take many rows in one statement, and answers
of many rows come as one row of JSON.  Statements come in a limited set of sizes, so that each is prepared once per
connection.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, TypeVar, cast

import msgspec
from sqlalchemy import Connection, Table, case
from sqlalchemy.dialects.sqlite import insert

from hubbub.chat.model import MemberRow, MemberState, Role
from hubbub.storage.bounds import LOOK_BACK
from hubbub.storage.chat.rows import decode_intervals
from hubbub.storage.dialects import FoundKey, FoundMessage, FoundPostings, FoundReaction, Heads, InSteps, Span
from hubbub.storage.dialects.sqlite_pages import SqlitePages
from hubbub.storage.tables.chat import EVERYBODY, EntryKind

T = TypeVar("T")

_STEP = 16
_MOST = 256
_unhex = bytes.fromhex
_decode_heads = msgspec.json.Decoder(list[Heads]).decode
_decode_keys = msgspec.json.Decoder(list[FoundKey]).decode
_decode_changed = msgspec.json.Decoder(list[tuple[str, int]]).decode
_decode_members = msgspec.json.Decoder(
    list[tuple[str, str, Role, MemberState, str, int, int, int, int, int, str]]
).decode
_decode_counts = msgspec.json.Decoder(list[int]).decode


def _driver(conn: Connection) -> sqlite3.Connection:
    return cast(sqlite3.Connection, conn.connection.driver_connection)


def _chunks(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut rows into sizes of a small set: multiples of 16 up to 256, and what is left below 16."""
    at = 0
    while left := len(rows) - at:
        size = min(left - left % _STEP, _MOST) or left
        yield rows[at : at + size]
        at += size


def _padded(rows: list[T], filler: T) -> Iterator[list[T]]:
    """Cut rows into multiples of 16 up to 256, the last filled up; for questions, where filling changes nothing."""
    for at in range(0, len(rows), _MOST):
        chunk = rows[at : at + _MOST]
        if missing := -len(chunk) % _STEP:
            chunk = chunk + [filler] * missing
        yield chunk


def _flat(rows: Iterable[Sequence[Any]]) -> list[Any]:
    return [value for row in rows for value in row]


@lru_cache(maxsize=512)
def _values(rows: int, columns: int) -> str:
    row = "(" + ",".join("?" * columns) + ")"
    return ",".join([row] * rows)


@lru_cache(maxsize=512)
def _insert(table: str, columns: tuple[str, ...], rows: int) -> str:
    return f"INSERT INTO {table} ({','.join(columns)}) VALUES {_values(rows, len(columns))}"


@lru_cache(maxsize=64)
def _lock_heads(rows: int) -> str:
    return (
        "SELECT json_group_array(json_array(lower(hex(id)), head, last_time_ms, revision)) FROM conversations"
        f" WHERE id IN (VALUES {_values(rows, 1)})"
    )


@lru_cache(maxsize=64)
def _find_keys(rows: int) -> str:
    return (
        f"WITH k(c, s, i) AS (VALUES {_values(rows, 3)})"
        " SELECT json_group_array(json_array(lower(hex(c)), lower(hex(s)), lower(hex(i)), e.seq, e.time_ms,"
        " lower(hex(e.digest)))) FROM k CROSS JOIN entries e INDEXED BY uq_entries_key"
        " ON e.conversation_id = k.c AND e.sender_id = k.s AND e.client_id = k.i"
    )


@lru_cache(maxsize=64)
def _raise_heads(rows: int) -> str:
    return (
        "UPDATE conversations SET head = v.column2, last_time_ms = v.column3"
        f" FROM (VALUES {_values(rows, 3)}) AS v WHERE conversations.id = v.column1"
    )


@lru_cache(maxsize=64)
def _find_members(rows: int) -> str:
    return (
        f"WITH k(c, u) AS (VALUES {_values(rows, 2)})"
        " SELECT json_group_array(json_array(lower(hex(c)), lower(hex(u)), role, state, CAST(intervals AS TEXT),"
        " read_seq, delivered_seq, muted_until_ms, last_sent_ms, version, own_role)) FROM k CROSS JOIN members m"
        " ON m.conversation_id = k.c AND m.user_id = k.u"
    )


@lru_cache(maxsize=64)
def _find_messages(rows: int) -> str:
    # SQLite does not look up `(a, b) IN (VALUES ...)` by an index, but joins by one.
    return (
        f"WITH k(c, s) AS (VALUES {_values(rows, 2)})"
        " SELECT e.conversation_id, e.seq, e.time_ms, e.sender_id, e.client_id, e.body, m.recalled, m.pinned, m.edits,"
        " m.edited_ms, m.thread_replies, m.thread_last_seq, m.body FROM k"
        " CROSS JOIN entries e ON e.conversation_id = k.c AND e.seq = k.s"
        " LEFT JOIN message_states m ON m.conversation_id = e.conversation_id AND m.seq = e.seq"
        f" WHERE e.kind = {EntryKind.POST.value}"
    )


@lru_cache(maxsize=64)
def _find_reactions(rows: int) -> str:
    same = "OVER (PARTITION BY r.conversation_id, r.target_seq, r.emoji"
    return (
        f"WITH k(c, s) AS (VALUES {_values(rows, 2)})"
        " SELECT conversation_id, target_seq, emoji, user_id, people, place FROM"
        f" (SELECT r.conversation_id, r.target_seq, r.emoji, r.user_id, count(*) {same}) AS people,"
        f" min(r.seq) {same}) AS first_seq, row_number() {same} ORDER BY r.seq, r.user_id) AS place"
        " FROM k CROSS JOIN reactions r ON r.conversation_id = k.c AND r.target_seq = k.s WHERE r.seq <= ?)"
        " WHERE place <= ? OR user_id = ? ORDER BY first_seq, emoji, place"
    )


@lru_cache(maxsize=64)
def _raise_marks(rows: int) -> str:
    return (
        "UPDATE members SET read_seq = max(read_seq, v.column3), delivered_seq = max(delivered_seq, v.column4),"
        f" version = max(version, v.column5) FROM (VALUES {_values(rows, 5)}) AS v"
        " WHERE members.conversation_id = v.column1 AND members.user_id = v.column2"
    )


@lru_cache(maxsize=64)
def _advance_versions(rows: int) -> str:
    values = ",".join(["(?,1)"] * rows)
    return (
        f"INSERT INTO user_versions (user_id, version) VALUES {values}"
        " ON CONFLICT (user_id) DO UPDATE SET version = version + 1"
    )


@lru_cache(maxsize=64)
def _read_versions(rows: int) -> str:
    return (
        "SELECT json_group_array(json_array(lower(hex(user_id)), version)) FROM user_versions"
        f" WHERE user_id IN (VALUES {_values(rows, 1)})"
    )


@lru_cache(maxsize=64)
def _newer_heads(rows: int) -> str:
    return (
        f"WITH h(c, s) AS (VALUES {_values(rows, 2)})"
        " SELECT json_group_array(json_array(lower(hex(h.c)), r.head)) FROM h CROSS JOIN conversations r"
        " ON r.id = h.c WHERE r.head <> h.s"
    )


@lru_cache(maxsize=64)
def _count_unread(rows: int) -> str:
    return (
        f"WITH p(c, f, l) AS (VALUES {_values(rows, 3)})"
        " SELECT json_group_array((SELECT count(*) FROM (SELECT 1 FROM entries e WHERE e.conversation_id = p.c"
        " AND e.seq BETWEEN p.f AND p.l AND e.counts AND NOT e.recalled AND e.sender_id <> ? LIMIT ?))) FROM p"
    )


@lru_cache(maxsize=64)
def _count_mentions(rows: int) -> str:
    mentions = (
        "SELECT m.seq FROM mentions m WHERE m.user_id = ? AND m.conversation_id = p.c"
        " AND m.seq BETWEEN p.f AND p.l AND m.sender_id <> ?"
    )
    return (
        f"WITH p(c, f, l) AS (VALUES {_values(rows, 3)})"
        f" SELECT json_group_array((SELECT count(*) FROM ({mentions} UNION {mentions} LIMIT ?))) FROM p"
    )


@lru_cache(maxsize=64)
def _last_posts(rows: int) -> str:
    return (
        f"WITH p(c, f, l) AS (VALUES {_values(rows, 3)})"
        " SELECT json_group_array(coalesce((SELECT e.seq FROM entries e WHERE e.conversation_id = p.c"
        f" AND e.seq BETWEEN max(p.f, p.l - {LOOK_BACK - 1}) AND p.l AND e.kind = {EntryKind.POST.value} AND e.counts"
        " AND NOT e.recalled AND NOT EXISTS (SELECT 1 FROM hidden y WHERE y.user_id = ?"
        " AND y.conversation_id = e.conversation_id AND y.seq = e.seq) ORDER BY e.seq DESC LIMIT 1), 0)) FROM p"
    )


@lru_cache(maxsize=64)
def _find_postings(rows: int) -> str:
    return (
        f"WITH k(c, b, t) AS (VALUES {_values(rows, 3)})"
        " SELECT s.conversation_id, s.block, s.term, s.postings FROM k CROSS JOIN search_terms s"
        " ON s.conversation_id = k.c AND s.block = k.b AND s.term = k.t"
    )


@lru_cache(maxsize=64)
def _find_beginnings(rows: int) -> str:
    return (
        f"WITH k(c, b) AS (VALUES {_values(rows, 2)})"
        " SELECT s.conversation_id, s.block, s.term, s.postings FROM k CROSS JOIN search_terms s"
        " ON s.conversation_id = k.c AND s.block = k.b AND s.term BETWEEN ? AND ?"
    )


@lru_cache(maxsize=64)
def _write_postings(rows: int) -> str:
    return (
        f"INSERT INTO search_terms (conversation_id, block, term, postings) VALUES {_values(rows, 4)}"
        " ON CONFLICT (conversation_id, block, term) DO UPDATE SET postings = excluded.postings"
    )


_NO_SPAN = (None, 0, 0)


def _spans(spans: Sequence[Span]) -> list[tuple[bytes | None, int, int]]:
    return [(_unhex(span.conversation_id), span.first, span.last) for span in spans]


class SqliteDialect(InSteps, SqlitePages):
    """The statements of SQLite 3.38 and later."""

    def lock_heads(self, conn: Connection, conversation_ids: Iterable[str]) -> list[Heads]:
        # BEGIN IMMEDIATE holds the whole database: there is nothing left to lock.
        ids = [_unhex(id_) for id_ in conversation_ids]
        found: list[Heads] = []
        for chunk in _padded(ids, ids[0] if ids else b""):
            found += _decode_heads(_driver(conn).execute(_lock_heads(len(chunk)), chunk).fetchone()[0])
        return found

    def find_keys(self, conn: Connection, keys: Iterable[tuple[str, str, str]]) -> list[FoundKey]:
        wanted: list[tuple[bytes | None, ...]] = [(_unhex(c), _unhex(s), _unhex(i)) for c, s, i in keys]
        found: list[FoundKey] = []
        for chunk in _padded(wanted, (None, None, None)):
            found += _decode_keys(_driver(conn).execute(_find_keys(len(chunk)), _flat(chunk)).fetchone()[0])
        return found

    def insert_many(
        self, conn: Connection, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None:
        names = tuple(columns)
        driver = _driver(conn)
        for chunk in _chunks(rows):
            driver.execute(_insert(table.name, names, len(chunk)), _flat(chunk))

    def raise_heads(self, conn: Connection, rows: Sequence[tuple[bytes, int, int]]) -> None:
        driver = _driver(conn)
        for chunk in _chunks(rows):
            driver.execute(_raise_heads(len(chunk)), _flat(chunk))

    def insert_outbox(self, conn: Connection, now_ms: int, heads: bytes, people: bytes | None) -> int:
        # The database is this process, and so is its clock.
        statement = "INSERT INTO outbox (created_ms, heads, people) VALUES (?, ?, ?)"
        cursor = _driver(conn).execute(statement, (now_ms, heads, people))
        return cast(int, cursor.lastrowid)

    def delete_outbox(self, conn: Connection, ids: Sequence[int]) -> None:
        for chunk in _padded(list(ids), 0):
            _driver(conn).execute(f"DELETE FROM outbox WHERE id IN (VALUES {_values(len(chunk), 1)})", chunk)

    def upsert(
        self, conn: Connection, table: Table, rows: Sequence[dict[str, Any]], *, growing: Sequence[str] = ()
    ) -> None:
        if not rows:
            return
        statement = insert(table)
        excluded = statement.excluded
        key = {column.name for column in table.primary_key}
        changes: dict[str, Any] = {name: excluded[name] for name in rows[0] if name not in key}
        for name in growing:
            changes[name] = case((table.c[name] > excluded[name], table.c[name]), else_=excluded[name])
        conn.execute(statement.on_conflict_do_update(index_elements=sorted(key), set_=changes), list(rows))

    def insert_new(self, conn: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            conn.execute(insert(table).on_conflict_do_nothing(), list(rows))

    def find_members(self, conn: Connection, keys: Iterable[tuple[str, str]]) -> list[MemberRow]:
        wanted: list[tuple[bytes | None, ...]] = [(_unhex(c), _unhex(u)) for c, u in keys]
        found: list[MemberRow] = []
        for chunk in _padded(wanted, (None, None)):
            answer = _driver(conn).execute(_find_members(len(chunk)), _flat(chunk)).fetchone()[0]
            for c, u, role, state, spans, *numbers in _decode_members(answer):
                found.append(MemberRow(c, u, role, state, decode_intervals(spans), *numbers))  # type: ignore[arg-type]
        return found

    def find_messages(self, conn: Connection, keys: Iterable[tuple[str, int]]) -> list[FoundMessage]:
        wanted: list[tuple[bytes | None, int]] = [(_unhex(c), s) for c, s in keys]
        found: list[FoundMessage] = []
        for chunk in _padded(wanted, (None, 0)):
            for row in _driver(conn).execute(_find_messages(len(chunk)), _flat(chunk)).fetchall():
                conversation_id, seq, time_ms, sender_id, client_id, body, recalled, pinned, *state = row
                found.append(
                    FoundMessage(
                        conversation_id.hex(),
                        seq,
                        time_ms,
                        sender_id.hex(),
                        client_id.hex(),
                        body,
                        bool(recalled),
                        bool(pinned),
                        *state,
                    )
                )
        return found

    def find_reactions(
        self, conn: Connection, user_id: str, keys: Iterable[tuple[str, int]], *, end: int, shown: int
    ) -> list[FoundReaction]:
        wanted: list[tuple[bytes | None, int]] = [(_unhex(c), s) for c, s in keys]
        found: list[FoundReaction] = []
        for chunk in _padded(wanted, (None, 0)):
            values = [*_flat(chunk), end, shown, _unhex(user_id)]
            for conversation_id, seq, emoji, user, *counts in (
                _driver(conn).execute(_find_reactions(len(chunk)), values).fetchall()
            ):
                found.append(FoundReaction(conversation_id.hex(), seq, emoji, user.hex(), *counts))
        return found

    def raise_marks(self, conn: Connection, rows: Sequence[MemberRow]) -> None:
        values = [
            (_unhex(row.conversation_id), _unhex(row.user_id), row.read_seq, row.delivered_seq, row.version)
            for row in rows
        ]
        for chunk in _chunks(values):
            _driver(conn).execute(_raise_marks(len(chunk)), _flat(chunk))

    def advance_versions(self, conn: Connection, user_ids: Iterable[str]) -> dict[str, int]:
        ids = [_unhex(id_) for id_ in sorted(set(user_ids))]
        found: dict[str, int] = {}
        for chunk in _chunks(ids):
            _driver(conn).execute(_advance_versions(len(chunk)), chunk)
        for padded in _padded(ids, ids[0] if ids else b""):
            found.update(_decode_changed(_driver(conn).execute(_read_versions(len(padded)), padded).fetchone()[0]))
        return found

    def newer_heads(self, conn: Connection, have: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
        rows: list[tuple[bytes | None, int]] = [(_unhex(id_), seq) for id_, seq in have]
        found: list[tuple[str, int]] = []
        for chunk in _padded(rows, (None, 0)):
            found += _decode_changed(_driver(conn).execute(_newer_heads(len(chunk)), _flat(chunk)).fetchone()[0])
        return found

    def count_unread(self, conn: Connection, user_id: str, spans: Sequence[Span], cap: int) -> list[int]:
        return self._per_span(conn, _count_unread, spans, [_unhex(user_id), cap])

    def count_mentions(self, conn: Connection, user_id: str, spans: Sequence[Span], cap: int) -> list[int]:
        me = _unhex(user_id)
        return self._per_span(conn, _count_mentions, spans, [me, me, _unhex(EVERYBODY), me, cap])

    def last_posts(self, conn: Connection, user_id: str, spans: Sequence[Span]) -> list[int]:
        return self._per_span(conn, _last_posts, spans, [_unhex(user_id)])

    def write_postings(self, conn: Connection, rows: Sequence[tuple[bytes, int, bytes, bytes]]) -> None:
        for chunk in _chunks(rows):
            _driver(conn).execute(_write_postings(len(chunk)), _flat(chunk))

    def find_postings(self, conn: Connection, keys: Sequence[tuple[str, int, bytes]]) -> list[FoundPostings]:
        wanted: list[tuple[bytes | None, int, bytes]] = [(_unhex(c), block, term) for c, block, term in keys]
        found: list[FoundPostings] = []
        for chunk in _padded(wanted, (None, 0, b"")):
            for c, *rest in _driver(conn).execute(_find_postings(len(chunk)), _flat(chunk)).fetchall():
                found.append(FoundPostings(c.hex(), *rest))
        return found

    def find_beginnings(
        self, conn: Connection, blocks: Sequence[tuple[str, int]], beginning: bytes
    ) -> list[FoundPostings]:
        wanted: list[tuple[bytes | None, int]] = [(_unhex(c), block) for c, block in blocks]
        bounds = [beginning, beginning + b"\xff"]
        found: list[FoundPostings] = []
        for chunk in _padded(wanted, (None, 0)):
            for c, *rest in _driver(conn).execute(_find_beginnings(len(chunk)), _flat(chunk) + bounds).fetchall():
                found.append(FoundPostings(c.hex(), *rest))
        return found

    def _per_span(self, conn: Connection, statement: Any, spans: Sequence[Span], rest: list[Any]) -> list[int]:
        found: list[int] = []
        for chunk in _padded(_spans(spans), _NO_SPAN):
            answer = _driver(conn).execute(statement(len(chunk)), _flat(chunk) + rest).fetchone()[0]
            found += _decode_counts(answer)
        return found[: len(spans)]

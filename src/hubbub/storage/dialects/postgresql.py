"""The statements of PostgreSQL, spoken to asyncpg.

Every batch is a few arrays: `unnest` makes rows of them, so each statement is prepared once per connection however many
rows it is given, and crosses to the server and back once.  The functions run inside SQLAlchemy's greenlet, where
`await_` waits for the driver.

Rows are locked in the order of their keys: conversations first of all, then what belongs to people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Boolean, Connection, LargeBinary, SmallInteger, Table
from sqlalchemy.types import Integer
from sqlalchemy.util import await_

from hubbub.chat.model import MemberRow, MemberState, Role
from hubbub.storage.bounds import LOOK_BACK
from hubbub.storage.chat.rows import ENTRY_COLUMNS, decode_intervals
from hubbub.storage.dialects import FoundKey, FoundMessage, FoundPostings, FoundReaction, Heads, Span
from hubbub.storage.dialects.pages import Pages
from hubbub.storage.tables.chat import EVERYBODY, EntryKind, entries
from hubbub.storage.tables.schema import Id

_unhex = bytes.fromhex


def _array(kind: Any) -> str:
    """Return the array type that holds values of a column."""
    if isinstance(kind, Id | LargeBinary):
        return "bytea[]"
    if isinstance(kind, Boolean):
        return "boolean[]"
    if isinstance(kind, SmallInteger):
        return "smallint[]"
    return "bigint[]" if isinstance(kind, Integer) else "text[]"


_LOCK_HEADS = (
    "SELECT id, head, last_time_ms, revision FROM conversations WHERE id = ANY($1::bytea[]) ORDER BY id FOR UPDATE"
)
_FIND_KEYS = (
    "SELECT e.conversation_id, e.sender_id, e.client_id, e.seq, e.time_ms, e.digest"
    " FROM unnest($1::bytea[], $2::bytea[], $3::bytea[]) AS k(c, s, i)"
    " JOIN entries e ON e.client_id = k.i AND e.conversation_id = k.c AND e.sender_id = k.s"
)
_RAISE_HEADS = (
    "UPDATE conversations AS c SET head = v.head, last_time_ms = v.last_time_ms"
    " FROM unnest($1::bytea[], $2::bigint[], $3::bigint[]) AS v(id, head, last_time_ms) WHERE c.id = v.id"
)
_NOW_MS = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
_INSERT_OUTBOX = f"INSERT INTO outbox (created_ms, heads, people) VALUES ({_NOW_MS}, $1, $2) RETURNING id"
# Who has it locked is deleting it.
_DELETE_OUTBOX = (
    "DELETE FROM outbox WHERE id IN"
    " (SELECT id FROM outbox WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE SKIP LOCKED)"
)
_ENTRIES = ", ".join(f"${at}::{_array(entries.c[name].type)}" for at, name in enumerate(ENTRY_COLUMNS, 1))
_NEXT = len(ENTRY_COLUMNS) + 1
# One statement has one snapshot, which is right here: the conversations were locked by an earlier one.
_APPEND = (
    f"WITH stored AS (INSERT INTO entries ({', '.join(ENTRY_COLUMNS)}) SELECT * FROM unnest({_ENTRIES})),"
    " raised AS (UPDATE conversations AS c SET head = v.head, last_time_ms = v.last_time_ms"
    f" FROM unnest(${_NEXT}::bytea[], ${_NEXT + 1}::bigint[], ${_NEXT + 2}::bigint[]) AS v(id, head, last_time_ms)"
    " WHERE c.id = v.id), cleared AS (DELETE FROM outbox WHERE id IN"
    f" (SELECT id FROM outbox WHERE id = ANY(${_NEXT + 3}::bigint[]) ORDER BY id FOR UPDATE SKIP LOCKED))"
    f" INSERT INTO outbox (created_ms, heads, people) VALUES ({_NOW_MS}, ${_NEXT + 4}, ${_NEXT + 5}) RETURNING id"
)
_FIND_MEMBERS = (
    "SELECT m.conversation_id, m.user_id, m.role, m.state, m.intervals, m.read_seq, m.delivered_seq,"
    " m.muted_until_ms, m.last_sent_ms, m.version, m.own_role FROM unnest($1::bytea[], $2::bytea[]) AS k(c, u)"
    " JOIN members m ON m.conversation_id = k.c AND m.user_id = k.u"
)
_FIND_MESSAGES = (
    "SELECT e.conversation_id, e.seq, e.time_ms, e.sender_id, e.client_id, e.body, m.recalled, m.pinned, m.edits,"
    " m.edited_ms, m.thread_replies, m.thread_last_seq, m.body FROM unnest($1::bytea[], $2::bigint[]) AS k(c, s)"
    " JOIN entries e ON e.conversation_id = k.c AND e.seq = k.s"
    " LEFT JOIN message_states m ON m.conversation_id = e.conversation_id AND m.seq = e.seq"
    f" WHERE e.kind = {EntryKind.POST.value}"
)
_SAME = "OVER (PARTITION BY r.conversation_id, r.target_seq, r.emoji"
_FIND_REACTIONS = (
    "SELECT conversation_id, target_seq, emoji, user_id, people, place FROM"
    f" (SELECT r.conversation_id, r.target_seq, r.emoji, r.user_id, count(*) {_SAME}) AS people,"
    f" min(r.seq) {_SAME}) AS first_seq, row_number() {_SAME} ORDER BY r.seq, r.user_id) AS place"
    " FROM unnest($1::bytea[], $2::bigint[]) AS k(c, s)"
    " JOIN reactions r ON r.conversation_id = k.c AND r.target_seq = k.s WHERE r.seq <= $3::bigint) AS given"
    " WHERE place <= $4::bigint OR user_id = $5::bytea ORDER BY first_seq, emoji, place"
)
_RAISE_MARKS = (
    "UPDATE members AS m SET read_seq = greatest(m.read_seq, v.read_seq),"
    " delivered_seq = greatest(m.delivered_seq, v.delivered_seq), version = greatest(m.version, v.version)"
    " FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[])"
    " AS v(c, u, read_seq, delivered_seq, version) WHERE m.conversation_id = v.c AND m.user_id = v.u"
)
_ADVANCE_VERSIONS = (
    "INSERT INTO user_versions (user_id, version) SELECT id, 1 FROM unnest($1::bytea[]) AS u(id)"
    " ON CONFLICT (user_id) DO UPDATE SET version = user_versions.version + 1 RETURNING user_id, version"
)
_NEWER_HEADS = (
    "SELECT r.id, r.head FROM unnest($1::bytea[], $2::bigint[]) AS h(c, s)"
    " JOIN conversations r ON r.id = h.c WHERE r.head <> h.s"
)
_SPANS = "unnest($1::bytea[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS p(c, f, l, n) ORDER BY p.n"
_COUNT_UNREAD = (
    "SELECT (SELECT count(*) FROM (SELECT 1 FROM entries e WHERE e.conversation_id = p.c"
    " AND e.seq BETWEEN p.f AND p.l AND e.counts AND NOT e.recalled AND e.sender_id <> $4::bytea LIMIT $5::bigint)"
    f" AS unread) FROM {_SPANS}"
)
_MENTIONS = (
    "SELECT m.seq FROM mentions m WHERE m.user_id = {whom}::bytea AND m.conversation_id = p.c"
    " AND m.seq BETWEEN p.f AND p.l AND m.sender_id <> $4::bytea"
)
_COUNT_MENTIONS = (
    f"SELECT (SELECT count(*) FROM ({_MENTIONS.format(whom='$4')} UNION {_MENTIONS.format(whom='$5')}"
    f" LIMIT $6::bigint) AS mentioned) FROM {_SPANS}"
)
_LAST_POSTS = (
    "SELECT coalesce((SELECT e.seq FROM entries e WHERE e.conversation_id = p.c"
    f" AND e.seq BETWEEN greatest(p.f, p.l - {LOOK_BACK - 1}) AND p.l AND e.kind = {EntryKind.POST.value}"
    " AND e.counts AND NOT e.recalled AND NOT EXISTS (SELECT 1 FROM hidden y WHERE y.user_id = $4::bytea"
    " AND y.conversation_id = e.conversation_id AND y.seq = e.seq) ORDER BY e.seq DESC LIMIT 1), 0)"
    f" FROM {_SPANS}"
)

_WRITE_POSTINGS = (
    "INSERT INTO search_terms (conversation_id, block, term, postings)"
    " SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bytea[], $4::bytea[])"
    " ON CONFLICT (conversation_id, block, term) DO UPDATE SET postings = excluded.postings"
)
_FIND_POSTINGS = (
    "SELECT s.conversation_id, s.block, s.term, s.postings"
    " FROM unnest($1::bytea[], $2::bigint[], $3::bytea[]) AS k(c, b, t)"
    " JOIN search_terms s ON s.conversation_id = k.c AND s.block = k.b AND s.term = k.t"
)
# LATERAL with OFFSET 0: each block is looked up by the index, whatever the planner thinks of how much begins so.
_FIND_BEGINNINGS = (
    "SELECT k.c, k.b, s.term, s.postings FROM unnest($1::bytea[], $2::bigint[]) AS k(c, b) CROSS JOIN LATERAL"
    " (SELECT term, postings FROM search_terms WHERE conversation_id = k.c AND block = k.b"
    " AND term BETWEEN $3::bytea AND $4::bytea OFFSET 0) AS s"
)


def _fetch(conn: Connection, statement: str, *values: Any) -> list[Any]:
    driver: Any = conn.connection.driver_connection
    found: list[Any] = await_(driver.fetch(statement, *values))
    return found


def _columns(rows: Sequence[Sequence[Any]], count: int) -> list[Sequence[Any]]:
    """Turn rows into `count` arrays."""
    return list(zip(*rows, strict=True)) or [()] * count


def _ready(kind: Any) -> Callable[[Any], Any] | None:
    """Return what makes a model's value ready for the driver, or None if it is."""
    return (lambda value: None if value is None else _unhex(value)) if isinstance(kind, Id) else None


@lru_cache(maxsize=64)
def _insert(table: Table, columns: tuple[str, ...]) -> str:
    arrays = ", ".join(f"${at}::{_array(table.c[name].type)}" for at, name in enumerate(columns, 1))
    return f"INSERT INTO {table.name} ({', '.join(columns)}) SELECT * FROM unnest({arrays})"


@lru_cache(maxsize=64)
def _upsert(table: Table, columns: tuple[str, ...], growing: tuple[str, ...]) -> str:
    key = [column.name for column in table.primary_key]
    changes = [
        f"{name} = greatest({table.name}.{name}, excluded.{name})" if name in growing else f"{name} = excluded.{name}"
        for name in columns
        if name not in key
    ]
    return f"{_insert(table, columns)} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {', '.join(changes)}"


class PostgresqlDialect(Pages):
    """The statements of PostgreSQL 13 and later."""

    def lock_heads(self, conn: Connection, conversation_ids: Iterable[str]) -> list[Heads]:
        ids = [_unhex(id_) for id_ in conversation_ids]
        if not ids:
            return []
        return [Heads(id_.hex(), *rest) for id_, *rest in _fetch(conn, _LOCK_HEADS, ids)]

    def find_keys(self, conn: Connection, keys: Iterable[tuple[str, str, str]]) -> list[FoundKey]:
        wanted = [(_unhex(c), _unhex(s), _unhex(i)) for c, s, i in keys]
        if not wanted:
            return []
        return [
            FoundKey(c.hex(), s.hex(), i.hex(), seq, time_ms, digest.hex())
            for c, s, i, seq, time_ms, digest in _fetch(conn, _FIND_KEYS, *_columns(wanted, 3))
        ]

    def insert_many(
        self, conn: Connection, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None:
        names = tuple(columns)
        _fetch(conn, _insert(table, names), *_ready_columns(table, names, rows))

    def append(
        self,
        conn: Connection,
        rows: Sequence[Sequence[Any]],
        raised: Sequence[tuple[bytes, int, int]],
        now_ms: int,
        heads: bytes,
        people: bytes | None,
        cleared: Sequence[int],
    ) -> int:
        values = _ready_columns(entries, ENTRY_COLUMNS, rows)
        return int(_fetch(conn, _APPEND, *values, *_columns(raised, 3), list(cleared), heads, people)[0][0])

    def raise_heads(self, conn: Connection, rows: Sequence[tuple[bytes, int, int]]) -> None:
        if rows:
            _fetch(conn, _RAISE_HEADS, *_columns(rows, 3))

    def insert_outbox(self, conn: Connection, now_ms: int, heads: bytes, people: bytes | None) -> int:
        return int(_fetch(conn, _INSERT_OUTBOX, heads, people)[0][0])

    def delete_outbox(self, conn: Connection, ids: Sequence[int]) -> None:
        if ids:
            _fetch(conn, _DELETE_OUTBOX, list(ids))

    def upsert(
        self, conn: Connection, table: Table, rows: Sequence[dict[str, Any]], *, growing: Sequence[str] = ()
    ) -> None:
        if rows:
            names = tuple(rows[0])
            _fetch(conn, _upsert(table, names, tuple(growing)), *_values(table, names, rows))

    def insert_new(self, conn: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            names = tuple(rows[0])
            _fetch(conn, f"{_insert(table, names)} ON CONFLICT DO NOTHING", *_values(table, names, rows))

    def find_members(self, conn: Connection, keys: Iterable[tuple[str, str]]) -> list[MemberRow]:
        wanted = [(_unhex(c), _unhex(u)) for c, u in keys]
        if not wanted:
            return []
        return [
            MemberRow(c.hex(), u.hex(), Role(role), MemberState(state), decode_intervals(intervals), *numbers)
            for c, u, role, state, intervals, *numbers in _fetch(conn, _FIND_MEMBERS, *_columns(wanted, 2))
        ]

    def find_messages(self, conn: Connection, keys: Iterable[tuple[str, int]]) -> list[FoundMessage]:
        wanted = [(_unhex(c), s) for c, s in keys]
        if not wanted:
            return []
        return [
            FoundMessage(c.hex(), seq, time_ms, s.hex(), i.hex(), body, bool(recalled), bool(pinned), *state)
            for c, seq, time_ms, s, i, body, recalled, pinned, *state in _fetch(
                conn, _FIND_MESSAGES, *_columns(wanted, 2)
            )
        ]

    def find_reactions(
        self, conn: Connection, user_id: str, keys: Iterable[tuple[str, int]], *, end: int, shown: int
    ) -> list[FoundReaction]:
        wanted = [(_unhex(c), s) for c, s in keys]
        if not wanted:
            return []
        found = _fetch(conn, _FIND_REACTIONS, *_columns(wanted, 2), end, shown, _unhex(user_id))
        return [FoundReaction(c.hex(), seq, emoji, user.hex(), *counts) for c, seq, emoji, user, *counts in found]

    def raise_marks(self, conn: Connection, rows: Sequence[MemberRow]) -> None:
        values = [
            (_unhex(row.conversation_id), _unhex(row.user_id), row.read_seq, row.delivered_seq, row.version)
            for row in rows
        ]
        _fetch(conn, _RAISE_MARKS, *_columns(values, 5))

    def advance_versions(self, conn: Connection, user_ids: Iterable[str]) -> dict[str, int]:
        ids = [_unhex(id_) for id_ in sorted(set(user_ids))]
        if not ids:
            return {}
        return {id_.hex(): version for id_, version in _fetch(conn, _ADVANCE_VERSIONS, ids)}

    def newer_heads(self, conn: Connection, have: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
        rows = [(_unhex(id_), seq) for id_, seq in have]
        if not rows:
            return []
        return [(id_.hex(), head) for id_, head in _fetch(conn, _NEWER_HEADS, *_columns(rows, 2))]

    def count_unread(self, conn: Connection, user_id: str, spans: Sequence[Span], cap: int) -> list[int]:
        return _per_span(conn, _COUNT_UNREAD, spans, _unhex(user_id), cap)

    def count_mentions(self, conn: Connection, user_id: str, spans: Sequence[Span], cap: int) -> list[int]:
        return _per_span(conn, _COUNT_MENTIONS, spans, _unhex(user_id), _unhex(EVERYBODY), cap)

    def last_posts(self, conn: Connection, user_id: str, spans: Sequence[Span]) -> list[int]:
        return _per_span(conn, _LAST_POSTS, spans, _unhex(user_id))

    def write_postings(self, conn: Connection, rows: Sequence[tuple[bytes, int, bytes, bytes]]) -> None:
        if rows:
            _fetch(conn, _WRITE_POSTINGS, *_columns(rows, 4))

    def find_postings(self, conn: Connection, keys: Sequence[tuple[str, int, bytes]]) -> list[FoundPostings]:
        wanted = [(_unhex(c), block, term) for c, block, term in keys]
        found = _fetch(conn, _FIND_POSTINGS, *_columns(wanted, 3)) if wanted else []
        return [FoundPostings(c.hex(), *rest) for c, *rest in found]

    def find_beginnings(
        self, conn: Connection, blocks: Sequence[tuple[str, int]], beginning: bytes
    ) -> list[FoundPostings]:
        wanted = [(_unhex(c), block) for c, block in blocks]
        bounds = (beginning, beginning + b"\xff")
        found = _fetch(conn, _FIND_BEGINNINGS, *_columns(wanted, 2), *bounds) if wanted else []
        return [FoundPostings(c.hex(), *rest) for c, *rest in found]


def _ready_columns(table: Table, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
    """Return arrays of values that are ready for any driver, but that this one takes no number for a boolean."""
    values = _columns(rows, len(names))
    for at, name in enumerate(names):
        if isinstance(table.c[name].type, Boolean):
            values[at] = [bool(value) for value in values[at]]
    return values


def _values(table: Table, names: tuple[str, ...], rows: Sequence[dict[str, Any]]) -> list[list[Any]]:
    values = []
    for name in names:
        ready = _ready(table.c[name].type)
        values.append([row[name] for row in rows] if ready is None else [ready(row[name]) for row in rows])
    return values


def _per_span(conn: Connection, statement: str, spans: Sequence[Span], *rest: Any) -> list[int]:
    if not spans:
        return []
    rows = [(_unhex(span.conversation_id), span.first, span.last) for span in spans]
    return [row[0] for row in _fetch(conn, statement, *_columns(rows, 3), *rest)]

"""The statements of MySQL 8.0 and MariaDB 10.6, and later.

What counts is the number of round trips and what the server spends on parsing, so many rows go into one statement.
Ids and numbers are written into the text as literals of hexadecimal digits and decimals, which need no escaping and are
made here from bytes and integers alone; whatever else there is travels as parameters.  Lists of keys are row
constructors, which both servers look up by the index; counts with a cap are one small select for each stretch, because
neither server bounds a range by a value of an outer row.

Indexes are forced where rows are locked: on a table of a few rows the optimizer would rather walk it, and a walk waits
for the locks of everybody else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, func
from sqlalchemy.dialects.mysql import insert

from hubbub.chat.model import MemberRow, MemberState, Role
from hubbub.storage.bounds import LOOK_BACK
from hubbub.storage.chat.rows import decode_intervals
from hubbub.storage.dialects import FoundKey, FoundMessage, FoundPostings, FoundReaction, Heads, InSteps, Span
from hubbub.storage.dialects.pages import Pages
from hubbub.storage.tables.chat import EVERYBODY, EntryKind
from hubbub.storage.tables.schema import Bytes, LongText

T = TypeVar("T")

_STEP = 16
_MOST = 256
"""So many rows go into one statement.  Lists of 1,000 values and more MariaDB turns into joins with other plans."""

_SELECTS = 64
"""So many selects go into one union."""

_BYTES = 4 << 20
"""A statement stays well below the smallest `max_allowed_packet` that is accepted."""

NOW_MS = "CAST(UNIX_TIMESTAMP(SYSDATE(3)) * 1000 AS SIGNED)"
"""The database's clock; the session's time zone is UTC, so that no hour is there twice."""


def _literal(id_: str) -> str:
    """Return an id as a literal; anything but hexadecimal digits raises ValueError."""
    return f"x'{bytes.fromhex(id_).hex()}'"


def _pairs(keys: Iterable[tuple[str, int]]) -> list[str]:
    return [f"({_literal(id_)},{int(number)})" for id_, number in keys]


def _cut(items: Sequence[T], most: int = _MOST) -> Iterator[Sequence[T]]:
    for at in range(0, len(items), most):
        yield items[at : at + most]


def _chunks(rows: Sequence[Sequence[Any]], long: Sequence[int]) -> Iterator[Sequence[Sequence[Any]]]:
    """Cut rows into sizes of a small set, so that each statement is prepared once, and below the limit of bytes."""
    at = 0
    while left := len(rows) - at:
        size = min(left - left % _STEP, _MOST) or left
        while size > 1 and sum(len(row[place]) for row in rows[at : at + size] for place in long) > _BYTES:
            size //= 2
        yield rows[at : at + size]
        at += size


def _long(table: Table, columns: Sequence[str]) -> list[int]:
    """Return the places of the columns that may hold much."""
    return [place for place, name in enumerate(columns) if table.c[name].type in (Bytes, LongText)]


def _ask(conn: Connection, sql: str) -> Sequence[Any]:
    # Without parameters the text goes to the server as it is.
    return conn.exec_driver_sql(sql, execution_options={"no_parameters": True}).all()


def _do(conn: Connection, sql: str) -> None:
    conn.exec_driver_sql(sql, execution_options={"no_parameters": True})


@lru_cache(maxsize=512)
def _insert(table: str, columns: tuple[str, ...], rows: int) -> str:
    row = "(" + ",".join(["%s"] * len(columns)) + ")"
    return f"INSERT INTO {table} ({','.join(columns)}) VALUES {','.join([row] * rows)}"


def _list(names: str, rows: Iterable[Sequence[str]]) -> str:
    """Return rows of literals as a table `v` with these columns; both servers know no other form of it in common."""
    columns = names.split()
    selects: list[str] = []
    for row in rows:
        # The first names the columns of all.
        values = row if selects else [f"{value} AS {name}" for name, value in zip(columns, row, strict=True)]
        selects.append(f"SELECT {','.join(values)}")
    return f"({' UNION ALL '.join(selects)}) AS v"


class MySqlDialect(InSteps, Pages):
    """The statements of MySQL and MariaDB."""

    def lock_heads(self, conn: Connection, conversation_ids: Iterable[str]) -> list[Heads]:
        # The primary key is walked in the order of its values, and rows are locked as they are met.
        found: list[Heads] = []
        for chunk in _cut(sorted(map(_literal, conversation_ids))):
            rows = _ask(
                conn,
                "SELECT id, head, last_time_ms, revision FROM conversations FORCE INDEX (PRIMARY)"
                f" WHERE id IN ({','.join(chunk)}) ORDER BY id FOR UPDATE",
            )
            found += [Heads(id_.hex(), head, last_time_ms, revision) for id_, head, last_time_ms, revision in rows]
        return found

    def find_keys(self, conn: Connection, keys: Iterable[tuple[str, str, str]]) -> list[FoundKey]:
        wanted = [f"({_literal(i)},{_literal(c)},{_literal(s)})" for c, s, i in keys]
        found: list[FoundKey] = []
        for chunk in _cut(wanted):
            rows = _ask(
                conn,
                "SELECT conversation_id, sender_id, client_id, seq, time_ms, digest"
                " FROM entries FORCE INDEX (uq_entries_key)"
                f" WHERE (client_id, conversation_id, sender_id) IN ({','.join(chunk)})",
            )
            found += [FoundKey(c.hex(), s.hex(), i.hex(), seq, at, digest.hex()) for c, s, i, seq, at, digest in rows]
        return found

    def insert_many(
        self, conn: Connection, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None:
        names = tuple(columns)
        for chunk in _chunks(rows, _long(table, names)):
            values = tuple(value for row in chunk for value in row)
            conn.exec_driver_sql(_insert(table.name, names, len(chunk)), values)

    def raise_heads(self, conn: Connection, rows: Sequence[tuple[bytes, int, int]]) -> None:
        for chunk in _cut(rows):
            values = [(f"x'{id_.hex()}'", str(int(head)), str(int(time_ms))) for id_, head, time_ms in chunk]
            _do(
                conn,
                f"UPDATE {_list('id head time_ms', values)} STRAIGHT_JOIN conversations c FORCE INDEX (PRIMARY)"
                " ON c.id = v.id SET c.head = v.head, c.last_time_ms = v.time_ms",
            )

    def insert_outbox(self, conn: Connection, now_ms: int, heads: bytes, people: bytes | None) -> int:
        statement = f"INSERT INTO outbox (created_ms, heads, people) VALUES ({NOW_MS}, %s, %s)"
        done = conn.exec_driver_sql(statement, (heads, people))
        return done.lastrowid

    def delete_outbox(self, conn: Connection, ids: Sequence[int]) -> None:
        for chunk in _cut(sorted(ids)):
            listed = ",".join(str(int(id_)) for id_ in chunk)
            _do(conn, f"DELETE o FROM outbox o FORCE INDEX (PRIMARY) WHERE o.id IN ({listed})")

    def upsert(
        self, conn: Connection, table: Table, rows: Sequence[dict[str, Any]], *, growing: Sequence[str] = ()
    ) -> None:
        if not rows:
            return
        statement = insert(table)
        given = statement.inserted
        key = {column.name for column in table.primary_key}
        changes: dict[str, Any] = {name: given[name] for name in rows[0] if name not in key}
        for name in growing:
            changes[name] = func.greatest(table.c[name], given[name])
        conn.execute(statement.on_duplicate_key_update(changes), list(rows))

    def insert_new(self, conn: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        # Not INSERT IGNORE, which would also cut what is too long and store what is no number as 0.
        if rows:
            unchanged = next(iter(table.primary_key))
            conn.execute(insert(table).on_duplicate_key_update({unchanged.name: unchanged}), list(rows))

    def find_members(self, conn: Connection, keys: Iterable[tuple[str, str]]) -> list[MemberRow]:
        found: list[MemberRow] = []
        for chunk in _cut([f"({_literal(c)},{_literal(u)})" for c, u in keys]):
            rows = _ask(
                conn,
                "SELECT conversation_id, user_id, role, state, intervals, read_seq, delivered_seq, muted_until_ms,"
                " last_sent_ms, version, own_role FROM members FORCE INDEX (PRIMARY)"
                f" WHERE (conversation_id, user_id) IN ({','.join(chunk)})",
            )
            for conversation_id, user_id, role, state, intervals, *numbers in rows:
                found.append(
                    MemberRow(
                        conversation_id.hex(),
                        user_id.hex(),
                        Role(role),
                        MemberState(state),
                        decode_intervals(intervals),
                        *numbers,
                    )
                )
        return found

    def find_messages(self, conn: Connection, keys: Iterable[tuple[str, int]]) -> list[FoundMessage]:
        found: list[FoundMessage] = []
        for chunk in _cut(_pairs(keys)):
            rows = _ask(
                conn,
                "SELECT e.conversation_id, e.seq, e.time_ms, e.sender_id, e.client_id, e.body, m.recalled, m.pinned,"
                " m.edits, m.edited_ms, m.thread_replies, m.thread_last_seq, m.body"
                " FROM entries e FORCE INDEX (PRIMARY) LEFT JOIN message_states m"
                " ON m.conversation_id = e.conversation_id AND m.seq = e.seq"
                f" WHERE (e.conversation_id, e.seq) IN ({','.join(chunk)}) AND e.kind = {EntryKind.POST.value}",
            )
            for conversation_id, seq, time_ms, sender_id, client_id, body, recalled, pinned, *state in rows:
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
        same = "OVER (PARTITION BY r.conversation_id, r.target_seq, r.emoji"
        found: list[FoundReaction] = []
        for chunk in _cut(_pairs(keys)):
            rows = _ask(
                conn,
                "SELECT conversation_id, target_seq, emoji, user_id, people, place FROM"
                f" (SELECT r.conversation_id, r.target_seq, r.emoji, r.user_id, count(*) {same}) AS people,"
                f" min(r.seq) {same}) AS first_seq, row_number() {same} ORDER BY r.seq, r.user_id) AS place"
                " FROM reactions r FORCE INDEX (PRIMARY)"
                f" WHERE (r.conversation_id, r.target_seq) IN ({','.join(chunk)}) AND r.seq <= {int(end)}) AS found"
                f" WHERE place <= {int(shown)} OR user_id = {_literal(user_id)} ORDER BY first_seq, emoji, place",
            )
            found += [FoundReaction(c.hex(), seq, emoji, user.hex(), *counts) for c, seq, emoji, user, *counts in rows]
        return found

    def raise_marks(self, conn: Connection, rows: Sequence[MemberRow]) -> None:
        for chunk in _cut(rows):
            values = [
                (
                    _literal(row.conversation_id),
                    _literal(row.user_id),
                    str(int(row.read_seq)),
                    str(int(row.delivered_seq)),
                    str(int(row.version)),
                )
                for row in chunk
            ]
            _do(
                conn,
                f"UPDATE {_list('c u read_seq delivered_seq version', values)}"
                " STRAIGHT_JOIN members m FORCE INDEX (PRIMARY) ON m.conversation_id = v.c AND m.user_id = v.u"
                " SET m.read_seq = GREATEST(m.read_seq, v.read_seq),"
                " m.delivered_seq = GREATEST(m.delivered_seq, v.delivered_seq),"
                " m.version = GREATEST(m.version, v.version)",
            )

    def advance_versions(self, conn: Connection, user_ids: Iterable[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for chunk in _cut(sorted({_literal(id_) for id_ in user_ids})):
            _do(
                conn,
                f"INSERT INTO user_versions (user_id, version) VALUES {','.join(f'({id_},1)' for id_ in chunk)}"
                " ON DUPLICATE KEY UPDATE version = version + 1",
            )
            rows = _ask(conn, f"SELECT user_id, version FROM user_versions WHERE user_id IN ({','.join(chunk)})")
            found.update((user_id.hex(), version) for user_id, version in rows)
        return found

    def newer_heads(self, conn: Connection, have: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
        held = dict(have)
        found: list[tuple[str, int]] = []
        for chunk in _cut([_literal(id_) for id_ in held]):
            rows = _ask(
                conn,
                f"SELECT id, head FROM conversations FORCE INDEX (PRIMARY) WHERE id IN ({','.join(chunk)})",
            )
            heads = [(id_.hex(), head) for id_, head in rows]
            found += [(id_, head) for id_, head in heads if held.get(id_) != head]
        return found

    def count_unread(self, conn: Connection, user_id: str, spans: Sequence[Span], cap: int) -> list[int]:
        me = _literal(user_id)

        def count(number: int, within: str) -> str:
            return (
                f"SELECT {number}, count(*) FROM (SELECT 1 FROM entries e FORCE INDEX (PRIMARY) WHERE {within}"
                f" AND e.counts = 1 AND e.recalled = 0 AND e.sender_id <> {me} LIMIT {int(cap)}) AS s{number}"
            )

        return self._per_span(conn, spans, count)

    def count_mentions(self, conn: Connection, user_id: str, spans: Sequence[Span], cap: int) -> list[int]:
        me = _literal(user_id)

        def count(number: int, within: str) -> str:
            return (
                f"SELECT {number}, count(*) FROM (SELECT DISTINCT e.seq FROM mentions e FORCE INDEX (PRIMARY)"
                f" WHERE e.user_id IN ({me},{_literal(EVERYBODY)}) AND {within} AND e.sender_id <> {me}"
                f" LIMIT {int(cap)}) AS s{number}"
            )

        return self._per_span(conn, spans, count)

    def last_posts(self, conn: Connection, user_id: str, spans: Sequence[Span]) -> list[int]:
        me = _literal(user_id)
        looked_at = [Span(id_, max(first, last - LOOK_BACK + 1), last) for id_, first, last in spans]

        def newest(number: int, within: str) -> str:
            return (
                # NOT EXISTS would read all that this person has ever hidden.
                f"(SELECT {number}, e.seq FROM entries e FORCE INDEX (PRIMARY) LEFT JOIN hidden y"
                f" ON y.user_id = {me} AND y.conversation_id = e.conversation_id AND y.seq = e.seq"
                f" WHERE {within} AND e.kind = {EntryKind.POST.value} AND e.counts = 1 AND e.recalled = 0"
                " AND y.seq IS NULL ORDER BY e.seq DESC LIMIT 1)"
            )

        return self._per_span(conn, looked_at, newest)

    def _per_span(self, conn: Connection, spans: Sequence[Span], select: Callable[[int, str], str]) -> list[int]:
        """Return one number for each stretch: the second column of its select, or 0 when that has no row."""
        found = [0] * len(spans)
        for chunk in _cut(list(enumerate(spans)), _SELECTS):
            selects = [
                select(
                    number,
                    f"e.conversation_id = {_literal(span.conversation_id)}"
                    f" AND e.seq BETWEEN {int(span.first)} AND {int(span.last)}",
                )
                for number, span in chunk
            ]
            for number, value in _ask(conn, " UNION ALL ".join(selects)):
                found[number] = value
        return found

    def write_postings(self, conn: Connection, rows: Sequence[tuple[bytes, int, bytes, bytes]]) -> None:
        for chunk in _cut(rows):
            values = [f"(x'{c.hex()}',{int(block)},x'{term.hex()}',x'{bits.hex()}')" for c, block, term, bits in chunk]
            _do(
                conn,
                "INSERT INTO search_terms (conversation_id, block, term, postings)"
                f" VALUES {','.join(values)} ON DUPLICATE KEY UPDATE postings = VALUES(postings)",
            )

    def find_postings(self, conn: Connection, keys: Sequence[tuple[str, int, bytes]]) -> list[FoundPostings]:
        wanted = [f"({_literal(c)},{int(block)},x'{term.hex()}')" for c, block, term in keys]
        found: list[FoundPostings] = []
        for chunk in _cut(wanted):
            rows = _ask(
                conn,
                "SELECT conversation_id, block, term, postings FROM search_terms FORCE INDEX (PRIMARY)"
                f" WHERE (conversation_id, block, term) IN ({','.join(chunk)})",
            )
            found += [FoundPostings(c.hex(), block, term, postings) for c, block, term, postings in rows]
        return found

    def find_beginnings(
        self, conn: Connection, blocks: Sequence[tuple[str, int]], beginning: bytes
    ) -> list[FoundPostings]:
        low, high = beginning.hex(), (beginning + b"\xff").hex()
        selects = [
            "(SELECT conversation_id, block, term, postings FROM search_terms FORCE INDEX (PRIMARY)"
            f" WHERE conversation_id = {_literal(c)} AND block = {int(block)} AND term BETWEEN x'{low}' AND x'{high}')"
            for c, block in blocks
        ]
        found: list[FoundPostings] = []
        for chunk in _cut(selects, _SELECTS):
            rows = _ask(conn, " UNION ALL ".join(chunk))
            found += [FoundPostings(c.hex(), block, term, postings) for c, block, term, postings in rows]
        return found

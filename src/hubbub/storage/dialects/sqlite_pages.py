"""The questions behind a page of history, as SQLite is asked.

A page is one step of one statement, whose answer is the JSON of what it shows: the model's own encoding, put together
around the bodies, which are JSON already.  Nothing is looked up by name and no row crosses into Python by itself, which
makes a page of fifty a third of the work it is through SQLAlchemy.
"""

from __future__ import annotations

import sqlite3
from typing import cast

import msgspec
from sqlalchemy import Connection

from hubbub.chat.model import ConversationKind, ConversationRow, Entry, MemberRow, MemberState, MessageState, Role
from hubbub.storage.chat.rows import SHOWN_KINDS, decode_intervals
from hubbub.storage.dialects import OnPage
from hubbub.storage.tables.chat import EntryKind

__all__ = ["SqlitePages"]

_unhex = bytes.fromhex
_decode_shown = msgspec.json.Decoder(list[MessageState | Entry]).decode

_PLACE = (
    "SELECT c.kind, c.title, c.topic, c.announcement, c.dissolved, c.history_for_newcomers, c.mute_all, c.slow_mode_s,"
    " c.head, c.last_time_ms, c.member_count, c.members_version, c.created_by, c.created_ms, c.peer_low, c.peer_high,"
    " c.kept_from,"
    " m.role, m.state, m.intervals, m.read_seq, m.delivered_seq, m.muted_until_ms, m.last_sent_ms, m.version"
    " FROM conversations c LEFT JOIN members m ON m.conversation_id = c.id AND m.user_id = ?2 WHERE c.id = ?1"
)

_COMMON = (
    '"conversation_id":"%s","seq":%d,"time_ms":%d,"sender_id":"%s","client_id":"%s"',
    "?5, e.seq, e.time_ms, lower(hex(e.sender_id)), lower(hex(e.client_id))",
)
_STATE = (
    """printf(',"recalled":%s,"edits":%d,"edited_ms":%d,"pinned":%s,"thread_replies":%d,"thread_last_seq":%d',"""
    " iif(m.recalled, 'true', 'false'), m.edits, m.edited_ms, iif(m.pinned, 'true', 'false'), m.thread_replies,"
    " m.thread_last_seq)"
)
_MESSAGE = (
    f"""printf('{{"type":"message","message":{{{_COMMON[0]},"post":%s%s}}}}', {_COMMON[1]},"""
    f" coalesce(m.body, e.body), CASE WHEN m.seq IS NULL THEN '' ELSE {_STATE} END)"
)
_ENTRY = f"""printf('{{"type":"entry",{_COMMON[0]},"action":%s}}', {_COMMON[1]}, e.body)"""


def _shown(order: str) -> str:
    kinds = ",".join(map(str, SHOWN_KINDS))
    return (
        "SELECT '[' || group_concat(item) || ']' FROM ("
        f"SELECT CASE WHEN e.kind = {EntryKind.POST.value} THEN {_MESSAGE} ELSE {_ENTRY} END AS item FROM entries e"
        " LEFT JOIN message_states m ON m.conversation_id = e.conversation_id AND m.seq = e.seq"
        f" WHERE e.conversation_id = ?1 AND e.seq BETWEEN ?2 AND ?3 AND e.kind IN ({kinds})"
        f" ORDER BY e.seq {order} LIMIT ?4)"
    )


_NEWEST_FIRST, _OLDEST_FIRST = _shown("DESC"), _shown("ASC")

_ON_PAGE = (
    "SELECT seq FROM hidden WHERE user_id = ?1 AND conversation_id = ?2 AND seq BETWEEN ?3 AND ?4"
    " UNION ALL SELECT 0 FROM"
    " (SELECT 1 FROM reactions WHERE conversation_id = ?2 AND target_seq BETWEEN ?3 AND ?4 LIMIT 1)"
)
_REACTED = {0}


def _driver(conn: Connection) -> sqlite3.Connection:
    return cast(sqlite3.Connection, conn.connection.driver_connection)


class SqlitePages:
    """The part of SQLite's `Dialect` that pages are made of."""

    def find_place(
        self, conn: Connection, user_id: str, conversation_id: str
    ) -> tuple[ConversationRow | None, MemberRow | None]:
        row = _driver(conn).execute(_PLACE, (_unhex(conversation_id), _unhex(user_id))).fetchone()
        if row is None:
            return None, None
        kind, title, topic, announcement, dissolved, for_newcomers, mute_all = row[:7]
        slow_mode_s, head, last_time_ms, member_count, members_version, created_by, created_ms, low, high = row[7:16]
        kept_from, role, state, intervals, *numbers = row[16:]
        conversation = ConversationRow(
            conversation_id,
            ConversationKind(kind),
            title,
            topic,
            announcement,
            bool(dissolved),
            bool(for_newcomers),
            bool(mute_all),
            slow_mode_s,
            head,
            last_time_ms,
            member_count,
            members_version,
            created_by.hex() if created_by else "",
            created_ms,
            None if low is None else (low.hex(), high.hex()),
            kept_from=kept_from,
        )
        if role is None:
            return conversation, None
        spans = decode_intervals(intervals)
        return conversation, MemberRow(conversation_id, user_id, Role(role), MemberState(state), spans, *numbers)

    def find_shown(
        self, conn: Connection, conversation_id: str, low: int, high: int, limit: int, *, newest_first: bool
    ) -> list[MessageState | Entry]:
        values = (_unhex(conversation_id), low, high, limit, conversation_id)
        answer = _driver(conn).execute(_NEWEST_FIRST if newest_first else _OLDEST_FIRST, values).fetchone()[0]
        return [] if answer is None else _decode_shown(answer)

    def find_on_page(self, conn: Connection, user_id: str, conversation_id: str, first: int, last: int) -> OnPage:
        values = (_unhex(user_id), _unhex(conversation_id), first, last)
        found = {seq for (seq,) in _driver(conn).execute(_ON_PAGE, values).fetchall()}
        return OnPage(found - _REACTED, 0 in found)

"""Read and delivered marks, and what people hide from themselves.

Marks only grow: a device that was asleep for a week cannot unread what another device has read.  A read mark is part
of what a person sees on every device, so raising it advances the person's version; a delivered mark alone does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, and_, select

from hubbub.chat.model import ConversationKind, Mark, MemberRow, MemberState
from hubbub.chat.ports import MarkSet
from hubbub.storage.changes import advance_versions
from hubbub.storage.dialects import Dialect
from hubbub.storage.remembered import Remembered
from hubbub.storage.rows import member_of, member_values
from hubbub.storage.sight import EVERYTHING
from hubbub.storage.tables import conversations, hidden, members, user_versions

_AT_ONCE = 200


def merge_marks(marks: Iterable[tuple[str, Mark]]) -> dict[tuple[str, str], Mark]:
    """Return one mark per (conversation, user): the highest of each, reading included in delivery."""
    merged: dict[tuple[str, str], Mark] = {}
    for conversation_id, mark in marks:
        key = (conversation_id, mark.user_id)
        known = merged.get(key, Mark(mark.user_id, 0, 0))
        read_seq = max(known.read_seq, mark.read_seq)
        merged[key] = Mark(mark.user_id, read_seq, max(known.delivered_seq, mark.delivered_seq, read_seq))
    return merged


def raise_row(row: MemberRow, mark: Mark, head: int) -> tuple[bool, bool]:
    """Raise the marks of a row; return whether anything rose, and whether the read mark did."""
    read_seq = min(mark.read_seq, head)
    delivered_seq = min(mark.delivered_seq, head)
    read_rose = read_seq > row.read_seq
    rose = read_rose or delivered_seq > row.delivered_seq
    row.read_seq = max(row.read_seq, read_seq)
    row.delivered_seq = max(row.delivered_seq, delivered_seq)
    return rose, read_rose


def write_marks(
    conn: Connection, dialect: Dialect, remembered: Remembered, marks: Sequence[tuple[str, Mark]]
) -> list[MarkSet]:
    """Raise marks; return only the rows that rose, in the order first named."""
    wanted = merge_marks(marks)
    heads = _heads(conn, sorted({conversation_id for conversation_id, _ in wanted}))
    rows = _rows(conn, wanted)
    risen: list[MemberRow] = []
    read: set[tuple[str, str]] = set()
    for key, mark in wanted.items():
        found = heads.get(key[0])
        if found is None:
            continue
        head, kind = found
        row = rows.get(key)
        if row is None and kind == ConversationKind.SYSTEM:
            row = MemberRow(*key, intervals=EVERYTHING)
        if row is None or row.state is not MemberState.JOINED:
            continue
        rose, read_rose = raise_row(row, mark, head)
        if rose:
            risen.append(row)
        if read_rose:
            read.add(key)
    if not risen:
        return []
    versions = advance_versions(conn, dialect, [user_id for _, user_id in read])
    unchanged = {row.user_id for row in risen} - versions.keys()
    for row in risen:
        if (row.conversation_id, row.user_id) in read:
            row.version = versions[row.user_id]
        remembered.forget_member(row.conversation_id, row.user_id)
    dialect.upsert(conn, members, [member_values(row) for row in risen], growing=("read_seq", "delivered_seq"))
    versions |= _versions(conn, sorted(unchanged))
    return [
        MarkSet(
            row.conversation_id,
            Mark(row.user_id, row.read_seq, row.delivered_seq),
            versions.get(row.user_id, 0),
        )
        for row in risen
    ]


def write_hidden(conn: Connection, dialect: Dialect, user_id: str, conversation_id: str, seq: int) -> None:
    """Withhold one entry from one person."""
    dialect.upsert(conn, hidden, [{"user_id": user_id, "conversation_id": conversation_id, "seq": seq}])


def _heads(conn: Connection, ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for at in range(0, len(ids), _AT_ONCE):
        statement = (
            select(conversations.c.id, conversations.c.head, conversations.c.kind)
            .where(conversations.c.id.in_(ids[at : at + _AT_ONCE]))
            .order_by(conversations.c.id)
            .with_for_update()
        )
        found.update((row.id, (row.head, row.kind)) for row in conn.execute(statement))
    return found


def _rows(conn: Connection, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], MemberRow]:
    by_conversation: dict[str, list[str]] = {}
    for conversation_id, user_id in keys:
        by_conversation.setdefault(conversation_id, []).append(user_id)
    found: dict[tuple[str, str], MemberRow] = {}
    for conversation_id, user_ids in by_conversation.items():
        for at in range(0, len(user_ids), _AT_ONCE):
            statement = select(members).where(
                and_(members.c.conversation_id == conversation_id, members.c.user_id.in_(user_ids[at : at + _AT_ONCE]))
            )
            for row in conn.execute(statement):
                found[conversation_id, row.user_id] = member_of(row)
    return found


def _versions(conn: Connection, user_ids: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for at in range(0, len(user_ids), _AT_ONCE):
        statement = select(user_versions).where(user_versions.c.user_id.in_(user_ids[at : at + _AT_ONCE]))
        found.update((row.user_id, row.version) for row in conn.execute(statement))
    return found

"""Read and delivered marks, and what people hide from themselves.

Marks only grow: a device that was asleep for a week cannot unread what another device has read.  A read mark is part
of what a person sees on every device, so raising it advances the person's version; a delivered mark alone does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select

from hubbub.chat.model import ConversationKind, Mark, MemberRow, MemberState
from hubbub.chat.ports import MarkSet, MarksRaised
from hubbub.storage.chat.facts import load_audiences, load_members, lock_conversations
from hubbub.storage.chat.remembered import Remembered
from hubbub.storage.chat.rows import encode, member_values
from hubbub.storage.chat.sight import EVERYTHING
from hubbub.storage.dialects import Dialect
from hubbub.storage.tables.chat import hidden, members, user_versions

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
    conn: Connection, dialect: Dialect, remembered: Remembered, marks: Sequence[tuple[str, Mark]], now_ms: int
) -> MarksRaised:
    """Raise marks; return only the rows that rose, in the order first named.

    `now_ms` is the clock of an embedded database.
    """
    wanted = merge_marks(marks)
    conversations, _ = lock_conversations(conn, dialect, remembered, sorted({key[0] for key in wanted}))
    rows = load_members(conn, dialect, remembered, conversations, wanted, true_marks=True)
    risen: list[MemberRow] = []
    made: list[MemberRow] = []
    read: set[tuple[str, str]] = set()
    for key, mark in wanted.items():
        conversation = conversations.get(key[0])
        if conversation is None:
            continue
        row = rows.get(key)
        is_new = row is None and conversation.kind is ConversationKind.SYSTEM
        if is_new:
            row = MemberRow(*key, intervals=EVERYTHING)
        if row is None or row.state is not MemberState.JOINED:
            continue
        rose, read_rose = raise_row(row, mark, conversation.head)
        if rose:
            risen.append(row)
            if is_new:
                made.append(row)
        if read_rose:
            read.add(key)
    if not risen:
        return MarksRaised([], 0)
    versions = dialect.advance_versions(conn, {user_id for _, user_id in read})
    for row in risen:
        if (row.conversation_id, row.user_id) in read:
            row.version = versions[row.user_id]
        remembered.forget_member(row.conversation_id, row.user_id)
    dialect.insert_new(conn, members, [member_values(row) for row in made])
    dialect.raise_marks(conn, risen)
    outbox_id = dialect.insert_outbox(conn, now_ms, encode({}), encode(versions)) if versions else 0
    versions |= _versions(conn, sorted({row.user_id for row in risen} - versions.keys()))
    audiences = load_audiences(conn, remembered, conversations)
    rows_risen = [
        MarkSet(
            row.conversation_id,
            Mark(row.user_id, row.read_seq, row.delivered_seq),
            versions.get(row.user_id, 0),
            read_rose=(row.conversation_id, row.user_id) in read,
            member_count=conversations[row.conversation_id].member_count,
            audience=(row.user_id,)
            if conversations[row.conversation_id].barred
            else audiences.get(row.conversation_id),
        )
        for row in risen
    ]
    return MarksRaised(rows_risen, outbox_id)


def write_hidden(conn: Connection, dialect: Dialect, user_id: str, conversation_id: str, seq: int) -> None:
    """Withhold one entry from one person."""
    dialect.insert_new(conn, hidden, [{"user_id": user_id, "conversation_id": conversation_id, "seq": seq}])


def _versions(conn: Connection, user_ids: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for at in range(0, len(user_ids), _AT_ONCE):
        statement = select(user_versions).where(user_versions.c.user_id.in_(user_ids[at : at + _AT_ONCE]))
        found.update((row.user_id, row.version) for row in conn.execute(statement))
    return found

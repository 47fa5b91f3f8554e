"""A conversation as it was when somebody's membership ended.

Who left or was put out keeps what was there until then and learns nothing later: not the new title, not how many
stayed, not that it was dissolved, not what an old message was edited to or who liked it since.  What changed is put
back from the log; it is looked for only where something did change.  A recalled message stays recalled: its words are
gone.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, func, select

from hubbub.chat.model import Action, ConversationRow, MemberRow, MessageRow
from hubbub.storage.chat.rows import decode_action, decode_post
from hubbub.storage.chat.sight import Spans, as_of_end, end_of, is_over, message_at_end, within
from hubbub.storage.tables.chat import EntryKind, entries


def cut_conversation(conn: Connection, conversation: ConversationRow, member: MemberRow) -> ConversationRow:
    """Return the row as this member may know it; the same row while the membership lasts."""
    end = end_of(member.intervals, conversation.head)
    if end == conversation.head:
        return msgspec.structs.replace(conversation, member_count=0) if is_over(member.intervals) else conversation
    in_log = entries.c.conversation_id == conversation.id
    # Two statements, so that each condition is the one of the partial index.
    settings = entries.c.kind.in_((EntryKind.CHANGE.value, EntryKind.DISSOLVED.value))
    later = conn.execute(
        select(entries.c.body).where(in_log, settings, entries.c.seq > end).order_by(entries.c.seq)
    ).scalars()
    changed = [decode_action(body) for body in later]
    earlier: list[Action] = []
    if changed:
        found = conn.execute(
            select(entries.c.body).where(in_log, settings, entries.c.seq <= end).order_by(entries.c.seq.desc())
        ).scalars()
        earlier = [decode_action(body) for body in found]
        opening = conn.execute(select(entries.c.body).where(in_log, entries.c.seq == 1)).scalar_one_or_none()
        if opening is not None:
            earlier.append(decode_action(opening))
    last_time_ms = conn.execute(select(entries.c.time_ms).where(in_log, entries.c.seq == end)).scalar_one_or_none()
    return as_of_end(conversation, end, last_time_ms or 0, changed, earlier)


def cut_messages(
    conn: Connection, conversation: ConversationRow, spans: Spans, messages: Sequence[MessageRow]
) -> list[MessageRow]:
    """Return messages as somebody with this sight may know them."""
    end = end_of(spans, conversation.head)
    if end == conversation.head:
        return list(messages)
    return [_cut_message(conn, spans, end, row) for row in messages]


def _cut_message(conn: Connection, spans: Spans, end: int, row: MessageRow) -> MessageRow:
    in_log = entries.c.conversation_id == row.conversation_id
    about = entries.c.parent_seq == row.seq
    original, edits = row.post, []
    if row.edits and not row.recalled:
        body = conn.execute(select(entries.c.body).where(in_log, entries.c.seq == row.seq)).scalar_one()
        original = decode_post(body)
        found = conn.execute(
            select(entries.c.seq, entries.c.time_ms, entries.c.body)
            .where(in_log, about, entries.c.kind == EntryKind.EDIT, entries.c.seq <= end)
            .order_by(entries.c.seq)
        )
        edits = [(edit.time_ms, decode_action(edit.body)) for edit in found if within(spans, edit.seq)]
    replies, last_reply = 0, 0
    if row.thread_replies:
        counted = conn.execute(
            select(func.count().label("replies"), func.max(entries.c.seq).label("last")).where(
                in_log, about, entries.c.kind == EntryKind.POST, entries.c.seq <= end
            )
        ).one()
        replies, last_reply = counted.replies, counted.last or 0
    return message_at_end(row, original, edits, replies, last_reply)

"""A conversation as it was when somebody's membership ended.

Who left or was put out keeps what was there until then and learns nothing later: not the new title, not the new
announcement, not how many stayed, not that it was dissolved.  What changed since is put back from the log; it is rare,
and looked for only when something did change.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select

from hubbub.chat.model import Action, ConversationChange, ConversationRow, Created, Dissolved, MemberRow
from hubbub.storage.rows import decode_action
from hubbub.storage.sight import end_of
from hubbub.storage.tables import EntryKind, entries

_BEFORE: dict[str, Any] = {
    "topic": "",
    "announcement": "",
    "history_for_newcomers": True,
    "mute_all": False,
    "slow_mode_s": 0,
}
"""What a setting is taken to have been when the log does not tell."""


def cut_conversation(conn: Connection, conversation: ConversationRow, member: MemberRow) -> ConversationRow:
    """Return the row as this member may know it; the same row while the membership lasts."""
    end = end_of(member.intervals, conversation.head)
    if end == conversation.head:
        return conversation
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


def as_of_end(
    conversation: ConversationRow, end: int, last_time_ms: int, changed: Iterable[Action], earlier: Iterable[Action]
) -> ConversationRow:
    """Return the row at `end`: `changed` are the settings entries after it, `earlier` those up to it, newest first."""
    row = copy.copy(conversation)
    row.head = end
    row.last_time_ms = last_time_ms
    row.member_count = 0
    open_names = {name for action in changed if isinstance(action, ConversationChange) for name in _given(action)}
    if any(isinstance(action, Dissolved) for action in changed):
        row.dissolved = False
    for name in open_names:
        setattr(row, name, _BEFORE.get(name, ""))
    for action in earlier:
        given = _given(action) if isinstance(action, ConversationChange) else {}
        if isinstance(action, Created):
            given = {"title": action.title}
        for name in open_names & given.keys():
            setattr(row, name, given[name])
            open_names.discard(name)
    return row


def _given(action: ConversationChange) -> dict[str, Any]:
    values = {name: getattr(action, name) for name in ("title", *_BEFORE)}
    return {name: value for name, value in values.items() if value is not None}

"""What one person may see of one conversation.

A membership is a list of intervals of seq, and every page, count and preview is cut by it.  The rule is stated once,
here, over plain rows, for every store.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from hubbub.base.errors import ChatError, Code
from hubbub.chat.model import (
    AS_THE_PLACE,
    MAX_SEQ,
    Action,
    ConversationChange,
    ConversationKind,
    ConversationRow,
    Created,
    Dissolved,
    Edit,
    MemberRow,
    MemberState,
    MessageRow,
    Post,
)

Spans = tuple[tuple[int, int], ...]
"""Ascending, disjoint, both ends included."""

EVERYTHING: Spans = ((1, MAX_SEQ),)


_BEFORE: dict[str, Any] = {
    "topic": "",
    "announcement": "",
    "history_for_newcomers": True,
    "mute_all": False,
    "slow_mode_s": 0,
    "roles": (),
    "keep_days": AS_THE_PLACE,
}
"""What a setting is taken to have been when the log does not tell."""


def sight(conversation: ConversationRow | None, member: MemberRow | None) -> Spans:
    """Return the intervals a reader may look at.

    Anybody may look at a channel from outside, also who left it; who was put out keeps what was seen until then.
    Raises CONVERSATION_NOT_FOUND, or NOT_A_MEMBER for somebody who was never in it.  A private chat does not even exist
    for a third person: anybody can compute its id, and must not learn from it who talks with whom.
    """
    if conversation is None or (conversation.kind is ConversationKind.DIRECT and member is None):
        raise ChatError(Code.CONVERSATION_NOT_FOUND)
    if conversation.kind is ConversationKind.SYSTEM:
        return EVERYTHING
    stranger = member is None or member.state in (MemberState.NONE, MemberState.LEFT)
    if conversation.kind is ConversationKind.CHANNEL and stranger:
        return from_outside(conversation, member)
    if member is None or not member.intervals:
        raise ChatError(Code.NOT_A_MEMBER)
    return member.intervals


def from_outside(conversation: ConversationRow, member: MemberRow | None) -> Spans:
    """Return what a visitor of a channel sees: all of it, or, where newcomers get no history, what a newcomer would.

    That is what comes after the head, and what the visitor saw while a member.
    """
    if conversation.history_for_newcomers:
        return EVERYTHING
    earlier = member.intervals if member is not None else ()
    return (*earlier, (conversation.head + 1, MAX_SEQ))


def end_of(spans: Spans, head: int) -> int:
    """Return the highest seq that exists for somebody with this sight."""
    return min(head, spans[-1][1]) if spans else 0


def is_over(spans: Spans) -> bool:
    """Whether the membership that gave this sight has ended, also if nothing happened since.

    Who is there now is then none of theirs: in a channel people come and go without an entry.
    """
    return not spans or spans[-1][1] < MAX_SEQ


def clip(spans: Spans, low: int, high: int) -> list[tuple[int, int]]:
    """Return the parts of the intervals within [low, high]."""
    return [(max(low, first), min(high, last)) for first, last in spans if first <= high and last >= low]


def kept(conversation: ConversationRow, spans: Spans) -> Spans:
    """Return what is still there of intervals: what is older than messages are kept is gone for everybody."""
    if conversation.kept_from <= 1:
        return spans
    return tuple(clip(spans, conversation.kept_from, MAX_SEQ))


def within(spans: Spans, seq: int) -> bool:
    """Return whether one of the intervals holds this entry."""
    return any(first <= seq <= last for first, last in spans)


def implicit_member(conversation: ConversationRow, user_id: str) -> MemberRow:
    """Return the row somebody without one has: everybody is in SYSTEM, and looks at a CHANNEL from outside."""
    if conversation.kind is ConversationKind.SYSTEM:
        return MemberRow(conversation.id, user_id, intervals=EVERYTHING)
    return MemberRow(conversation.id, user_id, state=MemberState.NONE, intervals=from_outside(conversation, None))


def is_visitor(conversation: ConversationRow, member: MemberRow) -> bool:
    """Whether this person only looks in from outside; nothing is unread to a visitor."""
    left = conversation.kind is ConversationKind.CHANNEL and member.state is MemberState.LEFT
    return left or member.state is MemberState.NONE


def seq_before(cursor: str) -> int:
    """Return the number that a page, newest first, stays below.  Raises BAD_CURSOR."""
    if not cursor:
        return MAX_SEQ
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 20):
        raise ChatError(Code.BAD_CURSOR)
    return min(int(cursor), MAX_SEQ)


def as_visitor(conversation: ConversationRow, member: MemberRow) -> MemberRow:
    """Return the row for somebody who asks for this one: a channel they left is open to them like to any other."""
    if conversation.kind is ConversationKind.CHANNEL and is_visitor(conversation, member):
        earlier = member if member.state is MemberState.LEFT else None
        return msgspec.structs.replace(member, intervals=from_outside(conversation, earlier))
    return member


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


def message_at_end(
    row: MessageRow, original: Post, edits: Sequence[tuple[int, Action]], replies: int, last_reply: int
) -> MessageRow:
    """Return a message with only these (time, edit) made and these replies given; pins are for those who are there."""
    row = copy.copy(row)
    row.pinned = False
    row.thread_replies, row.thread_last_seq = replies, last_reply
    if row.recalled:
        return row
    row.post, row.edits, row.edited_ms = original, len(edits), 0
    for time_ms, edit in edits:
        assert isinstance(edit, Edit)
        row.edited_ms = time_ms
        row.post = msgspec.structs.replace(
            original, body=edit.body, mentions=edit.mentions, mention_all=edit.mention_all
        )
    return row

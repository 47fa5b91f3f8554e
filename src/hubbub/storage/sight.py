"""What one person may see of one conversation.

A membership is a list of intervals of seq, and every page, count and preview is cut by it.  The rule is stated once,
here, over plain rows, for every store.
"""

from __future__ import annotations

from hubbub.base.errors import ChatError, Code
from hubbub.chat.model import MAX_SEQ, ConversationKind, ConversationRow, MemberRow, MemberState

Spans = tuple[tuple[int, int], ...]
"""Ascending, disjoint, both ends included."""

EVERYTHING: Spans = ((1, MAX_SEQ),)


def sight(conversation: ConversationRow | None, member: MemberRow | None) -> Spans:
    """Return the intervals a reader may look at.

    Anybody may look at a channel, also who left it; who was put out of it keeps what was seen until then.  Raises
    CONVERSATION_NOT_FOUND, or NOT_A_MEMBER for somebody who was never in it.
    """
    if conversation is None:
        raise ChatError(Code.CONVERSATION_NOT_FOUND)
    if conversation.kind is ConversationKind.SYSTEM:
        return EVERYTHING
    stranger = member is None or member.state in (MemberState.NONE, MemberState.LEFT)
    if conversation.kind is ConversationKind.CHANNEL and stranger:
        return EVERYTHING
    if member is None or not member.intervals:
        raise ChatError(Code.NOT_A_MEMBER)
    return member.intervals


def end_of(spans: Spans, head: int) -> int:
    """Return the highest seq that exists for somebody with this sight."""
    return min(head, spans[-1][1]) if spans else 0


def clip(spans: Spans, low: int, high: int) -> list[tuple[int, int]]:
    """Return the parts of the intervals within [low, high]."""
    return [(max(low, first), min(high, last)) for first, last in spans if first <= high and last >= low]


def within(spans: Spans, seq: int) -> bool:
    return any(first <= seq <= last for first, last in spans)


def implicit_member(conversation: ConversationRow, user_id: str) -> MemberRow:
    """Return the row somebody without one has: everybody is in SYSTEM, and looks at a CHANNEL from outside."""
    if conversation.kind is ConversationKind.SYSTEM:
        return MemberRow(conversation.id, user_id, intervals=EVERYTHING)
    return MemberRow(conversation.id, user_id, state=MemberState.NONE, intervals=EVERYTHING)

"""Who looks at what: one conversation with the reader's row, and what of it the reader may see.

Every read about one conversation begins here, in the same snapshot as what follows.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select

from hubbub.chat.model import ConversationRow, MemberRow
from hubbub.storage.rows import conversation_of, member_of
from hubbub.storage.schema import Id
from hubbub.storage.sight import Spans, end_of, sight
from hubbub.storage.tables import conversations, hidden, members

_CONVERSATION = select(conversations).where(conversations.c.id == bindparam("id", type_=Id))
_MEMBER = select(members).where(
    members.c.conversation_id == bindparam("id", type_=Id), members.c.user_id == bindparam("reader", type_=Id)
)
_HIDDEN = select(hidden.c.seq).where(
    hidden.c.user_id == bindparam("reader", type_=Id),
    hidden.c.conversation_id == bindparam("id", type_=Id),
    hidden.c.seq.between(bindparam("first"), bindparam("last")),
)


class Look(NamedTuple):
    """A conversation as one reader meets it."""

    conversation: ConversationRow
    member: MemberRow | None
    spans: Spans
    end: int
    """The highest seq this reader may see."""


def look(conn: Connection, user_id: str, conversation_id: str) -> Look:
    """Return the conversation and the reader's place in it.

    Raises ChatError with CONVERSATION_NOT_FOUND or NOT_A_MEMBER.
    """
    found = conn.execute(_CONVERSATION, {"id": conversation_id}).one_or_none()
    conversation = None if found is None else conversation_of(found)
    row = conn.execute(_MEMBER, {"id": conversation_id, "reader": user_id}).one_or_none()
    member = None if row is None else member_of(row)
    spans = sight(conversation, member)
    assert conversation is not None  # sight has refused it otherwise
    return Look(conversation, member, spans, end_of(spans, conversation.head))


def hidden_between(conn: Connection, user_id: str, conversation_id: str, first: int, last: int) -> set[int]:
    """Return the entries in [first, last] that this person has hidden."""
    found = conn.execute(_HIDDEN, {"reader": user_id, "id": conversation_id, "first": first, "last": last})
    return set(found.scalars())

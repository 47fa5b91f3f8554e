"""Who looks at what: one conversation with the reader's row, and what of it the reader may see.

Every read about one conversation begins here, in the same snapshot as what follows.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, and_, bindparam, select

from hubbub.chat.model import ConversationRow, MemberRow
from hubbub.storage.chat.rows import conversation_of, member_of
from hubbub.storage.chat.sight import Spans, end_of, kept, sight
from hubbub.storage.tables.chat import conversations, hidden, members
from hubbub.storage.tables.schema import Id

_PLACE = (
    select(conversations, members)
    .select_from(
        conversations.outerjoin(
            members,
            and_(
                members.c.conversation_id == conversations.c.id,
                members.c.user_id == bindparam("reader", type_=Id),
            ),
        )
    )
    .where(conversations.c.id == bindparam("id", type_=Id))
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
    """What this reader may see and is still kept; none when all of it is gone."""
    end: int
    """The highest seq this reader may see."""


def look(conn: Connection, user_id: str, conversation_id: str) -> Look:
    """Return the conversation and the reader's place in it.

    Raises ChatError with CONVERSATION_NOT_FOUND or NOT_A_MEMBER.
    """
    return look_from(*read_place(conn, user_id, conversation_id))


def look_from(conversation: ConversationRow | None, member: MemberRow | None) -> Look:
    """Return the same from rows that were read."""
    spans = sight(conversation, member)
    assert conversation is not None  # sight has refused it otherwise
    return Look(conversation, member, kept(conversation, spans), end_of(spans, conversation.head))


def read_place(conn: Connection, user_id: str, conversation_id: str) -> tuple[ConversationRow | None, MemberRow | None]:
    row = conn.execute(_PLACE, {"id": conversation_id, "reader": user_id}).one_or_none()
    if row is None:
        return None, None
    return conversation_of(row), None if row.user_id is None else member_of(row)


def hidden_between(conn: Connection, user_id: str, conversation_id: str, first: int, last: int) -> set[int]:
    """Return the entries in [first, last] that this person has hidden."""
    found = conn.execute(_HIDDEN, {"reader": user_id, "id": conversation_id, "first": first, "last": last})
    return set(found.scalars())

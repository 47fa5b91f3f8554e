"""One's own conversations by name.

A private chat has the name of the other person.  Names are folded in Python as messages are, so all databases find the
same; a person's conversations are some hundreds, and their names short.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from hubbub.base.ids import SYSTEM_CONVERSATION
from hubbub.chat.model import ConversationKind, ConversationState, MemberState
from hubbub.chat.search.folding import fold, normal
from hubbub.storage.chat.states import build_states, read_pairs
from hubbub.storage.dialects import Dialect
from hubbub.storage.tables.account import users
from hubbub.storage.tables.chat import conversations, members

_AT_ONCE = 200
_MOST = 5_000
"""So many of the most recent conversations are looked through."""


def contains(name: str, query: str) -> bool:
    """Whether a name has the query in it, whatever its case, accents and widths."""
    return fold(normal(query)).text in fold(normal(name)).text


def read_conversations_named(
    conn: Connection, dialect: Dialect, user_id: str, query: str, limit: int
) -> list[ConversationState]:
    """Return what this person is in and has the query in its name, most recent first."""
    statement = (
        select(
            conversations.c.id,
            conversations.c.kind,
            conversations.c.title,
            conversations.c.peer_low,
            conversations.c.peer_high,
        )
        .select_from(members.join(conversations, conversations.c.id == members.c.conversation_id))
        .where(
            members.c.user_id == user_id,
            members.c.state == MemberState.JOINED,
            conversations.c.id != SYSTEM_CONVERSATION,
        )
        .order_by(conversations.c.last_time_ms.desc(), conversations.c.id)
        .limit(_MOST)
    )
    rows = conn.execute(statement).all()
    peers = {
        row.id: row.peer_high if row.peer_low == user_id else row.peer_low
        for row in rows
        if row.kind == ConversationKind.DIRECT
    }
    names = _names(conn, sorted(set(peers.values())))
    found: list[str] = []
    for row in rows:
        called = names.get(peers[row.id], ()) if row.id in peers else (row.title,)
        if any(contains(name, query) for name in called):
            found.append(row.id)
            if len(found) == limit:
                break
    return build_states(conn, dialect, user_id, read_pairs(conn, user_id, found))


def _names(conn: Connection, user_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    names: dict[str, tuple[str, ...]] = {}
    for at in range(0, len(user_ids), _AT_ONCE):
        statement = select(users.c.id, users.c.username, users.c.display_name).where(
            users.c.id.in_(user_ids[at : at + _AT_ONCE])
        )
        names.update((row.id, (row.username, row.display_name)) for row in conn.execute(statement))
    return names

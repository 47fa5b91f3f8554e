"""Who has blocked whom, as far as writers and readers of conversations must know."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection, bindparam, select

from hubbub.base.ids import direct_id
from hubbub.chat.model import ConversationKind, ConversationRow
from hubbub.storage.padded import padded
from hubbub.storage.tables.contact import contacts
from hubbub.storage.tables.schema import Id

_AT_ONCE = 200

_BLOCKED = select(contacts.c.user_id, contacts.c.other_id).where(
    contacts.c.blocked,
    contacts.c.user_id.in_(bindparam("blockers", type_=Id, expanding=True)),
    contacts.c.other_id.in_(bindparam("blocked", type_=Id, expanding=True)),
)
_HELD = select(contacts.c.held_read_seq, contacts.c.held_delivered_seq).where(
    contacts.c.user_id == bindparam("blocker", type_=Id),
    contacts.c.other_id == bindparam("other", type_=Id),
    contacts.c.blocked,
)


def is_private_chat(conversation_id: str, people: Sequence[str]) -> bool:
    """Whether these are the two people of a private chat: its id is a function of them."""
    return len(people) == 2 and direct_id(*people) == conversation_id


def read_blocks(conn: Connection, pairs: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return those of these (blocker, blocked) that are so."""
    found: set[tuple[str, str]] = set()
    everybody = sorted({name for pair in pairs for name in pair})
    wanted = set(pairs)
    if len(everybody) <= _AT_ONCE:
        for some in padded(everybody, _AT_ONCE):
            rows = conn.execute(_BLOCKED, {"blockers": some, "blocked": some})
            found.update((row.user_id, row.other_id) for row in rows)
        return found & wanted
    for ones in padded(everybody, _AT_ONCE):
        for others in padded(everybody, _AT_ONCE):
            rows = conn.execute(_BLOCKED, {"blockers": ones, "blocked": others})
            found.update((row.user_id, row.other_id) for row in rows)
    return found & wanted


def bar(conn: Connection, rows: Iterable[ConversationRow]) -> None:
    """Fill in who may not speak in these conversations, of which only private chats of two matter."""
    chats = {row.peers: row for row in rows if row.kind is ConversationKind.DIRECT and row.peers is not None}
    pairs = [pair for one, other in chats if one != other for pair in ((one, other), (other, one))]
    if not pairs:
        return
    for blocker, blocked in sorted(read_blocks(conn, pairs)):
        row = chats[min(blocker, blocked), max(blocker, blocked)]
        row.barred = (*row.barred, blocked)


def held_marks(conn: Connection, blocker: str, blocked: str) -> tuple[int, int] | None:
    """Return where (read, delivered) of somebody stand still for whom they have blocked; None: they have not."""
    row = conn.execute(_HELD, {"blocker": blocker, "other": blocked}).one_or_none()
    return None if row is None else (row.held_read_seq, row.held_delivered_seq)

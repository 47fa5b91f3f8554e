"""Pages of the log as it was appended, for sync and for feeds.

A page is found by the primary key and bounded by its limit, so it costs the same at the end of a million entries as at
the end of a thousand.  It says which range it covers; what is absent inside is withheld for good.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import SYSTEM_CONVERSATION
from hubbub.chat.model import MAX_SEQ, ConversationKind, Entry, EntryPage, Listening, MemberState
from hubbub.storage.chat.facts import joined_members
from hubbub.storage.chat.look import hidden_between, look
from hubbub.storage.chat.rows import entry_of
from hubbub.storage.chat.sight import Spans, clip
from hubbub.storage.padded import padded
from hubbub.storage.tables.chat import conversations, entries, members, user_versions
from hubbub.storage.tables.schema import Id

_AT_ONCE = 500

# Built once: to build a statement costs more than to run it.
_SPAN = (
    select(entries.c.seq, entries.c.time_ms, entries.c.sender_id, entries.c.client_id, entries.c.body)
    .where(
        entries.c.conversation_id == bindparam("id", type_=Id),
        entries.c.seq.between(bindparam("first"), bindparam("last")),
    )
    .order_by(entries.c.seq)
    .limit(bindparam("rows"))
)

_HEAD = select(conversations.c.head).where(conversations.c.id == bindparam("id", type_=Id))
_KEPT = select(conversations.c.head, conversations.c.kept_from).where(conversations.c.id == bindparam("id", type_=Id))
_HEADS = select(conversations.c.id, conversations.c.head).where(
    conversations.c.id.in_(bindparam("ids", expanding=True))
)
_VERSIONS = select(user_versions).where(user_versions.c.user_id.in_(bindparam("readers", expanding=True)))
_JOINED = (
    select(
        members.c.user_id, conversations.c.id, conversations.c.kind, conversations.c.head, conversations.c.member_count
    )
    .select_from(members.join(conversations, conversations.c.id == members.c.conversation_id))
    .where(
        members.c.user_id.in_(bindparam("readers", expanding=True)),
        members.c.state == MemberState.JOINED,
        conversations.c.kind != ConversationKind.SYSTEM,
    )
    .order_by(members.c.user_id, conversations.c.id)
)


def read_entries(conn: Connection, user_id: str, conversation_id: str, after_seq: int, limit: int) -> EntryPage:
    """Return the reader's entries above `after_seq`, oldest first."""
    seen = look(conn, user_id, conversation_id)
    return page(conn, user_id, conversation_id, seen.spans, seen.end, after_seq, limit)


def read_entries_for_all(conn: Connection, conversation_id: str, after_seq: int, limit: int) -> EntryPage:
    """Return entries above `after_seq` that are kept, whoever may see them."""
    row = conn.execute(_KEPT, {"id": conversation_id}).one_or_none()
    if row is None:
        raise ChatError(Code.CONVERSATION_NOT_FOUND)
    return page(conn, None, conversation_id, ((max(row.kept_from, 1), MAX_SEQ),), row.head, after_seq, limit)


def page(
    conn: Connection, user_id: str | None, conversation_id: str, spans: Spans, end: int, after_seq: int, limit: int
) -> EntryPage:
    """Return up to `limit` entries above `after_seq` that lie within the spans, up to `end`."""
    found: list[Entry] = []
    to_seq = end
    for first, last in clip(spans, after_seq + 1, end):
        part = read_span(conn, conversation_id, first, last, limit - len(found))
        found += part
        if len(found) >= limit:
            to_seq = found[-1].seq
            break
    if found and user_id is not None:
        withheld = hidden_between(conn, user_id, conversation_id, found[0].seq, found[-1].seq)
        if withheld:
            found = [entry for entry in found if entry.seq not in withheld]
    return EntryPage(conversation_id, after_seq + 1, max(to_seq, after_seq), end, tuple(found))


def read_span(conn: Connection, conversation_id: str, first: int, last: int, limit: int) -> list[Entry]:
    """Return up to `limit` entries of [first, last], ascending."""
    found = conn.execute(_SPAN, {"id": conversation_id, "first": first, "last": last, "rows": limit})
    return [entry_of(conversation_id, row) for row in found]


def read_heads(conn: Connection, conversation_ids: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for some in padded(conversation_ids, _AT_ONCE):
        found.update((row.id, row.head) for row in conn.execute(_HEADS, {"ids": some}))
    return found


def read_audience(conn: Connection, user_id: str, small_audience: int) -> list[tuple[str, int, bool]]:
    """Return (conversation, head, large) of everything this person has joined, SYSTEM included."""
    return list(read_listening(conn, [user_id], small_audience)[0].conversations)


def read_listening(conn: Connection, user_ids: Sequence[str], small_audience: int) -> list[Listening]:
    """Return what each of these people hears of, with their versions."""
    versions: dict[str, int] = {}
    heard: dict[str, list[tuple[str, int, bool]]] = {}
    for some in padded(user_ids, _AT_ONCE):
        versions.update((row.user_id, row.version) for row in conn.execute(_VERSIONS, {"readers": some}))
        for row in conn.execute(_JOINED, {"readers": some}):
            large = row.member_count > small_audience or row.kind == ConversationKind.CHANNEL
            heard.setdefault(row.user_id, []).append((row.id, row.head, large))
    system = conn.execute(_HEAD, {"id": SYSTEM_CONVERSATION}).scalar_one_or_none()
    everybody = [] if system is None else [(SYSTEM_CONVERSATION, system, True)]
    return [Listening(name, versions.get(name, 0), (*everybody, *heard.get(name, ()))) for name in user_ids]


def read_small_audience(conn: Connection, conversation_id: str, at_most: int) -> tuple[str, ...] | None:
    """Return the joined members of a small conversation, or None for a large one and for SYSTEM."""
    kind = conn.execute(select(conversations.c.kind).where(conversations.c.id == conversation_id)).scalar_one_or_none()
    if kind is None or kind == ConversationKind.SYSTEM:
        return None
    found = joined_members(conn, conversation_id, at_most + 1)
    return found if len(found) <= at_most else None

"""Letting messages go: which are old enough, and taking their words out of the database.

The moment up to which something goes is looked for by halving, because times never fall along a conversation; so no
index by time is needed, and a conversation of a million messages costs twenty looks.

Words are taken out under the lock of their conversation, which also orders this with whoever opens a legal hold
(`held`).  So a step is short.  How far it has come is written with it: a step that was not committed is done again, and
one that two nodes take at once is taken by the second with nothing left to do.  Nobody reads what is below `kept_from`,
so the order in which it goes does not matter to anybody.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, delete, select, update

from hubbub.chat.model import Action, Body, Edit, Pin, Post, React, Recall
from hubbub.chat.retention import Keeping
from hubbub.storage.chat.held import held_conversations
from hubbub.storage.chat.rows import encode
from hubbub.storage.chat.search_index import leave_behind
from hubbub.storage.dialects import Dialect
from hubbub.storage.file_store import unshow_between
from hubbub.storage.tables.chat import EntryKind, conversations, entries, mentions, message_states, reactions
from hubbub.storage.tables.schema import Id

GONE: dict[int, Action] = {
    EntryKind.POST.value: Post(Body(), withdrawn=True),
    EntryKind.EDIT.value: Edit(0, Body(), withdrawn=True),
    EntryKind.RECALL.value: Recall(0),
    EntryKind.REACT.value: React(0, ""),
    EntryKind.PIN.value: Pin(0),
}
"""What is left of an entry that says something, by its kind.

Who came and went, and what the conversation was called, stays in the log: from it is read what those know who left.
"""

_NEXT = (
    select(
        conversations.c.id,
        conversations.c.keep_days,
        conversations.c.kept_from,
        conversations.c.erased_to,
        entries.c.time_ms,
    )
    .select_from(
        conversations.join(
            entries,
            and_(
                entries.c.conversation_id == conversations.c.id,
                entries.c.seq == case((conversations.c.kept_from > 1, conversations.c.kept_from), else_=1),
            ),
        )
    )
    .where(conversations.c.id > bindparam("after", type_=Id))
    .order_by(conversations.c.id)
    .limit(bindparam("most"))
)
_PLACE = select(conversations.c.head, conversations.c.kept_from).where(conversations.c.id == bindparam("id", type_=Id))
_TIME = select(entries.c.time_ms).where(
    entries.c.conversation_id == bindparam("id", type_=Id), entries.c.seq == bindparam("seq")
)
_SAID = (
    select(entries.c.seq)
    .where(
        entries.c.conversation_id == bindparam("id", type_=Id),
        entries.c.seq.between(bindparam("first"), bindparam("last")),
        entries.c.kind == EntryKind.POST.value,
    )
    .order_by(entries.c.seq)
    .limit(1)
)
_PROGRESS = select(conversations.c.kept_from, conversations.c.erased_to).where(
    conversations.c.id == bindparam("id", type_=Id)
)


def read_keepings(conn: Connection, after: str, limit: int) -> tuple[list[Keeping], str]:
    """Return the next conversations by id, and the last one if there may be more."""
    rows = conn.execute(_NEXT, {"after": after or "0" * 32, "most": limit}).all()
    return [Keeping(*row) for row in rows], rows[-1].id if len(rows) == limit else ""


def read_first_kept(conn: Connection, conversation_id: str, since_ms: int) -> int:
    """Return from which seq on there is nothing older than this; 0 where nothing that was said is older."""
    row = conn.execute(_PLACE, {"id": conversation_id}).one_or_none()
    if row is None:
        return 0
    first = low = max(row.kept_from, 1)
    high = row.head + 1
    while low < high:
        middle = (low + high) // 2
        if conn.execute(_TIME, {"id": conversation_id, "seq": middle}).scalar_one() < since_ms:
            low = middle + 1
        else:
            high = middle
    said = conn.execute(_SAID, {"id": conversation_id, "first": first, "last": low - 1}).first()
    return 0 if said is None else low


def erase(conn: Connection, dialect: Dialect, conversation_id: str, most: int, now_ms: int) -> bool:
    """Take the words of the next entries below `kept_from` out; return whether there are more."""
    dialect.lock_heads(conn, [conversation_id])
    row = conn.execute(_PROGRESS, {"id": conversation_id}).one_or_none()
    if row is None or held_conversations(conn, [conversation_id]):
        return False
    first, end = row.erased_to + 1, row.kept_from - 1
    last = min(end, first + most - 1)
    if last < first:
        return False
    for kind, action in GONE.items():
        of_kind = entries.c.seq.between(first, last) & (entries.c.kind == kind)
        of_log = entries.c.conversation_id == conversation_id
        conn.execute(update(entries).where(of_log, of_kind), {"recalled": True, "body": encode(action)})
    for table, seq in ((message_states, "seq"), (reactions, "target_seq"), (mentions, "seq")):
        columns: Any = table.c
        conn.execute(delete(table).where(columns.conversation_id == conversation_id, columns[seq].between(first, last)))
    unshow_between(conn, conversation_id, first, last, now_ms)
    leave_behind(conn, dialect, conversation_id, first, last, is_end=last == end)
    conn.execute(update(conversations).where(conversations.c.id == conversation_id), {"erased_to": last})
    return bool(last < end)

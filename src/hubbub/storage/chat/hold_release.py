"""Deleting what was kept for legal holds once no open one needs it.

It walks the copies conversation by conversation.  Each transaction locks its conversation first, as opening a hold
does, so that a hold which is being opened either finds a copy or was answered after it was gone.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, delete, select, update

from hubbub.storage.chat.held import open_windows, within
from hubbub.storage.dialects import Dialect
from hubbub.storage.file_store import release_files
from hubbub.storage.tables.hold import hold_copies, holds

_CONVERSATIONS_AT_ONCE = 100


def read_unsettled(conn: Connection) -> dict[str, int]:
    """Return how often those holds let something go that did since it was last looked for."""
    found = select(holds.c.id, holds.c.loosened).where(holds.c.settled < holds.c.loosened)
    return {row.id: row.loosened for row in conn.execute(found.order_by(holds.c.id).limit(1_000))}


def read_copied(conn: Connection, after: str) -> list[str]:
    """Return the next conversations of which there are copies."""
    found = select(hold_copies.c.conversation_id).distinct()
    if after:
        found = found.where(hold_copies.c.conversation_id > after)
    return list(conn.execute(found.order_by(hold_copies.c.conversation_id).limit(_CONVERSATIONS_AT_ONCE)).scalars())


def release(conn: Connection, dialect: Dialect, conversation_id: str, after_seq: int, limit: int) -> int | None:
    """Look at so many copies of a conversation above a seq and delete those nobody needs; return where to go on.

    None: that was all.
    """
    dialect.lock_heads(conn, [conversation_id])
    windows = open_windows(conn, [conversation_id]).get(conversation_id, [])
    here = hold_copies.c.conversation_id == conversation_id
    columns = (hold_copies.c.seq, hold_copies.c.time_ms, hold_copies.c.message_seq)
    found = conn.execute(
        select(*columns).where(here, hold_copies.c.seq > after_seq).order_by(hold_copies.c.seq).limit(limit)
    ).all()
    free = [row for row in found if not within(windows, row.time_ms)]
    if free:
        conn.execute(delete(hold_copies).where(here, hold_copies.c.seq.in_([row.seq for row in free])))
        messages = {row.message_seq for row in free}
        left = select(hold_copies.c.message_seq).where(here, hold_copies.c.message_seq.in_(messages))
        gone = messages.difference(conn.execute(left).scalars())
        if gone:
            release_files(conn, conversation_id, sorted(gone))
    return found[-1].seq if len(found) == limit else None


def settle(conn: Connection, unsettled: Mapping[str, int]) -> None:
    """Note that what these holds had let go so often was looked at; what they let go of since is looked for again."""
    for hold_id, times in unsettled.items():
        conn.execute(update(holds).where(holds.c.id == hold_id, holds.c.settled < times), {"settled": times})

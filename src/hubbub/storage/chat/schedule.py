"""Submits that wait for their time.

The row carries the whole command with its client_id, and the log knows that key for ever: a crash between sending and
settling sends again, and is answered with what is stored.  Before it is sent it is claimed, in a transaction of its
own, and what is claimed is neither listed nor cancelled; a claim belongs to nobody and is never taken back, so whoever
comes after a crash goes on with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, and_, bindparam, delete, exists, insert, or_, select, tuple_, update

from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import parse_id
from hubbub.chat.model import Post, ScheduledRow, Submit
from hubbub.storage.file_store import keep_until
from hubbub.storage.tables.account import users
from hubbub.storage.tables.chat import scheduled

_WAITS = or_(scheduled.c.sending.is_(None), scheduled.c.refused == True)  # noqa: E712 - SQL
_CLAIM = (
    update(scheduled)
    .where(
        scheduled.c.user_id == bindparam("user"),
        scheduled.c.conversation_id == bindparam("conversation"),
        scheduled.c.client_id == bindparam("client"),
        _WAITS,
    )
    .values(sending=True)
)

_decode_submit = msgspec.json.Decoder(Submit).decode


def write_scheduled(conn: Connection, row: ScheduledRow, digest: bytes) -> bool:
    """Store the row; return False if it was stored before.  Raises CONFLICT for another content."""
    known = conn.execute(select(scheduled.c.digest).where(_is(*_key(row)))).scalar_one_or_none()
    if known is not None:
        if known != digest:
            raise ChatError(Code.CONFLICT)
        return False
    values = {
        "user_id": row.user_id,
        "conversation_id": row.submit.conversation_id,
        "client_id": row.submit.client_id,
        "due_ms": row.due_ms,
        "refused": bool(row.error),
        "error": row.error,
        "digest": digest,
        "body": msgspec.json.encode(row.submit),
    }
    conn.execute(insert(scheduled), values)
    if isinstance(row.submit.action, Post):
        keep_until(conn, row.user_id, [file.id for file in row.submit.action.body.files], row.due_ms)
    return True


def delete_scheduled(conn: Connection, user_id: str, conversation_id: str, client_id: str) -> bool:
    """Forget the row; return whether there was one that is not being sent."""
    return conn.execute(delete(scheduled).where(_is(user_id, conversation_id, client_id), _WAITS)).rowcount > 0


def settle(conn: Connection, row: ScheduledRow, error: str) -> None:
    """Delete the row of a sent submit, or keep it with the code it was refused with."""
    if not error:
        conn.execute(delete(scheduled).where(_is(*_key(row))))
        return
    conn.execute(update(scheduled).where(_is(*_key(row))), {"refused": True, "error": error})


def read_scheduled(conn: Connection, user_id: str, cursor: str, limit: int) -> tuple[list[ScheduledRow], str]:
    """Return a page of one person's rows in due order."""
    statement = (
        _columns()
        .where(scheduled.c.user_id == user_id, _WAITS)
        .order_by(scheduled.c.due_ms, scheduled.c.conversation_id, scheduled.c.client_id)
        .limit(limit + 1)
    )
    if cursor:
        due_ms, conversation_id, client_id = _split(cursor)
        statement = statement.where(
            or_(
                scheduled.c.due_ms > due_ms,
                and_(scheduled.c.due_ms == due_ms, scheduled.c.conversation_id > conversation_id),
                and_(
                    scheduled.c.due_ms == due_ms,
                    scheduled.c.conversation_id == conversation_id,
                    scheduled.c.client_id > client_id,
                ),
            )
        )
    found = [_row(row) for row in conn.execute(statement)]
    if len(found) <= limit:
        return found, ""
    last = found[limit - 1]
    return found[:limit], f"{last.due_ms}.{last.submit.conversation_id}.{last.submit.client_id}"


def read_due(conn: Connection, now_ms: int, limit: int) -> list[ScheduledRow]:
    """Return rows that are due and were not refused, claimed or not, oldest first.

    Those of somebody who is muted on the server wait until they may speak.
    """
    muted = exists().where(users.c.id == scheduled.c.user_id, users.c.muted_until_ms > now_ms)
    statement = (
        _columns()
        .where(scheduled.c.refused == False, scheduled.c.due_ms <= now_ms, ~muted)  # noqa: E712 - SQL
        .order_by(scheduled.c.due_ms, scheduled.c.user_id, scheduled.c.conversation_id, scheduled.c.client_id)
        .limit(limit)
    )
    return [_row(row) for row in conn.execute(statement)]


def claim(conn: Connection, rows: Sequence[ScheduledRow]) -> list[ScheduledRow]:
    """Begin to send these; return those that are still to be sent, in the same order."""
    # In the order of the keys, so that two nodes that claim the same rows cannot lock each other out.
    keys = sorted(_key(row) for row in rows)
    conn.execute(_CLAIM, [dict(zip(("user", "conversation", "client"), key, strict=True)) for key in keys])
    mine = select(scheduled.c.user_id, scheduled.c.conversation_id, scheduled.c.client_id).where(
        scheduled.c.refused == False,  # noqa: E712 - SQL
        tuple_(scheduled.c.user_id, scheduled.c.conversation_id, scheduled.c.client_id).in_(keys),
    )
    left = {tuple(row) for row in conn.execute(mine)}
    return [row for row in rows if _key(row) in left]


def _columns() -> Select[Any]:
    return select(scheduled.c.user_id, scheduled.c.due_ms, scheduled.c.error, scheduled.c.body)


def _row(row: Any) -> ScheduledRow:
    return ScheduledRow(row.user_id, _decode_submit(row.body), row.due_ms, row.error)


def _key(row: ScheduledRow) -> tuple[str, str, str]:
    return row.user_id, row.submit.conversation_id, row.submit.client_id


def _is(user_id: str, conversation_id: str, client_id: str) -> Any:
    return and_(
        scheduled.c.user_id == user_id,
        scheduled.c.conversation_id == conversation_id,
        scheduled.c.client_id == client_id,
    )


def _split(cursor: str) -> tuple[int, str, str]:
    try:
        due_ms, conversation_id, client_id = cursor.split(".")
        return int(due_ms), parse_id(conversation_id), parse_id(client_id)
    except ValueError:
        raise ChatError(Code.BAD_CURSOR) from None

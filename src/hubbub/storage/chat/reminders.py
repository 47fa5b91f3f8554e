"""Reminders.

Whoever changes one, or makes one due, holds its person's version first: so one follows the other, and of two nodes that
find the same reminder due the second finds it settled.  In the transaction that makes it due also lies what the workers
of Web Push call about, so that no death in between leaves somebody uncalled.
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, and_, bindparam, func, or_, select, update

from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import parse_id
from hubbub.chat.reminders import Reminded, Reminder, ReminderChanged, ReminderPlan
from hubbub.storage.again import write_again
from hubbub.storage.chat.contacts import SqlContacts, lock_versions
from hubbub.storage.chat.rows import encode
from hubbub.storage.dialects import Dialect
from hubbub.storage.push_store import note_of_oneself
from hubbub.storage.tables.reminder import reminders
from hubbub.storage.tables.schema import Id

_CHANGED = (
    select(reminders)
    .where(reminders.c.user_id == bindparam("reader", type_=Id), reminders.c.version > bindparam("since"))
    .order_by(reminders.c.version, reminders.c.conversation_id, reminders.c.seq)
    .limit(bindparam("rows"))
)
_OF_VERSION = (
    select(reminders)
    .where(reminders.c.user_id == bindparam("reader", type_=Id), reminders.c.version == bindparam("version"))
    .order_by(reminders.c.conversation_id, reminders.c.seq)
)
_DUE = (
    select(reminders.c.user_id, reminders.c.conversation_id, reminders.c.seq)
    .where(reminders.c.waiting == True, reminders.c.due_ms <= bindparam("now"))  # noqa: E712 - SQL
    .order_by(reminders.c.due_ms, reminders.c.user_id, reminders.c.conversation_id, reminders.c.seq)
    .limit(bindparam("rows"))
)
_MAKE_DUE = (
    update(reminders)
    .where(
        reminders.c.user_id == bindparam("person"),
        reminders.c.conversation_id == bindparam("conversation"),
        reminders.c.seq == bindparam("number"),
    )
    .values(waiting=False, version=bindparam("reached"))
)


class SqlReminders(SqlContacts):
    """A `chat.reminders.ReminderStore` over an open database."""

    async def change_reminder(
        self, user_id: str, conversation_id: str, seq: int, plan: ReminderPlan
    ) -> ReminderChanged:
        now_ms = self._db.clock.now_ms()
        before = Reminder(conversation_id, seq)
        return await write_again(
            self._db, lambda conn: write_reminder(conn, self._db.dialect, user_id, before, plan, now_ms)
        )

    async def reminder(self, user_id: str, conversation_id: str, seq: int) -> Reminder:
        nothing = Reminder(conversation_id, seq)
        return await self._db.read(lambda conn: _row(conn, user_id, nothing))

    async def reminders(self, user_id: str, cursor: str, limit: int) -> tuple[list[Reminder], str]:
        return await self._db.read(lambda conn: read_reminders(conn, user_id, cursor, limit))

    async def remind(self, now_ms: int, limit: int) -> Reminded:
        asked = {"now": now_ms, "rows": limit}
        if await self._db.read(lambda conn: conn.execute(_DUE, {**asked, "rows": 1}).first()) is None:
            # Nearly always: then nothing is written and nothing locked.
            return Reminded(0, {}, 0)
        return await write_again(self._db, lambda conn: make_due(conn, self._db.dialect, now_ms, limit))


def write_reminder(
    conn: Connection, dialect: Dialect, user_id: str, nothing: Reminder, plan: ReminderPlan, now_ms: int
) -> ReminderChanged:
    """Carry out a plan; see `chat.reminders.ReminderStore.change_reminder`."""
    lock_versions(conn, dialect, [user_id])
    before = _row(conn, user_id, nothing)
    kept = select(func.count()).where(reminders.c.user_id == user_id, reminders.c.due_ms > 0)
    after = plan(before, conn.execute(kept).scalar_one())
    if after == before:
        return ReminderChanged(before, {}, 0)
    versions = dialect.advance_versions(conn, [user_id])
    after = msgspec.structs.replace(after, version=versions[user_id])
    row = {
        "user_id": user_id,
        "conversation_id": after.conversation_id,
        "seq": after.seq,
        "due_ms": after.due_ms,
        "waiting": not after.due and not after.empty,
        "note": after.note,
        "version": after.version,
    }
    dialect.upsert(conn, reminders, [row])
    return ReminderChanged(after, versions, dialect.insert_outbox(conn, now_ms, encode({}), encode(versions)))


def make_due(conn: Connection, dialect: Dialect, now_ms: int, limit: int) -> Reminded:
    """Make what has come due be so; see `chat.reminders.ReminderStore.remind`."""
    asked = {"now": now_ms, "rows": limit}
    held = {row.user_id for row in conn.execute(_DUE, asked)}
    lock_versions(conn, dialect, held)
    # Looked at again under the locks: another node may have been faster, or a person have taken one away.
    locked = [row for row in conn.execute(_DUE, asked) if row.user_id in held]
    if not locked:
        return Reminded(0, {}, 0)
    versions = dialect.advance_versions(conn, sorted({row.user_id for row in locked}))
    keys = [
        {
            "person": row.user_id,
            "conversation": row.conversation_id,
            "number": row.seq,
            "reached": versions[row.user_id],
        }
        for row in locked
    ]
    conn.execute(_MAKE_DUE, keys)
    note_of_oneself(conn, dialect, versions, now_ms)
    outbox_id = dialect.insert_outbox(conn, now_ms, encode({}), encode(versions))
    return Reminded(len(locked), versions, outbox_id)


def read_reminders(conn: Connection, user_id: str, cursor: str, limit: int) -> tuple[list[Reminder], str]:
    """Return a page of one person's rows that say something, soonest first."""
    table = reminders.c
    statement = (
        select(reminders)
        .where(table.user_id == user_id, table.due_ms > 0)
        .order_by(table.due_ms, table.conversation_id, table.seq)
        .limit(limit + 1)
    )
    if cursor:
        due_ms, conversation_id, seq = split(cursor)
        statement = statement.where(
            or_(
                table.due_ms > due_ms,
                and_(table.due_ms == due_ms, table.conversation_id > conversation_id),
                and_(table.due_ms == due_ms, table.conversation_id == conversation_id, table.seq > seq),
            )
        )
    found = [_reminder(row) for row in conn.execute(statement)]
    return found[:limit], cursor_of(found[limit - 1]) if len(found) > limit else ""


def read_changed(conn: Connection, user_id: str, since_version: int, most: int) -> list[Reminder]:
    """Return the rows with a version above this one, ascending, at most so many."""
    rows = conn.execute(_CHANGED, {"reader": user_id, "since": since_version, "rows": most})
    return [_reminder(row) for row in rows]


def read_of_version(conn: Connection, user_id: str, version: int) -> list[Reminder]:
    """Return the rows of one version."""
    return [_reminder(row) for row in conn.execute(_OF_VERSION, {"reader": user_id, "version": version})]


def cursor_of(row: Reminder) -> str:
    """Return the cursor of the page after this row."""
    return f"{row.due_ms}.{row.conversation_id}.{row.seq}"


def split(cursor: str) -> tuple[int, str, int]:
    """Return the row that a cursor names.  Raises BAD_CURSOR."""
    try:
        due_ms, conversation_id, seq = cursor.split(".")
        return int(due_ms), parse_id(conversation_id), int(seq)
    except ValueError:
        raise ChatError(Code.BAD_CURSOR) from None


def _row(conn: Connection, user_id: str, nothing: Reminder) -> Reminder:
    mine = and_(
        reminders.c.user_id == user_id,
        reminders.c.conversation_id == nothing.conversation_id,
        reminders.c.seq == nothing.seq,
    )
    row = conn.execute(select(reminders).where(mine)).one_or_none()
    return nothing if row is None else _reminder(row)


def _reminder(row: Any) -> Reminder:
    due = row.due_ms > 0 and not row.waiting
    return Reminder(row.conversation_id, row.seq, row.due_ms, row.note, due, row.version)

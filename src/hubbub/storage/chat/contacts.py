"""Contacts and blocks.

A change holds the private chat of the two before the versions of the two, in the order every commit takes them, so that
a message is decided wholly before a block or wholly after it.  The chat's revision rises with every change: what
writers remember of it, who may speak among that, is then read anew, at whichever node.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, bindparam, or_, select, update

from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import direct_id
from hubbub.chat.contacts import Contact, ContactPlan, ContactsChanged, ContactState
from hubbub.storage.again import write_again
from hubbub.storage.chat.blocks import is_private_chat, read_blocks
from hubbub.storage.chat.entry_pages import read_small_audience
from hubbub.storage.chat.invites import SqlInvites, after_person
from hubbub.storage.chat.rows import encode
from hubbub.storage.dialects import Dialect
from hubbub.storage.tables.account import users
from hubbub.storage.tables.chat import conversations, members, user_versions
from hubbub.storage.tables.contact import contacts
from hubbub.storage.tables.schema import Id

_CHANGED = (
    select(contacts)
    .where(contacts.c.user_id == bindparam("reader", type_=Id), contacts.c.version > bindparam("since"))
    .order_by(contacts.c.version, contacts.c.other_id)
    .limit(bindparam("rows"))
)
_OF_VERSION = (
    select(contacts)
    .where(contacts.c.user_id == bindparam("reader", type_=Id), contacts.c.version == bindparam("version"))
    .order_by(contacts.c.other_id)
)


class SqlContacts(SqlInvites):
    """A `chat.contacts.ContactStore` over an open database."""

    _small_audience: int

    async def change_contacts(self, user_id: str, other_id: str, plan: ContactPlan) -> ContactsChanged:
        now_ms = self._db.clock.now_ms()
        return await write_again(
            self._db, lambda conn: write_contacts(conn, self._db.dialect, user_id, other_id, plan, now_ms)
        )

    async def contacts(self, user_id: str, cursor: str, limit: int) -> tuple[list[Contact], str]:
        says = or_(
            contacts.c.state != int(ContactState.NONE),
            contacts.c.blocked,
            contacts.c.name != "",
            contacts.c.group_name != "",
        )
        statement = select(contacts).where(contacts.c.user_id == user_id, says)
        if cursor:
            statement = statement.where(contacts.c.other_id > after_person(cursor))
        statement = statement.order_by(contacts.c.other_id).limit(limit + 1)
        found = await self._db.read(lambda conn: [contact_of(row) for row in conn.execute(statement)])
        return found[:limit], found[limit - 1].user_id if len(found) > limit else ""

    async def blockers(self, user_id: str, among: Sequence[str]) -> set[str]:
        pairs = {(other, user_id) for other in among}
        found = await self._db.read(lambda conn: read_blocks(conn, pairs))
        return {blocker for blocker, _ in found}

    async def company(self, user_id: str, conversation_id: str) -> tuple[str, ...] | None:
        def read(conn: Connection) -> tuple[str, ...] | None:
            audience = read_small_audience(conn, conversation_id, self._small_audience)
            if audience is not None and is_private_chat(conversation_id, audience) and user_id in audience:
                one, other = audience
                if read_blocks(conn, {(one, other), (other, one)}):
                    return (user_id,)
            return audience

        return await self._db.read(read)


# ---------------------------------------------------------------- writing


def write_contacts(
    conn: Connection, dialect: Dialect, user_id: str, other_id: str, plan: ContactPlan, now_ms: int
) -> ContactsChanged:
    """Carry out a plan; see `chat.contacts.ContactStore.change_contacts`."""
    chat_id = direct_id(user_id, other_id)
    chat_is_there = _renew(conn, chat_id)
    lock_versions(conn, dialect, (user_id, other_id))
    mine, theirs = _row(conn, user_id, other_id), _row(conn, other_id, user_id)
    if mine is None:
        there = select(users.c.id).where(users.c.id == other_id, users.c.active)
        if conn.execute(there).one_or_none() is None:
            raise ChatError(Code.USER_NOT_FOUND)
    before = _contact(mine, other_id), _contact(theirs, user_id)
    after = plan(*before)
    owners = (user_id, other_id)
    changed = [number for number in (0, 1) if after[number] != before[number]]
    if not changed:
        return ContactsChanged(after[0], {}, 0)
    if not chat_is_there:
        # It may have been made meanwhile; then whoever made it has let go of the versions by now.
        _renew(conn, chat_id)
    versions = dialect.advance_versions(conn, [owners[number] for number in changed])
    for number in changed:
        owner = owners[number]
        row = msgspec.structs.replace(after[number], version=versions[owner])
        held = (0, 0)
        if row.blocked:
            kept = (mine, theirs)[number]
            held = _marks(conn, chat_id, owner) if not before[number].blocked else _held(kept)
        dialect.upsert(conn, contacts, [_values(owner, row, held)])
        if number == 0:
            after = row, after[1]
    outbox_id = dialect.insert_outbox(conn, now_ms, encode({}), encode(versions))
    return ContactsChanged(after[0], versions, outbox_id)


def _renew(conn: Connection, conversation_id: str) -> bool:
    """Lock a conversation, and have whoever remembers its row read it anew; whether there is one."""
    statement = update(conversations).where(conversations.c.id == conversation_id)
    return conn.execute(statement.values(revision=conversations.c.revision + 1)).rowcount > 0


def lock_versions(conn: Connection, dialect: Dialect, user_ids: Iterable[str]) -> None:
    """Hold what belongs to these people until the transaction ends, in the order every commit takes it."""
    names = sorted(user_ids)
    dialect.insert_new(conn, user_versions, [{"user_id": name, "version": 0} for name in names])
    locked = select(user_versions.c.user_id).where(user_versions.c.user_id.in_(names)).order_by(user_versions.c.user_id)
    conn.execute(locked.with_for_update()).all()


def _row(conn: Connection, user_id: str, other_id: str) -> Any:
    mine = (contacts.c.user_id == user_id) & (contacts.c.other_id == other_id)
    return conn.execute(select(contacts).where(mine)).one_or_none()


def _contact(row: Any, other_id: str) -> Contact:
    return Contact(other_id) if row is None else contact_of(row)


def _marks(conn: Connection, conversation_id: str, user_id: str) -> tuple[int, int]:
    mine = and_(members.c.conversation_id == conversation_id, members.c.user_id == user_id)
    row = conn.execute(select(members.c.read_seq, members.c.delivered_seq).where(mine)).one_or_none()
    return (0, 0) if row is None else (row.read_seq, row.delivered_seq)


def _held(row: Any) -> tuple[int, int]:
    return (0, 0) if row is None else (row.held_read_seq, row.held_delivered_seq)


def _values(user_id: str, row: Contact, held: tuple[int, int]) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "other_id": row.user_id,
        "state": int(row.state),
        "blocked": row.blocked,
        "name": row.name,
        "group_name": row.group,
        "note": row.note,
        "time_ms": row.time_ms,
        "version": row.version,
        "held_read_seq": held[0],
        "held_delivered_seq": held[1],
    }


# ---------------------------------------------------------------- reading


def contact_of(row: Any) -> Contact:
    return Contact(
        user_id=row.other_id,
        state=ContactState(row.state),
        blocked=row.blocked,
        name=row.name,
        group=row.group_name,
        note=row.note,
        time_ms=row.time_ms,
        version=row.version,
    )


def read_changed(conn: Connection, user_id: str, since_version: int, most: int) -> list[Contact]:
    """Return the rows with a version above this one, ascending, at most so many."""
    rows = conn.execute(_CHANGED, {"reader": user_id, "since": since_version, "rows": most})
    return [contact_of(row) for row in rows]


def read_of_version(conn: Connection, user_id: str, version: int) -> list[Contact]:
    """Return the rows of one version."""
    return [contact_of(row) for row in conn.execute(_OF_VERSION, {"reader": user_id, "version": version})]

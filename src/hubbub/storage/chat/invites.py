"""Invites into conversations, and people who ask to be let in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, bindparam, delete, exists, func, or_, select, update

from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import parse_id
from hubbub.chat.invites import ANSWERING, Invite, JoinRequest, Opened, Waiting
from hubbub.chat.model import UNREAD_CAP, ConversationKind, ConversationRow, MemberRow, MemberState, Role
from hubbub.chat.rights import Right
from hubbub.chat.rules.standing import rights_of
from hubbub.storage.again import write_again
from hubbub.storage.chat.remembered import Remembered
from hubbub.storage.chat.rows import conversation_of, encode, member_of
from hubbub.storage.database import Database
from hubbub.storage.dialects import Dialect
from hubbub.storage.padded import padded
from hubbub.storage.tables.chat import conversations, members
from hubbub.storage.tables.invite import invites, join_requests
from hubbub.storage.tables.schema import Id

_AT_ONCE = 200
_OF_PEOPLE = select(join_requests.c.user_id)
_INSIDE = exists().where(
    members.c.conversation_id == join_requests.c.conversation_id,
    members.c.user_id == join_requests.c.user_id,
    members.c.state.in_((MemberState.JOINED, MemberState.BANNED)),
)
_OUTSIDE = ~_INSIDE
"""Who was added or banned meanwhile waits no more, also where the row of the request is still there."""
_ASKED_FOR = select(conversations.c.id).where(
    conversations.c.id.in_(bindparam("ids", type_=Id, expanding=True)),
    exists().where(join_requests.c.conversation_id == conversations.c.id),
)
_CAPPED = (
    _OF_PEOPLE.where(join_requests.c.conversation_id == bindparam("id", type_=Id), _OUTSIDE)
    .order_by(join_requests.c.user_id)
    .limit(UNREAD_CAP)
)


class SqlInvites:
    """A `chat.inviting.InviteStore` over an open database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add_invite(self, invite: Invite, most: int) -> bool:
        def write(conn: Connection) -> bool:
            known = conn.execute(select(invites.c.id).where(invites.c.id == invite.id)).one_or_none()
            there = select(func.count()).select_from(invites).where(invites.c.conversation_id == invite.conversation_id)
            if known is None and conn.execute(there).scalar_one() >= most:
                return False
            self._db.dialect.insert_new(conn, invites, [msgspec.structs.asdict(invite)])
            return True

        return await write_again(self._db, write)

    async def invites(self, conversation_id: str, limit: int) -> list[Invite]:
        statement = (
            select(invites)
            .where(invites.c.conversation_id == conversation_id)
            .order_by(invites.c.created_ms.desc(), invites.c.id)
            .limit(limit)
        )
        return await self._db.read(lambda conn: [_invite(row) for row in conn.execute(statement)])

    async def open_invite(self, invite_id: str, user_id: str) -> Opened | None:
        def read(conn: Connection) -> Opened | None:
            row = conn.execute(select(invites).where(invites.c.id == invite_id)).one_or_none()
            if row is None:
                return None
            id_ = row.conversation_id
            conversation = conn.execute(select(conversations).where(conversations.c.id == id_)).one()
            mine = (members.c.conversation_id == id_) & (members.c.user_id == user_id)
            member = conn.execute(select(members).where(mine)).one_or_none()
            asked = conn.execute(select(join_requests.c.user_id).where(_request(id_, user_id))).one_or_none()
            return Opened(
                _invite(row),
                conversation_of(conversation),
                None if member is None else member_of(member),
                asked is not None,
            )

        return await self._db.read(read)

    async def use_invite(self, invite_id: str) -> bool:
        def write(conn: Connection) -> bool:
            # The condition is looked at again once the row is locked, so two who race for the last use cannot both win.
            counted = update(invites).where(invites.c.id == invite_id, invites.c.uses_left > 0)
            if conn.execute(counted.values(uses_left=invites.c.uses_left - 1)).rowcount:
                return True
            left = conn.execute(select(invites.c.uses_left).where(invites.c.id == invite_id)).scalar_one_or_none()
            return left is not None and left < 0

        return await write_again(self._db, write)

    async def drop_invite(self, conversation_id: str, invite_id: str) -> None:
        gone = delete(invites).where(invites.c.id == invite_id, invites.c.conversation_id == conversation_id)
        await write_again(self._db, lambda conn: conn.execute(gone).rowcount)

    async def join_requests(self, conversation_id: str, cursor: str, limit: int) -> tuple[list[JoinRequest], str]:
        statement = (
            select(join_requests)
            .where(join_requests.c.conversation_id == conversation_id, _OUTSIDE)
            .order_by(join_requests.c.user_id)
            .limit(limit + 1)
        )
        if cursor:
            statement = statement.where(join_requests.c.user_id > after_person(cursor))
        rows = await self._db.read(lambda conn: conn.execute(statement).all())
        found = [JoinRequest(row.conversation_id, row.user_id, row.time_ms, row.note) for row in rows]
        return found[:limit], found[limit - 1].user_id if len(found) > limit else ""


def write_request(
    conn: Connection, dialect: Dialect, remembered: Remembered, request: JoinRequest, now_ms: int
) -> Waiting:
    """Keep a request; see `chat.invites.InviteStore.ask_to_join`."""
    # Whoever else writes a member row takes the person's version first, too, so that one comes after the other.
    versions = _advance(conn, dialect, request.conversation_id)
    dialect.upsert(conn, join_requests, [msgspec.structs.asdict(request)])
    return _stamped(conn, dialect, remembered, request.conversation_id, versions, now_ms)


def drop_requests(
    conn: Connection,
    dialect: Dialect,
    remembered: Remembered,
    conversation_id: str,
    user_ids: Sequence[str],
    now_ms: int,
) -> Waiting | None:
    """Forget requests; see `chat.invites.InviteStore.drop_requests`."""
    theirs = _OF_PEOPLE.where(join_requests.c.conversation_id == conversation_id, join_requests.c.user_id.in_(user_ids))
    asked = conn.execute(theirs).scalars().all()
    if not asked:
        return None
    versions = _advance(conn, dialect, conversation_id)
    conn.execute(delete(join_requests).where(or_(*[_request(conversation_id, user_id) for user_id in asked])))
    return _stamped(conn, dialect, remembered, conversation_id, versions, now_ms)


def count_waiting(conn: Connection, pairs: Iterable[tuple[ConversationRow, MemberRow]]) -> dict[str, int]:
    """Return how many people wait to be let in where the reader may answer them; where nobody does, absent."""
    mine = [conversation.id for conversation, member in pairs if may_answer(conversation, member)]
    some: list[str] = []
    for ids in padded(mine, _AT_ONCE):
        some += conn.execute(_ASKED_FOR, {"ids": ids}).scalars()
    counts = {id_: len(conn.execute(_CAPPED, {"id": id_}).all()) for id_ in some}
    return {id_: count for id_, count in counts.items() if count}


def may_answer(conversation: ConversationRow, member: MemberRow) -> bool:
    """Whether somebody is one of those who let people in here; into channels nobody needs to be let."""
    there = conversation.kind is ConversationKind.GROUP and not conversation.dissolved
    return there and member.state is MemberState.JOINED and Right.INVITE in rights_of(conversation, member)


def _advance(conn: Connection, dialect: Dialect, conversation_id: str) -> dict[str, int]:
    """Advance the versions of those who may answer a request here."""
    row = conn.execute(select(conversations).where(conversations.c.id == conversation_id)).one()
    leading = and_(
        members.c.conversation_id == conversation_id,
        members.c.state == MemberState.JOINED,
        or_(members.c.role >= Role.ADMIN, members.c.own_role != ""),
    )
    found = [member_of(one) for one in conn.execute(select(members).where(leading).order_by(members.c.user_id))]
    told = answering(conversation_of(row), found)
    return dialect.advance_versions(conn, told) if told else {}


def _stamped(
    conn: Connection,
    dialect: Dialect,
    remembered: Remembered,
    conversation_id: str,
    versions: dict[str, int],
    now_ms: int,
) -> Waiting:
    for user_id, version in versions.items():
        mine = (members.c.conversation_id == conversation_id) & (members.c.user_id == user_id)
        conn.execute(update(members).where(mine), {"version": version})
        remembered.forget_member(conversation_id, user_id)
    return Waiting(versions, dialect.insert_outbox(conn, now_ms, encode({}), encode(versions)))


def answering(conversation: ConversationRow, found: Sequence[MemberRow]) -> list[str]:
    """Return who of these may answer a request, and is told of it."""
    may = [member.user_id for member in found if Right.INVITE in rights_of(conversation, member)]
    return sorted(may)[:ANSWERING]


def after_person(cursor: str) -> str:
    """Return the person a page begins after.  Raises BAD_CURSOR."""
    try:
        return parse_id(cursor)
    except ValueError:
        raise ChatError(Code.BAD_CURSOR) from None


def _request(conversation_id: str, user_id: str) -> Any:
    return (join_requests.c.conversation_id == conversation_id) & (join_requests.c.user_id == user_id)


def _invite(row: Any) -> Invite:
    return Invite(
        row.id,
        row.conversation_id,
        row.created_by,
        row.created_ms,
        row.expires_ms,
        row.uses_left,
        row.approval,
    )

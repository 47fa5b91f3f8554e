"""Who is in a conversation, and who may do what there."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, delete, get, patch, post, put
from litestar.params import FromPath, JSONBody

from hubbub.auth import scopes
from hubbub.base.errors import ChatError, Code
from hubbub.chat.model import MemberAction, MemberChange, Role
from hubbub.rest.commands import store
from hubbub.rest.deps import CallerDep, DepsDep
from hubbub.rest.inputs import MAX_NUMBER, Cursor, IdempotencyKey, Limit, client_id_of, conversation_of, ids_of, user_of
from hubbub.rest.log_models import Stored
from hubbub.rest.models import Member, MemberPage
from hubbub.rest.refusals import BODY, COMMAND, READ, refuses
from hubbub.rest.tagged import tagged

__all__ = ["GUARDED"]

_MEMBERS = "/conversations/{conversation_id:str}/members"
_MEMBER = _MEMBERS + "/{user_id:str}"
_BANS = "/conversations/{conversation_id:str}/bans"
_BAN = _BANS + "/{user_id:str}"
_ROLES = {"member": Role.MEMBER, "admin": Role.ADMIN}


class NewMembers(msgspec.Struct, kw_only=True):
    """People to add, at most 100 at a time."""

    user_ids: Annotated[list[str], msgspec.Meta(min_length=1, max_length=100)]
    role: Literal["member", "admin"] = "member"
    client_id: str = ""


class MemberSettings(msgspec.Struct, kw_only=True):
    """One of the two: a role, or until when the member may not send (0 lifts it)."""

    role: Literal["member", "admin"] | None = None
    own_role: Annotated[str, msgspec.Meta(max_length=64)] = ""
    """With `member`: the id of a role of the conversation's own."""
    muted_until_ms: Annotated[int, msgspec.Meta(ge=0, le=MAX_NUMBER)] | None = None
    client_id: str = ""


class NewOwner(msgspec.Struct, kw_only=True):
    user_id: str
    client_id: str = ""


@get(
    _MEMBERS,
    summary="List members",
    tags=["members"],
    opt=refuses(*READ, Code.BAD_CURSOR, scope=scopes.READ, tagged=True),
)
async def list_members(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[str],
    caller: CallerDep,
    deps: DepsDep,
    cursor: Cursor = "",
    limit: Limit = 0,
) -> Response[MemberPage]:
    """Return the joined members by id."""
    head, rows, following = await deps.chat.members(caller, conversation_of(conversation_id), cursor, limit)
    page = MemberPage(as_of=head, members=[Member.of(row) for row in rows], next_cursor=following)
    return tagged(request, page)


@post(
    _MEMBERS,
    summary="Add members",
    tags=["members"],
    opt=refuses(
        *BODY,
        *COMMAND,
        Code.ALREADY_A_MEMBER,
        Code.TOO_MANY_MEMBERS,
        scope=scopes.WRITE,
        example={"user_ids": ["0190f0e1a2b37c4d8e9fa0b1c2d3e4f5"]},
    ),
)
async def add_members(
    conversation_id: FromPath[str],
    data: JSONBody[NewMembers],
    caller: CallerDep,
    deps: DepsDep,
    key: IdempotencyKey = "",
) -> Stored:
    """Add people to a group, or invite them into a channel."""
    action = MemberChange(action=MemberAction.ADD, user_ids=ids_of(data.user_ids), role=_ROLES[data.role])
    return await store(deps, caller, conversation_id, client_id_of(key, data.client_id), action)


@patch(
    _MEMBER,
    summary="Change a member's role, or mute them",
    tags=["members"],
    opt=refuses(*BODY, *COMMAND, Code.NOT_FOUND, scope=scopes.WRITE, example={"role": "admin"}),
)
async def change_member(
    conversation_id: FromPath[str],
    user_id: FromPath[str],
    data: JSONBody[MemberSettings],
    caller: CallerDep,
    deps: DepsDep,
    key: IdempotencyKey = "",
) -> Stored:
    """Change a member's role, or until when they may not send."""
    person = (user_of(user_id),)
    if (data.role is None) == (data.muted_until_ms is None):
        raise ChatError(Code.BAD_REQUEST, "Give either role or muted_until_ms.")
    if data.role is not None:
        role = _ROLES[data.role]
        action = MemberChange(action=MemberAction.ROLE, user_ids=person, role=role, own_role=data.own_role)
    else:
        action = MemberChange(action=MemberAction.MUTE, user_ids=person, muted_until_ms=data.muted_until_ms or 0)
    return await store(deps, caller, conversation_id, client_id_of(key, data.client_id), action)


@delete(
    _MEMBER, status_code=200, summary="Remove a member", tags=["members"], opt=refuses(*COMMAND, scope=scopes.WRITE)
)
async def remove_member(
    conversation_id: FromPath[str], user_id: FromPath[str], caller: CallerDep, deps: DepsDep, key: IdempotencyKey = ""
) -> Stored:
    """Remove a member; they keep what they could read until then."""
    action = MemberChange(action=MemberAction.REMOVE, user_ids=(user_of(user_id),))
    return await store(deps, caller, conversation_id, client_id_of(key), action)


class Banned(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may not come in."""

    user_id: str


class BannedPage(msgspec.Struct, frozen=True, kw_only=True):
    """Banned people by id."""

    bans: list[Banned]
    next_cursor: str
    """Empty on the last page."""


@get(
    _BANS,
    summary="List who is banned",
    tags=["members"],
    opt=refuses(*READ, Code.FORBIDDEN, Code.BAD_CURSOR, scope=scopes.READ),
)
async def list_banned(
    conversation_id: FromPath[str], caller: CallerDep, deps: DepsDep, cursor: Cursor = "", limit: Limit = 0
) -> BannedPage:
    """Return a page of who is kept out of a conversation; for those who may lift a ban."""
    rows, following = await deps.chat.bans(caller, conversation_of(conversation_id), cursor, limit)
    return BannedPage(bans=[Banned(user_id=row.user_id) for row in rows], next_cursor=following)


@put(_BAN, status_code=200, summary="Ban a person", tags=["members"], opt=refuses(*COMMAND, scope=scopes.WRITE))
async def ban_member(
    conversation_id: FromPath[str], user_id: FromPath[str], caller: CallerDep, deps: DepsDep, key: IdempotencyKey = ""
) -> Stored:
    """Remove a person and keep them out."""
    action = MemberChange(action=MemberAction.BAN, user_ids=(user_of(user_id),))
    return await store(deps, caller, conversation_id, client_id_of(key), action)


@delete(_BAN, status_code=200, summary="Lift a ban", tags=["members"], opt=refuses(*COMMAND, scope=scopes.WRITE))
async def unban_member(
    conversation_id: FromPath[str], user_id: FromPath[str], caller: CallerDep, deps: DepsDep, key: IdempotencyKey = ""
) -> Stored:
    """Let a person join again."""
    action = MemberChange(action=MemberAction.UNBAN, user_ids=(user_of(user_id),))
    return await store(deps, caller, conversation_id, client_id_of(key), action)


@post(
    "/conversations/{conversation_id:str}/transfer",
    status_code=200,
    summary="Hand a conversation over",
    tags=["members"],
    opt=refuses(*BODY, *COMMAND, scope=scopes.WRITE, example={"user_id": "0190f0e1a2b37c4d8e9fa0b1c2d3e4f5"}),
)
async def transfer_conversation(
    conversation_id: FromPath[str], data: JSONBody[NewOwner], caller: CallerDep, deps: DepsDep, key: IdempotencyKey = ""
) -> Stored:
    """Make another member the owner."""
    action = MemberChange(action=MemberAction.TRANSFER, user_ids=(user_of(data.user_id),))
    return await store(deps, caller, conversation_id, client_id_of(key, data.client_id), action)


GUARDED = [
    list_members,
    add_members,
    change_member,
    remove_member,
    list_banned,
    ban_member,
    unban_member,
    transfer_conversation,
]

"""Links into conversations, and people who ask to be let in."""

from __future__ import annotations

import secrets
from typing import Annotated

import msgspec
from litestar import delete, get, post
from litestar.params import FromPath, JSONBody

from hubbub.auth import scopes
from hubbub.base.errors import Code
from hubbub.chat import invites
from hubbub.chat.invites import UNLIMITED
from hubbub.rest.deps import CallerDep, DepsDep
from hubbub.rest.inputs import MAX_NUMBER, Cursor, Limit, an_id, conversation_of, user_of
from hubbub.rest.refusals import BODY, READ, refuses
from hubbub.rest.words import Kind, word

__all__ = ["GUARDED"]

_RULES = (*READ, Code.FORBIDDEN, Code.CONVERSATION_DISSOLVED)


class NewInvite(msgspec.Struct, kw_only=True):
    """A link; who has it may come in."""

    expires_ms: Annotated[int, msgspec.Meta(ge=0, le=MAX_NUMBER)] = 0
    """Until when it is good; 0: for ever."""
    uses: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    """How often it may be used; 0: without end."""
    approval: bool = False
    """Whether who follows it must be let in by an admin."""


class Following(msgspec.Struct, kw_only=True):
    note: Annotated[str, msgspec.Meta(max_length=1_000)] = ""
    """For the admins, where they are asked."""


class Answer(msgspec.Struct, kw_only=True):
    accept: bool


class _Out(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Invite(_Out, frozen=True, kw_only=True):
    """A link into a conversation; its id is a secret."""

    invite_id: str
    conversation_id: str
    created_by: str
    created_ms: int
    expires_ms: int
    uses_left: int
    """-1: without end."""
    approval: bool

    @classmethod
    def of(cls, invite: invites.Invite) -> Invite:
        return cls(
            invite_id=invite.id,
            conversation_id=invite.conversation_id,
            created_by=invite.created_by,
            created_ms=invite.created_ms,
            expires_ms=invite.expires_ms,
            uses_left=invite.uses_left,
            approval=invite.approval,
        )


class InviteList(_Out, frozen=True, kw_only=True):
    invites: list[Invite]


class Invitation(_Out, frozen=True, kw_only=True):
    """Where a link leads, and whether the caller is there already or has asked."""

    conversation_id: str
    kind: Kind
    title: str
    member_count: int
    approval: bool
    joined: bool
    asked: bool

    @classmethod
    def of(cls, found: invites.Invitation) -> Invitation:
        return cls(
            conversation_id=found.conversation_id,
            kind=word(found.kind),
            title=found.title,
            member_count=found.member_count,
            approval=found.approval,
            joined=found.joined,
            asked=found.asked,
        )


class JoinRequest(_Out, frozen=True, kw_only=True):
    """Somebody who asks to be let in."""

    user_id: str
    time_ms: int
    note: str


class JoinRequestPage(_Out, frozen=True, kw_only=True):
    requests: list[JoinRequest]
    next_cursor: str
    """Empty on the last page."""


@post(
    "/conversations/{conversation_id:str}/invites",
    summary="Make an invite link",
    tags=["members"],
    opt=refuses(*BODY, *_RULES, scope=scopes.WRITE, example={"uses": 10, "approval": False}),
)
async def create_invite(
    conversation_id: FromPath[str], data: JSONBody[NewInvite], caller: CallerDep, deps: DepsDep
) -> Invite:
    """Make a link by which people come into a conversation; for its admins."""
    wanted = invites.Invite(
        # Not an id as others are: nobody may guess any part of it.
        secrets.token_hex(16),
        conversation_of(conversation_id),
        expires_ms=data.expires_ms,
        uses_left=data.uses or UNLIMITED,
        approval=data.approval,
    )
    return Invite.of(await deps.chat.create_invite(caller, wanted))


@get(
    "/conversations/{conversation_id:str}/invites",
    summary="List invite links",
    tags=["members"],
    opt=refuses(*_RULES, scope=scopes.WRITE),
)
async def list_invites(conversation_id: FromPath[str], caller: CallerDep, deps: DepsDep) -> InviteList:
    """Return the links that are still good, the newest first; for admins."""
    found = await deps.chat.invites(caller, conversation_of(conversation_id))
    return InviteList(invites=[Invite.of(invite) for invite in found])


@delete(
    "/conversations/{conversation_id:str}/invites/{invite_id:str}",
    status_code=204,
    summary="Take an invite link back",
    tags=["members"],
    opt=refuses(*_RULES, Code.NOT_FOUND, Code.STORAGE_FULL, scope=scopes.WRITE),
)
async def revoke_invite(
    conversation_id: FromPath[str], invite_id: FromPath[str], caller: CallerDep, deps: DepsDep
) -> None:
    """Make a link worthless; who came by it stays."""
    await deps.chat.revoke_invite(caller, conversation_of(conversation_id), an_id(invite_id, Code.NOT_FOUND))


@get(
    "/invites/{invite_id:str}",
    summary="See where an invite link leads",
    tags=["members"],
    opt=refuses(Code.NOT_FOUND, scope=scopes.READ),
)
async def look_at_invite(invite_id: FromPath[str], caller: CallerDep, deps: DepsDep) -> Invitation:
    """Return the conversation a link leads into."""
    return Invitation.of(await deps.chat.look_at_invite(caller, an_id(invite_id, Code.NOT_FOUND)))


@post(
    "/invites/{invite_id:str}",
    status_code=200,
    summary="Follow an invite link",
    tags=["members"],
    opt=refuses(
        *BODY,
        Code.NOT_FOUND,
        Code.BANNED,
        Code.CONVERSATION_DISSOLVED,
        Code.UNKNOWN_OUTCOME,
        scope=scopes.WRITE,
        example={"note": "Mercutio sends me"},
    ),
)
async def follow_invite(
    invite_id: FromPath[str], data: JSONBody[Following], caller: CallerDep, deps: DepsDep
) -> Invitation:
    """Come in, or ask to be let in where the link needs approval; `joined` and `asked` say which."""
    return Invitation.of(await deps.chat.follow_invite(caller, an_id(invite_id, Code.NOT_FOUND), data.note))


@delete(
    "/invites/{invite_id:str}/request",
    status_code=204,
    summary="Take back that one asked to be let in",
    tags=["members"],
    opt=refuses(Code.NOT_FOUND, Code.STORAGE_FULL, scope=scopes.WRITE),
)
async def withdraw_request(invite_id: FromPath[str], caller: CallerDep, deps: DepsDep) -> None:
    """Take back what one asked by this link, also if it has ended or is used up; who has not asked is done."""
    await deps.chat.withdraw_join_request(caller, an_id(invite_id, Code.NOT_FOUND))


@get(
    "/conversations/{conversation_id:str}/requests",
    summary="List who asks to be let in",
    tags=["members"],
    opt=refuses(*_RULES, Code.BAD_CURSOR, scope=scopes.READ),
)
async def list_requests(
    conversation_id: FromPath[str], caller: CallerDep, deps: DepsDep, cursor: Cursor = "", limit: Limit = 0
) -> JoinRequestPage:
    """Return a page of requests; for admins."""
    rows, following = await deps.chat.join_requests(caller, conversation_of(conversation_id), cursor, limit)
    return JoinRequestPage(
        requests=[JoinRequest(user_id=row.user_id, time_ms=row.time_ms, note=row.note) for row in rows],
        next_cursor=following,
    )


@post(
    "/conversations/{conversation_id:str}/requests/{user_id:str}",
    status_code=204,
    summary="Let somebody in, or not",
    tags=["members"],
    opt=refuses(
        *BODY,
        *_RULES,
        Code.NOT_FOUND,
        Code.USER_NOT_FOUND,
        Code.UNKNOWN_OUTCOME,
        scope=scopes.WRITE,
        example={"accept": True},
    ),
)
async def answer_request(
    conversation_id: FromPath[str], user_id: FromPath[str], data: JSONBody[Answer], caller: CallerDep, deps: DepsDep
) -> None:
    """Answer a request; who is let in becomes a member by the admin's word."""
    await deps.chat.answer_join_request(caller, conversation_of(conversation_id), user_of(user_id), data.accept)


GUARDED = [
    create_invite,
    list_invites,
    revoke_invite,
    look_at_invite,
    follow_invite,
    withdraw_request,
    list_requests,
    answer_request,
]

"""Roles of the server, bans and mutes: who may do what, who may not come in, and who may not speak."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import delete, get, post, put
from litestar.params import FromPath, JSONBody

from hubbub.auth import ports, scopes
from hubbub.auth.permissions import BUILT_IN, SENTENCES, Permission, effective
from hubbub.auth.role_ports import OwnRole
from hubbub.auth.roles import FOR_EVER_MS, Roles
from hubbub.base.errors import ChatError, Code
from hubbub.rest.deps import Deps, DepsDep, IdentityDep
from hubbub.rest.inputs import MAX_NUMBER, Cursor, Limit, an_id, id_after, user_of
from hubbub.rest.refusals import BODY, refuses

__all__ = ["GUARDED", "until_of"]

_CHANGE = (*BODY, Code.FORBIDDEN, Code.NOT_FOUND, Code.CONFLICT, Code.UNKNOWN_OUTCOME)

Text = Annotated[str, msgspec.Meta(max_length=2000)]
Names = Annotated[list[Annotated[str, msgspec.Meta(max_length=64)]], msgspec.Meta(max_length=100)]


class NewRole(msgspec.Struct, kw_only=True):
    """A role that is to be made, or what it is to be from now on."""

    name: Text
    permissions: Names


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """Named permissions that are given together."""

    role: str
    """What it is given by: its word for one that is built in, its id for one that somebody made."""
    name: str
    built_in: bool
    permissions: list[str]

    @classmethod
    def of(cls, role: OwnRole) -> Role:
        return cls(role=role.id, name=role.name, built_in=False, permissions=list(role.permissions))


class PermissionSentence(msgspec.Struct, frozen=True, kw_only=True):
    permission: str
    sentence: str


class RoleList(msgspec.Struct, frozen=True, kw_only=True):
    """Every role, those that are built in first, and every permission there is."""

    roles: list[Role]
    permissions: list[PermissionSentence]


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """A person and their roles."""

    user_id: str
    username: str
    roles: list[str]
    permissions: list[str]
    """What they may do by all their roles together."""

    @classmethod
    def of(cls, account: ports.Account) -> Holder:
        roles = (["owner"] if account.is_admin else []) + account.roles.split()
        may = effective(is_admin=account.is_admin, roles=account.roles, granted=account.granted)
        return cls(user_id=account.id, username=account.username, roles=roles or ["member"], permissions=sorted(may))


class HolderPage(msgspec.Struct, frozen=True, kw_only=True):
    people: list[Holder]
    next_cursor: str


class NewBan(msgspec.Struct, kw_only=True):
    """Until when somebody is to stay out, and why."""

    until_ms: Annotated[int, msgspec.Meta(ge=0, le=MAX_NUMBER)] = 0
    """0: until somebody admits them again."""
    reason: Text = ""
    """For the audit log."""


class Ban(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may not come in."""

    user_id: str
    username: str
    until_ms: int
    """0: without end."""

    @classmethod
    def of(cls, account: ports.Account) -> Ban:
        return cls(user_id=account.id, username=account.username, until_ms=until_of(account))


class NewMute(msgspec.Struct, kw_only=True):
    """Until when somebody is not to say anything, and why."""

    until_ms: Annotated[int, msgspec.Meta(ge=0, le=MAX_NUMBER)] = 0
    """0: until somebody lets them speak again."""
    reason: Text = ""
    """For the audit log."""


class Mute(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may not say anything."""

    user_id: str
    username: str
    until_ms: int
    """0: without end."""

    @classmethod
    def of(cls, account: ports.Account) -> Mute:
        until_ms = 0 if account.muted_until_ms == FOR_EVER_MS else account.muted_until_ms
        return cls(user_id=account.id, username=account.username, until_ms=until_ms)


class MutePage(msgspec.Struct, frozen=True, kw_only=True):
    mutes: list[Mute]
    next_cursor: str


class BanPage(msgspec.Struct, frozen=True, kw_only=True):
    bans: list[Ban]
    next_cursor: str


def until_of(account: ports.Account) -> int:
    """Return when a ban ends; 0: there is none, or it does not."""
    return 0 if account.banned_until_ms == FOR_EVER_MS else account.banned_until_ms


# ---------------------------------------------------------------- roles


@get("/me/roles", summary="Read one's own roles", tags=["accounts"], opt=refuses(scope=scopes.PROFILE))
async def read_own_roles(identity: IdentityDep, deps: DepsDep) -> Holder:
    """Return the caller's roles, and what they may do with this token."""
    holder = Holder.of(await deps.accounts.profile(identity.user_id))
    return msgspec.structs.replace(holder, permissions=sorted(identity.permissions))


@get(
    "/roles",
    summary="List roles",
    tags=["moderation"],
    opt=refuses(Code.NOT_FOUND, scope=scopes.ADMIN, permission=Permission.ROLES_MANAGE),
)
async def list_roles(deps: DepsDep) -> RoleList:
    """Return every role with its permissions."""
    built_in = [Role(role=name, name=name, built_in=True, permissions=sorted(may)) for name, may in BUILT_IN.items()]
    own = [Role.of(role) for role in await _roles(deps).all()]
    sentences = [PermissionSentence(permission=one.value, sentence=said) for one, said in SENTENCES.items()]
    return RoleList(roles=[*built_in, *own], permissions=sentences)


@post(
    "/roles",
    summary="Make a role",
    tags=["moderation"],
    opt=refuses(
        *_CHANGE,
        scope=scopes.ADMIN,
        permission=Permission.ROLES_MANAGE,
        example={"name": "Town crier", "permissions": ["announce"]},
    ),
)
async def create_role(data: JSONBody[NewRole], identity: IdentityDep, deps: DepsDep) -> Role:
    """Make a role of permissions that the caller has."""
    return Role.of(await _roles(deps).save(identity, "", data.name, data.permissions))


@put(
    "/roles/{role_id:str}",
    summary="Change a role",
    tags=["moderation"],
    opt=refuses(
        *_CHANGE,
        scope=scopes.ADMIN,
        permission=Permission.ROLES_MANAGE,
        example={"name": "Town crier", "permissions": ["announce"]},
    ),
)
async def change_role(role_id: FromPath[str], data: JSONBody[NewRole], identity: IdentityDep, deps: DepsDep) -> Role:
    """Change the name and the permissions of a role; whoever has it has those from now on."""
    role_id = an_id(role_id, Code.NOT_FOUND)
    return Role.of(await _roles(deps).save(identity, role_id, data.name, data.permissions))


@delete(
    "/roles/{role_id:str}",
    status_code=204,
    summary="Remove a role",
    tags=["moderation"],
    opt=refuses(*_CHANGE, scope=scopes.ADMIN, permission=Permission.ROLES_MANAGE),
)
async def remove_role(role_id: FromPath[str], identity: IdentityDep, deps: DepsDep) -> None:
    """Remove a role that somebody made, and take it from everybody."""
    await _roles(deps).remove(identity, an_id(role_id, Code.NOT_FOUND))


@get(
    "/roles/{role:str}/people",
    summary="List who has a role",
    tags=["moderation"],
    opt=refuses(Code.NOT_FOUND, Code.BAD_CURSOR, scope=scopes.ADMIN, permission=Permission.ROLES_MANAGE),
)
async def list_holders(role: FromPath[str], deps: DepsDep, cursor: Cursor = "", limit: Limit = 0) -> HolderPage:
    """Return the people with a role, by id; `member` is whoever has no role, and is not listed."""
    size = deps.settings.page_size(limit)
    after = id_after(cursor)
    rows, following = await _roles(deps).holders(_a_role(role), after, size)
    return HolderPage(people=[Holder.of(row) for row in rows], next_cursor=following)


@put(
    "/roles/{role:str}/people/{user_id:str}",
    summary="Give a role",
    tags=["moderation"],
    opt=refuses(*_CHANGE, Code.USER_NOT_FOUND, scope=scopes.ADMIN, permission=Permission.ROLES_MANAGE),
)
async def give_role(role: FromPath[str], user_id: FromPath[str], identity: IdentityDep, deps: DepsDep) -> Holder:
    """Give a person a role with no more than the caller may do; their open connections go by it at once."""
    return Holder.of(await _roles(deps).give(identity, user_of(user_id), _a_role(role)))


@delete(
    "/roles/{role:str}/people/{user_id:str}",
    status_code=200,
    summary="Take a role",
    tags=["moderation"],
    opt=refuses(*_CHANGE, Code.USER_NOT_FOUND, scope=scopes.ADMIN, permission=Permission.ROLES_MANAGE),
)
async def take_role(role: FromPath[str], user_id: FromPath[str], identity: IdentityDep, deps: DepsDep) -> Holder:
    """Take a role from a person; the last owner stays one (`conflict`)."""
    return Holder.of(await _roles(deps).take(identity, user_of(user_id), _a_role(role)))


# ---------------------------------------------------------------- bans


@get(
    "/bans",
    summary="List who is banned from the server",
    tags=["moderation"],
    opt=refuses(Code.NOT_FOUND, Code.BAD_CURSOR, scope=scopes.ADMIN, permission=Permission.PEOPLE_BAN),
)
async def list_bans(deps: DepsDep, cursor: Cursor = "", limit: Limit = 0) -> BanPage:
    """Return those who may not come in, by id."""
    size = deps.settings.page_size(limit)
    rows, following = await _roles(deps).bans(id_after(cursor), size)
    return BanPage(bans=[Ban.of(row) for row in rows], next_cursor=following)


@put(
    "/bans/{user_id:str}",
    status_code=204,
    summary="Ban a person from the server",
    tags=["moderation"],
    opt=refuses(
        *_CHANGE,
        Code.USER_NOT_FOUND,
        scope=scopes.ADMIN,
        permission=Permission.PEOPLE_BAN,
        example={"until_ms": 4102444800000, "reason": "Killed Mercutio."},
    ),
)
async def ban_person(user_id: FromPath[str], data: JSONBody[NewBan], identity: IdentityDep, deps: DepsDep) -> None:
    """Close somebody's account until a time; all their connections end at once.

    Refused (`forbidden`) for whoever may do more than the caller.
    """
    await _roles(deps).ban(identity, user_of(user_id), data.until_ms, data.reason)


@delete(
    "/bans/{user_id:str}",
    status_code=204,
    summary="Admit a person again",
    tags=["moderation"],
    opt=refuses(*_CHANGE, scope=scopes.ADMIN, permission=Permission.PEOPLE_BAN),
)
async def admit_person(user_id: FromPath[str], identity: IdentityDep, deps: DepsDep) -> None:
    """End a ban before its time."""
    await _roles(deps).admit(identity, an_id(user_id, Code.NOT_FOUND))


# ---------------------------------------------------------------- mutes


@get(
    "/mutes",
    summary="List who is muted on the server",
    tags=["moderation"],
    opt=refuses(Code.NOT_FOUND, Code.BAD_CURSOR, scope=scopes.ADMIN, permission=Permission.PEOPLE_MUTE),
)
async def list_mutes(deps: DepsDep, cursor: Cursor = "", limit: Limit = 0) -> MutePage:
    """Return those who may not say anything now, by id."""
    size = deps.settings.page_size(limit)
    rows, following = await _roles(deps).mutes(id_after(cursor), size)
    return MutePage(mutes=[Mute.of(row) for row in rows], next_cursor=following)


@put(
    "/mutes/{user_id:str}",
    status_code=204,
    summary="Mute a person on the server",
    tags=["moderation"],
    opt=refuses(
        *_CHANGE,
        Code.USER_NOT_FOUND,
        scope=scopes.ADMIN,
        permission=Permission.PEOPLE_MUTE,
        example={"until_ms": 4102444800000, "reason": "He shouts in the street."},
    ),
)
async def mute_person(user_id: FromPath[str], data: JSONBody[NewMute], identity: IdentityDep, deps: DepsDep) -> None:
    """Keep somebody from saying anything, wherever they are; at once on all their connections.

    They go on reading.  Refused (`forbidden`) for whoever may do more than the caller.
    """
    await _roles(deps).mute(identity, user_of(user_id), data.until_ms, data.reason)


@delete(
    "/mutes/{user_id:str}",
    status_code=204,
    summary="Let a person speak again",
    tags=["moderation"],
    opt=refuses(*_CHANGE, scope=scopes.ADMIN, permission=Permission.PEOPLE_MUTE),
)
async def unmute_person(user_id: FromPath[str], identity: IdentityDep, deps: DepsDep) -> None:
    """End a mute before its time."""
    await _roles(deps).unmute(identity, an_id(user_id, Code.NOT_FOUND))


def _roles(deps: Deps) -> Roles:
    if deps.roles is None:
        raise ChatError(Code.NOT_FOUND)
    return deps.roles


def _a_role(role: str) -> str:
    return role if role in BUILT_IN else an_id(role, Code.NOT_FOUND)


GUARDED = [
    read_own_roles,
    list_roles,
    create_role,
    change_role,
    remove_role,
    list_holders,
    give_role,
    take_role,
    list_bans,
    ban_person,
    admit_person,
    list_mutes,
    mute_person,
    unmute_person,
]

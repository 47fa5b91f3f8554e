"""Everybody's accounts, for those who look after them: who there is, where they are logged in, and helping them.

Nothing of this is done to somebody who may do more than the caller.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter

from hubbub.auth import ports, scopes
from hubbub.auth.permissions import Permission, effective
from hubbub.base.errors import ChatError, Code
from hubbub.rest.accounts import EndedLogins, LoginPage
from hubbub.rest.accounts import Login as LoginRow
from hubbub.rest.admin.roles import until_of
from hubbub.rest.deps import DepsDep, IdentityDep
from hubbub.rest.inputs import Cursor, Limit, Query, an_id, id_after, user_of
from hubbub.rest.refusals import BODY, refuses

__all__ = ["GUARDED"]

_ACCOUNT = "/people/{user_id:str}"
_LOGINS = _ACCOUNT + "/logins"
_MANAGE = {"scope": scopes.ADMIN, "permission": Permission.PEOPLE_MANAGE}
_CHANGE = (Code.FORBIDDEN, Code.USER_NOT_FOUND, Code.STORAGE_FULL)

StateName = Literal["active", "waiting", "banned", "deleted"]
StateQuery = Annotated[StateName, QueryParameter(name="state", description="Which accounts.")]
Text = Annotated[str, msgspec.Meta(max_length=2000)]


class AccountRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An account as those see it who look after accounts."""

    user_id: str
    username: str
    display_name: str
    signature: str
    avatar: str
    email: str
    """An address that was proved; empty: none."""
    bot: bool
    state: str
    """`active`, `waiting` to be let in, `banned` or `deleted`."""
    roles: list[str]
    permissions: list[str]
    """What they may do by all their roles together."""
    created_ms: int
    last_seen_ms: int
    """When they were here last, as far as it was written down; 0: never."""
    banned_until_ms: int
    """0: they are not banned, or without end."""
    muted_until_ms: int
    """Until when they may not say anything on the server; 0: they may."""

    @classmethod
    def of(cls, account: ports.Account) -> AccountRecord:
        may = effective(is_admin=account.is_admin, roles=account.roles, granted=account.granted)
        return cls(
            user_id=account.id,
            username=account.username,
            display_name=account.display_name,
            signature=account.signature,
            avatar=account.avatar,
            email=account.email,
            bot=account.bot,
            state=ports.AccountState.of(account).value,
            roles=[*(["owner"] if account.is_admin else []), *account.roles.split()] or ["member"],
            permissions=sorted(may),
            created_ms=account.created_ms,
            last_seen_ms=account.last_seen_ms,
            banned_until_ms=until_of(account),
            muted_until_ms=account.muted_until_ms,
        )


class AccountPage(msgspec.Struct, frozen=True, kw_only=True):
    accounts: list[AccountRecord]
    next_cursor: str
    """Empty on the last page."""


class AccountChange(msgspec.Struct, kw_only=True):
    """Only what is present changes."""

    display_name: Text | None = None
    signature: Text | None = None
    email: Literal[""] | None = None
    """Empty: forget the address.  Nobody proves another's."""


class PasswordLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link for somebody to choose a new password with; it is a secret."""

    link: str
    until_ms: int


@get(
    "/people",
    summary="List accounts",
    tags=["accounts"],
    opt=refuses(Code.BAD_CURSOR, **_MANAGE),
)
async def list_accounts(
    deps: DepsDep, text: Query = "", which: StateQuery = "active", cursor: Cursor = "", limit: Limit = 0
) -> AccountPage:
    """Return a page of accounts, by id: all in a state, or those with `query` in their name or as their address."""
    after = id_after(cursor)
    size = deps.settings.page_size(limit)
    rows, following = await deps.accounts.registrar.people(text, ports.AccountState(which), after, size)
    return AccountPage(accounts=[AccountRecord.of(row) for row in rows], next_cursor=following)


@get(_ACCOUNT, summary="Read an account", tags=["accounts"], opt=refuses(Code.USER_NOT_FOUND, **_MANAGE))
async def read_account(user_id: FromPath[str], deps: DepsDep) -> AccountRecord:
    """Return one account, a closed one too."""
    return AccountRecord.of(await deps.accounts.registrar.account(user_of(user_id)))


@patch(
    _ACCOUNT,
    summary="Change an account",
    tags=["accounts"],
    opt=refuses(*BODY, *_CHANGE, Code.NOT_FOUND, **_MANAGE, example={"display_name": "Romeo Montague"}),
)
async def change_account(
    user_id: FromPath[str], data: JSONBody[AccountChange], identity: IdentityDep, deps: DepsDep
) -> AccountRecord:
    """Change what others see of somebody, or forget their address."""
    known = user_of(user_id)
    if data.email is not None:
        if deps.recovery is None:
            raise ChatError(Code.NOT_FOUND)
        await deps.recovery.forget_of(identity, known)
    account = await deps.accounts.registrar.change(
        identity, known, display_name=data.display_name, signature=data.signature
    )
    return AccountRecord.of(account)


@delete(
    _ACCOUNT,
    status_code=204,
    summary="Delete an account",
    tags=["accounts"],
    opt=refuses(*_CHANGE, **_MANAGE),
)
async def delete_account(user_id: FromPath[str], identity: IdentityDep, deps: DepsDep) -> None:
    """Delete somebody's account for good; what becomes of their messages is the server's setting."""
    await deps.accounts.registrar.delete(identity, user_of(user_id))


@post(
    _ACCOUNT + "/password-link",
    status_code=200,
    summary="Make a link for a new password",
    tags=["accounts"],
    opt=refuses(*_CHANGE, Code.NOT_FOUND, Code.CONFLICT, **_MANAGE),
)
async def make_password_link(user_id: FromPath[str], identity: IdentityDep, deps: DepsDep) -> PasswordLink:
    """Return a link with which somebody who is locked out chooses a new password, to be handed to them.

    Until it is used their password stays good; once it is, every login of theirs ends.
    """
    if deps.recovery is None:
        raise ChatError(Code.NOT_FOUND)
    link, until_ms = await deps.recovery.hand_out(identity, user_of(user_id))
    return PasswordLink(link=link, until_ms=until_ms)


@get(
    _LOGINS,
    summary="List somebody's devices",
    tags=["accounts"],
    opt=refuses(Code.USER_NOT_FOUND, Code.BAD_CURSOR, **_MANAGE),
)
async def list_logins_of(
    user_id: FromPath[str], identity: IdentityDep, deps: DepsDep, cursor: Cursor = "", limit: Limit = 0
) -> LoginPage:
    """Return the logins of somebody that last, one per device."""
    after = id_after(cursor)
    size = deps.settings.page_size(limit)
    rows, following = await deps.accounts.registrar.logins(user_of(user_id), after, size)
    return LoginPage(logins=[LoginRow.of(row, identity.login_id) for row in rows], next_cursor=following)


@delete(
    _LOGINS,
    status_code=200,
    summary="Log all of somebody's devices out",
    tags=["accounts"],
    opt=refuses(*_CHANGE, **_MANAGE),
)
async def end_logins_of(user_id: FromPath[str], identity: IdentityDep, deps: DepsDep) -> EndedLogins:
    """End every login of somebody, with all their connections."""
    return EndedLogins(ended=await deps.accounts.registrar.end_logins(identity, user_of(user_id)))


@delete(
    _LOGINS + "/{login_id:str}",
    status_code=204,
    summary="Log one of somebody's devices out",
    tags=["accounts"],
    opt=refuses(*_CHANGE, Code.NOT_FOUND, **_MANAGE),
)
async def end_login_of(user_id: FromPath[str], login_id: FromPath[str], identity: IdentityDep, deps: DepsDep) -> None:
    """End one login of somebody: its tokens and its connections."""
    login = an_id(login_id, Code.NOT_FOUND)
    await deps.accounts.registrar.end_login(identity, user_of(user_id), login)


GUARDED = [
    list_accounts,
    read_account,
    change_account,
    delete_account,
    make_password_link,
    list_logins_of,
    end_logins_of,
    end_login_of,
]

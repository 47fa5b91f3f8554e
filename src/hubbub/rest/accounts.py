"""One's own account: making it, reading it, changing it, leaving."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from hubbub.auth import ports, scopes
from hubbub.auth.permissions import Permission
from hubbub.base.errors import Code
from hubbub.rest.authorization.oauth import TokenAnswer, token_answer
from hubbub.rest.authorization.visits import Visit
from hubbub.rest.deps import CallerDep, DepsDep, IdentityDep
from hubbub.rest.guards import address_of, bearer_if_any
from hubbub.rest.inputs import Cursor, Limit, Seq, an_id, id_after
from hubbub.rest.models import Me, UserState
from hubbub.rest.refusals import BODY, refuses

__all__ = ["GUARDED", "OPEN"]

Text = Annotated[str, msgspec.Meta(max_length=2000)]


class Register(msgspec.Struct, kw_only=True):
    """Who wants an account."""

    username: Text
    password: Text
    display_name: Text = ""
    code: Text = ""
    """Where people come by invitation (`registration` of `/server`): the code."""


class ProfileChange(msgspec.Struct, kw_only=True):
    """Only what is present changes."""

    display_name: Text | None = None
    signature: Text | None = None


class PasswordChange(msgspec.Struct, kw_only=True):
    old_password: Text
    new_password: Text


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """One device that is logged in."""

    login_id: str
    device_id: str
    device_name: str
    client_id: str
    """The program it belongs to: `hubbub` for this server's own, `browser` for a browser at its sign-in page."""
    scopes: list[str]
    """What that program may do; empty for this server's own, which may do everything."""
    created_ms: int
    used_ms: int
    """When it last logged in or refreshed."""
    current: bool
    """It is the one that asks."""

    @classmethod
    def of(cls, row: ports.Login, current: str) -> Login:
        return cls(
            login_id=row.id,
            device_id=row.device_id,
            device_name=row.device_name,
            client_id=row.client_id or scopes.FIRST_PARTY,
            scopes=row.scope.split(),
            created_ms=row.created_ms,
            used_ms=row.used_ms,
            current=row.id == current,
        )


class DeviceName(msgspec.Struct, kw_only=True):
    device_name: Text


class EndedLogins(msgspec.Struct, frozen=True, kw_only=True):
    ended: int
    """How many they were."""


class LoginPage(msgspec.Struct, frozen=True, kw_only=True):
    logins: list[Login]
    next_cursor: str


@post(
    "/accounts",
    summary="Make an account",
    tags=["accounts"],
    opt=refuses(
        *BODY,
        Code.USERNAME_TAKEN,
        Code.BAD_USERNAME,
        Code.WEAK_PASSWORD,
        Code.REGISTRATION_CLOSED,
        Code.BAD_INVITATION,
        Code.RATE_LIMITED,
        optional_token=True,
        scope=scopes.ADMIN,
        example={"username": "romeo", "password": "wherefore art", "display_name": "Romeo"},
    ),
)
async def register(data: JSONBody[Register], request: Request[Any, Any, Any], deps: DepsDep) -> Me:
    """Make an account.  It is in the general channel from the start.

    Where an admin lets people in it is `pending`, and nobody can log in to it yet.  With an admin's token accounts are
    made also where registration is closed, and as many as are wanted.
    """
    bearer = await bearer_if_any(request, deps, request.route_handler)
    account = await deps.accounts.register(
        data.username,
        data.password,
        display_name=data.display_name,
        address=address_of(request),
        by_admin=bearer is not None and bearer.can(Permission.PEOPLE_ADD),
        code=data.code,
    )
    return Me.of_account(account)


@get(
    "/me",
    summary="Read one's own account",
    tags=["accounts"],
    opt=refuses(Code.USER_NOT_FOUND, scope=scopes.PROFILE, enrols=True),
)
async def read_me(identity: IdentityDep, deps: DepsDep) -> Me:
    """Return the caller's account."""
    return Me.of_account(await deps.accounts.profile(identity.user_id))


@patch(
    "/me",
    summary="Change one's profile",
    tags=["accounts"],
    opt=refuses(*BODY, Code.USER_NOT_FOUND, scope=scopes.ACCOUNT, example={"signature": "But soft!"}),
)
async def change_me(data: JSONBody[ProfileChange], identity: IdentityDep, deps: DepsDep) -> Me:
    """Change the display name or the signature."""
    return Me.of_account(
        await deps.accounts.set_profile(identity.user_id, display_name=data.display_name, signature=data.signature)
    )


@post(
    "/me/password",
    status_code=200,
    summary="Change one's password",
    tags=["accounts"],
    opt=refuses(
        *BODY,
        Code.BAD_CREDENTIALS,
        Code.WEAK_PASSWORD,
        example={"old_password": "wherefore art", "new_password": "thou, Romeo?"},
    ),
)
async def change_password(
    data: JSONBody[PasswordChange], request: Request[Any, Any, Any], identity: IdentityDep, deps: DepsDep
) -> TokenAnswer:
    """Change the password and end every other login.

    The answer has fresh tokens for this one.
    """
    grant = await deps.accounts.change_password(
        identity, data.old_password, data.new_password, address=address_of(request)
    )
    return token_answer(grant)


@post(
    "/me/logout",
    status_code=204,
    summary="Log out",
    tags=["accounts"],
    opt=refuses(Code.STORAGE_FULL, scope=scopes.ANY, enrols=True),
)
async def log_out(request: Request[Any, Any, Any], identity: IdentityDep, deps: DepsDep) -> None:
    """End this login: its tokens, its refresh token, its sockets.

    A browser that signed in at this server's pages as the same person is signed out of them as well.
    """
    signed_in = await Visit(request, deps).who()
    if signed_in is not None and signed_in.account.id == identity.user_id:
        # Who logs out of the web app on a machine of others must not be let in again by a click.
        await deps.oauth.browsers.sign_out(signed_in)
    await deps.accounts.log_out(identity)


@get("/me/logins", summary="List one's devices", tags=["accounts"], opt=refuses(Code.BAD_CURSOR, scope=scopes.ACCOUNT))
async def list_logins(identity: IdentityDep, deps: DepsDep, cursor: Cursor = "", limit: Limit = 0) -> LoginPage:
    """Return the logins of the caller that last, one per device."""
    after = id_after(cursor)
    size = deps.settings.page_size(limit)
    rows, following = await deps.accounts.logins(identity, after, size)
    return LoginPage(
        logins=[Login.of(row, identity.login_id) for row in rows],
        next_cursor=following,
    )


@delete(
    "/me/logins/{login_id:str}",
    status_code=204,
    summary="Log a device out",
    tags=["accounts"],
    opt=refuses(Code.NOT_FOUND, Code.STORAGE_FULL),
)
async def end_login(login_id: FromPath[str], identity: IdentityDep, deps: DepsDep) -> None:
    """End a login of one's own: its tokens and its sockets."""
    await deps.accounts.end_login(identity, an_id(login_id, Code.NOT_FOUND))


@patch(
    "/me/logins/{login_id:str}",
    summary="Name a device",
    tags=["accounts"],
    opt=refuses(*BODY, Code.NOT_FOUND, scope=scopes.ACCOUNT, example={"device_name": "The phone in the orchard"}),
)
async def name_login(
    login_id: FromPath[str], data: JSONBody[DeviceName], identity: IdentityDep, deps: DepsDep
) -> Login:
    """Give the device of a login of one's own another name."""
    row = await deps.accounts.name_login(identity, an_id(login_id, Code.NOT_FOUND), data.device_name)
    return Login.of(row, identity.login_id)


@delete(
    "/me/logins",
    status_code=200,
    summary="Log every other device out",
    tags=["accounts"],
    opt=refuses(Code.STORAGE_FULL),
)
async def end_other_logins(identity: IdentityDep, deps: DepsDep) -> EndedLogins:
    """End every login of the caller but the one that asks: devices, browsers, and programs that act for them."""
    return EndedLogins(ended=await deps.accounts.end_other_logins(identity))


@get("/me/state", summary="What changed for the caller", tags=["conversations"], opt=refuses(scope=scopes.READ))
async def read_state(caller: CallerDep, deps: DepsDep, since: Seq = 0, limit: Limit = 0) -> UserState:
    """Return the caller's conversations and contacts that changed since a version."""
    state = await deps.chat.user_state(caller, since, limit)
    return UserState.of(state, caller.user_id)


OPEN = [register]
GUARDED = [
    read_me,
    change_me,
    change_password,
    log_out,
    list_logins,
    end_login,
    name_login,
    end_other_logins,
    read_state,
]

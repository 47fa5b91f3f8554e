"""One's second step of signing in, over the API: setting up an app, taking it away, recovery codes, and new devices.

Whoever holds an access token could otherwise lock its person out for good, so what changes the second step asks for the
password again, and what weakens it for a code as well.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, delete, get, post
from litestar.params import FromPath, JSONBody

from hubbub.auth import factor_ports, scopes
from hubbub.auth.model import Identity
from hubbub.auth.permissions import Permission
from hubbub.auth.ports import Account
from hubbub.auth.sign_ins import NO_PASSWORD
from hubbub.auth.totp import otpauth_uri, shown_secret
from hubbub.base.errors import ChatError, Code
from hubbub.rest.authorization.qr import qr_picture
from hubbub.rest.deps import Deps, DepsDep, IdentityDep
from hubbub.rest.guards import address_of
from hubbub.rest.inputs import an_id, user_of
from hubbub.rest.place import place_name
from hubbub.rest.refusals import BODY, refuses

__all__ = ["GUARDED"]

Text = Annotated[str, msgspec.Meta(max_length=2000)]

_PROVES = (Code.BAD_CREDENTIALS, Code.CONFLICT, Code.USER_NOT_FOUND)
_CODES = (*_PROVES, Code.BAD_SECOND_FACTOR)


class Password(msgspec.Struct, kw_only=True):
    """The caller, once more."""

    password: Text = ""
    """Empty for an account without one, right after signing in."""


class PasswordAndCode(Password, kw_only=True):
    code: Text
    """Of the app, or a recovery code."""


class FirstCode(msgspec.Struct, kw_only=True):
    code: Text
    """What the app shows."""


class SecondFactor(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller has set up."""

    totp: bool
    """Whether codes of an authenticator app are asked for."""
    totp_since_ms: int
    recovery_codes_left: int
    passkeys: int
    required: bool
    """Whether the caller may do nothing else before one is set up."""
    has_password: bool
    """False: who they are is proved by another provider."""
    linked: list[int]
    """Since when accounts of theirs at the other provider let them in here, in milliseconds."""


class TotpOffer(msgspec.Struct, frozen=True, kw_only=True):
    """A secret for an authenticator app; nothing is asked for before a code of it was shown."""

    secret: str
    """Base32, for typing in."""
    uri: str
    """What the QR code says."""
    qr_svg: str
    """The QR code, as an SVG image in a data URI."""


class RecoveryCodes(msgspec.Struct, frozen=True, kw_only=True):
    """Each is good for one sign-in in place of a code of the app."""

    recovery_codes: list[str]
    """Shown this once; empty where those from before go on to be good."""


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in from a device the caller had not used before."""

    login_id: str
    """`DELETE /api/v1/me/logins/{login_id}` ends it."""
    device_name: str
    address: str
    """Where it came from."""
    time_ms: int
    active: bool
    """Whether that login lasts."""
    current: bool
    """Whether it is the login that asks."""

    @classmethod
    def of(cls, row: factor_ports.Arrival, active: bool, current: bool) -> Arrival:
        return cls(
            login_id=row.id,
            device_name=row.device_name,
            address=row.address,
            time_ms=row.time_ms,
            active=active,
            current=current,
        )


class ArrivalList(msgspec.Struct, frozen=True, kw_only=True):
    arrivals: list[Arrival]


@get(
    "/me/second-factor",
    summary="See one's second step of signing in",
    tags=["accounts"],
    opt=refuses(Code.USER_NOT_FOUND, scope=scopes.ACCOUNT, enrols=True),
)
async def read_second_factor(identity: IdentityDep, deps: DepsDep) -> SecondFactor:
    """Return what the caller has set up beside the password."""
    have = await deps.oauth.factors.of(identity.user_id)
    account = await deps.accounts.profile(identity.user_id)
    return SecondFactor(
        totp=have.totp is not None,
        totp_since_ms=have.totp.created_ms if have.totp else 0,
        recovery_codes_left=have.recovery_codes_left,
        passkeys=len(have.passkeys),
        required=await deps.oauth.factors.must_enrol(account),
        has_password=account.password_hash != NO_PASSWORD,
        linked=[one.created_ms for one in await deps.oauth.foreign.of(account.id)] if deps.oauth.foreign else [],
    )


@post(
    "/me/totp",
    status_code=200,
    summary="Begin to set up an authenticator app",
    tags=["accounts"],
    opt=refuses(*BODY, *_PROVES, enrols=True, example={"password": "wherefore art"}),
)
async def begin_totp(
    data: JSONBody[Password], request: Request[Any, Any, Any], identity: IdentityDep, deps: DepsDep
) -> TotpOffer:
    """Return a secret for an app.  Codes are asked for once one was shown to `POST /api/v1/me/totp/confirm`."""
    account = await prove_self(deps, identity, data.password, address_of(request))
    totp = await deps.oauth.factors.begin_totp(account)
    uri = otpauth_uri(totp.secret, issuer=await place_name(deps), username=account.username)
    return TotpOffer(secret=shown_secret(totp.secret).replace(" ", ""), uri=uri, qr_svg=qr_picture(uri))


@post(
    "/me/totp/confirm",
    status_code=200,
    summary="Set up an authenticator app",
    tags=["accounts"],
    opt=refuses(*BODY, *_CODES, enrols=True, example={"code": "123456"}),
)
async def confirm_totp(
    data: JSONBody[FirstCode], request: Request[Any, Any, Any], identity: IdentityDep, deps: DepsDep
) -> RecoveryCodes:
    """Ask for codes of the app from now on, wherever the password is taken.

    The answer has recovery codes for whoever has none, this once.
    """
    account = await deps.accounts.profile(identity.user_id)
    codes = await deps.oauth.factors.confirm_totp(account, data.code, address=address_of(request))
    return RecoveryCodes(recovery_codes=codes)


@post(
    "/me/totp/off",
    status_code=204,
    summary="Turn an authenticator app off",
    tags=["accounts"],
    opt=refuses(*BODY, *_CODES, example={"password": "wherefore art", "code": "123456"}),
)
async def drop_totp(
    data: JSONBody[PasswordAndCode], request: Request[Any, Any, Any], identity: IdentityDep, deps: DepsDep
) -> None:
    """Ask for codes of the app no longer.  It takes the password and a code."""
    address = address_of(request)
    account = await prove_self(deps, identity, data.password, address)
    await deps.oauth.factors.drop_totp(account, data.code, device_id=identity.device_id, address=address)


@post(
    "/me/recovery-codes",
    status_code=200,
    summary="Get fresh recovery codes",
    tags=["accounts"],
    opt=refuses(*BODY, *_CODES, example={"password": "wherefore art", "code": "123456"}),
)
async def renew_recovery_codes(
    data: JSONBody[PasswordAndCode], request: Request[Any, Any, Any], identity: IdentityDep, deps: DepsDep
) -> RecoveryCodes:
    """Replace all recovery codes.  It takes the password and a code, of the app or a recovery code."""
    address = address_of(request)
    account = await prove_self(deps, identity, data.password, address)
    codes = await deps.oauth.factors.renew_recovery_codes(
        account, data.code, device_id=identity.device_id, address=address
    )
    return RecoveryCodes(recovery_codes=codes)


@post(
    "/me/provider/unlink",
    status_code=204,
    summary="Part from an account at the other provider",
    tags=["accounts"],
    opt=refuses(*BODY, Code.BAD_CREDENTIALS, Code.CONFLICT, Code.USER_NOT_FOUND, example={"password": "wherefore art"}),
)
async def unlink_provider(
    data: JSONBody[Password], request: Request[Any, Any, Any], identity: IdentityDep, deps: DepsDep
) -> None:
    """Let accounts there no longer let the caller in here.  It is refused to whoever has no other way in."""
    account = await prove_self(deps, identity, data.password, address_of(request))
    if deps.oauth.foreign is None or account.password_hash == NO_PASSWORD:
        raise ChatError(Code.CONFLICT)
    await deps.oauth.foreign.unlink(account.id)


@get(
    "/me/arrivals",
    summary="See sign-ins from new devices",
    tags=["accounts"],
    opt=refuses(scope=scopes.ACCOUNT),
)
async def list_arrivals(identity: IdentityDep, deps: DepsDep) -> ArrivalList:
    """Return the latest sign-ins from devices the caller had not used before, newest first; at most some dozens."""
    if deps.accounts.arrivals is None:
        return ArrivalList(arrivals=[])
    found = []
    for row in await deps.accounts.arrivals.of(identity.user_id):
        standing = await deps.accounts.standing(row.id)
        active = standing is not None and not standing[0].ended_ms
        found.append(Arrival.of(row, active, row.id == identity.login_id))
    return ArrivalList(arrivals=found)


@delete(
    "/me/arrivals/{login_id:str}",
    status_code=204,
    summary="Say that it was oneself",
    tags=["accounts"],
    opt=refuses(Code.NOT_FOUND, Code.STORAGE_FULL),
)
async def dismiss_arrival(login_id: FromPath[str], identity: IdentityDep, deps: DepsDep) -> None:
    """Forget the notice of a new device.  Its login goes on."""
    if deps.accounts.arrivals is None:
        raise ChatError(Code.NOT_FOUND)
    await deps.accounts.arrivals.dismiss(identity.user_id, an_id(login_id, Code.NOT_FOUND))


@delete(
    "/users/{user_id:str}/second-factor",
    status_code=204,
    summary="Take away somebody's second step",
    tags=["accounts"],
    opt=refuses(
        Code.USER_NOT_FOUND, Code.FORBIDDEN, Code.STORAGE_FULL, scope=scopes.ADMIN, permission=Permission.PEOPLE_MANAGE
    ),
)
async def reset_second_factor(user_id: FromPath[str], identity: IdentityDep, deps: DepsDep) -> None:
    """Forget the app, the passkeys and the recovery codes of somebody who has lost them.

    Their password is enough again.  Refused (`forbidden`) for whoever may do more than the caller.
    """
    await deps.oauth.factors.reset(identity, user_of(user_id))


async def prove_self(deps: Deps, identity: Identity, password: str, address: str) -> Account:
    """Return the caller, who showed once more that it is them.  Raises ChatError as `SignIns.prove_self` does."""
    standing = await deps.accounts.standing(identity.login_id)
    if standing is None:
        raise ChatError(Code.SESSION_ENDED)
    return await deps.oauth.sign_ins.prove_self(standing[0], password, address=address)


GUARDED = [
    read_second_factor,
    begin_totp,
    confirm_totp,
    drop_totp,
    renew_recovery_codes,
    unlink_provider,
    list_arrivals,
    dismiss_arrival,
    reset_second_factor,
]

"""Addresses that are proved by a letter, new passwords by a mailed link, and the end of an account."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, post, put
from litestar.params import JSONBody

from hubbub.auth.recovery import Recovery
from hubbub.base.errors import ChatError, Code
from hubbub.rest.deps import Deps, DepsDep, IdentityDep
from hubbub.rest.guards import address_of
from hubbub.rest.language import Language, preferred
from hubbub.rest.refusals import BODY, refuses

__all__ = ["GUARDED", "OPEN", "language_of", "recovery_of"]

Text = Annotated[str, msgspec.Meta(max_length=2000)]


class EmailChange(msgspec.Struct, kw_only=True):
    email: Text
    """Empty: forget the present one."""
    password: Text


class LinkToken(msgspec.Struct, kw_only=True):
    token: Text
    """What the mailed link has in it."""


class Forgotten(msgspec.Struct, kw_only=True):
    email: Text


class NewPassword(msgspec.Struct, kw_only=True):
    token: Text
    password: Text


class Farewell(msgspec.Struct, kw_only=True):
    password: Text


def recovery_of(deps: Deps) -> Recovery:
    """Return what writes letters.  Raises ChatError(UNAVAILABLE) where nothing does."""
    if deps.recovery is None:
        raise ChatError(Code.UNAVAILABLE, "This server writes no letters.")
    return deps.recovery


def language_of(request: Request[Any, Any, Any]) -> Language:
    return preferred(request.headers.get("accept-language", ""))


@put(
    "/me/email",
    status_code=204,
    summary="Give an e-mail address",
    tags=["accounts"],
    opt=refuses(
        *BODY,
        Code.USER_NOT_FOUND,
        Code.BAD_CREDENTIALS,
        example={"email": "romeo@verona.example", "password": "wherefore art"},
    ),
)
async def set_email(
    data: JSONBody[EmailChange], request: Request[Any, Any, Any], identity: IdentityDep, deps: DepsDep
) -> None:
    """Mail a link to the address; it is the caller's once the link was followed, and until then nothing changes."""
    recovery, address = recovery_of(deps), address_of(request)
    if data.email:
        await recovery.offer(identity, data.email, data.password, language=language_of(request), address=address)
    else:
        await recovery.forget(identity, data.password, address=address)


@post(
    "/accounts/email",
    status_code=204,
    summary="Prove an e-mail address",
    tags=["accounts"],
    opt=refuses(*BODY, Code.BAD_LINK, Code.RATE_LIMITED, example={"token": "…"}),
)
async def prove_email(data: JSONBody[LinkToken], request: Request[Any, Any, Any], deps: DepsDep) -> None:
    """Follow the link that was mailed to an address."""
    await recovery_of(deps).prove(data.token, language=language_of(request), address=address_of(request))


@post(
    "/accounts/forgotten",
    status_code=204,
    summary="Ask for a new password",
    tags=["accounts"],
    opt=refuses(*BODY, Code.RATE_LIMITED, example={"email": "romeo@verona.example"}),
)
async def forgotten(data: JSONBody[Forgotten], request: Request[Any, Any, Any], deps: DepsDep) -> None:
    """Mail a link for a new password to whoever proved this address.  The answer is the same if nobody did."""
    await recovery_of(deps).ask(data.email, language=language_of(request), address=address_of(request))


@post(
    "/accounts/password",
    status_code=204,
    summary="Choose a new password",
    tags=["accounts"],
    opt=refuses(
        *BODY,
        Code.BAD_LINK,
        Code.USER_NOT_FOUND,
        Code.WEAK_PASSWORD,
        Code.RATE_LIMITED,
        example={"token": "…", "password": "thou, Romeo?"},
    ),
)
async def reset_password(data: JSONBody[NewPassword], request: Request[Any, Any, Any], deps: DepsDep) -> None:
    """Follow a mailed link, once; every login of the person ends."""
    recovery = recovery_of(deps)
    await recovery.reset(data.token, data.password, language=language_of(request), address=address_of(request))


@post(
    "/me/delete",
    status_code=204,
    summary="Delete one's account for good",
    tags=["accounts"],
    opt=refuses(
        *BODY, Code.USER_NOT_FOUND, Code.BAD_CREDENTIALS, Code.FORBIDDEN, example={"password": "wherefore art"}
    ),
)
async def delete_me(
    data: JSONBody[Farewell], request: Request[Any, Any, Any], identity: IdentityDep, deps: DepsDep
) -> None:
    """End every login and close the account; it cannot be taken back, and nobody gets the name any more.

    What the caller wrote stays without their name, or is recalled, as the server's operator decided.
    """
    await deps.accounts.delete(identity, data.password, address=address_of(request))
    if deps.files is not None:
        await deps.files.unportray(identity.user_id)


OPEN = [prove_email, forgotten, reset_password]
GUARDED = [set_email, delete_me]

"""One's passkeys, over the API."""

from __future__ import annotations

import json
from typing import Annotated, Any

import msgspec
from litestar import Request, get, patch, post
from litestar.params import FromPath, JSONBody

from hubbub.auth import factor_ports, scopes
from hubbub.base.errors import Code
from hubbub.rest.deps import DepsDep, IdentityDep
from hubbub.rest.guards import address_of
from hubbub.rest.inputs import an_id
from hubbub.rest.place import place_name
from hubbub.rest.refusals import BODY, refuses
from hubbub.rest.second_factor import Password, prove_self

__all__ = ["GUARDED"]

Text = Annotated[str, msgspec.Meta(max_length=2000)]


class NewPasskey(msgspec.Struct, kw_only=True):
    """What `navigator.credentials.create` made."""

    challenge: Text
    """Of the answer to `POST /api/v1/me/passkeys/options`."""
    credential: dict[str, Any]
    """A RegistrationResponseJSON (WebAuthn section 5.1)."""
    name: Text = ""


class PasskeyName(msgspec.Struct, kw_only=True):
    name: Text


class PasskeyRemoval(Password, kw_only=True):
    code: Text = ""
    """Of the app, or a recovery code; needed to remove the last of what makes a second step."""


class Passkey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that a device of the caller keeps."""

    passkey_id: str
    name: str
    created_ms: int
    used_ms: int
    """0: never."""

    @classmethod
    def of(cls, row: factor_ports.Passkey) -> Passkey:
        return cls(passkey_id=row.id, name=row.name, created_ms=row.created_ms, used_ms=row.used_ms)


class PasskeyList(msgspec.Struct, frozen=True, kw_only=True):
    passkeys: list[Passkey]


class PasskeyOptions(msgspec.Struct, frozen=True, kw_only=True):
    challenge: str
    """To send back with what was made; good for one answer within five minutes."""
    options: dict[str, Any]
    """A PublicKeyCredentialCreationOptionsJSON."""


class PasskeyMade(msgspec.Struct, frozen=True, kw_only=True):
    passkey: Passkey
    recovery_codes: list[str]
    """For whoever has none; shown this once."""


@get("/me/passkeys", summary="List one's passkeys", tags=["accounts"], opt=refuses(scope=scopes.ACCOUNT, enrols=True))
async def list_passkeys(identity: IdentityDep, deps: DepsDep) -> PasskeyList:
    """Return the caller's passkeys, which are few."""
    have = await deps.oauth.factors.of(identity.user_id)
    return PasskeyList(passkeys=[Passkey.of(one) for one in have.passkeys])


@post(
    "/me/passkeys/options",
    status_code=200,
    summary="Begin to make a passkey",
    tags=["accounts"],
    opt=refuses(*BODY, Code.BAD_CREDENTIALS, Code.USER_NOT_FOUND, enrols=True, example={"password": "wherefore art"}),
)
async def offer_passkey(
    data: JSONBody[Password], request: Request[Any, Any, Any], identity: IdentityDep, deps: DepsDep
) -> PasskeyOptions:
    """Return what `navigator.credentials.create` takes."""
    account = await prove_self(deps, identity, data.password, address_of(request))
    offer = await deps.oauth.passkeys.offer(account, place=await place_name(deps))
    return PasskeyOptions(challenge=offer.secret, options=json.loads(offer.options))


@post(
    "/me/passkeys",
    summary="Keep a passkey",
    tags=["accounts"],
    opt=refuses(*BODY, Code.BAD_PASSKEY, Code.CONFLICT, Code.USER_NOT_FOUND, enrols=True),
)
async def add_passkey(data: JSONBody[NewPasskey], identity: IdentityDep, deps: DepsDep) -> PasskeyMade:
    """Keep the public half of a key that was made.  From now on a password alone is not enough."""
    account = await deps.accounts.profile(identity.user_id)
    passkey, codes = await deps.oauth.passkeys.register(account, data.challenge, json.dumps(data.credential), data.name)
    return PasskeyMade(passkey=Passkey.of(passkey), recovery_codes=codes)


@patch(
    "/me/passkeys/{passkey_id:str}",
    summary="Name a passkey",
    tags=["accounts"],
    opt=refuses(*BODY, Code.NOT_FOUND, example={"name": "The phone in the orchard"}),
)
async def name_passkey(
    passkey_id: FromPath[str], data: JSONBody[PasskeyName], identity: IdentityDep, deps: DepsDep
) -> Passkey:
    """Give a passkey another name."""
    key = an_id(passkey_id, Code.NOT_FOUND)
    return Passkey.of(await deps.oauth.passkeys.rename(identity.user_id, key, data.name))


@post(
    "/me/passkeys/{passkey_id:str}/remove",
    status_code=204,
    summary="Remove a passkey",
    tags=["accounts"],
    opt=refuses(
        *BODY,
        Code.NOT_FOUND,
        Code.BAD_CREDENTIALS,
        Code.USER_NOT_FOUND,
        Code.SECOND_FACTOR_NEEDED,
        Code.BAD_SECOND_FACTOR,
        example={"password": "wherefore art"},
    ),
)
async def remove_passkey(
    passkey_id: FromPath[str],
    data: JSONBody[PasskeyRemoval],
    request: Request[Any, Any, Any],
    identity: IdentityDep,
    deps: DepsDep,
) -> None:
    """Forget a passkey.  It takes the password, and a code as well where no second step is left after it."""
    key = an_id(passkey_id, Code.NOT_FOUND)
    address = address_of(request)
    account = await prove_self(deps, identity, data.password, address)
    await deps.oauth.passkeys.remove(account, key, data.code, device_id=identity.device_id, address=address)


GUARDED = [list_passkeys, offer_passkey, add_passkey, name_passkey, remove_passkey]

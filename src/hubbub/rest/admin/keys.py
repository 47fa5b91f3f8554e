"""The keys that sign tokens, for admins: which there are, and a fresh one before its time."""

from __future__ import annotations

import msgspec
from litestar import get, post
from litestar.params import JSONBody

from hubbub.auth import scopes
from hubbub.auth.permissions import Permission
from hubbub.base.errors import Code
from hubbub.rest.deps import Deps, DepsDep
from hubbub.rest.refusals import BODY, refuses

__all__ = ["GUARDED"]


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A key that verifies tokens; its private half is nowhere to be read."""

    kid: str
    created_ms: int
    retired_ms: int
    """When a younger key took its place; 0: none has.  Tokens it signed live out their time."""
    signs: bool
    """Whether new tokens are signed with it, as this node sees it: a key signs once every node knows it."""


class KeyList(msgspec.Struct, frozen=True, kw_only=True):
    keys: list[Key]
    """Newest first."""


class Rotation(msgspec.Struct, kw_only=True):
    """How a fresh key comes."""

    drop: bool = False
    """Take away every key before it, with all tokens they signed: because somebody else has them.

    Logins go on: clients refresh.
    """


@get(
    "/keys",
    summary="List the keys that sign tokens",
    tags=["clients"],
    opt=refuses(Code.FORBIDDEN, scope=scopes.ADMIN, permission=Permission.SETTINGS_CHANGE),
)
async def list_keys(deps: DepsDep) -> KeyList:
    """Return the keys with which tokens are verified."""
    return _listed(deps)


@post(
    "/keys",
    status_code=201,
    summary="Make a fresh key for tokens",
    tags=["clients"],
    opt=refuses(
        *BODY, Code.FORBIDDEN, scope=scopes.ADMIN, permission=Permission.SETTINGS_CHANGE, example={"drop": False}
    ),
)
async def rotate_keys(deps: DepsDep, data: JSONBody[Rotation | None] = None) -> KeyList:
    """Make a key that signs tokens from a minute from now on; the ones before verify what they signed until it ends."""
    await deps.accounts.signing.rotate(drop=data is not None and data.drop)
    return _listed(deps)


def _listed(deps: Deps) -> KeyList:
    ring = deps.accounts.signing.tokens.ring
    return KeyList(
        keys=[
            Key(kid=key.kid, created_ms=key.created_ms, retired_ms=key.retired_ms, signs=key.kid == ring.signing_kid)
            for key in ring.keys
        ]
    )


GUARDED = [list_keys, rotate_keys]

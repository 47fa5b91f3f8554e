"""Who asks: the bearer token, the address, and how often.

A token is checked twice: by its signature, which costs nothing, and against the database, because a login that was
ended must be over on the next request and not when its token ends.
"""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from hubbub.auth.audit import By, act_as, acting
from hubbub.auth.limits import Allowance
from hubbub.auth.model import Identity
from hubbub.auth.permissions import Permission
from hubbub.auth.scopes import OWN
from hubbub.base.errors import ChatError, Code, RateLimited
from hubbub.chat.model import Caller
from hubbub.rest.allowances import say_allowance
from hubbub.rest.deps import Deps, DepsDep, IdentityDep

__all__ = ["address_of", "bearer_guard", "bearer_if_any", "provide_caller", "provide_identity"]


def bearer_guard(deps: Deps) -> Guard:
    """Return a guard that lets in only bearers of a good token for this operation, each within their allowance.

    An operation says beside itself which scope it needs; one that says nothing is for this server's own clients.  It
    says which permission it needs of the person as well, if it is not for everybody.
    """
    per_s = deps.auth_settings.requests_per_second
    burst = max(1.0, per_s * 4)
    allowance = Allowance(deps.clock, per_s=per_s, burst=burst)

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        identity = deps.authenticator.verify(_token(connection))
        try:
            left = allowance.take(identity.user_id)
        except RateLimited as refused:
            say_allowance(connection.scope, per_s, burst, 0.0, refused.retry_after_s)
            raise
        if per_s > 0:
            say_allowance(connection.scope, per_s, burst, left, (burst - left) / per_s)
        _check_scope(identity, handler)
        identity = await _check(deps, identity, handler)
        connection.scope["user"] = identity
        _act_as(identity)
        _check_permission(identity, handler)

    return guard


async def bearer_if_any(
    request: ASGIConnection[Any, Any, Any, Any], deps: Deps, handler: BaseRouteHandler
) -> Identity | None:
    """Return the bearer where a token is no must.

    One that is presented has to be good, and for this operation.
    """
    if "authorization" not in request.headers:
        return None
    identity = deps.authenticator.verify(_token(request))
    _check_scope(identity, handler)
    identity = await _check(deps, identity, handler)
    _act_as(identity)
    return identity


async def _check(deps: Deps, identity: Identity, handler: BaseRouteHandler) -> Identity:
    """Ask the database; who must set up a second step first may do what that takes."""
    try:
        return await deps.authenticator.check(identity)
    except ChatError as error:
        if error.code is not Code.SECOND_FACTOR_REQUIRED or not handler.opt.get("enrols"):
            raise
        return identity


def _act_as(identity: Identity) -> None:
    """Let the audit log know whose request this is; the address is known already."""
    act_as(By(identity.user_id, identity.client_id, acting().address))


def _check_scope(identity: Identity, handler: BaseRouteHandler) -> None:
    if not identity.may(handler.opt.get("scope", OWN)):
        raise ChatError(Code.INSUFFICIENT_SCOPE)


def _check_permission(identity: Identity, handler: BaseRouteHandler) -> None:
    needed = handler.opt.get("permission")
    if needed is not None and not identity.can(needed):
        raise ChatError(Code.FORBIDDEN)


def _token(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """Return the bearer token (RFC 6750 section 2.1).

    It never comes in the address, where it would be logged.
    """
    scheme, _, token = connection.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise ChatError(Code.UNAUTHENTICATED)
    return token.strip()


# What a handler is given is provided one after the other, each asking for the one before: what could be provided at the
# same time Litestar provides in tasks, each of which costs more than all three of these.


async def provide_identity(request: Request[Any, Any, Any], deps: DepsDep) -> Identity:
    """Return whom the guard let in."""
    identity = request.scope["user"]
    assert isinstance(identity, Identity)
    return identity


async def provide_caller(identity: IdentityDep) -> Caller:
    """Return whom the guard let in, as chat knows them."""
    return Caller(
        user_id=identity.user_id,
        device_id=identity.device_id,
        is_admin=identity.is_admin,
        announces=identity.can(Permission.ANNOUNCE),
        scopes=identity.scopes,
        muted_until_ms=identity.muted_until_ms,
    )


def address_of(request: Request[Any, Any, Any]) -> str:
    """Return the peer's address.

    A proxy's word for it is taken, where it is trusted, by the HTTP server.
    """
    return request.client.host if request.client else ""

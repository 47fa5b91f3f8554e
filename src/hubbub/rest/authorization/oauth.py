"""The token endpoint (RFC 6749), revocation (RFC 7009) and the public keys (RFC 7517).

Who names no client is one of this server's own, which may use the password.  Errors have the shape of RFC 6749 section
5.2, with our own code beside them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from litestar import Request, Response, get, post
from litestar.exceptions import HTTPException

from hubbub.auth.accounts import DEVICE_NAME_MAX, Grant
from hubbub.auth.client_ports import Client
from hubbub.auth.clients import (
    AUTHORIZATION_CODE,
    CLIENT_CREDENTIALS,
    DEVICE_CODE,
    ONE_MORE,
    PASSWORD,
    REFRESH_TOKEN,
    check_grant,
)
from hubbub.auth.names import clean_line
from hubbub.auth.refusal import OAuthRefusal, SecondFactorNeeded
from hubbub.base.errors import ChatError, Code
from hubbub.rest.authorization.client_auth import client_of
from hubbub.rest.deps import Deps, DepsDep
from hubbub.rest.guards import address_of
from hubbub.rest.inputs import an_id
from hubbub.rest.language import preferred
from hubbub.rest.problems import headers_of, problem_of, refusal_of
from hubbub.rest.refusals import BODY, refuses

__all__ = ["HANDLERS", "REFUSALS", "OAuthError", "TokenAnswer", "needed", "read_form", "token_answer"]

FORM = "application/x-www-form-urlencoded"


class TokenForm(msgspec.Struct, kw_only=True):
    """What a device asks for."""

    grant_type: str
    """`password` (this server's own clients), `refresh_token`, `authorization_code`, `client_credentials`,
    `urn:ietf:params:oauth:grant-type:device_code`, or `urn:hubbub:oauth:grant-type:one-more` (own clients)."""
    username: str = ""
    password: str = ""
    second_factor: str = ""
    """With `password`, where `second_factor_needed` is answered: a code of the person's app, a recovery code, or the
    `second_factor` of an answer a moment ago."""
    refresh_token: str = ""
    device_id: str = ""
    """An id this installation made once and keeps; without it the device is a new one."""
    device_name: str = ""
    client_id: str = ""
    """None: one of this server's own clients.  It may also stand in an Authorization header of the scheme Basic."""
    client_secret: str = ""
    scope: str = ""
    code: str = ""
    redirect_uri: str = ""
    code_verifier: str = ""
    device_code: str = ""
    one_more: str = ""
    """With `urn:hubbub:oauth:grant-type:one-more`: the `one_more` of an answer a moment ago."""


class RevokeForm(msgspec.Struct, kw_only=True):
    token: str
    """A refresh token, or an access token."""
    token_type_hint: str = ""
    client_id: str = ""
    """The client the token was issued to; none: one of this server's own."""
    client_secret: str = ""


class TokenAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Tokens, and for whom."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str = ""
    """Good for one use; the next answer has the next one.  Absent where there is none."""
    scope: str = ""
    """What the access token may be used for; absent for this server's own clients, which may do everything."""
    id_token: str = ""
    """Who logged in, for a client that asked with the scope `openid`."""
    second_factor: str = ""
    """After a code: what lets one more device of the person in, in place of another code, within a minute."""
    one_more: str = ""
    """After a device or browser was let in for one of this server's own clients: what lets one more device of the same
    installation in, once and within a minute."""
    user_id: str
    username: str
    device_id: str


class OAuthError(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An error of RFC 6749 section 5.2, with this server's own code beside it."""

    error: str
    error_description: str
    code: str
    status: int
    retry: bool
    retry_after_ms: int = 0
    second_factors: list[str] = []
    """With `second_factor_needed`, what the person has: `app`, `recovery_code` (both to be sent as `second_factor`),
    `passkey` (by the pages of this server: the code flow, or the device flow)."""


def token_answer(grant: Grant, id_token: str = "") -> TokenAnswer:
    """Return the fields of RFC 6749 section 5.1, and what a chat client would ask next."""
    return TokenAnswer(
        access_token=grant.access_token,
        token_type="Bearer",
        expires_in=grant.expires_in_s,
        refresh_token=grant.refresh_token,
        scope=grant.scope,
        id_token=id_token,
        second_factor=grant.second_factor,
        one_more=grant.one_more,
        user_id=grant.account.id,
        username=grant.account.username,
        device_id=grant.login.device_id,
    )


async def read_form(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Return the fields of a form.

    Raises ChatError(BAD_REQUEST), also for a field given twice.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != FORM:
        raise ChatError(Code.BAD_REQUEST, f"The body is {FORM}.")
    try:
        pairs = parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=32, errors="strict")
    except ValueError:
        raise ChatError(Code.BAD_REQUEST, "The form cannot be read.") from None
    form = dict(pairs)
    # RFC 6749 section 3.2: "Request and response parameters MUST NOT be included more than once."
    if len(form) != len(pairs):
        raise ChatError(Code.BAD_REQUEST, "A field was given twice.")
    return form


_ERRORS = {
    Code.BAD_REQUEST: "invalid_request",
    Code.BAD_CREDENTIALS: "invalid_grant",
    Code.APPROVAL_PENDING: "invalid_grant",
    Code.BAD_TOKEN: "invalid_grant",
    Code.SESSION_ENDED: "invalid_grant",
    Code.BAD_SECOND_FACTOR: "invalid_grant",
    # OpenID Connect Core 3.1.2.6: the person has to do something.
    Code.SECOND_FACTOR_NEEDED: "interaction_required",
    Code.INTERNAL_ERROR: "server_error",
}


def oauth_response(request: Request[Any, Any, Any], error: ChatError, name: str = "") -> Response[bytes]:
    """Answer as RFC 6749 section 5.2 asks."""
    problem = problem_of(error, preferred(request.headers.get("accept-language", "")))
    if isinstance(error, OAuthRefusal):
        name = error.error
    name = name or _ERRORS.get(error.code, "temporarily_unavailable" if problem.retry else "invalid_request")
    body = OAuthError(
        error=name,
        error_description=problem.detail,
        code=problem.code,
        status=400 if problem.status in (401, 403) and error.code is not Code.BAD_CLIENT else problem.status,
        retry=problem.retry,
        retry_after_ms=problem.retry_after_ms,
        second_factors=list(error.have) if isinstance(error, SecondFactorNeeded) else [],
    )
    headers = headers_of(error)
    headers.pop("www-authenticate", None)
    if error.code is Code.BAD_CLIENT:
        # RFC 6749 section 5.2: the scheme the client used, or could have used.
        headers["www-authenticate"] = 'Basic realm="hubbub", charset="UTF-8"'
    return Response(
        msgspec.json.encode(body),
        status_code=body.status,
        media_type="application/json",
        headers={**headers, "pragma": "no-cache"},
    )


def _refused(request: Request[Any, Any, Any], error: ChatError | HTTPException) -> Response[bytes]:
    return oauth_response(request, error if isinstance(error, ChatError) else refusal_of(error))


REFUSALS: dict[Any, Any] = {ChatError: _refused, HTTPException: _refused}


@post(
    "/oauth/token",
    status_code=200,
    summary="Log in, or refresh a login",
    tags=["accounts"],
    exception_handlers=REFUSALS,
    opt=refuses(
        *BODY,
        Code.BAD_CLIENT,
        Code.BAD_SCOPE,
        Code.USER_NOT_FOUND,
        Code.BAD_CREDENTIALS,
        Code.SECOND_FACTOR_NEEDED,
        Code.BAD_SECOND_FACTOR,
        Code.APPROVAL_PENDING,
        Code.BAD_TOKEN,
        Code.SESSION_ENDED,
        Code.TOKEN_EXPIRED,
        Code.AUTHORIZATION_PENDING,
        Code.SLOW_DOWN,
        Code.ACCESS_DENIED,
        Code.RATE_LIMITED,
        client_auth=True,
        form=TokenForm,
        oauth=OAuthError,
        example={"grant_type": "password", "username": "romeo", "password": "wherefore art"},
    ),
)
async def token(request: Request[Any, Any, Any], deps: DepsDep) -> Response[TokenAnswer]:
    """Give tokens for a name and a password, or the next tokens for a refresh token.

    A refresh token is good for one use; using it again ends the login.
    """
    form = await read_form(request)
    client = await client_of(request, form, deps)
    kind = form.get("grant_type", "")
    if not kind:
        raise ChatError(Code.BAD_REQUEST, "grant_type is needed.")
    give = _GRANTS.get(kind)
    if give is None:
        raise OAuthRefusal("unsupported_grant_type", message=f"This server knows the grants {', '.join(_GRANTS)}.")
    check_grant(client, kind)
    grant, id_token = await give(deps, client, form, address_of(request))
    answer = token_answer(grant, id_token)
    return Response(answer, headers={"cache-control": "no-store", "pragma": "no-cache"})


Given = tuple[Grant, str]
"""Tokens, and the id token where there is one."""


async def _password(deps: Deps, client: Client, form: dict[str, str], address: str) -> Given:
    grant = await deps.accounts.log_in(
        needed(form, "username"),
        needed(form, "password"),
        second_factor=form.get("second_factor", ""),
        device_id=form.get("device_id", ""),
        device_name=form.get("device_name", ""),
        address=address,
    )
    return grant, ""


async def _refresh(deps: Deps, client: Client, form: dict[str, str], address: str) -> Given:
    token = needed(form, "refresh_token")
    if client.own:
        return await deps.accounts.refresh(token, address=address), ""
    return await deps.oauth.refresh(client, token, form.get("scope", ""), address=address), ""


async def _client_credentials(deps: Deps, client: Client, form: dict[str, str], address: str) -> Given:
    return await deps.oauth.service_token(client, form.get("scope", "")), ""


async def _authorization_code(deps: Deps, client: Client, form: dict[str, str], address: str) -> Given:
    await deps.oauth.sweep()
    grant, id_token = await deps.oauth.codes.redeem(
        client,
        needed(form, "code"),
        needed(form, "redirect_uri"),
        form.get("code_verifier", ""),
        device_id=_device_id(form),
        device_name=_device_name(form),
        address=address,
    )
    return (await deps.oauth.companions.offer(grant) if client.own else grant), id_token


async def _device_code(deps: Deps, client: Client, form: dict[str, str], address: str) -> Given:
    code = needed(form, "device_code")
    grant = await deps.oauth.devices.poll(client, code, device_id=_device_id(form), address=address)
    return (await deps.oauth.companions.offer(grant) if client.own else grant), ""


async def _one_more(deps: Deps, client: Client, form: dict[str, str], address: str) -> Given:
    secret, device_id = needed(form, "one_more"), _device_id(form)
    deps.accounts.try_once(address)
    return await deps.oauth.companions.take(secret, device_id=device_id, device_name=_device_name(form)), ""


def _device_id(form: dict[str, str]) -> str:
    """Return the id an installation has, or nothing.  Raises ChatError(BAD_REQUEST)."""
    device_id = form.get("device_id", "")
    return an_id(device_id, Code.BAD_REQUEST, "device_id is a UUID.") if device_id else ""


def _device_name(form: dict[str, str]) -> str:
    return clean_line(form.get("device_name", ""), "The device's name", DEVICE_NAME_MAX)


def needed(form: dict[str, str], name: str) -> str:
    """Return a field.  Raises ChatError(BAD_REQUEST) when it is missing."""
    if not form.get(name):
        raise ChatError(Code.BAD_REQUEST, f"{name} is needed.")
    return form[name]


_GRANTS: dict[str, Callable[[Deps, Client, dict[str, str], str], Awaitable[Given]]] = {
    PASSWORD: _password,
    REFRESH_TOKEN: _refresh,
    CLIENT_CREDENTIALS: _client_credentials,
    AUTHORIZATION_CODE: _authorization_code,
    DEVICE_CODE: _device_code,
    ONE_MORE: _one_more,
}


@post(
    "/oauth/revoke",
    status_code=200,
    summary="Log out by a token",
    tags=["accounts"],
    exception_handlers=REFUSALS,
    opt=refuses(*BODY, Code.BAD_CLIENT, Code.RATE_LIMITED, client_auth=True, form=RevokeForm, oauth=OAuthError),
)
async def revoke(request: Request[Any, Any, Any], deps: DepsDep) -> None:
    """End the login a refresh or access token belongs to.

    A token that is none is no error (RFC 7009 section 2.2).
    """
    form = await read_form(request)
    client = await client_of(request, form, deps)
    await deps.oauth.revoke(client, needed(form, "token"))


@get(["/oauth/jwks.json", "/.well-known/jwks.json"], summary="The public keys of access tokens", tags=["accounts"])
async def jwks(deps: DepsDep) -> Response[dict[str, Any]]:
    """Return the keys with which anybody verifies an access token (RFC 7517)."""
    return Response(deps.accounts.jwks(), headers={"cache-control": "public, max-age=300"})


HANDLERS = [token, revoke, jwks]

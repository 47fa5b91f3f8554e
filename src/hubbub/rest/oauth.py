"""The token endpoint (RFC 6749), revocation (RFC 7009) and the public keys (RFC 7517).

Only the grants a chat client needs are here: password and refresh_token, for public clients.  Errors have the shape of
RFC 6749 section 5.2, with our own code beside them.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import msgspec
from litestar import Request, Response, get, post
from litestar.exceptions import HTTPException

from hubbub.auth.accounts import Grant
from hubbub.base.errors import ChatError, Code
from hubbub.rest.deps import DepsDep
from hubbub.rest.guards import address_of
from hubbub.rest.language import preferred
from hubbub.rest.problems import headers_of, problem_of, refusal_of
from hubbub.rest.refusals import BODY, refuses

__all__ = ["HANDLERS", "TokenAnswer", "read_form", "token_answer"]

FORM = "application/x-www-form-urlencoded"


class TokenForm(msgspec.Struct, kw_only=True):
    """What a device asks for."""

    grant_type: str
    """`password` or `refresh_token`."""
    username: str = ""
    password: str = ""
    refresh_token: str = ""
    device_id: str = ""
    """An id this installation made once and keeps; without it the device is a new one."""
    device_name: str = ""
    client_id: str = ""
    scope: str = ""


class RevokeForm(msgspec.Struct, kw_only=True):
    token: str
    """A refresh token, or an access token."""
    token_type_hint: str = ""


class TokenAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens, and for whom."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str
    """Good for one use; the next answer has the next one."""
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


def token_answer(grant: Grant) -> TokenAnswer:
    """Return the fields of RFC 6749 section 5.1, and what a chat client would ask next."""
    return TokenAnswer(
        access_token=grant.access_token,
        token_type="Bearer",
        expires_in=grant.expires_in_s,
        refresh_token=grant.refresh_token,
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
    Code.BAD_TOKEN: "invalid_grant",
    Code.SESSION_ENDED: "invalid_grant",
    Code.INTERNAL_ERROR: "server_error",
}


def oauth_response(request: Request[Any, Any, Any], error: ChatError, name: str = "") -> Response[bytes]:
    """Answer as RFC 6749 section 5.2 asks."""
    problem = problem_of(error, preferred(request.headers.get("accept-language", "")))
    name = name or _ERRORS.get(error.code, "temporarily_unavailable" if problem.retry else "invalid_request")
    body = OAuthError(
        error=name,
        error_description=problem.detail,
        code=problem.code,
        status=400 if name == "invalid_grant" else problem.status,
        retry=problem.retry,
        retry_after_ms=problem.retry_after_ms,
    )
    headers = headers_of(error)
    headers.pop("www-authenticate", None)
    return Response(
        msgspec.json.encode(body),
        status_code=body.status,
        media_type="application/json",
        headers={**headers, "pragma": "no-cache"},
    )


def _refused(request: Request[Any, Any, Any], error: ChatError | HTTPException) -> Response[bytes]:
    return oauth_response(request, error if isinstance(error, ChatError) else refusal_of(error))


_REFUSALS: dict[Any, Any] = {ChatError: _refused, HTTPException: _refused}


@post(
    "/oauth/token",
    status_code=200,
    summary="Log in, or refresh a login",
    tags=["accounts"],
    exception_handlers=_REFUSALS,
    opt=refuses(
        *BODY,
        Code.BAD_CREDENTIALS,
        Code.BAD_TOKEN,
        Code.SESSION_ENDED,
        Code.RATE_LIMITED,
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
    address = address_of(request)
    match form.get("grant_type"):
        case "password":
            if not form.get("username") or not form.get("password"):
                raise ChatError(Code.BAD_REQUEST, "username and password are needed.")
            grant = await deps.accounts.log_in(
                form["username"],
                form["password"],
                device_id=form.get("device_id", ""),
                device_name=form.get("device_name", ""),
                address=address,
            )
        case "refresh_token":
            if not form.get("refresh_token"):
                raise ChatError(Code.BAD_REQUEST, "refresh_token is needed.")
            grant = await deps.accounts.refresh(form["refresh_token"], address=address)
        case None | "":
            raise ChatError(Code.BAD_REQUEST, "grant_type is needed.")
        case _:
            error = ChatError(Code.BAD_REQUEST, "This server knows the grants password and refresh_token.")
            return oauth_response(request, error, "unsupported_grant_type")  # type: ignore[return-value]
    return Response(token_answer(grant), headers={"cache-control": "no-store", "pragma": "no-cache"})


@post(
    "/oauth/revoke",
    status_code=200,
    summary="Log out by a token",
    tags=["accounts"],
    exception_handlers=_REFUSALS,
    opt=refuses(*BODY, Code.RATE_LIMITED, form=RevokeForm, oauth=OAuthError),
)
async def revoke(request: Request[Any, Any, Any], deps: DepsDep) -> None:
    """End the login a refresh or access token belongs to.

    A token that is none is no error (RFC 7009 section 2.2).
    """
    form = await read_form(request)
    text = form.get("token", "")
    if not text:
        raise ChatError(Code.BAD_REQUEST, "token is needed.")
    if text.count(".") == 2 and text.startswith("ey"):
        try:
            await deps.accounts.log_out(deps.authenticator.verify(text))
        except ChatError as error:
            if error.code not in (Code.BAD_TOKEN, Code.TOKEN_EXPIRED):
                raise
    else:
        await deps.accounts.revoke(text)


@get(["/oauth/jwks.json", "/.well-known/jwks.json"], summary="The public keys of access tokens", tags=["accounts"])
async def jwks(deps: DepsDep) -> Response[dict[str, Any]]:
    """Return the keys with which anybody verifies an access token (RFC 7517)."""
    return Response(deps.accounts.jwks(), headers={"cache-control": "public, max-age=300"})


HANDLERS = [token, revoke, jwks]

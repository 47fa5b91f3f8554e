"""Judge what a browser brings from a client: an authorization request (RFC 6749 section 4, OpenID Connect Core 3).

Nothing here does I/O.  What is wrong with the client or with the address to return to is said to the person, because
nobody may be sent to an address that was not registered; everything else is said to the client, at that address.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import final

import msgspec

from hubbub.auth.client_ports import Client
from hubbub.auth.clients import AUTHORIZATION_CODE, IMPLICIT, REFRESH_TOKEN
from hubbub.auth.redirects import with_parameters
from hubbub.auth.refusal import OAuthRefusal
from hubbub.auth.scopes import OFFLINE, OPENID, SCOPES, known, within
from hubbub.base.errors import Code

__all__ = ["AuthorizationRequest", "SentBack", "judge"]

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_STATE_MAX = 2000
_NONCE_MAX = 500
_PROMPTS = {"none", "login", "consent", "select_account"}
_RESPONSES = ({"code"}, {"token"}, {"id_token"}, {"id_token", "token"})
_UNSUPPORTED = {
    "request": "request_not_supported",
    "request_uri": "request_uri_not_supported",
    "registration": "registration_not_supported",
}


class AuthorizationRequest(msgspec.Struct, frozen=True):
    """What a client asks a person for, found to be in order."""

    client: Client
    redirect_uri: str
    response: frozenset[str]
    scope: str
    state: str = ""
    nonce: str = ""
    challenge: str = ""
    prompt: frozenset[str] = frozenset()
    max_age_s: int | None = None
    login_hint: str = ""

    @property
    def implicit(self) -> bool:
        """Whether tokens come in the address itself, in its fragment."""
        return "code" not in self.response

    def answered(self, issuer: str, **answer: str) -> str:
        """Return the address to which the browser goes back; `iss` says whose answer it is (RFC 9207)."""
        told = {**answer, "state": self.state, "iss": issuer}
        return with_parameters(self.redirect_uri, told, fragment=self.implicit)


@final
class SentBack(Exception):
    """The request is refused, and its client is told so at `address`."""

    def __init__(self, refusal: OAuthRefusal, redirect_uri: str, state: str, fragment: bool) -> None:
        super().__init__(refusal.error)
        self.refusal = refusal
        self._where = (redirect_uri, state, fragment)

    def address(self, issuer: str) -> str:
        """Return the address to which the browser goes back."""
        redirect_uri, state, fragment = self._where
        told = {"error": self.refusal.error, "error_description": str(self.refusal), "state": state, "iss": issuer}
        return with_parameters(redirect_uri, told, fragment=fragment)


def judge(
    parameters: Mapping[str, str], client: Client | None, *, without_pkce: Collection[str] = ()
) -> AuthorizationRequest:
    """Return the request, if it is one.

    `without_pkce`: ids of the clients with a secret that need no code_challenge.  Raises OAuthRefusal for what the
    person has to be told, SentBack for what the client has to be.
    """
    if client is None or not client.redirect_uris:
        raise OAuthRefusal("invalid_client", Code.BAD_CLIENT, "The program that sent you here is not registered.")
    redirect_uri = parameters.get("redirect_uri", "")
    # RFC 9700 section 2.1: "authorization servers MUST utilize exact string matching".
    if redirect_uri not in client.redirect_uris:
        raise OAuthRefusal("invalid_request", message="The address to return to is not one of that program's.")
    response = frozenset(parameters.get("response_type", "").split())
    state = parameters.get("state", "")
    try:
        return _examine(parameters, client, redirect_uri, response, without_pkce)
    except OAuthRefusal as refusal:
        kept = state if len(state) <= _STATE_MAX else ""
        fragment = bool(response) and "code" not in response
        raise SentBack(refusal, redirect_uri, kept, fragment) from None


def _examine(
    parameters: Mapping[str, str],
    client: Client,
    redirect_uri: str,
    response: frozenset[str],
    without_pkce: Collection[str],
) -> AuthorizationRequest:
    for name, error in _UNSUPPORTED.items():
        if parameters.get(name):
            raise OAuthRefusal(error, message=f"{name} is not supported.")
    if not response:
        raise OAuthRefusal("invalid_request", message="response_type is needed.")
    if response not in _RESPONSES:
        raise OAuthRefusal("unsupported_response_type", message="response_type is code.")
    implicit = "code" not in response
    if (IMPLICIT if implicit else AUTHORIZATION_CODE) not in client.grants:
        raise OAuthRefusal("unauthorized_client", message="This client may not use this response_type.")
    if parameters.get("response_mode", "") not in ("", "fragment" if implicit else "query"):
        raise OAuthRefusal("invalid_request", message="That response_mode is not supported.")
    scope = _scope(client, parameters.get("scope", ""), implicit=implicit)
    nonce = parameters.get("nonce", "")
    if "id_token" in response and (not nonce or OPENID not in scope.split()):
        raise OAuthRefusal("invalid_request", message="An id_token needs the scope openid and a nonce.")
    if len(parameters.get("state", "")) > _STATE_MAX or len(nonce) > _NONCE_MAX:
        raise OAuthRefusal("invalid_request", message="state or nonce is too long.")
    return AuthorizationRequest(
        client=client,
        redirect_uri=redirect_uri,
        response=response,
        scope=scope,
        state=parameters.get("state", ""),
        nonce=nonce,
        challenge="" if implicit else _challenge(parameters, excepted=not client.public and client.id in without_pkce),
        prompt=_prompt(parameters.get("prompt", "")),
        max_age_s=_max_age(parameters.get("max_age", "")),
        login_hint=parameters.get("login_hint", "")[:100],
    )


def _scope(client: Client, asked: str, *, implicit: bool) -> str:
    if client.own:
        # Whoever signs in for these allows what the password allows.
        return ""
    # OpenID Connect Core 3.1.2.1: "Scope values used that are not understood by an implementation SHOULD be ignored."
    scope = known(" ".join(one for one in asked.split() if one in SCOPES)) or ""
    if implicit or REFRESH_TOKEN not in client.grants:
        scope = " ".join(one for one in scope.split() if one != OFFLINE)
    if not scope or not within(scope, " ".join(client.scopes)):
        raise OAuthRefusal("invalid_scope", Code.BAD_SCOPE)
    return scope


def _challenge(parameters: Mapping[str, str], *, excepted: bool) -> str:
    challenge = parameters.get("code_challenge", "")
    if not challenge and excepted:
        return ""
    # OAuth 2.1 section 4.1.1: whoever has a secret sends one too; S256 is the method that keeps the verifier secret.
    if parameters.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge):
        raise OAuthRefusal("invalid_request", message="A code_challenge of the method S256 is needed.")
    return challenge


def _prompt(text: str) -> frozenset[str]:
    prompt = frozenset(text.split())
    if prompt - _PROMPTS or ("none" in prompt and len(prompt) > 1):
        raise OAuthRefusal("invalid_request", message="That prompt is not supported.")
    return prompt


def _max_age(text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise OAuthRefusal("invalid_request", message="max_age is a number of seconds.")
    return int(text)

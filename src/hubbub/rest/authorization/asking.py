"""Where signing in leads: the request a browser came with, judged again from its address at every step."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlencode

from hubbub.auth.authorization import AuthorizationRequest, SentBack, judge
from hubbub.auth.refusal import OAuthRefusal
from hubbub.base.errors import ChatError
from hubbub.rest.deps import Deps

__all__ = ["HERE", "PASSKEY", "SECURITY", "asked_in", "is_ours", "of_address", "passkey_link", "without_wish"]

HERE = "/oauth/authorize"
SECURITY = "/oauth/security"
PASSKEY = "/oauth/sign-in/passkey"

_QUERY_MAX = 8000


async def asked_in(query: str, deps: Deps) -> tuple[AuthorizationRequest, Mapping[str, str]]:
    """Return the request in a query.  Raises OAuthRefusal or SentBack."""
    if len(query) > _QUERY_MAX:
        raise OAuthRefusal("invalid_request", message="The request is too long.")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=50, errors="strict")
    except ValueError:
        raise OAuthRefusal("invalid_request", message="The request cannot be read.") from None
    parameters = dict(pairs)
    # RFC 6749 section 3.1: "Request and response parameters MUST NOT be included more than once."
    if len(parameters) != len(pairs):
        raise OAuthRefusal("invalid_request", message="A parameter was given twice.")
    named = parameters.get("client_id", "")
    client = await deps.oauth.clients.find(named) if named else None
    return judge(parameters, client, without_pkce=deps.auth_settings.without_pkce), parameters


async def of_address(following: str, deps: Deps) -> AuthorizationRequest | None:
    """Return the request somebody signs in for, if it is one."""
    path, _, query = following.partition("?")
    if path != HERE:
        return None
    try:
        return (await asked_in(query, deps))[0]
    except (SentBack, ChatError):
        return None


def is_ours(following: str) -> bool:
    """Whether an address is one of those to which signing in leads; nothing else is followed."""
    path = following.partition("?")[0]
    printable = following.isascii() and following.isprintable() and "\\" not in following
    return path in (HERE, "/oauth/device", SECURITY) and printable and len(following) <= _QUERY_MAX + 100


def without_wish(following: str) -> str:
    """Return an address without the wish to sign in, which was just fulfilled."""
    path, _, query = following.partition("?")
    if path != HERE:
        return following
    rest = parse_qsl(query, keep_blank_values=True)
    kept = [(name, _less(value) if name == "prompt" else value) for name, value in rest if name != "max_age"]
    return f"{path}?{urlencode([(name, value) for name, value in kept if name != 'prompt' or value])}"


def _less(prompt: str) -> str:
    return " ".join(one for one in prompt.split() if one not in ("login", "select_account"))


def passkey_link(following: str) -> str:
    """Return the address of the page that asks for a passkey and then leads there."""
    return f"{PASSKEY}?following={quote(following, safe='')}"

"""What clients read of the authorization server and of people: its metadata, a token's truth, who logged in."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, post

from hubbub.auth import scopes
from hubbub.auth.clients import GRANTS, PASSWORD
from hubbub.auth.id_tokens import profile_claims
from hubbub.base.errors import Code
from hubbub.rest.authorization.client_auth import client_of
from hubbub.rest.authorization.oauth import REFUSALS, OAuthError, needed, read_form
from hubbub.rest.deps import Deps, DepsDep, IdentityDep
from hubbub.rest.refusals import BODY, refuses

__all__ = ["GUARDED", "HANDLERS"]

_METHODS = ["client_secret_basic", "client_secret_post", "none"]


class IntrospectForm(msgspec.Struct, kw_only=True):
    token: str
    """An access token or a refresh token."""
    token_type_hint: str = ""
    client_id: str = ""
    client_secret: str = ""


class Claims(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a client may know of whoever logged in (OpenID Connect Core section 5.1)."""

    sub: str
    preferred_username: str = ""
    """With the scope `profile`; so is `name`."""
    name: str = ""


@get(
    "/.well-known/openid-configuration",
    summary="What the authorization server can do",
    tags=["accounts"],
    opt=refuses(),
)
async def configuration(deps: DepsDep) -> Response[dict[str, Any]]:
    """Return the metadata of OpenID Connect Discovery; that of RFC 8414 is the same."""
    return _configuration(deps)


@get("/.well-known/oauth-authorization-server", include_in_schema=False)
async def oauth_configuration(deps: DepsDep) -> Response[dict[str, Any]]:
    """Return it where RFC 8414 looks."""
    return _configuration(deps)


def _configuration(deps: Deps) -> Response[dict[str, Any]]:
    issuer = deps.oauth.issuer
    told = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "userinfo_endpoint": f"{issuer}/oauth/userinfo",
        "jwks_uri": f"{issuer}/oauth/jwks.json",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "device_authorization_endpoint": f"{issuer}/oauth/device_authorization",
        "end_session_endpoint": f"{issuer}/oauth/logout",
        "scopes_supported": list(scopes.SCOPES),
        "response_types_supported": ["code", "token", "id_token", "id_token token"],
        "response_modes_supported": ["query", "fragment"],
        "grant_types_supported": [*GRANTS, PASSWORD],
        "token_endpoint_auth_methods_supported": _METHODS,
        "revocation_endpoint_auth_methods_supported": _METHODS,
        "introspection_endpoint_auth_methods_supported": _METHODS[:2],
        "code_challenge_methods_supported": ["S256"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": [
            "iss",
            "aud",
            "iat",
            "exp",
            "sub",
            "sid",
            "auth_time",
            "nonce",
            "at_hash",
            "preferred_username",
            "name",
        ],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "ui_locales_supported": ["en", "zh"],
        "authorization_response_iss_parameter_supported": True,
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }
    return Response(told, headers={"cache-control": "public, max-age=300", "access-control-allow-origin": "*"})


@post(
    "/oauth/introspect",
    status_code=200,
    summary="Ask what a token is",
    tags=["accounts"],
    exception_handlers=REFUSALS,
    opt=refuses(
        *BODY,
        Code.BAD_CLIENT,
        Code.USER_NOT_FOUND,
        Code.RATE_LIMITED,
        client_auth=True,
        form=IntrospectForm,
        oauth=OAuthError,
    ),
)
async def introspect(request: Request[Any, Any, Any], deps: DepsDep) -> Response[dict[str, Any]]:
    """Return whether a token is good now, and for what (RFC 7662).

    A client may ask about its own tokens, a resource server about all; of any other one only hears that it is not
    active.
    """
    form = await read_form(request)
    client = await client_of(request, form, deps)
    told = await deps.oauth.introspect(client, needed(form, "token"))
    return Response(told, headers={"cache-control": "no-store", "pragma": "no-cache"})


@get(
    "/userinfo",
    summary="Read who logged in",
    tags=["accounts"],
    opt=refuses(Code.USER_NOT_FOUND, scope=scopes.OPENID),
)
async def userinfo(identity: IdentityDep, deps: DepsDep) -> Claims:
    """Return what the token's client may know of the person (OpenID Connect Core section 5.3)."""
    account = await deps.accounts.profile(identity.user_id)
    allowed = scopes.PROFILE if identity.may(scopes.PROFILE) else ""
    return Claims(**profile_claims(account, allowed))


@post("/userinfo", status_code=200, include_in_schema=False, opt=refuses(scope=scopes.OPENID))
async def userinfo_by_post(identity: IdentityDep, deps: DepsDep) -> Claims:
    """Do the same for a client that posts."""
    account = await deps.accounts.profile(identity.user_id)
    return Claims(**profile_claims(account, scopes.PROFILE if identity.may(scopes.PROFILE) else ""))


HANDLERS = [configuration, oauth_configuration, introspect]
GUARDED = [userinfo, userinfo_by_post]

"""Which client speaks: its name and secret, in the header or in the form (RFC 6749 section 2.3)."""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import unquote_plus

from litestar import Request

from hubbub.auth.client_ports import Client
from hubbub.auth.refusal import OAuthRefusal
from hubbub.base.errors import Code
from hubbub.rest.deps import Deps
from hubbub.rest.guards import address_of

__all__ = ["client_of"]


async def client_of(request: Request[Any, Any, Any], form: dict[str, str], deps: Deps) -> Client:
    """Return the client of a request; this server's own when none is named.

    Raises OAuthRefusal or RateLimited.
    """
    name, secret = form.get("client_id", ""), form.get("client_secret", "")
    basic = _basic(request.headers.get("authorization", ""))
    if basic is not None:
        # RFC 6749 section 2.3: "The client MUST NOT use more than one authentication method in each request."
        if secret or (name and name != basic[0]):
            raise OAuthRefusal("invalid_request", message="The client names itself twice.")
        name, secret = basic
    return await deps.oauth.clients.authenticate(name, secret, address=address_of(request))


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, value = header.strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(value.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise OAuthRefusal("invalid_client", Code.BAD_CLIENT) from None
    name, colon, secret = text.partition(":")
    if not colon:
        raise OAuthRefusal("invalid_client", Code.BAD_CLIENT)
    # Both were encoded as in a form, which RFC 6749 asks for and RFC 7617 does not know.
    return unquote_plus(name), unquote_plus(secret)

"""Id tokens: what a client is told of who logged in (OpenID Connect Core section 2).

They are signed with the keys of access tokens and cannot pass for one: their type and their audience are others.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import msgspec
from joserfc import jws
from joserfc.errors import JoseError

from hubbub.auth.ports import Account, Login
from hubbub.auth.scopes import PROFILE
from hubbub.auth.signing import Signing
from hubbub.auth.tokens import ALGORITHM, TOKEN_MAX_BYTES
from hubbub.base.clock import Clock

__all__ = ["Hint", "IdTokens", "profile_claims"]

_TYPE = "JWT"


class Hint(msgspec.Struct, frozen=True):
    """What an id token of ours says, however old: whom a client believes to be logged in."""

    iss: str
    sub: str
    aud: str
    sid: str = ""


class _Header(msgspec.Struct, forbid_unknown_fields=True):
    alg: str
    kid: str
    typ: str


def profile_claims(account: Account, scope: str) -> dict[str, Any]:
    """Return the claims about a person that a scope allows."""
    claims: dict[str, Any] = {"sub": account.id}
    if PROFILE in scope.split():
        claims.update(preferred_username=account.username, name=account.display_name)
    return claims


class IdTokens:
    """Signs id tokens, and reads those that come back as hints."""

    def __init__(self, signing: Signing, clock: Clock, *, issuer: str, lasts_s: int) -> None:
        self._signing = signing
        self._clock = clock
        self._issuer = issuer
        self._lasts_s = lasts_s
        self._registry = jws.JWSRegistry(algorithms=[ALGORITHM])
        self._header = msgspec.json.Decoder(_Header)
        self._hint = msgspec.json.Decoder(Hint)

    def sign(
        self,
        account: Account,
        login: Login | None,
        *,
        client_id: str,
        scope: str,
        auth_ms: int,
        nonce: str = "",
        access_token: str = "",
    ) -> str:
        """Return an id token for a client; `login` is the one its tokens belong to."""
        now_s = self._clock.now_ms() // 1000
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": client_id,
            "iat": now_s,
            "exp": now_s + self._lasts_s,
            "auth_time": auth_ms // 1000,
            **profile_claims(account, scope),
        }
        if login is not None:
            claims["sid"] = login.id
        if nonce:
            claims["nonce"] = nonce
        if access_token:
            # Section 3.1.3.6: the left half of the hash that the signature's algorithm uses.
            half = hashlib.sha256(access_token.encode()).digest()[:16]
            claims["at_hash"] = base64.urlsafe_b64encode(half).rstrip(b"=").decode()
        ring = self._signing.tokens.ring
        key = ring.find(ring.signing_kid)
        assert key is not None
        header = {"alg": ALGORITHM, "typ": _TYPE, "kid": ring.signing_kid}
        return jws.serialize_compact(header, msgspec.json.encode(claims), key, registry=self._registry)

    def read_hint(self, token: str) -> Hint | None:
        """Return what one of our id tokens says, also when its time is over; None for anything else."""
        if len(token) > TOKEN_MAX_BYTES or not token.isascii():
            return None
        try:
            head = token.partition(".")[0]
            header = self._header.decode(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
            key = self._signing.tokens.ring.find(header.kid)
            if key is None or header.alg != ALGORITHM or header.typ != _TYPE:
                return None
            parts = jws.extract_compact(token.encode(), registry=self._registry)
            if not jws.validate_compact(parts, key, registry=self._registry):
                return None
            hint = self._hint.decode(parts.payload)
        except (JoseError, ValueError, TypeError, RecursionError):
            return None
        return hint if hint.iss == self._issuer else None

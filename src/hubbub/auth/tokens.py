"""Access tokens: signed JWTs (RFC 9068) that any node checks alone.

Tokens are signed with RS256, because many are verified for each that is signed and RSA verifies fastest; verified ones
are remembered until they end.  Verification trusts nothing the token says of itself: the algorithm is fixed, the key
is one of this server's own, and every claim must have its type.  It does no I/O, so it cannot know that a login was
ended; that is what `Accounts.check` asks the database.
"""

from __future__ import annotations

import base64
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from hubbub.auth.model import Identity
from hubbub.auth.ports import Account, Login, SigningKey
from hubbub.auth.scopes import ADMIN, FIRST_PARTY
from hubbub.auth.settings import AuthSettings
from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import new_id

__all__ = ["KeyRing", "Tokens", "generate_key"]

ALGORITHM = "RS256"
TYPE = "at+jwt"
TOKEN_MAX_BYTES = 4096
KEY_BITS = 2048


class _Header(msgspec.Struct, forbid_unknown_fields=True):
    """Exactly what `sign` writes.

    Any other field (`jku`, `jwk`, `x5u`, `crit`, `b64`) makes a token no token of ours.
    """

    alg: str
    kid: str
    typ: str


class _Claims(msgspec.Struct):
    """What an access token says."""

    iss: str
    aud: str
    sub: str
    client_id: str
    iat: int
    nbf: int
    exp: int
    jti: str
    device_id: str
    login_id: str
    auth_epoch: int
    admin: bool
    scope: str


def generate_key(now_ms: int) -> SigningKey:
    """Make a signing key.  It takes a good part of a second: call it in a thread."""
    key = RSAKey.generate_key(KEY_BITS)
    return SigningKey(kid=new_id(), private_pem=key.as_pem(private=True).decode(), created_ms=now_ms)


class KeyRing:
    """The keys of this server: one signs, all verify."""

    def __init__(self, keys: Sequence[SigningKey], signing_kid: str = "") -> None:
        """`keys` come newest first; the first one signs unless another is named."""
        if not keys:
            raise ValueError("a key ring needs a key")
        self.keys = tuple(keys)
        self._private = {key.kid: RSAKey.import_key(key.private_pem, {"kid": key.kid}) for key in keys}
        self.signing_kid = signing_kid or keys[0].kid

    def find(self, kid: str) -> RSAKey | None:
        return self._private.get(kid)

    def jwks(self) -> dict[str, Any]:
        """Return the public halves (RFC 7517)."""
        return {
            "keys": [
                {**key.as_dict(private=False), "kid": kid, "use": "sig", "alg": ALGORITHM}
                for kid, key in self._private.items()
            ]
        }


class Tokens:
    """Signs access tokens and tells whose a token is."""

    def __init__(
        self,
        settings: AuthSettings,
        clock: Clock,
        ring: KeyRing,
        *,
        on_unknown_key: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_unknown_key` is called when a token names a key that is not on the ring: another node may have made it.

        Anybody can name any key, so what it does must cost little however often it is called.
        """
        self._on_unknown_key = on_unknown_key
        self._settings = settings
        self._clock = clock
        self._ring = ring
        # RFC 8725 section 3.1: the algorithms are the caller's choice, never the token's.
        self._registry = jws.JWSRegistry(algorithms=[ALGORITHM])
        self._claims = msgspec.json.Decoder(_Claims)
        self._header = msgspec.json.Decoder(_Header)
        # By digest, not by token: it is shorter, and a token is a secret of its bearer.
        self._verified: OrderedDict[bytes, Identity] = OrderedDict()

    @property
    def ring(self) -> KeyRing:
        return self._ring

    @property
    def remembered(self) -> int:
        """How many verified tokens are remembered."""
        return len(self._verified)

    def use(self, ring: KeyRing) -> None:
        """Sign and verify with these keys from now on."""
        self._ring = ring
        self._verified.clear()

    def sign(self, account: Account, login: Login, *, scope: str | None = None) -> str:
        """Return an access token for this login of this person; `scope` may be less than the login's."""
        now_s = self._clock.now_ms() // 1000
        scope = login.scope if scope is None else scope
        own = not login.client_id
        claims = _Claims(
            iss=self._settings.issuer,
            aud=self._settings.audience,
            sub=account.id,
            client_id=login.client_id or FIRST_PARTY,
            iat=now_s,
            nbf=now_s,
            exp=now_s + self._settings.access_token_s,
            jti=new_id(),
            device_id=login.device_id,
            login_id=login.id,
            auth_epoch=account.auth_epoch,
            admin=account.is_admin and (own or ADMIN in scope.split()),
            scope=scope,
        )
        key = self._ring.find(self._ring.signing_kid)
        assert key is not None
        header = {"alg": ALGORITHM, "typ": TYPE, "kid": self._ring.signing_kid}
        return jws.serialize_compact(header, msgspec.json.encode(claims), key, registry=self._registry)

    def verify(self, token: str) -> Identity:
        """Check signature, issuer, audience and time.

        Raises ChatError with BAD_TOKEN or TOKEN_EXPIRED.
        """
        now_ms = self._clock.now_ms()
        if len(token) > TOKEN_MAX_BYTES or not token.isascii():
            raise ChatError(Code.BAD_TOKEN)
        key = hashlib.sha256(token.encode()).digest()
        identity = self._verified.get(key)
        if identity is None:
            identity = self._examine(token, now_ms)
            self._remember(key, identity, now_ms)
        if now_ms >= identity.expires_ms:
            self._verified.pop(key, None)
            raise ChatError(Code.TOKEN_EXPIRED)
        return identity

    def _remember(self, key: bytes, identity: Identity, now_ms: int) -> None:
        self._verified[key] = identity
        # Tokens live equally long, so the oldest end first, or nearly so.
        while len(self._verified) > self._settings.verified_tokens or (
            next(iter(self._verified.values())).expires_ms <= now_ms
        ):
            self._verified.popitem(last=False)

    def _examine(self, token: str, now_ms: int) -> Identity:
        claims = self._signed_claims(token)
        if claims.iss != self._settings.issuer or claims.aud != self._settings.audience:
            raise ChatError(Code.BAD_TOKEN)
        if claims.nbf * 1000 > now_ms + self._settings.clock_skew_s * 1000:
            raise ChatError(Code.BAD_TOKEN, "The token is not valid yet.")
        if now_ms >= claims.exp * 1000:
            raise ChatError(Code.TOKEN_EXPIRED)
        return Identity(
            user_id=claims.sub,
            device_id=claims.device_id,
            login_id=claims.login_id,
            auth_epoch=claims.auth_epoch,
            # Whoever forges one with a stolen key may write any end into it; a socket lasts no longer for that.
            expires_ms=min(claims.exp * 1000, now_ms + self._settings.access_token_s * 1000),
            is_admin=claims.admin,
            scopes=frozenset(claims.scope.split()),
            client_id=claims.client_id,
        )

    def _signed_claims(self, token: str) -> _Claims:
        """Return what the token says, once its signature was found to be one of ours."""
        try:
            head = token.partition(".")[0]
            header = self._header.decode(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
            key = self._ring.find(header.kid)
            # RFC 8725 section 3.11: the type keeps a token that was signed for something else from passing as this.
            if key is None:
                self._on_unknown_key()
            if key is None or header.alg != ALGORITHM or header.typ != TYPE:
                raise ChatError(Code.BAD_TOKEN)
            parts = jws.extract_compact(token.encode(), registry=self._registry)
            if not jws.validate_compact(parts, key, registry=self._registry):
                raise ChatError(Code.BAD_TOKEN)
            return self._claims.decode(parts.payload)
        except (JoseError, ValueError, TypeError, RecursionError):
            raise ChatError(Code.BAD_TOKEN) from None

"""Say to a push service who sends: Voluntary Application Server Identification (RFC 8292).

A browser subscribes for one key, and its push service takes messages from whoever signs with that key alone.  So the
key is made once, is the same on all nodes, and is never changed while there are subscriptions.
"""

from __future__ import annotations

import base64
import re
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey

from hubbub.base.clock import Clock

__all__ = ["Vapid", "decode", "encode", "new_vapid_key"]

_LIFE_S = 12 * 3600
"""Section 2: `exp` must not be more than 24 hours from when it is used."""

_ORIGINS = 1_000

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")


def encode(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Return what base64url says, with padding or without.  Raises ValueError."""
    plain = text.rstrip("=")
    if not _BASE64URL.fullmatch(plain):
        raise ValueError("not base64url")
    return base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4))


def new_vapid_key() -> str:
    """Make a private key of P-256."""
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return encode(number.to_bytes(32, "big"))


class Vapid:
    """Signs as one application server."""

    def __init__(self, private_key: str, contact: str, clock: Clock) -> None:
        key = ec.derive_private_key(int.from_bytes(decode(private_key), "big"), ec.SECP256R1())
        point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.public_key = encode(point)
        """What a browser subscribes for (`applicationServerKey`)."""
        parts = {"crv": "P-256", "x": encode(point[1:33]), "y": encode(point[33:]), "d": private_key}
        self._key = ECKey.import_key({"kty": "EC", **parts})
        self._contact = contact
        self._clock = clock
        self._signed: dict[str, tuple[str, float]] = {}

    def authorization(self, endpoint: str) -> str:
        """Return the Authorization header for a push service; the signature is made a few times a day."""
        parts = urlsplit(endpoint)
        origin = f"{parts.scheme}://{parts.netloc}"
        token, until = self._signed.get(origin, ("", 0.0))
        now = self._clock.monotonic()
        if now >= until:
            if len(self._signed) >= _ORIGINS:
                self._signed.clear()
            claims: dict[str, object] = {"aud": origin, "exp": self._clock.now_ms() // 1000 + _LIFE_S}
            if self._contact:
                claims["sub"] = self._contact
            token = jwt.encode({"typ": "JWT", "alg": "ES256"}, claims, self._key, algorithms=["ES256"])
            self._signed[origin] = (token, now + _LIFE_S / 2)
        return f"vapid t={token}, k={self.public_key}"

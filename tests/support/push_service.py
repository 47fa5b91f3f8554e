"""A push service and the browsers behind it, pretended: it takes what it is sent, and the browsers decrypt it.

The decryption is written down from RFC 8291 and RFC 8188 once more, from the receiver's side, and shares no code with
what encrypts.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey

from hubbub.push.model import Subscription
from hubbub.push.ports import Delivery


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class PretendedBrowser:
    """A browser with a subscription of its own."""

    def __init__(self, endpoint: str, private: ec.EllipticCurvePrivateKey | None = None, auth: bytes = b"") -> None:
        self.endpoint = endpoint
        self._private = private or ec.generate_private_key(ec.SECP256R1())
        self.auth = auth or os.urandom(16)
        self.p256dh = self._private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def to_json(self) -> dict[str, Any]:
        """Return what `PushSubscription.toJSON()` does."""
        return {"endpoint": self.endpoint, "keys": {"p256dh": encode(self.p256dh), "auth": encode(self.auth)}}

    def subscription(self, user_id: str, device_id: str, login_id: str, **more: Any) -> Subscription:
        return Subscription(
            user_id=user_id,
            device_id=device_id,
            login_id=login_id,
            endpoint=self.endpoint,
            p256dh=self.p256dh,
            auth=self.auth,
            **more,
        )

    def decrypt(self, body: bytes) -> bytes:
        """Read one message, as the browser does that was sent it."""
        salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        sender = body[21 : 21 + length]
        sealed = body[21 + length :]
        assert len(body) <= size == 4096
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        shared = self._private.exchange(ec.ECDH(), theirs)
        key_info = b"WebPush: info\x00" + self.p256dh + sender
        secret = _expand(_extract(self.auth, shared), key_info, 32)
        root = _extract(salt, secret)
        key = _expand(root, b"Content-Encoding: aes128gcm\x00", 16)
        nonce = _expand(root, b"Content-Encoding: nonce\x00", 12)
        padded = AESGCM(key).decrypt(nonce, sealed, None)
        content = padded.rstrip(b"\x00")
        assert content[-1:] == b"\x02", "the last record ends with 2"
        return content[:-1]


def _extract(salt: bytes, secret: bytes) -> bytes:
    return hmac.new(salt, secret, hashlib.sha256).digest()


def _expand(key: bytes, info: bytes, length: int) -> bytes:
    return hmac.new(key, info + b"\x01", hashlib.sha256).digest()[:length]


def signed_by(authorization: str) -> tuple[dict[str, Any], str]:
    """Return the claims of an Authorization header of RFC 8292, checked with the key it names, and that key."""
    scheme, _, fields = authorization.partition(" ")
    assert scheme == "vapid"
    given = dict(field.strip().split("=", 1) for field in fields.split(","))
    point = decode(given["k"])
    key = ECKey.import_key({"kty": "EC", "crv": "P-256", "x": encode(point[1:33]), "y": encode(point[33:])})
    token = jwt.decode(given["t"], key, algorithms=["ES256"])
    return dict(token.claims), given["k"]


class PretendedPushService:
    """Takes messages for its browsers; answers what it was told to answer."""

    def __init__(self) -> None:
        self.browsers: dict[str, PretendedBrowser] = {}
        self.got: list[tuple[PretendedBrowser, dict[str, Any], dict[str, str]]] = []
        """Each message, with who got it and the headers it came with."""
        self.answers: dict[str, list[Delivery]] = {}
        """By endpoint, what is answered next; without any it is 201."""
        self.asked = 0

    def browser(self, endpoint: str = "") -> PretendedBrowser:
        made = PretendedBrowser(endpoint or f"https://push.example/{len(self.browsers)}")
        self.browsers[made.endpoint] = made
        return made

    async def send(self, endpoint: str, headers: Mapping[str, str], body: bytes) -> Delivery:
        self.asked += 1
        # Another worker gets a turn in between.
        await asyncio.sleep(0)
        waiting = self.answers.get(endpoint)
        if waiting:
            return waiting.pop(0)
        browser = self.browsers[endpoint]
        self.got.append((browser, json.loads(browser.decrypt(body)), dict(headers)))
        return Delivery(201)

    def told(self, browser: PretendedBrowser) -> list[dict[str, Any]]:
        """Return what a browser was told."""
        return [call for one, call, _ in self.got if one is browser]

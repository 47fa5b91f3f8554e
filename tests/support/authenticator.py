"""A software authenticator: it makes passkeys and signs with them as a phone or a security key does (WebAuthn)."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

__all__ = ["Authenticator"]

_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Authenticator:
    """One device with one passkey."""

    def __init__(self, origin: str, *, verifies: bool = True, counts: bool = True) -> None:
        """`verifies`: it checks whose finger it is; `counts`: it counts its signatures."""
        self.origin = origin
        self.verifies = verifies
        self.counts = counts
        self.count = 0
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._id = secrets.token_bytes(32)
        self._user = b""

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """Make the passkey, as `navigator.credentials.create` does."""
        self._user = _bytes(options["user"]["id"])
        numbers = self._key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + len(self._id).to_bytes(2, "big") + self._id + cbor2.dumps(public)
        data = self._data(options["rp"]["id"], _ATTESTED) + attested
        told = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options["challenge"])
        return self._answer({"clientDataJSON": _text(client), "attestationObject": _text(told)})

    def get(self, options: dict[str, Any], **change: str) -> dict[str, Any]:
        """Sign a challenge, as `navigator.credentials.get` does; `change` lies about what the browser says."""
        if self.counts:
            self.count += 1
        data = self._data(options["rpId"], 0)
        client = self._client("webauthn.get", options["challenge"], **change)
        signature = self._key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._answer(
            {
                "clientDataJSON": _text(client),
                "authenticatorData": _text(data),
                "signature": _text(signature),
                "userHandle": _text(self._user),
            }
        )

    def _data(self, domain: str, more: int) -> bytes:
        flags = _PRESENT | (_VERIFIED if self.verifies else 0) | more
        return hashlib.sha256(domain.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, asked: str, **change: str) -> bytes:
        told = {"type": kind, "challenge": asked, "origin": self.origin, "crossOrigin": False, **change}
        return json.dumps(told).encode()

    def _answer(self, response: dict[str, Any]) -> dict[str, Any]:
        name = _text(self._id)
        return {"id": name, "rawId": name, "type": "public-key", "clientExtensionResults": {}, "response": response}


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

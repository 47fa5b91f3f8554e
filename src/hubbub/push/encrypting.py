"""Encrypt a push message so that only the browser that subscribed can read it.

Message Encryption for Web Push (RFC 8291) in the `aes128gcm` coding (RFC 8188): one record, a key pair and a salt of
its own for every message.  The push service in between learns how long it is and whom it is for.
"""

from __future__ import annotations

import os
import struct

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

__all__ = ["AUTH_BYTES", "LONGEST", "check_keys", "encrypt"]

AUTH_BYTES = 16

LONGEST = 3993
"""RFC 8291 section 4: what fits into the 4096 octets that every push service takes, header and tag included."""

_RECORD = 4096
_LAST = b"\x02"
"""RFC 8188 section 2: the delimiter of the last record."""


def check_keys(p256dh: bytes, auth: bytes) -> None:
    """Raise ValueError unless these are the keys of a subscription: a point on the curve and a secret."""
    if len(auth) != AUTH_BYTES:
        raise ValueError("the authentication secret has 16 bytes")
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), p256dh)


def encrypt(
    content: bytes,
    *,
    p256dh: bytes,
    auth: bytes,
    own: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes = b"",
) -> bytes:
    """Return the body of a push message.  `own` and `salt` are given only by tests."""
    if len(content) > LONGEST:
        raise ValueError(f"a push message has at most {LONGEST} bytes")
    own = own or ec.generate_private_key(ec.SECP256R1())
    salt = salt or os.urandom(16)
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), p256dh)
    mine = own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    # RFC 8291 section 3.4: the shared secret is bound to both keys and to the authentication secret.
    secret = _derive(own.exchange(ec.ECDH(), theirs), auth, b"WebPush: info\0" + p256dh + mine, 32)
    key = _derive(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(secret, salt, b"Content-Encoding: nonce\0", 12)
    header = salt + struct.pack("!IB", _RECORD, len(mine)) + mine
    return header + AESGCM(key).encrypt(nonce, content + _LAST, None)


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)

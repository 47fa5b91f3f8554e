"""Signing keys at rest: sealed with a secret that lies beside the database and not in it.

Who gets a copy of the database alone then signs nothing.  The secret is a file on each node; with none, keys are stored
as they are.  What was stored in the clear is read all the same, and goes when keys are rotated.  Of several secrets in
the file the first seals and each opens, so the secret itself is replaced without a moment in which a node cannot read.
It does not protect from whoever reads the memory or the files of a node.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

__all__ = ["CannotOpen", "Seal"]

_MARK = "sealed:1:"
_NONCE_BYTES = 12
_SECRET_CHARACTERS = 32
_INFO = b"hubbub signing keys"


class CannotOpen(Exception):
    """A stored key was sealed with a secret that this node does not have, or its file cannot be used."""


class Seal:
    """Seals and opens with the secrets of one file."""

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        """The first seals; without any, nothing is sealed."""
        self._ciphers = [AESGCM(HKDF(SHA256(), 32, salt=None, info=_INFO).derive(one.encode())) for one in secrets]

    @classmethod
    def of_file(cls, path: str) -> Seal:
        """Read the secrets of a file, one a line; none for an empty path.  It waits for the disk.

        Raises CannotOpen for a file that is not there, is empty or holds a secret that could be guessed.
        """
        if not path:
            return cls()
        try:
            secrets = Path(path).read_text("utf-8").split()
        except (OSError, UnicodeDecodeError) as problem:
            raise CannotOpen(f"auth.keys_secret_file cannot be read: {problem}") from None
        if not secrets or any(len(one) < _SECRET_CHARACTERS for one in secrets):
            raise CannotOpen(f"auth.keys_secret_file holds secrets of at least {_SECRET_CHARACTERS} characters.")
        return cls(secrets)

    def close(self, kid: str, pem: str) -> str:
        """Return a key as it is stored."""
        if not self._ciphers:
            return pem
        nonce = os.urandom(_NONCE_BYTES)
        # Bound to its name, so that a row cannot be put in the place of another.
        sealed = self._ciphers[0].encrypt(nonce, pem.encode(), kid.encode())
        return _MARK + base64.b64encode(nonce + sealed).decode()

    def open(self, kid: str, stored: str) -> str:
        """Return the key of what was stored.  Raises CannotOpen."""
        if not stored.startswith(_MARK):
            return stored
        try:
            sealed = base64.b64decode(stored[len(_MARK) :], validate=True)
        except ValueError:
            raise CannotOpen(f"The signing key {kid} is damaged.") from None
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], kid.encode()).decode()
            except InvalidTag:
                continue
        raise CannotOpen(f"The signing key {kid} was sealed with a secret that auth.keys_secret_file does not hold.")

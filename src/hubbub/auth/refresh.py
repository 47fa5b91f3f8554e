"""Refresh tokens: opaque, spent once, and recognised when they are spent again.

A token is `<login id>.<family>.<secret>`.  The secret changes with each refresh and the family stays for the life of
the login, so a token from any earlier refresh is told from a made-up one: presenting it proves that two hold the same
login, and the login ends (RFC 9700 section 4.14.2).  A made-up one ends nothing, or anybody who saw a login id in an
access token could log its bearer out.  The store sees only hashes.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import NamedTuple

from hubbub.base.ids import new_id

__all__ = ["RefreshToken", "digest"]

_SHAPE = re.compile(r"([0-9a-f]{32})\.([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})", re.ASCII)


def digest(secret: str) -> bytes:
    """Return what the store keeps of a random secret.

    With 128 bits or more a plain hash cannot be guessed back.
    """
    return hashlib.sha256(secret.encode()).digest()


class RefreshToken(NamedTuple):
    """One refresh token in its parts."""

    login_id: str
    family: str
    secret: str

    @classmethod
    def first(cls) -> RefreshToken:
        """Make the first token of a new login."""
        return cls(new_id(), secrets.token_urlsafe(16), secrets.token_urlsafe(32))

    @classmethod
    def parse(cls, text: str) -> RefreshToken | None:
        """Read a token; None when it has not even the shape of one."""
        match = _SHAPE.fullmatch(text)
        return cls(*match.groups()) if match else None

    def next(self) -> RefreshToken:
        """Make the token that follows this one."""
        return self._replace(secret=secrets.token_urlsafe(32))

    def __str__(self) -> str:
        return f"{self.login_id}.{self.family}.{self.secret}"

    def __repr__(self) -> str:
        return f"RefreshToken({self.login_id}, …)"

"""Who somebody is, as a verified token says it."""

from __future__ import annotations

from typing import Protocol

import msgspec


class Identity(msgspec.Struct, frozen=True):
    """The bearer of a verified access token."""

    user_id: str
    device_id: str
    login_id: str
    """The login the token descends from; ending it ends every token and socket of it."""
    auth_epoch: int
    """The person's auth epoch when the token was signed; a ban or a password change advances the stored one."""
    expires_ms: int
    is_admin: bool = False
    scopes: frozenset[str] = frozenset()


class Authenticator(Protocol):
    """What a gateway and REST ask of auth."""

    def verify(self, token: str) -> Identity:
        """Check signature, issuer, audience and time, without I/O.

        Raises ChatError with BAD_TOKEN or TOKEN_EXPIRED.
        """

    async def check(self, identity: Identity) -> None:
        """Ask the database whether this login still holds.

        Raises ChatError with SESSION_ENDED.  A socket is registered for kicks first, then checked, then served, so
        that a login ended in between is noticed by one of the two.
        """

"""Who somebody is, as a verified token says it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from hubbub.auth.permissions import EVERYDAY, Permission
from hubbub.auth.scopes import ADMIN, ANY, FIRST_PARTY


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
    """Whether the person has an owner's rights in public channels and the token may be used for them."""
    scopes: frozenset[str] = frozenset()
    client_id: str = FIRST_PARTY
    """The program the token was issued to."""
    permissions: frozenset[str] = frozenset()
    """What its person may do now, as the database says; none before it was checked there."""
    muted_until_ms: int = 0
    """Until when they may not say anything on the server; as the database says, too."""

    def may(self, scope: str) -> bool:
        """Whether the token may be used for that; one of this server's own clients may be for everything."""
        return self.client_id == FIRST_PARTY or scope == ANY or scope in self.scopes

    def can(self, permission: Permission) -> bool:
        """Whether its person has a permission, and the token may be used for it."""
        return permission.value in self.permissions

    def with_rights(self, permissions: frozenset[str], muted_until_ms: int = 0) -> Identity:
        """Return the bearer with what their person may do now; what needs an administrator needs that scope too."""
        if not self.may(ADMIN):
            permissions &= EVERYDAY
        return msgspec.structs.replace(
            self,
            permissions=permissions,
            is_admin=Permission.CHANNELS_MANAGE.value in permissions,
            muted_until_ms=muted_until_ms,
        )


class Ended(msgspec.Struct, frozen=True):
    """A login that has ended."""

    ended_ms: int
    """By the clock that all nodes share, read in the transaction that ended it."""
    login_id: str
    user_id: str


NEVER = (2**63 - 1, "")
"""A place behind every ended login."""


class Authenticator(Protocol):
    """What a gateway and REST ask of auth."""

    def verify(self, token: str) -> Identity:
        """Check signature, issuer, audience and time, without I/O.

        Raises ChatError with BAD_TOKEN or TOKEN_EXPIRED.
        """

    async def check(self, identity: Identity) -> Identity:
        """Ask the database whether this login still holds, and return it with what its person may do now.

        Raises ChatError with SESSION_ENDED, or SECOND_FACTOR_REQUIRED for an admin who may only enrol.  A socket is
        registered for kicks first, then checked, then served, so that a login ended in between is noticed by one of the
        two.
        """

    async def ended(self, after: tuple[int, str], limit: int) -> tuple[int, Sequence[Ended]]:
        """Return logins that ended, by (ended_ms, login_id), beginning after the one given.

        With them comes the time they were read at, by the clock of `ended_ms`.  One whose transaction was slow may
        appear later among earlier ones.
        """

"""What roles need from a store.

A person's roles lie with their account, so that the question which every request asks anyway, whether its login still
holds, brings them along: a role that was taken is gone with the next request.  Each method is one transaction, because
who may give what and that an owner is left is decided in it.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from hubbub.auth.ports import Account, Login

ROLES_PER_PERSON = 10
OWN_ROLES = 100


class OwnRole(msgspec.Struct, frozen=True):
    """A role somebody made of permissions."""

    id: str
    name: str
    permissions: tuple[str, ...]
    created_ms: int


class RoleStore(Protocol):
    """Own roles and who has which role.

    `within` is what whoever asks may do themselves: a role with more is neither given nor taken, made nor changed by
    them, and nothing is done to a person who may do more (ChatError FORBIDDEN).
    """

    async def roles(self) -> list[OwnRole]:
        """Return all own roles by name."""

    async def save_role(self, role: OwnRole, *, within: frozenset[str]) -> list[str]:
        """Make or change a role and return whose permissions that changed.

        Raises ChatError with CONFLICT for a name that is taken or too many roles, or FORBIDDEN.
        """

    async def remove_role(self, role_id: str, *, within: frozenset[str]) -> list[str]:
        """Remove a role and take it from everybody; return whose permissions that changed.

        Raises ChatError with NOT_FOUND or FORBIDDEN.
        """

    async def give_role(self, user_id: str, role: str, *, within: frozenset[str]) -> tuple[Account, bool]:
        """Give a person a role, built in or own; return the person, and whether that changed anything.

        Raises ChatError with USER_NOT_FOUND, NOT_FOUND, FORBIDDEN, or CONFLICT for too many.
        """

    async def take_role(self, user_id: str, role: str, *, within: frozenset[str]) -> tuple[Account, bool]:
        """Take a role from a person.

        Raises ChatError as `give_role` does, and CONFLICT for the last owner.
        """

    async def holders(self, role: str, cursor: str, limit: int) -> tuple[list[Account], str]:
        """Return a page of the people with a role, by id; of members, who have none, there is no list."""

    # ------------------------------------------------------------ bans

    async def ban(
        self, user_id: str, until_ms: int, reason: str, now_ms: int, *, within: frozenset[str]
    ) -> list[Login]:
        """Close an account until a time and return the logins that ended; banning again replaces the time.

        Raises ChatError with USER_NOT_FOUND, FORBIDDEN, or CONFLICT for the last owner.
        """

    async def admit(self, user_id: str, *, within: frozenset[str]) -> bool:
        """Open the account of somebody who is banned; False when they are not.  Raises ChatError(FORBIDDEN)."""

    async def bans(self, cursor: str, limit: int) -> tuple[list[Account], str]:
        """Return a page of those who are banned, by id."""

    # ------------------------------------------------------------ mutes

    async def mute(self, user_id: str, until_ms: int, reason: str, *, within: frozenset[str]) -> None:
        """Keep somebody from saying anything until a time; muting again replaces it.

        Raises ChatError with USER_NOT_FOUND or FORBIDDEN.
        """

    async def unmute(self, user_id: str, *, within: frozenset[str]) -> bool:
        """End a mute; False when there is none.  Raises ChatError(FORBIDDEN)."""

    async def mutes(self, now_ms: int, cursor: str, limit: int) -> tuple[list[Account], str]:
        """Return a page of those who are muted now, by id."""

    async def admit_due(self, now_ms: int, limit: int) -> list[str]:
        """Open the accounts whose ban is over, and return whose they are."""

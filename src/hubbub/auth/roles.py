"""Roles of the server: making them of permissions, giving them to people, bans and mutes.

Nobody gives, takes or makes what they may not do themselves, and nobody does anything of this to who may do more than
they, so power only flows downwards; and an owner is always left.  Whoever's permissions change is told of, so that
their open sockets go by the new ones within a moment; requests ask the database each time anyway.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from hubbub.auth.model import Identity
from hubbub.auth.names import clean_line
from hubbub.auth.permissions import BUILT_IN, Permission
from hubbub.auth.ports import Account, Login
from hubbub.auth.role_ports import OwnRole, RoleStore
from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import new_id
from hubbub.base.loops import Loop

__all__ = ["FOR_EVER_MS", "Roles"]

log = logging.getLogger(__name__)

FOR_EVER_MS = 2**53 - 1
"""The end of a ban or a mute that has none."""

ROLE_NAME_MAX = 50
REASON_MAX = 500
DUE_AT_ONCE = 100
LOOK_EVERY_S = 5.0

RightsChangedHook = Callable[[Sequence[str]], Awaitable[None]]


class TellsEnded(Protocol):
    """What closes the sockets of logins that ended."""

    async def tell_ended(self, *logins: Login | None) -> None: ...


async def _nothing(_: Sequence[str]) -> None: ...


class Roles:
    """Everything that can be done with roles and bans."""

    def __init__(
        self,
        store: RoleStore,
        accounts: TellsEnded,
        clock: Clock,
        *,
        on_rights_changed: RightsChangedHook = _nothing,
    ) -> None:
        """`on_rights_changed(user_ids)` is awaited once it is stored that these people may do something else."""
        self._store = store
        self._accounts = accounts
        self._clock = clock
        self.on_rights_changed = on_rights_changed
        self._due = Loop("ending bans", self.admit_due, every_s=LOOK_EVERY_S)

    def start(self) -> None:
        """Begin to end bans when their time is over."""
        self._due.start()

    async def stop(self) -> None:
        await self._due.stop()

    # ------------------------------------------------------------ roles

    async def all(self) -> list[OwnRole]:
        """Return the roles somebody made, by name."""
        return await self._store.roles()

    async def save(self, who: Identity, role_id: str, name: str, permissions: Sequence[str]) -> OwnRole:
        """Make a role, or change the one of this id.

        Raises ChatError with BAD_REQUEST, CONFLICT, FORBIDDEN or NOT_FOUND.
        """
        name = clean_line(name, "The role's name", ROLE_NAME_MAX)
        if not name or name.casefold() in BUILT_IN:
            raise ChatError(Code.BAD_REQUEST, "A role has a name, which is not one of those that are built in.")
        known = {one.value for one in Permission}
        if strange := sorted(set(permissions) - known):
            raise ChatError(Code.BAD_REQUEST, f"There is no permission {strange[0][:64]!r}.")
        if Permission.PLACE_OWN.value in permissions:
            raise ChatError(Code.BAD_REQUEST, "Owners are made with the role owner alone.")
        if role_id and all(one.id != role_id for one in await self._store.roles()):
            raise ChatError(Code.NOT_FOUND)
        role = OwnRole(role_id or new_id(), name, tuple(sorted(set(permissions))), self._clock.now_ms())
        await self.on_rights_changed(await self._store.save_role(role, within=who.permissions))
        return role

    async def remove(self, who: Identity, role_id: str) -> None:
        """Remove a role somebody made, and take it from everybody."""
        await self.on_rights_changed(await self._store.remove_role(role_id, within=who.permissions))

    async def give(self, who: Identity, user_id: str, role: str) -> Account:
        """Give a person a role; giving it twice is no error."""
        account, changed = await self._store.give_role(user_id, role, within=who.permissions)
        if changed:
            await self.on_rights_changed([user_id])
        return account

    async def take(self, who: Identity, user_id: str, role: str) -> Account:
        """Take a role from a person; taking what they do not have is no error."""
        account, changed = await self._store.take_role(user_id, role, within=who.permissions)
        if changed:
            await self.on_rights_changed([user_id])
        return account

    async def holders(self, role: str, cursor: str, limit: int) -> tuple[list[Account], str]:
        """Return a page of the people with a role."""
        return await self._store.holders(role, cursor, limit)

    # ------------------------------------------------------------ bans

    async def ban(self, who: Identity, user_id: str, until_ms: int, reason: str) -> None:
        """Close somebody's account until a time (0: without end), with all their logins and sockets.

        Raises ChatError with BAD_REQUEST, FORBIDDEN or USER_NOT_FOUND.
        """
        reason = clean_line(reason, "The reason", REASON_MAX)
        now_ms = self._clock.now_ms()
        if user_id == who.user_id:
            raise ChatError(Code.BAD_REQUEST, "Nobody bans themselves.")
        if until_ms and until_ms <= now_ms:
            raise ChatError(Code.BAD_REQUEST, "until_ms is in the past.")
        ended = await self._store.ban(user_id, until_ms or FOR_EVER_MS, reason, now_ms, within=who.permissions)
        await self._accounts.tell_ended(*ended)

    async def admit(self, who: Identity, user_id: str) -> None:
        """End a ban.  Raises ChatError with FORBIDDEN, or NOT_FOUND when there is none."""
        if not await self._store.admit(user_id, within=who.permissions):
            raise ChatError(Code.NOT_FOUND)

    async def bans(self, cursor: str, limit: int) -> tuple[list[Account], str]:
        """Return a page of those who are banned."""
        return await self._store.bans(cursor, limit)

    # ------------------------------------------------------------ mutes

    async def mute(self, who: Identity, user_id: str, until_ms: int, reason: str) -> None:
        """Keep somebody from saying anything on the server until a time (0: without end).

        Raises ChatError with BAD_REQUEST, FORBIDDEN or USER_NOT_FOUND.
        """
        reason = clean_line(reason, "The reason", REASON_MAX)
        if user_id == who.user_id:
            raise ChatError(Code.BAD_REQUEST, "Nobody mutes themselves.")
        if until_ms and until_ms <= self._clock.now_ms():
            raise ChatError(Code.BAD_REQUEST, "until_ms is in the past.")
        await self._store.mute(user_id, until_ms or FOR_EVER_MS, reason, within=who.permissions)
        await self.on_rights_changed([user_id])

    async def unmute(self, who: Identity, user_id: str) -> None:
        """Let somebody speak again.  Raises ChatError with FORBIDDEN, or NOT_FOUND when they were not muted."""
        if not await self._store.unmute(user_id, within=who.permissions):
            raise ChatError(Code.NOT_FOUND)
        await self.on_rights_changed([user_id])

    async def mutes(self, cursor: str, limit: int) -> tuple[list[Account], str]:
        """Return a page of those who are muted now."""
        return await self._store.mutes(self._clock.now_ms(), cursor, limit)

    async def admit_due(self) -> None:
        """End the bans whose time is over."""
        try:
            while len(await self._store.admit_due(self._clock.now_ms(), DUE_AT_ONCE)) == DUE_AT_ONCE:
                pass
        except ChatError as problem:
            log.warning("bans that are over could not be ended and are looked for again: %r", problem)

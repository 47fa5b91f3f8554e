"""Roles and bans in memory, over the same accounts in memory.

Each method is one transaction because none of them waits in its middle.  It passes the same contract suite as the
database.
"""

from __future__ import annotations

import msgspec

from hubbub.auth.audit import Act, Deed
from hubbub.auth.names import name_key
from hubbub.auth.permissions import OWNER
from hubbub.auth.ports import Account, Login
from hubbub.auth.role_ports import OWN_ROLES, OwnRole
from hubbub.base.errors import ChatError, Code
from hubbub.storage.auth.role_rows import can, changed, need_within, of_role, with_role, without_role
from hubbub.storage.auth.roles import ban_deeds, bannable, mute_deed
from hubbub.storage.memory.accounts import MemoryAccounts

__all__ = ["MemoryRoles"]

_replace = msgspec.structs.replace


class MemoryRoles:
    """A `RoleStore` that forgets everything when the process ends."""

    def __init__(self, accounts: MemoryAccounts) -> None:
        self._accounts = accounts
        self._own: dict[str, OwnRole] = {}

    async def roles(self) -> list[OwnRole]:
        return sorted(self._own.values(), key=lambda role: role.name)

    async def save_role(self, role: OwnRole, *, within: frozenset[str]) -> list[str]:
        before = self._own.get(role.id)
        need_within(frozenset(role.permissions) | frozenset(before.permissions if before else ()), within)
        key = name_key(role.name)
        if any(name_key(one.name) == key and one.id != role.id for one in self._own.values()):
            raise ChatError(Code.CONFLICT, "There is a role of that name.")
        if before is None and len(self._own) >= OWN_ROLES:
            raise ChatError(Code.CONFLICT, f"There are at most {OWN_ROLES} roles.")
        self._own[role.id] = _replace(role, created_ms=before.created_ms) if before else role
        told = self._spread(role.id)
        detail: dict[str, object] = {"name": role.name, "permissions": list(role.permissions)}
        self._accounts.note(Deed(Act.ROLE_SAVED, role.id, detail))
        return told

    async def remove_role(self, role_id: str, *, within: frozenset[str]) -> list[str]:
        role = self._own.get(role_id)
        if role is None:
            raise ChatError(Code.NOT_FOUND)
        need_within(frozenset(role.permissions), within)
        del self._own[role_id]
        told = self._spread(role_id)
        self._accounts.note(Deed(Act.ROLE_REMOVED, role_id, {"name": role.name}))
        return told

    async def give_role(self, user_id: str, role: str, *, within: frozenset[str]) -> tuple[Account, bool]:
        account = await self._person(user_id)
        need_within(can(account) | of_role(role, self._own), within)
        return self._set(account, with_role(account, role, self._own), Act.ROLE_GIVEN, role)

    async def take_role(self, user_id: str, role: str, *, within: frozenset[str]) -> tuple[Account, bool]:
        account = await self._person(user_id)
        need_within(can(account) | of_role(role, self._own), within)
        if role == OWNER and account.is_admin:
            self._need_other_owner(user_id)
        return self._set(account, without_role(account, role, self._own), Act.ROLE_TAKEN, role)

    async def holders(self, role: str, cursor: str, limit: int) -> tuple[list[Account], str]:
        having = [
            one
            for one in self._accounts.everybody()
            if (one.is_admin if role == OWNER else role in one.roles.split()) and one.id > cursor
        ]
        return having[:limit], having[limit - 1].id if len(having) > limit else ""

    # ------------------------------------------------------------ bans

    async def ban(
        self, user_id: str, until_ms: int, reason: str, now_ms: int, *, within: frozenset[str]
    ) -> list[Login]:
        account = bannable(await self._person(user_id))
        need_within(can(account), within)
        if account.is_admin:
            self._need_other_owner(user_id)
        epoch = account.auth_epoch + account.active
        self._accounts.put(_replace(account, active=False, auth_epoch=epoch, banned_until_ms=until_ms))
        self._accounts.note(*ban_deeds(user_id, until_ms, reason))
        return self._accounts.end_all(user_id, now_ms, "ban")

    async def admit(self, user_id: str, *, within: frozenset[str]) -> bool:
        account = await self._accounts.account(user_id)
        if account is None or not account.banned_until_ms:
            return False
        need_within(can(account), within)
        return self._admit(account)

    async def bans(self, cursor: str, limit: int) -> tuple[list[Account], str]:
        banned = [
            one for one in self._accounts.everybody() if one.banned_until_ms and not one.active and one.id > cursor
        ]
        return banned[:limit], banned[limit - 1].id if len(banned) > limit else ""

    # ------------------------------------------------------------ mutes

    async def mute(self, user_id: str, until_ms: int, reason: str, *, within: frozenset[str]) -> None:
        account = bannable(await self._person(user_id))
        need_within(can(account), within)
        self._accounts.put(_replace(account, muted_until_ms=until_ms))
        self._accounts.note(mute_deed(user_id, until_ms, reason))

    async def unmute(self, user_id: str, *, within: frozenset[str]) -> bool:
        account = await self._accounts.account(user_id)
        if account is None or not account.muted_until_ms:
            return False
        need_within(can(account), within)
        self._accounts.put(_replace(account, muted_until_ms=0))
        self._accounts.note(Deed(Act.ACCOUNT_UNMUTED, user_id))
        return True

    async def mutes(self, now_ms: int, cursor: str, limit: int) -> tuple[list[Account], str]:
        muted = [one for one in self._accounts.everybody() if one.muted_until_ms > now_ms and one.id > cursor]
        return muted[:limit], muted[limit - 1].id if len(muted) > limit else ""

    async def admit_due(self, now_ms: int, limit: int) -> list[str]:
        due = [one for one in self._accounts.everybody() if 0 < one.banned_until_ms <= now_ms][:limit]
        return [one.id for one in due if self._admit(one)]

    # ------------------------------------------------------------ inside

    def _admit(self, account: Account) -> bool:
        self._accounts.put(_replace(account, active=True, banned_until_ms=0))
        if not account.active:
            self._accounts.note(Deed(Act.ACCOUNT_ADMITTED, account.id))
        return not account.active

    def _set(self, before: Account, after: Account, act: Act, role: str) -> tuple[Account, bool]:
        if after == before:
            return before, False
        self._accounts.put(after)
        name = self._own[role].name if role in self._own else role
        self._accounts.note(Deed(act, after.id, {"role": role, "name": name}))
        return after, True

    def _spread(self, role_id: str) -> list[str]:
        told = []
        for before in self._accounts.everybody():
            if role_id not in before.roles.split():
                continue
            after = changed(before, self._own)
            self._accounts.put(after)
            if can(after) != can(before):
                told.append(after.id)
        return told

    async def _person(self, user_id: str) -> Account:
        account = await self._accounts.account(user_id)
        if account is None:
            raise ChatError(Code.USER_NOT_FOUND)
        return account

    def _need_other_owner(self, user_id: str) -> None:
        if not any(one.is_admin and one.active and one.id != user_id for one in self._accounts.everybody()):
            raise ChatError(Code.CONFLICT, "It is the last owner.")

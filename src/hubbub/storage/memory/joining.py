"""Codes and accounts that wait, of the memory store."""

from __future__ import annotations

from msgspec.structs import replace

from hubbub.auth.audit import Deed
from hubbub.auth.joining import UNLIMITED, JoinCode
from hubbub.auth.ports import Account
from hubbub.base.errors import ChatError, Code
from hubbub.storage.auth.joining import added, answered
from hubbub.storage.auth.role_rows import need_over
from hubbub.storage.memory.audit import MemoryAudit


class MemoryJoining:
    """The part of `MemoryAccounts` that lets people in."""

    def __init__(self, audit: MemoryAudit | None = None) -> None:
        self._audit = audit
        self._accounts: dict[str, Account] = {}
        self._names: dict[str, str] = {}
        self._join_codes: dict[str, JoinCode] = {}

    async def add_account(self, account: Account) -> None:
        if account.username_key in self._names:
            raise ChatError(Code.USERNAME_TAKEN)
        self._names[account.username_key] = account.id
        self._accounts[account.id] = account
        self.note(added(account))

    def note(self, *deeds: Deed) -> None:
        """Remember what was done; the other stores in memory share it."""
        if self._audit is not None:
            self._audit.note(*deeds)

    async def add_join_code(self, code: JoinCode, most: int) -> bool:
        self._join_codes = {name: each for name, each in self._join_codes.items() if each.good(code.created_ms)}
        if len(self._join_codes) >= most:
            return False
        self._join_codes[code.code] = code
        return True

    async def join_code(self, code: str) -> JoinCode | None:
        return self._join_codes.get(code)

    async def join_codes(self, limit: int) -> list[JoinCode]:
        return sorted(self._join_codes.values(), key=lambda each: (-each.created_ms, each.code))[:limit]

    async def drop_join_code(self, code: str) -> bool:
        return self._join_codes.pop(code, None) is not None

    async def add_account_by_code(self, account: Account, code: str, now_ms: int) -> None:
        known = self._join_codes.get(code)
        if known is None or not known.good(now_ms):
            raise ChatError(Code.BAD_INVITATION)
        await self.add_account(account)
        if known.uses_left != UNLIMITED:
            self._join_codes[code] = replace(known, uses_left=known.uses_left - 1)

    async def waiting(self, cursor: str, limit: int) -> tuple[list[Account], str]:
        found = sorted([each for each in self._accounts.values() if each.pending], key=lambda each: each.id)
        found = [each for each in found if each.id > cursor]
        return found[:limit], found[limit - 1].id if len(found) > limit else ""

    async def answer_waiting(
        self, user_id: str, accept: bool, *, within: frozenset[str] | None = None
    ) -> Account | None:
        account = self._accounts.get(user_id)
        if account is None or not account.pending:
            return None
        need_over(account, within)
        self.note(answered(user_id, accept))
        if not accept:
            del self._accounts[user_id], self._names[account.username_key]
            return account
        account = self._accounts[user_id] = replace(account, active=True, pending=False)
        return account

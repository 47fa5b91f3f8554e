"""The second step of signing in, in memory, over the same accounts in memory.

Each method is one transaction because none of them waits in its middle.  It passes the same contract suite as the
database.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hubbub.auth.factor_ports import Arrival, ForeignAccount, Passkey, Step, Totp
from hubbub.auth.limits import refill
from hubbub.storage.auth.factors import factors_reset
from hubbub.storage.auth.role_rows import need_over
from hubbub.storage.memory.accounts import MemoryAccounts
from hubbub.storage.memory.failures import MemoryFailures

__all__ = ["MemoryFactors"]

_replace = msgspec.structs.replace


class MemoryFactors(MemoryFailures):
    """A `FactorStore` that forgets everything when the process ends."""

    def __init__(self, accounts: MemoryAccounts) -> None:
        super().__init__()
        self._accounts = accounts
        self._totps: dict[str, Totp] = {}
        self._recovery: dict[str, set[bytes]] = {}
        self._passkeys: dict[str, Passkey] = {}
        self._steps: dict[bytes, Step] = {}
        self._guesses: dict[bytes, tuple[float, int]] = {}
        self._arrivals: dict[str, Arrival] = {}
        self._foreign: dict[bytes, ForeignAccount] = {}

    async def has_factor(self, user_id: str) -> bool:
        totp = self._totps.get(user_id)
        return (totp is not None and totp.confirmed) or bool(await self.passkeys(user_id))

    async def reset(self, user_id: str, *, within: frozenset[str]) -> bool:
        need_over(await self._accounts.account(user_id), within)
        mine = await self.passkeys(user_id)
        had = bool(self._totps.pop(user_id, None)) or bool(self._recovery.pop(user_id, None)) or bool(mine)
        self._recovery.pop(user_id, None)
        self._passkeys = {key: one for key, one in self._passkeys.items() if one.user_id != user_id}
        if had:
            self._accounts.note(factors_reset(user_id))
        return had

    async def forget(self, user_id: str) -> None:
        self._totps.pop(user_id, None)
        self._recovery.pop(user_id, None)
        self._passkeys = {key: one for key, one in self._passkeys.items() if one.user_id != user_id}
        self._arrivals = {key: one for key, one in self._arrivals.items() if one.user_id != user_id}
        self._foreign = {key: one for key, one in self._foreign.items() if one.user_id != user_id}

    # ------------------------------------------------------------ apps

    async def totp(self, user_id: str) -> Totp | None:
        return self._totps.get(user_id)

    async def offer_totp(self, totp: Totp) -> bool:
        found = self._totps.get(totp.user_id)
        if await self._accounts.account(totp.user_id) is None or (found is not None and found.confirmed):
            return False
        self._totps[totp.user_id] = totp
        return True

    async def confirm_totp(self, user_id: str, secret: bytes, step: int) -> bool:
        found = self._totps.get(user_id)
        if found is None or found.confirmed or found.secret != secret:
            return False
        self._totps[user_id] = _replace(found, confirmed=True, last_step=step)
        return True

    async def use_step(self, user_id: str, secret: bytes, step: int) -> bool:
        found = self._totps.get(user_id)
        if found is None or not found.confirmed or found.secret != secret or found.last_step >= step:
            return False
        self._totps[user_id] = _replace(found, last_step=step)
        return True

    async def drop_totp(self, user_id: str) -> bool:
        return self._totps.pop(user_id, None) is not None

    # ------------------------------------------------------------ recovery codes

    async def recovery_codes_left(self, user_id: str) -> int:
        return len(self._recovery.get(user_id, ()))

    async def set_recovery_codes(self, user_id: str, hashes: Sequence[bytes]) -> None:
        self._recovery[user_id] = set(hashes)

    async def use_recovery_code(self, user_id: str, code_hash: bytes) -> bool:
        mine = self._recovery.get(user_id, set())
        known = code_hash in mine
        mine.discard(code_hash)
        return known

    # ------------------------------------------------------------ passkeys

    async def add_passkey(self, passkey: Passkey, *, most: int) -> bool:
        known = await self.passkey(passkey.credential_hash)
        if known is not None or len(await self.passkeys(passkey.user_id)) >= most:
            return False
        self._passkeys[passkey.id] = passkey
        return True

    async def passkeys(self, user_id: str) -> list[Passkey]:
        return sorted((one for one in self._passkeys.values() if one.user_id == user_id), key=lambda one: one.id)

    async def passkey(self, credential_hash: bytes) -> Passkey | None:
        return next((one for one in self._passkeys.values() if one.credential_hash == credential_hash), None)

    async def use_passkey(self, passkey_id: str, *, before: int, sign_count: int, now_ms: int) -> bool:
        found = self._passkeys.get(passkey_id)
        if found is None or found.sign_count != before:
            return False
        self._passkeys[passkey_id] = _replace(found, sign_count=sign_count, used_ms=now_ms)
        return True

    async def name_passkey(self, user_id: str, passkey_id: str, name: str) -> Passkey | None:
        found = self._passkeys.get(passkey_id)
        if found is None or found.user_id != user_id:
            return None
        found = self._passkeys[passkey_id] = _replace(found, name=name)
        return found

    async def drop_passkey(self, user_id: str, passkey_id: str) -> bool:
        found = self._passkeys.get(passkey_id)
        if found is None or found.user_id != user_id:
            return False
        del self._passkeys[passkey_id]
        return True

    # ------------------------------------------------------------ steps

    async def add_step(self, step: Step) -> None:
        self._steps[step.step_hash] = step

    async def step(self, step_hash: bytes) -> Step | None:
        return self._steps.get(step_hash)

    async def spend_step(self, step_hash: bytes) -> Step | None:
        return self._steps.pop(step_hash, None)

    async def drop_steps(self, before_ms: int) -> None:
        self._steps = {key: one for key, one in self._steps.items() if one.expires_ms >= before_ms}

    # ------------------------------------------------------------ guesses

    async def take_guess(self, name_hash: bytes, *, per_hour: float, burst: float, now_ms: int) -> float:
        level, at_ms = self._guesses.get(name_hash, (burst, now_ms))
        level = refill(level, now_ms - at_ms, per_hour=per_hour, burst=burst)
        if level < 1:
            return (1 - level) * 3600 / per_hour
        self._guesses[name_hash] = (level - 1, now_ms)
        return 0.0

    # ------------------------------------------------------------ arrivals

    async def knows_device(self, user_id: str, device_id: str) -> bool:
        return any(login.device_id == device_id for login in self._accounts.of_person(user_id))

    async def note_arrival(self, arrival: Arrival, device_id: str, *, settled_ms: int, keep: int) -> bool:
        others = [login for login in self._accounts.of_person(arrival.user_id) if login.id != arrival.id]
        known = any(login.device_id == device_id for login in others)
        if known or not any(login.created_ms < settled_ms for login in others):
            return False
        self._arrivals[arrival.id] = arrival
        for surplus in (await self.arrivals(arrival.user_id, len(self._arrivals)))[keep:]:
            del self._arrivals[surplus.id]
        return True

    async def arrivals(self, user_id: str, limit: int) -> list[Arrival]:
        mine = [one for one in self._arrivals.values() if one.user_id == user_id]
        return sorted(mine, key=lambda one: (one.time_ms, one.id), reverse=True)[:limit]

    async def drop_arrival(self, user_id: str, arrival_id: str) -> bool:
        found = self._arrivals.get(arrival_id)
        if found is None or found.user_id != user_id:
            return False
        del self._arrivals[arrival_id]
        return True

    # ------------------------------------------------------------ accounts somewhere else

    async def foreign_account(self, name_hash: bytes) -> ForeignAccount | None:
        return self._foreign.get(name_hash)

    async def foreign_accounts(self, user_id: str) -> list[ForeignAccount]:
        mine = [one for one in self._foreign.values() if one.user_id == user_id]
        return sorted(mine, key=lambda one: (one.created_ms, one.name_hash))

    async def link_account(self, account: ForeignAccount) -> bool:
        return self._foreign.setdefault(account.name_hash, account) is account

    async def unlink_account(self, user_id: str, name_hash: bytes) -> bool:
        found = self._foreign.get(name_hash)
        if found is None or found.user_id != user_id:
            return False
        del self._foreign[name_hash]
        return True

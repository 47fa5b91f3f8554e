"""Accounts in memory: what tests and throw-away servers use.

Each method is one transaction because none of them waits in its middle.  It passes the same contract suite as the
database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from hubbub.auth.audit import Act, Deed
from hubbub.auth.model import Ended
from hubbub.auth.ports import Account, AccountState, Login, Place, Rotation, SigningKey
from hubbub.base.errors import ChatError, Code
from hubbub.storage.auth.login_rows import begun_deed, ended_deeds, refused_deed, surplus
from hubbub.storage.auth.role_rows import need_over
from hubbub.storage.memory.audit import MemoryAudit
from hubbub.storage.memory.failures import MemoryFailures
from hubbub.storage.memory.recovery import MemoryRecovery

__all__ = ["MemoryAccounts"]

_replace = msgspec.structs.replace


class MemoryAccounts(MemoryRecovery, MemoryFailures):
    """An `AccountStore` that forgets everything when the process ends."""

    def __init__(self, audit: MemoryAudit | None = None) -> None:
        super().__init__(audit)
        MemoryFailures.__init__(self)
        self._read_ms = 0
        self._keys: list[SigningKey] = []
        self._place = Place()

    # ------------------------------------------------------------ people

    async def account(self, user_id: str) -> Account | None:
        return self._accounts.get(user_id)

    async def account_named(self, username_key: str) -> Account | None:
        user_id = self._names.get(username_key)
        return self._accounts[user_id] if user_id else None

    async def people(self, query: str, state: AccountState, cursor: str, limit: int) -> tuple[list[Account], str]:
        found = [one for one in self.everybody() if AccountState.of(one) is state and one.id > cursor]
        found = [one for one in found if query in one.username_key or (query and one.email_key == query)]
        return found[:limit], found[limit - 1].id if len(found) > limit else ""

    async def set_profile(
        self,
        user_id: str,
        *,
        display_name: str | None,
        signature: str | None,
        within: frozenset[str] | None = None,
    ) -> Account | None:
        account = self._accounts.get(user_id)
        need_over(account, within)
        if account is None:
            return None
        account = _replace(
            account,
            display_name=account.display_name if display_name is None else display_name,
            signature=account.signature if signature is None else signature,
        )
        self._accounts[user_id] = account
        given = {"display_name": display_name, "signature": signature}
        if changed := sorted(name for name, value in given.items() if value is not None):
            self.note(Deed(Act.ACCOUNT_CHANGED, user_id, {"fields": changed}))
        return account

    async def set_avatar(self, user_id: str, file_id: str) -> Account | None:
        account = self._accounts.get(user_id)
        if account is None or not account.active:
            return None
        account = self._accounts[user_id] = _replace(account, avatar=file_id)
        return account

    async def set_welcomed(self, user_id: str) -> None:
        if user_id in self._accounts:
            self._accounts[user_id] = _replace(self._accounts[user_id], welcomed=True)

    async def set_password_hash(self, user_id: str, old_hash: str, new_hash: str) -> None:
        account = self._accounts.get(user_id)
        if account is not None and account.password_hash == old_hash:
            self._accounts[user_id] = _replace(account, password_hash=new_hash)

    async def change_password(
        self,
        user_id: str,
        old_hash: str,
        new_hash: str,
        *,
        login_id: str,
        family_hash: bytes,
        refresh_hash: bytes,
        now_ms: int,
    ) -> tuple[Account, Login, list[Login]] | None:
        account = self._accounts.get(user_id)
        login = self._logins.get(login_id)
        if account is None or account.password_hash != old_hash:
            return None
        if login is None or login.user_id != user_id or login.ended_ms:
            return None
        account = _replace(account, password_hash=new_hash, auth_epoch=account.auth_epoch + 1)
        login = _replace(login, family_hash=family_hash, refresh_hash=refresh_hash, used_ms=now_ms)
        self._accounts[user_id] = account
        self._logins[login_id] = login
        self.note(Deed(Act.ACCOUNT_PASSWORD, user_id))
        others = [one for one in self._lasting(user_id) if one.id != login_id]
        return account, login, self._end(now_ms, others, why="password")

    async def set_active(self, user_id: str, active: bool, now_ms: int) -> list[Login]:
        account = self._accounts.get(user_id)
        if account is None or account.active == active or account.deleted_ms:
            return []
        self._accounts[user_id] = _replace(account, active=active, auth_epoch=account.auth_epoch + (not active))
        self.note(Deed(Act.ACCOUNT_ADMITTED if active else Act.ACCOUNT_BANNED, user_id))
        return [] if active else self._end(now_ms, self._lasting(user_id), why="ban")

    async def save_last_seen(self, seen: Sequence[tuple[str, int]]) -> None:
        for user_id, at_ms in seen:
            account = self._accounts.get(user_id)
            if account is not None and at_ms > account.last_seen_ms:
                self._accounts[user_id] = _replace(account, last_seen_ms=at_ms)

    async def load_last_seen(self, user_ids: Sequence[str]) -> dict[str, int]:
        found = {one: self._accounts[one].last_seen_ms for one in user_ids if one in self._accounts}
        return {user_id: at_ms for user_id, at_ms in found.items() if at_ms}

    # ------------------------------------------------------------ logins

    async def add_login(self, login: Login, *, auth_epoch: int, keep: int) -> list[Login] | None:
        account = self._accounts.get(login.user_id)
        if account is None or not account.active or account.auth_epoch != auth_epoch:
            return None
        ending = surplus(self._lasting(login.user_id), login, keep)
        self._logins[login.id] = login
        self.note(begun_deed(login))
        return self._end(login.created_ms, ending)

    async def login_refused(self, user_id: str, why: str) -> None:
        self.note(refused_deed(user_id, why))

    async def login(self, login_id: str) -> Login | None:
        return self._logins.get(login_id)

    async def logins(self, user_id: str, cursor: str, limit: int) -> tuple[list[Login], str]:
        rows = sorted((one for one in self._lasting(user_id) if one.id > cursor), key=lambda one: one.id)
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else ""

    async def standing(self, login_id: str) -> tuple[Login, Account] | None:
        login = self._logins.get(login_id)
        return None if login is None else (login, self._accounts[login.user_id])

    async def rotate_refresh(
        self,
        login_id: str,
        *,
        family_hash: bytes,
        old_hash: bytes,
        new_hash: bytes,
        now_ms: int,
        unused_since_ms: int,
        client_id: str = "",
    ) -> Rotation:
        login = self._logins.get(login_id)
        if login is None or login.family_hash != family_hash or login.client_id != client_id or login.until_ms:
            return Rotation.UNKNOWN
        if login.ended_ms or login.used_ms < unused_since_ms:
            return Rotation.ENDED
        if login.refresh_hash != old_hash:
            self._end(now_ms, [login], why="refresh token used twice")
            return Rotation.REUSED
        self._logins[login_id] = _replace(login, refresh_hash=new_hash, used_ms=now_ms)
        return Rotation.DONE

    async def end_login(
        self,
        login_id: str,
        now_ms: int,
        *,
        user_id: str = "",
        within: frozenset[str] | None = None,
        why: str = "",
    ) -> Login | None:
        need_over(self._accounts.get(user_id), within)
        login = self._logins.get(login_id)
        if login is None or login.ended_ms or user_id not in ("", login.user_id):
            return None
        return self._end(now_ms, [login], why)[0]

    async def name_login(self, user_id: str, login_id: str, device_name: str) -> Login | None:
        login = self._logins.get(login_id)
        if login is None or login.user_id != user_id or login.ended_ms:
            return None
        login = self._logins[login_id] = _replace(login, device_name=device_name)
        return login

    async def end_other_logins(
        self, user_id: str, but: str, now_ms: int, *, within: frozenset[str] | None = None
    ) -> list[Login]:
        need_over(self._accounts.get(user_id), within)
        return self._end(now_ms, [one for one in self._lasting(user_id) if one.id != but])

    async def ended(self, after: tuple[int, str], limit: int) -> tuple[int, list[Ended]]:
        # There is no clock here: it is as late as the latest ending.
        found = [Ended(one.ended_ms, one.id, one.user_id) for one in self._logins.values() if one.ended_ms]
        found = [one for one in found if (one.ended_ms, one.login_id) > after]
        return self._read_ms, sorted(found, key=lambda one: (one.ended_ms, one.login_id))[:limit]

    def of_device(self, user_id: str, client_id: str, device_id: str) -> Login | None:
        """Return the login of a client on a device; for the clients in memory."""
        mine = (one for one in self._lasting(user_id) if (one.client_id, one.device_id) == (client_id, device_id))
        return next(mine, None)

    def of_person(self, user_id: str) -> list[Login]:
        """Return a person's logins, ended or not; for the second step in memory."""
        return [login for login in self._logins.values() if login.user_id == user_id]

    def everybody(self) -> list[Account]:
        """Return everybody by id; for the roles in memory."""
        return sorted(self._accounts.values(), key=lambda one: one.id)

    def put(self, account: Account) -> None:
        """Keep a changed account; for the roles in memory."""
        self._accounts[account.id] = account

    def end_all(self, user_id: str, now_ms: int, why: str) -> list[Login]:
        """End a person's logins; for the roles in memory."""
        return self._end(now_ms, self._lasting(user_id), why)

    def end_of_client(self, client_id: str, user_id: str, limit: int, now_ms: int) -> list[Login]:
        """End logins of a client; for the clients in memory."""
        lasting = (one for one in self._logins.values() if one.client_id == client_id and not one.ended_ms)
        mine = sorted((one for one in lasting if user_id in ("", one.user_id)), key=lambda one: one.id)
        return self._end(now_ms, mine[:limit])

    def _lasting(self, user_id: str) -> list[Login]:
        return [login for login in self._logins.values() if login.user_id == user_id and not login.ended_ms]

    def _end(self, now_ms: int, logins: Iterable[Login], why: str = "") -> list[Login]:
        now_ms = self._read_ms = max(self._read_ms, now_ms)
        ended = [_replace(login, ended_ms=now_ms) for login in logins]
        self._logins.update((login.id, login) for login in ended)
        ended.sort(key=lambda one: one.id)
        self.note(*ended_deeds(ended, why))
        return ended

    # ------------------------------------------------------------ keys

    async def signing_keys(self) -> list[SigningKey]:
        return list(self._keys)

    async def add_signing_key(self, key: SigningKey, *, expect: str) -> bool:
        if (self._keys[0].kid if self._keys else "") != expect:
            return False
        retired = [one if one.retired_ms else _replace(one, retired_ms=key.created_ms) for one in self._keys]
        self._keys = [key, *retired]
        self.note(Deed(Act.KEY_ROTATED, key.kid))
        return True

    async def drop_signing_keys(self, retired_before_ms: int) -> None:
        self._keys = [one for one in self._keys if not one.retired_ms or one.retired_ms >= retired_before_ms]

    # ------------------------------------------------------------ the place

    async def place(self) -> Place:
        return self._place

    async def offer_setup(self, setup_hash: bytes) -> bool:
        if self._place.set_up_ms:
            return False
        self._place = _replace(self._place, setup_hash=setup_hash)
        return True

    async def set_up(self, setup_hash: bytes, name: str, admin: Account) -> None:
        if self._place.set_up_ms:
            raise ChatError(Code.SETUP_DONE)
        if not setup_hash or self._place.setup_hash != setup_hash:
            raise ChatError(Code.BAD_SETUP_TOKEN)
        if admin.username_key in self._names:
            raise ChatError(Code.USERNAME_TAKEN)
        self.note(Deed(Act.PLACE_SET_UP, admin.id, {"name": name}))
        await self.add_account(admin)
        self._place = Place(name=name, set_up_ms=admin.created_ms)

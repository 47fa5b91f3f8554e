"""What is done to somebody else's account: looking at it, ending its sessions, helping its person, closing it.

Whoever does it names themselves, and nobody is touched who may do more than they: the store decides that in the
transaction that does the thing, over the roles as they are then.  What people do to their own accounts is `accounts`'.
"""

from __future__ import annotations

from typing import Protocol

from hubbub.auth.model import Identity
from hubbub.auth.names import name_key
from hubbub.auth.ports import Account, AccountState, AccountStore, Login
from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code

__all__ = ["Registrar"]


class _Accounts(Protocol):
    """What of `Accounts` is needed."""

    async def tell_ended(self, *logins: Login | None) -> None: ...

    async def set_profile(
        self,
        user_id: str,
        *,
        display_name: str | None = None,
        signature: str | None = None,
        within: frozenset[str] | None = None,
    ) -> Account: ...

    async def close_account(self, user_id: str, *, within: frozenset[str] | None = None) -> None: ...


class Registrar:
    """Everybody's accounts, for those who look after them."""

    def __init__(self, store: AccountStore, accounts: _Accounts, clock: Clock) -> None:
        self._store = store
        self._accounts = accounts
        self._clock = clock

    async def people(self, query: str, state: AccountState, cursor: str, limit: int) -> tuple[list[Account], str]:
        """Return a page of accounts in a state, by id; with a query those with it in their name or as their address."""
        return await self._store.people(name_key(query.strip()), state, cursor, limit)

    async def account(self, user_id: str) -> Account:
        """Return an account, closed ones included.  Raises ChatError(USER_NOT_FOUND)."""
        account = await self._store.account(user_id)
        if account is None:
            raise ChatError(Code.USER_NOT_FOUND)
        return account

    async def change(
        self, who: Identity, user_id: str, *, display_name: str | None = None, signature: str | None = None
    ) -> Account:
        """Change what is not None of somebody's profile; an empty name becomes the username.

        Raises ChatError with BAD_REQUEST, FORBIDDEN or USER_NOT_FOUND, as everything below does.
        """
        return await self._accounts.set_profile(
            user_id, display_name=display_name, signature=signature, within=who.permissions
        )

    async def logins(self, user_id: str, cursor: str, limit: int) -> tuple[list[Login], str]:
        """Return a page of somebody's logins that last; it may have fewer than `limit` before the last page."""
        await self.account(user_id)
        rows, following = await self._store.logins(user_id, cursor, limit)
        now_ms = self._clock.now_ms()
        return [row for row in rows if not row.until_ms or row.until_ms > now_ms], following

    async def end_login(self, who: Identity, user_id: str, login_id: str) -> None:
        """End one of somebody's logins, with its sockets.  Raises ChatError(NOT_FOUND) when there is no such."""
        ended = await self._store.end_login(login_id, self._clock.now_ms(), user_id=user_id, within=who.permissions)
        if ended is None:
            raise ChatError(Code.NOT_FOUND)
        await self._accounts.tell_ended(ended)

    async def end_logins(self, who: Identity, user_id: str) -> int:
        """End all of somebody's logins, and return how many they were."""
        ended = await self._store.end_other_logins(user_id, "", self._clock.now_ms(), within=who.permissions)
        await self._accounts.tell_ended(*ended)
        return len(ended)

    async def delete(self, who: Identity, user_id: str) -> None:
        """Delete somebody's account for good, as they could themselves.  Nobody deletes their own in this way."""
        if user_id == who.user_id:
            raise ChatError(Code.BAD_REQUEST, "One's own account is deleted with one's password.")
        await self._accounts.close_account(user_id, within=who.permissions)

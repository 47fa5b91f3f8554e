"""Sign in with the password of a directory (LDAP): who its entry is there says who they are here.

A person is known by the directory's address and what it calls their entry for ever, as with another OpenID provider.
An account that has a password here, or that is somebody else's, is nobody's for having the same name there.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from hubbub.auth.factor_ports import FactorStore, ForeignAccount, foreign_hash
from hubbub.auth.ports import Account
from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code

__all__ = ["Directory", "DirectoryAccounts", "Entry"]


class Entry(msgspec.Struct, frozen=True):
    """Somebody in a directory, whose password was right."""

    subject: str
    """What the directory calls the entry for ever: not its name, which may be given to somebody else."""
    display_name: str = ""


class Directory(Protocol):
    """The directory, as it is asked."""

    @property
    def address(self) -> str: ...

    async def prove(self, username: str, password: str) -> Entry | None:
        """Return whose name and password these are; None when they are nobody's.

        Raises ChatError with UNAVAILABLE or OVERLOADED when that cannot be said.
        """


class NewPerson(Protocol):
    """Adds a person without a password (`Accounts.add_person`)."""

    async def __call__(self, username: str, display_name: str, *, address: str, invited: bool = False) -> Account: ...


class DirectoryAccounts:
    """Finds, and makes, the accounts of people in a directory."""

    def __init__(self, directory: Directory, store: FactorStore, clock: Clock) -> None:
        self._directory = directory
        self._store = store
        self._clock = clock

    async def prove(
        self, username: str, password: str, here: Account | None, add: NewPerson, *, address: str
    ) -> str | None:
        """Return the id of the person of a name and password in the directory; None for nobody.

        `here` is who has that name here.  Somebody new gets an account: the directory vouches for them.
        """
        # RFC 4513 section 5.1.2: a bind without a password succeeds for everybody, and proves nothing.
        entry = await self._directory.prove(username, password) if password else None
        if entry is None:
            return None
        named = foreign_hash(self._directory.address, entry.subject)
        known = await self._store.foreign_account(named)
        if known is not None:
            return known.user_id
        if here is not None:
            return None
        try:
            account = await add(username, entry.display_name[:64], address=address, invited=True)
        except ChatError as error:
            if error.code in (Code.USERNAME_TAKEN, Code.BAD_USERNAME, Code.BAD_REQUEST):
                return None
            raise
        made = ForeignAccount(named, account.id, self._directory.address, entry.subject, self._clock.now_ms())
        if await self._store.link_account(made):
            return account.id
        known = await self._store.foreign_account(named)
        return known.user_id if known else None

"""What accounts need from a store: people, logins, keys, and the place itself.

The port is narrow and each method is one transaction, because every rule that must not race (a name is taken once, a
refresh token is spent once, the set-up link works once) is decided inside one.  The store knows no cryptography: it
is handed hashes and compares bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Protocol

import msgspec

from hubbub.auth.failures import FailureStore
from hubbub.auth.joining import JoiningStore
from hubbub.auth.model import Ended


class Account(msgspec.Struct, frozen=True):
    """A person, or a program that acts as one."""

    id: str
    username: str
    username_key: str
    """The name as it is compared: normalised and case-folded; unique."""
    display_name: str
    password_hash: str
    created_ms: int
    signature: str = ""
    bot: bool = False
    is_admin: bool = False
    """An owner of the place; what others may do, their roles say."""
    active: bool = True
    auth_epoch: int = 1
    """Advanced by whatever makes earlier access tokens worthless: a password change, a ban."""
    last_seen_ms: int = 0
    welcomed: bool = False
    """Whether what happens to every new person (joining the general channel) has happened."""
    pending: bool = False
    """It waits for an admin to let it in; not active until then."""
    email: str = ""
    """An address that was proved to be this person's; empty: none."""
    email_key: str = ""
    """The address as it is compared."""
    deleted_ms: int = 0
    """When its owner deleted it; the row stays, so that nobody else gets the name."""
    recall_left: bool = False
    """They are deleted, and what they wrote is still to be recalled."""
    avatar: str = ""
    """The file that shows them; empty: none."""
    roles: str = ""
    """Their roles but for owner: names of built-in ones and ids of own ones, each between spaces."""
    granted: str = ""
    """The permissions of those of them that are own roles."""
    banned_until_ms: int = 0
    """When a ban ends; 0: the account was not closed by a ban."""
    muted_until_ms: int = 0
    """Until when they may not say anything on the server."""


class AccountState(Enum):
    """What has become of an account."""

    ACTIVE = "active"
    WAITING = "waiting"
    """For somebody to let it in."""
    BANNED = "banned"
    DELETED = "deleted"

    @classmethod
    def of(cls, account: Account) -> AccountState:
        """Return an account's."""
        if account.deleted_ms:
            return cls.DELETED
        if account.pending:
            return cls.WAITING
        return cls.ACTIVE if account.active else cls.BANNED


class Login(msgspec.Struct, frozen=True):
    """One device's login: what a refresh token belongs to."""

    id: str
    user_id: str
    device_id: str
    device_name: str
    family_hash: bytes
    """Over the part every refresh token of this login shares, so that any spent one is recognised, however old."""
    refresh_hash: bytes
    """Over the one refresh token that is good now."""
    created_ms: int
    used_ms: int
    ended_ms: int = 0
    """0 while it lasts; by the database's clock where that is a clock of its own."""
    client_id: str = ""
    """The program it belongs to; empty: one of this server's own."""
    scope: str = ""
    """What its tokens may be used for at most; empty for this server's own clients, which may do everything."""
    until_ms: int = 0
    """When it ends by itself, having no refresh token; 0: as long as it is refreshed."""


class SigningKey(msgspec.Struct, frozen=True):
    """A key that signs access tokens, or did until `retired_ms`."""

    kid: str
    private_pem: str
    created_ms: int
    retired_ms: int = 0


class Place(msgspec.Struct, frozen=True):
    """The server as a whole: its name, and its one-time set-up token until that is used."""

    name: str = ""
    setup_hash: bytes = b""
    set_up_ms: int = 0


class Rotation(Enum):
    """How the spending of a refresh token went."""

    DONE = "done"
    UNKNOWN = "unknown"
    """There is no such login, or the token was never one of its own."""
    ENDED = "ended"
    REUSED = "reused"
    """The token was spent before; the login was ended in the same transaction."""


class AccountStore(JoiningStore, FailureStore, Protocol):
    """Everything accounts keep.

    `within` is what whoever asks may do themselves, where they do it to somebody else: who may do more is left alone
    (ChatError FORBIDDEN), and who is not there is USER_NOT_FOUND.  None: it is nobody else's doing.
    """

    async def add_account(self, account: Account) -> None:
        """Insert a person.  Raises ChatError(USERNAME_TAKEN) when the key is in use."""

    async def add_account_by_code(self, account: Account, code: str, now_ms: int) -> None:
        """Spend one use of a code and insert a person, both or neither.

        Raises ChatError with BAD_INVITATION or USERNAME_TAKEN.
        """

    async def waiting(self, cursor: str, limit: int) -> tuple[list[Account], str]:
        """Return a page of the accounts that wait to be let in, by id, and the next cursor."""

    async def answer_waiting(
        self, user_id: str, accept: bool, *, within: frozenset[str] | None = None
    ) -> Account | None:
        """Make an account that waits active, or forget it, and return it; None when it does not wait (any more)."""

    async def account(self, user_id: str) -> Account | None: ...

    async def account_named(self, username_key: str) -> Account | None: ...

    async def people(self, query: str, state: AccountState, cursor: str, limit: int) -> tuple[list[Account], str]:
        """Return a page of accounts in a state, by id.

        With a query only those whose name contains it, or whose address it is, both as they are compared.
        """

    async def set_profile(
        self,
        user_id: str,
        *,
        display_name: str | None,
        signature: str | None,
        within: frozenset[str] | None = None,
    ) -> Account | None:
        """Change what is not None and return the person; None when there is none."""

    async def set_avatar(self, user_id: str, file_id: str) -> Account | None:
        """Write which file shows a person, "" for none, and return them; None when there is none active."""

    async def set_welcomed(self, user_id: str) -> None: ...

    async def set_password_hash(self, user_id: str, old_hash: str, new_hash: str) -> None:
        """Replace a hash by one of the same password with newer parameters.

        Nothing changes when `old_hash` is no longer the stored one.
        """

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
        """Replace the password, renew one login and end every other.

        The auth epoch advances and the one login gets another refresh token.  Returns the person, the renewed login
        and the ended ones; None, changing nothing, when `old_hash` is no longer the stored one or the login has ended.
        """

    async def set_active(self, user_id: str, active: bool, now_ms: int) -> list[Login]:
        """Admit or ban a person.

        A ban advances the auth epoch and ends, and returns, every login.  Who deleted their account stays away.
        """

    async def delete_account(
        self, user_id: str, now_ms: int, *, recall: bool, within: frozenset[str] | None = None
    ) -> list[Login]:
        """Close an account for good, and end and return every login.

        Nothing of the person is left but the id and the name by which it is compared; `recall` is noted.  Deleting it
        again changes nothing.  Raises ChatError(FORBIDDEN) for the only active admin.
        """

    async def to_recall(self, limit: int) -> list[str]:
        """Return deleted people whose messages are still to be recalled."""

    async def recalled(self, user_id: str) -> None:
        """Note that nothing of theirs is left to recall."""

    async def save_last_seen(self, seen: Sequence[tuple[str, int]]) -> None:
        """Remember (person, milliseconds) of leaving; an earlier time than the stored one changes nothing."""

    async def load_last_seen(self, user_ids: Sequence[str]) -> dict[str, int]:
        """Return when these people left last; who never did, or does not exist, is absent."""

    async def add_login(self, login: Login, *, auth_epoch: int, keep: int) -> list[Login] | None:
        """Insert a login and return those it ended.

        Those are the one of the same device, the least used of the same client beyond `keep`, and those whose time is
        over.  None, changing nothing, when the person's auth epoch is another by now or the account is closed: then the
        password that was checked for this login may be good no more.
        """

    async def login_refused(self, user_id: str, why: str) -> None:
        """Remember in the audit log that somebody could not log in to this account; that one began is always there."""

    async def login(self, login_id: str) -> Login | None: ...

    async def logins(self, user_id: str, cursor: str, limit: int) -> tuple[list[Login], str]:
        """Return a page of the logins that last, by id, and the next cursor."""

    async def standing(self, login_id: str) -> tuple[Login, Account] | None:
        """Return a login with its person, in one snapshot."""

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
        """Spend a refresh token; of any number of racing callers one succeeds.

        A login not used since `unused_since_ms` counts as ended; one of another client, or without refresh tokens, is
        unknown.
        """

    async def end_login(
        self, login_id: str, now_ms: int, *, user_id: str = "", within: frozenset[str] | None = None
    ) -> Login | None:
        """End a login and return it; None when it had ended or never was, or is not this person's."""

    async def name_login(self, user_id: str, login_id: str, device_name: str) -> Login | None:
        """Rename the device of a login that lasts and return it; None when this person has no such login."""

    async def end_other_logins(
        self, user_id: str, but: str, now_ms: int, *, within: frozenset[str] | None = None
    ) -> list[Login]:
        """End, and return, every login of a person but one; "" is none of them."""

    async def ended(self, after: tuple[int, str], limit: int) -> tuple[int, list[Ended]]:
        """Return the logins that ended after this (ended_ms, id), in that order, and the time they were read at."""

    async def signing_keys(self) -> list[SigningKey]:
        """Return all keys, newest first."""

    async def add_signing_key(self, key: SigningKey, *, expect: str) -> bool:
        """Insert a key and retire the others at its time.

        False, changing nothing, when the newest kid is no longer `expect` ("" for none).
        """

    async def drop_signing_keys(self, retired_before_ms: int) -> None: ...

    async def place(self) -> Place: ...

    async def offer_setup(self, setup_hash: bytes) -> bool:
        """Make this the one good set-up token; False when the place is set up."""

    async def set_up(self, setup_hash: bytes, name: str, admin: Account) -> None:
        """Spend the set-up token, name the place and insert its first admin, all or nothing.

        Raises ChatError with SETUP_DONE, BAD_SETUP_TOKEN or USERNAME_TAKEN.
        """

"""What the authorization server keeps: clients, what people allowed them, and what is on its way to a token.

As in `ports`, each method is one transaction, because what must happen once (a code is spent, a device is let in) is
decided inside one.  Codes, device codes and secrets are random, and only their hashes are stored.
"""

from __future__ import annotations

from enum import Enum
from typing import Protocol

import msgspec

from hubbub.auth.permissions import BUILT_IN, NONE, OWNER
from hubbub.auth.ports import Login
from hubbub.auth.scopes import ADMIN, FIRST_PARTY

__all__ = [
    "AuthorizationCode",
    "Client",
    "ClientStore",
    "Consent",
    "DeviceRequest",
    "DeviceState",
    "Spending",
    "Spent",
]


class Client(msgspec.Struct, frozen=True):
    """A program that gets tokens from this server."""

    id: str
    name: str
    created_ms: int
    secret_hash: bytes = b""
    """Empty for a public client: one that cannot keep a secret, because people hold its code."""
    redirect_uris: tuple[str, ...] = ()
    logout_uris: tuple[str, ...] = ()
    """Where a browser may be sent after logging out."""
    grants: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    """The most it may ask for."""
    user_id: str = ""
    """Whom it acts as with client credentials; empty where it may not."""
    trusted: bool = False
    """The operator's own: people are not asked for consent."""
    resource_server: bool = False
    """It may look into tokens that were issued to others."""

    @property
    def public(self) -> bool:
        return not self.secret_hash

    @property
    def reach(self) -> frozenset[str]:
        """What it may do to anybody without their yes: beside what its bot may, which the accounts say.

        Nobody is asked on the way to a trusted client, an owner who follows a link neither.
        """
        return BUILT_IN[OWNER] if self.trusted and ADMIN in self.scopes else NONE

    @property
    def own(self) -> bool:
        """Whether it is one of this server's own clients, which have no row."""
        return self.id == FIRST_PARTY


class AuthorizationCode(msgspec.Struct, frozen=True):
    """What a code stands for between the browser's return and the token."""

    code_hash: bytes
    client_id: str
    user_id: str
    redirect_uri: str
    scope: str
    nonce: str
    challenge: str
    """PKCE, S256; empty: the client sent none."""
    auth_epoch: int
    auth_ms: int
    """When the person proved who they are."""
    expires_ms: int
    login_id: str = ""
    """The login it was spent for, so that a second attempt to spend it ends that one."""


class DeviceState(Enum):
    """How far a device has come that asks to be let in."""

    WAITING = 0
    ALLOWED = 1
    DENIED = 2
    SPENT = 3


class DeviceRequest(msgspec.Struct, frozen=True):
    """A device without a browser that asks to be let in (RFC 8628)."""

    device_hash: bytes
    user_code: str
    client_id: str
    scope: str
    device_name: str
    expires_ms: int
    interval_ms: int
    polled_ms: int = 0
    state: DeviceState = DeviceState.WAITING
    user_id: str = ""
    auth_epoch: int = 0


class Consent(msgspec.Struct, frozen=True):
    """What a person allowed a client."""

    user_id: str
    client_id: str
    scope: str
    granted_ms: int


class Spending(Enum):
    """How the spending of a code went."""

    DONE = "done"
    UNKNOWN = "unknown"
    REUSED = "reused"
    """It was spent before; the login of the first time was ended in the same transaction."""
    STALE = "stale"
    """The person was banned or changed the password since."""


class Spent(msgspec.Struct, frozen=True):
    """What spending a code brought about."""

    outcome: Spending
    ended: tuple[Login, ...] = ()
    """Logins that are over because of it."""


class ClientStore(Protocol):
    """Everything the authorization server keeps beside accounts."""

    async def add_client(self, client: Client) -> None: ...

    async def client(self, client_id: str) -> Client | None: ...

    async def clients(self, cursor: str, limit: int) -> tuple[list[Client], str]:
        """Return a page of clients, by id, and the next cursor."""

    async def set_client_secret(self, client_id: str, secret_hash: bytes, *, within: frozenset[str]) -> Client | None:
        """Replace the secret and return the client; None when there is none.

        `within` is what whoever asks may do themselves: whoever knows the secret may do what the client may, so one
        that may do more keeps its own (ChatError FORBIDDEN).
        """

    async def delete_client(self, client_id: str, *, within: frozenset[str]) -> Client | None:
        """Remove a client, what it was allowed and what is on its way to it; its logins end by `end_client_logins`.

        Raises ChatError(FORBIDDEN) as above.
        """

    async def end_client_logins(self, client_id: str, user_id: str, limit: int, now_ms: int) -> list[Login]:
        """End, and return, up to `limit` logins of a client; of one person, if `user_id` is not empty."""

    async def keep_login(self, login: Login) -> Login | None:
        """Return the login of this person, client and device that lasts, or insert this one.

        None, changing nothing, when the client is gone or the account closed.
        """

    async def add_code(self, code: AuthorizationCode) -> None: ...

    async def code(self, code_hash: bytes) -> AuthorizationCode | None: ...

    async def spend_code(self, code_hash: bytes, login: Login, *, keep: int) -> Spent:
        """Spend a code for a login, once, keeping at most `keep` of this person's logins of this client."""

    async def add_device_request(self, request: DeviceRequest) -> bool:
        """Insert a request; False when its user code is taken."""

    async def device_request(self, user_code: str) -> DeviceRequest | None: ...

    async def poll_device(self, device_hash: bytes, now_ms: int, slower_ms: int) -> DeviceRequest | None:
        """Note that a device asked, and return its request as it was before.

        One that asks before its interval is over gets an interval longer by `slower_ms`.
        """

    async def answer_device(self, user_code: str, user_id: str, auth_epoch: int, allowed: bool, now_ms: int) -> bool:
        """Let a device in or not; False when there is no such request that waits."""

    async def spend_device(self, device_hash: bytes, login: Login, *, keep: int) -> Spent:
        """Spend an allowed request for a login, once; UNKNOWN when it is not allowed, or was spent."""

    async def consent(self, user_id: str, client_id: str) -> Consent | None: ...

    async def add_consent(self, consent: Consent) -> None:
        """Remember a consent, with what was allowed before."""

    async def consents(self, user_id: str, cursor: str, limit: int) -> tuple[list[Consent], str]:
        """Return a page of what a person allowed, by client, and the next cursor."""

    async def drop_consent(self, user_id: str, client_id: str) -> bool:
        """Forget a consent; False when there was none."""

    async def drop_expired(self, before_ms: int) -> None:
        """Remove codes and device requests that ended before then."""

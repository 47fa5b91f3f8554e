"""Clients: the programs that get tokens here, each registered by an admin with the most it may do.

A client is known before it is served: where a browser may return to, which grants it may use, which scopes it may ask
for.  A program that can keep a secret has one, shown once; one that people hold in their hands is public and proves
itself by PKCE instead.  This server's own clients need no row.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import msgspec

from hubbub.auth.accounts import Accounts
from hubbub.auth.client_ports import Client, ClientStore, Consent
from hubbub.auth.model import Identity
from hubbub.auth.names import clean_line
from hubbub.auth.redirects import clean_redirect
from hubbub.auth.refresh import digest
from hubbub.auth.refusal import OAuthRefusal
from hubbub.auth.scopes import FIRST_PARTY, OFFLINE, OPENID, PROFILE, SCOPES, known, within
from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import new_id, parse_id

__all__ = [
    "AUTHORIZATION_CODE",
    "CLIENT_CREDENTIALS",
    "DEVICE_CODE",
    "GRANTS",
    "IMPLICIT",
    "ONE_MORE",
    "OWN_CLIENT",
    "PASSWORD",
    "REFRESH_TOKEN",
    "WEB_APP",
    "Clients",
    "check_grant",
    "scope_of",
]

AUTHORIZATION_CODE = "authorization_code"
CLIENT_CREDENTIALS = "client_credentials"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
IMPLICIT = "implicit"
ONE_MORE = "urn:hubbub:oauth:grant-type:one-more"
PASSWORD = "password"
REFRESH_TOKEN = "refresh_token"

GRANTS = (AUTHORIZATION_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS, DEVICE_CODE, IMPLICIT)
"""What a registered client may be allowed.  The password is for this server's own clients alone."""

OWN_CLIENT = Client(
    id=FIRST_PARTY,
    name="Hubbub",
    created_ms=0,
    grants=(PASSWORD, REFRESH_TOKEN, DEVICE_CODE, AUTHORIZATION_CODE, ONE_MORE),
)
"""What this server's own clients are: public, known without a row.

Where browsers return to with a code is the web app, at the address of this server itself and nowhere else.
"""

WEB_APP = "/signed-in"
"""The web app at whatever name the browser reached this server by: a path, which leads to no other host."""

_NAME_MAX = 100
_URIS_MAX = 20
_AT_ONCE = 200


def check_grant(client: Client, grant: str) -> None:
    """Raise OAuthRefusal(unauthorized_client) unless the client may use this grant."""
    if grant not in client.grants:
        raise OAuthRefusal("unauthorized_client", message="This client may not use this grant.")


def scope_of(client: Client, asked: str, *, without: frozenset[str] = frozenset()) -> str:
    """Return the scope a client gets for what it asked; all it may have when it asked for nothing.

    Raises OAuthRefusal(invalid_scope).
    """
    allowed = " ".join(one for one in client.scopes if one not in without)
    scope = known(asked) if asked.strip() else allowed
    if scope is None or not within(scope, allowed):
        raise OAuthRefusal("invalid_scope", Code.BAD_SCOPE)
    return scope


class Clients:
    """Everything that can be done with clients."""

    def __init__(self, store: ClientStore, accounts: Accounts, clock: Clock, *, issuer: str) -> None:
        self._store = store
        self._accounts = accounts
        self._clock = clock
        self.own = msgspec.structs.replace(OWN_CLIENT, redirect_uris=(f"{issuer}/", WEB_APP))

    # ------------------------------------------------------------ for admins

    async def create(
        self,
        who: Identity,
        name: str,
        *,
        public: bool = False,
        redirect_uris: Sequence[str] = (),
        logout_uris: Sequence[str] = (),
        grants: Sequence[str] = (),
        scopes: Sequence[str] = (),
        bot: str = "",
        trusted: bool = False,
        resource_server: bool = False,
    ) -> tuple[Client, str]:
        """Register a client and return it with its secret, which is not stored and never shown again.

        One that may use client credentials acts as a bot of the name `bot`, which is made with it.  Raises ChatError
        with BAD_REQUEST, BAD_SCOPE, BAD_USERNAME, USERNAME_TAKEN, or FORBIDDEN for one that could do more than `who`.
        """
        name = clean_line(name, "The client's name", _NAME_MAX)
        if not name:
            raise ChatError(Code.BAD_REQUEST, "A client has a name, which people read when they are asked.")
        grants = tuple(dict.fromkeys(grants)) or (AUTHORIZATION_CODE, REFRESH_TOKEN)
        scopes = tuple(one for one in SCOPES if one in scopes) if _all_known(scopes) else ()
        redirect_uris = tuple(dict.fromkeys(map(clean_redirect, redirect_uris)))
        logout_uris = tuple(dict.fromkeys(map(clean_redirect, logout_uris)))
        _check(public, redirect_uris, logout_uris, grants, bot, trusted or resource_server)
        secret = "" if public else secrets.token_urlsafe(32)
        client = Client(
            id=new_id(),
            name=name,
            created_ms=self._clock.now_ms(),
            secret_hash=digest(secret) if secret else b"",
            redirect_uris=redirect_uris,
            logout_uris=logout_uris,
            grants=grants,
            scopes=scopes or (OPENID, PROFILE, OFFLINE),
            trusted=trusted,
            resource_server=resource_server,
        )
        if not client.reach <= who.permissions:
            raise ChatError(Code.FORBIDDEN, "Nobody is asked on the way to it, and it could do more than you may.")
        if bot:
            client = msgspec.structs.replace(client, user_id=(await self._accounts.add_bot(bot, name)).id)
        await self._store.add_client(client)
        return client, secret

    async def page(self, cursor: str, limit: int) -> tuple[list[Client], str]:
        """Return a page of clients, by id, and the next cursor."""
        return await self._store.clients(cursor, limit)

    async def get(self, client_id: str) -> Client:
        """Return a registered client.  Raises ChatError(NOT_FOUND)."""
        client = await self._store.client(_an_id(client_id))
        if client is None:
            raise ChatError(Code.NOT_FOUND)
        return client

    async def rotate_secret(self, who: Identity, client_id: str) -> tuple[Client, str]:
        """Replace a client's secret, and end what it does with its own credentials.

        Raises ChatError with NOT_FOUND, FORBIDDEN for one that may do more than `who`, or BAD_REQUEST for a public
        client.
        """
        client = await self.get(client_id)
        if client.public:
            raise ChatError(Code.BAD_REQUEST, "A public client has no secret.")
        secret = secrets.token_urlsafe(32)
        changed = await self._store.set_client_secret(client.id, digest(secret), within=who.permissions)
        if changed is None:
            raise ChatError(Code.NOT_FOUND)
        if client.user_id:
            await self._end(client.id, client.user_id)
        return changed, secret

    async def delete(self, who: Identity, client_id: str) -> None:
        """Remove a client; every token it was given ends at once, and its bot is closed.

        Raises ChatError with NOT_FOUND, or FORBIDDEN for one that may do more than `who`.
        """
        client = await self._store.delete_client(_an_id(client_id), within=who.permissions)
        if client is None:
            raise ChatError(Code.NOT_FOUND)
        await self._end(client.id, "")
        if client.user_id:
            await self._accounts.set_active(client.user_id, False)

    # ------------------------------------------------------------ for people

    async def allowed(self, user_id: str, cursor: str, limit: int) -> tuple[list[tuple[Consent, Client]], str]:
        """Return a page of what a person allowed, with the clients, and the next cursor."""
        rows, following = await self._store.consents(user_id, cursor, limit)
        pairs = [(row, await self._store.client(row.client_id)) for row in rows]
        return [(row, client) for row, client in pairs if client is not None], following

    async def forget(self, user_id: str, client_id: str) -> None:
        """Take back what a person allowed a client, and end its logins as that person.  Raises ChatError(NOT_FOUND)."""
        client_id = _an_id(client_id)
        known = await self._store.drop_consent(user_id, client_id)
        ended = await self._end(client_id, user_id)
        if not known and not ended:
            raise ChatError(Code.NOT_FOUND)

    # ------------------------------------------------------------ for the endpoints

    async def find(self, client_id: str) -> Client | None:
        """Return a client by what it calls itself; this server's own for no name."""
        if client_id in ("", FIRST_PARTY):
            return self.own
        try:
            return await self._store.client(parse_id(client_id))
        except ValueError:
            return None

    async def authenticate(self, client_id: str, secret: str, *, address: str) -> Client:
        """Return the client that speaks.

        A public one says its name alone; one that has a secret must show it.  Raises OAuthRefusal(invalid_client) or
        RateLimited.
        """
        client = await self.find(client_id)
        known = client is not None and (
            not secret if client.public else secrets.compare_digest(client.secret_hash, digest(secret))
        )
        if client is None or not known:
            self._accounts.try_once(address)
            raise OAuthRefusal("invalid_client", Code.BAD_CLIENT)
        return client

    async def _end(self, client_id: str, user_id: str) -> int:
        count = 0
        while ended := await self._store.end_client_logins(client_id, user_id, _AT_ONCE, self._clock.now_ms()):
            await self._accounts.tell_ended(*ended)
            count += len(ended)
        return count


def _an_id(client_id: str) -> str:
    try:
        return parse_id(client_id)
    except ValueError:
        raise ChatError(Code.NOT_FOUND) from None


def _all_known(scopes: Sequence[str]) -> bool:
    for scope in scopes:
        if scope not in SCOPES:
            raise ChatError(Code.BAD_SCOPE, f"There is no scope {scope[:40]!r}; there are {', '.join(SCOPES)}.")
    return True


def _check(
    public: bool,
    redirect_uris: Sequence[str],
    logout_uris: Sequence[str],
    grants: Sequence[str],
    bot: str,
    needs_secret: bool,
) -> None:
    """Refuse a registration that contradicts itself.  Raises ChatError(BAD_REQUEST)."""
    wrong = ""
    if unknown := [one for one in grants if one not in GRANTS]:
        wrong = f"There is no grant {unknown[0][:60]!r} for clients; there are {', '.join(GRANTS)}."
    elif len(redirect_uris) > _URIS_MAX or len(logout_uris) > _URIS_MAX:
        wrong = f"A client has at most {_URIS_MAX} redirect URIs."
    elif {AUTHORIZATION_CODE, IMPLICIT} & set(grants) and not redirect_uris:
        wrong = "A client that people are sent from needs a redirect URI."
    elif public and CLIENT_CREDENTIALS in grants:
        wrong = "Client credentials need a client with a secret."
    elif (CLIENT_CREDENTIALS in grants) != bool(bot):
        wrong = "Client credentials and the name of a bot go together: a service acts as its bot."
    elif public and needs_secret:
        wrong = "Only a client with a secret can be trusted, or be a resource server."
    if wrong:
        raise ChatError(Code.BAD_REQUEST, wrong)

"""The authorization server: what a client may get, and how it gets it.

This is the one object that endpoints ask.  Each way to a token ends in the same thing, a login with a scope and a
client, so that whatever ends logins (a ban, a new password, the person's own wish, the client's removal) ends every
token however it was won.
"""

from __future__ import annotations

import hashlib

from hubbub.auth.accounts import Accounts, Grant
from hubbub.auth.client_ports import Client, ClientStore
from hubbub.auth.clients import CLIENT_CREDENTIALS, Clients
from hubbub.auth.refresh import RefreshToken
from hubbub.auth.refusal import OAuthRefusal
from hubbub.auth.scopes import OFFLINE, OPENID, known, within
from hubbub.auth.settings import AuthSettings
from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code

__all__ = ["OAuth", "check_grant", "scope_of"]


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


class OAuth:
    """Everything the endpoints of the authorization server ask."""

    def __init__(self, store: ClientStore, accounts: Accounts, settings: AuthSettings, clock: Clock) -> None:
        self._store = store
        self._accounts = accounts
        self._settings = settings
        self._clock = clock
        self.clients = Clients(store, accounts, clock)

    async def service_token(self, client: Client, scope: str) -> Grant:
        """Return a token with which a service acts as its bot (RFC 6749 section 4.4).

        All of them belong to one login and one device, so a service that asks for a new token carries its socket on
        with it.  Raises OAuthRefusal.
        """
        check_grant(client, CLIENT_CREDENTIALS)
        # There is nobody to identify, and nobody who could be away.
        scope = scope_of(client, scope, without=frozenset({OPENID, OFFLINE}))
        account = await self._accounts.profile(client.user_id)
        device_id = hashlib.blake2b(b"hubbub service " + client.id.encode(), digest_size=16).hexdigest()
        fresh = self._accounts.new_login(
            account,
            RefreshToken.first(),
            device_id=device_id,
            device_name=client.name,
            client_id=client.id,
            scope=" ".join(client.scopes),
        )
        login = await self._store.keep_login(fresh)
        if login is None:
            raise OAuthRefusal("invalid_client", Code.BAD_CLIENT)
        return self._accounts.grant(account, login, None, scope=scope)

    async def refresh(self, client: Client, refresh_token: str, scope: str, *, address: str) -> Grant:
        """Spend a client's refresh token for new tokens; `scope` may ask for less than before.

        Raises OAuthRefusal, or ChatError as `Accounts.refresh` does.
        """
        asked = known(scope) if scope.strip() else None
        if scope.strip() and asked is None:
            raise OAuthRefusal("invalid_scope", Code.BAD_SCOPE)
        try:
            return await self._accounts.refresh(refresh_token, address=address, client_id=client.id, scope=asked)
        except ChatError as error:
            if error.code is Code.BAD_SCOPE:
                raise OAuthRefusal("invalid_scope", Code.BAD_SCOPE) from None
            raise

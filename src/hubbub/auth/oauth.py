"""The authorization server: what a client may get, and how it gets it.

This is the one object that endpoints ask.  Each way to a token ends in the same thing, a login with a scope and a
client, so that whatever ends logins (a ban, a new password, the person's own wish, the client's removal) ends every
token however it was won.
"""

from __future__ import annotations

import hashlib
from typing import Any

from hubbub.auth.accounts import Accounts, Grant
from hubbub.auth.arrivals import Arrivals
from hubbub.auth.browsers import Browsers
from hubbub.auth.client_ports import Client, ClientStore
from hubbub.auth.clients import CLIENT_CREDENTIALS, Clients, check_grant, scope_of
from hubbub.auth.codes import Codes
from hubbub.auth.companions import Companions
from hubbub.auth.devices import Devices
from hubbub.auth.directory import Directory, DirectoryAccounts
from hubbub.auth.factor_ports import FactorStore
from hubbub.auth.foreign import Foreign, Provider
from hubbub.auth.id_tokens import IdTokens
from hubbub.auth.passkeys import Passkeys
from hubbub.auth.refresh import RefreshToken
from hubbub.auth.refusal import OAuthRefusal
from hubbub.auth.scopes import FIRST_PARTY, OFFLINE, OPENID, known
from hubbub.auth.second_factor import SecondFactor
from hubbub.auth.settings import AuthSettings
from hubbub.auth.sign_ins import SignIns
from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code

__all__ = ["OAuth"]

_SWEEP_S = 60.0
_KEPT_MS = 600_000
"""So long after its end a code is remembered, for whoever spends it again."""


class OAuth:
    """Everything the endpoints of the authorization server ask."""

    def __init__(
        self,
        store: ClientStore,
        factor_store: FactorStore,
        accounts: Accounts,
        settings: AuthSettings,
        clock: Clock,
        *,
        issuer: str,
        provider: Provider | None = None,
        directory: Directory | None = None,
    ) -> None:
        """`issuer` is the address people reach this server by: its name to every client.

        From now on the accounts ask for second steps and tell of new devices.
        """
        self._store = store
        self._accounts = accounts
        self._settings = settings
        self._clock = clock
        self._swept = clock.monotonic()
        self.issuer = issuer
        self.clients = Clients(store, accounts, clock, issuer=issuer)
        self.browsers = Browsers(accounts, settings, clock)
        self.id_tokens = IdTokens(accounts.signing, clock, issuer=issuer, lasts_s=settings.access_token_s)
        self.codes = Codes(store, accounts, self.id_tokens, settings, clock, issuer=issuer)
        self.devices = Devices(store, self.clients, accounts, settings, clock)
        self.factors = accounts.factors = SecondFactor(factor_store, settings, clock)
        self.companions = Companions(accounts, self.factors)
        accounts.arrivals = Arrivals(factor_store, settings, clock)
        self.passkeys = Passkeys(factor_store, self.factors, accounts, clock, address=issuer)
        self.foreign: Foreign | None = None
        """None: people sign in here alone."""
        if provider is not None:
            self.foreign = Foreign(provider, factor_store, self.factors, accounts, settings, clock, address=issuer)
        if directory is not None:
            accounts.directory = DirectoryAccounts(directory, factor_store, clock)
        self.sign_ins = SignIns(accounts, self.browsers, self.factors, clock)

    @property
    def foreign_source(self) -> str:
        """The source of a content security policy to which people may be sent to sign in; empty for none."""
        return self.foreign.source if self.foreign else ""

    async def sweep(self) -> None:
        """Forget codes that are long over; at most once a minute, whoever calls."""
        if self._clock.monotonic() - self._swept >= _SWEEP_S:
            self._swept = self._clock.monotonic()
            await self._store.drop_expired(self._clock.now_ms() - _KEPT_MS)

    # ------------------------------------------------------------ tokens without a browser

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

    # ------------------------------------------------------------ tokens that exist

    async def revoke(self, client: Client, token: str) -> None:
        """End the login a token of this client belongs to (RFC 7009).

        A token that is none, or over, changes nothing.  Raises OAuthRefusal for one of another client.
        """
        if _is_jwt(token):
            try:
                identity = self._accounts.verify(token)
            except ChatError as error:
                if error.code in (Code.BAD_TOKEN, Code.TOKEN_EXPIRED):
                    return
                raise
            _check_owner(client, identity.client_id)
            await self._accounts.log_out(identity)
        elif (found := await self._accounts.login_of(token)) is not None:
            _check_owner(client, found[0].client_id or FIRST_PARTY)
            await self._accounts.revoke(token)

    async def introspect(self, client: Client, token: str) -> dict[str, Any]:
        """Return what a token is (RFC 7662); of one that is not good, or not the client's to ask about, only that.

        Raises OAuthRefusal for a client that cannot prove itself.
        """
        if client.public:
            raise OAuthRefusal("invalid_client", Code.BAD_CLIENT, "Only a client with a secret may ask.")
        told = await (self._of_access(token) if _is_jwt(token) else self._of_refresh(token))
        if told is None or not (client.resource_server or told["client_id"] == client.id):
            return {"active": False}
        return told

    async def _of_access(self, token: str) -> dict[str, Any] | None:
        try:
            identity = self._accounts.verify(token)
            await self._accounts.check(identity)
        except ChatError as error:
            if error.code in (Code.BAD_TOKEN, Code.TOKEN_EXPIRED, Code.SESSION_ENDED):
                return None
            raise
        account = await self._accounts.profile(identity.user_id)
        return {
            "active": True,
            "token_type": "Bearer",
            "client_id": identity.client_id,
            "sub": identity.user_id,
            "username": account.username,
            "scope": known(" ".join(identity.scopes)) or "",
            "exp": identity.expires_ms // 1000,
            "iss": self._settings.issuer,
            "aud": self._settings.audience,
        }

    async def _of_refresh(self, token: str) -> dict[str, Any] | None:
        found = await self._accounts.login_of(token)
        if found is None or not found[1]:
            return None
        login = found[0]
        account = await self._accounts.profile(login.user_id)
        if not account.active:
            return None
        return {
            "active": True,
            "client_id": login.client_id or FIRST_PARTY,
            "sub": login.user_id,
            "username": account.username,
            "scope": login.scope,
            "iss": self._settings.issuer,
        }


def _is_jwt(token: str) -> bool:
    return token.count(".") == 2 and token.startswith("ey")


def _check_owner(client: Client, owner: str) -> None:
    if client.id != owner:
        raise OAuthRefusal("unauthorized_client", message="The token was issued to another client.")

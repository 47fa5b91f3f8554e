"""From a person's yes to a token: authorization codes with PKCE, and the implicit answer where a client may have it.

A code lives for a minute, is bound to its client, address and challenge, and is spent once; spent again it ends what it
was spent for, because two hold it (RFC 6749 section 10.5).
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets

from hubbub.auth.accounts import Accounts, Grant
from hubbub.auth.authorization import AuthorizationRequest
from hubbub.auth.browsers import SignedIn
from hubbub.auth.client_ports import AuthorizationCode, Client, ClientStore, Consent, Spending
from hubbub.auth.clients import AUTHORIZATION_CODE, REFRESH_TOKEN, check_grant
from hubbub.auth.id_tokens import IdTokens
from hubbub.auth.refresh import RefreshToken, digest
from hubbub.auth.refusal import OAuthRefusal
from hubbub.auth.scopes import OFFLINE, OPENID, within
from hubbub.auth.settings import AuthSettings
from hubbub.base.clock import Clock
from hubbub.base.errors import Code

__all__ = ["Codes", "lasts"]

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)


class Codes:
    """Gives codes for consent, and tokens for codes."""

    def __init__(
        self,
        store: ClientStore,
        accounts: Accounts,
        id_tokens: IdTokens,
        settings: AuthSettings,
        clock: Clock,
        *,
        issuer: str,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._id_tokens = id_tokens
        self._settings = settings
        self._clock = clock
        self._issuer = issuer

    # ------------------------------------------------------------ consent

    async def needs_consent(self, request: AuthorizationRequest, signed_in: SignedIn) -> bool:
        """Whether the person has to be asked."""
        if "consent" in request.prompt and not request.client.own:
            return True
        if request.client.trusted or request.client.own:
            return False
        # RFC 8252 section 8.6: any app on a device can claim such an address, so an earlier yes may be another's.
        if request.client.public and not request.redirect_uri.startswith("https:"):
            return True
        consent = await self._store.consent(signed_in.account.id, request.client.id)
        return consent is None or not within(request.scope, consent.scope)

    async def consent(self, request: AuthorizationRequest, signed_in: SignedIn) -> None:
        """Remember that the person said yes."""
        now_ms = self._clock.now_ms()
        await self._store.add_consent(Consent(signed_in.account.id, request.client.id, request.scope, now_ms))

    # ------------------------------------------------------------ the answer to the browser

    async def answer(self, request: AuthorizationRequest, signed_in: SignedIn) -> str:
        """Return the address to which the browser goes back, with a code or, where the client may, with tokens."""
        return await (self._tokens(request, signed_in) if request.implicit else self._code(request, signed_in))

    async def _code(self, request: AuthorizationRequest, signed_in: SignedIn) -> str:
        code = secrets.token_urlsafe(32)
        account = signed_in.account
        await self._store.add_code(
            AuthorizationCode(
                code_hash=digest(code),
                client_id=request.client.id,
                user_id=account.id,
                redirect_uri=request.redirect_uri,
                scope=request.scope,
                nonce=request.nonce,
                challenge=request.challenge,
                auth_epoch=account.auth_epoch,
                auth_ms=signed_in.auth_ms,
                expires_ms=self._clock.now_ms() + self._settings.code_s * 1000,
            )
        )
        return request.answered(self._issuer, code=code)

    async def _tokens(self, request: AuthorizationRequest, signed_in: SignedIn) -> str:
        told: dict[str, str] = {}
        account, login, access_token = signed_in.account, None, ""
        if "token" in request.response:
            login = self._accounts.new_login(
                account,
                RefreshToken.first(),
                device_name=request.client.name,
                client_id=request.client.id,
                scope=request.scope,
                until_ms=self._until_ms(),
            )
            await self._accounts.begin(account, login)
            grant = self._accounts.grant(account, login, None)
            access_token = grant.access_token
            told = {
                "access_token": access_token,
                "token_type": "Bearer",
                "expires_in": str(grant.expires_in_s),
                "scope": request.scope,
            }
        if "id_token" in request.response:
            told["id_token"] = self._id_tokens.sign(
                account,
                login,
                client_id=request.client.id,
                scope=request.scope,
                auth_ms=signed_in.auth_ms,
                nonce=request.nonce,
                access_token=access_token,
            )
        return request.answered(self._issuer, **told)

    # ------------------------------------------------------------ the answer to the client

    async def redeem(
        self,
        client: Client,
        code: str,
        redirect_uri: str,
        verifier: str,
        *,
        device_id: str = "",
        device_name: str = "",
        address: str,
    ) -> tuple[Grant, str]:
        """Return tokens for a code, and the id token if it was asked for.

        The device is named by this server's own clients alone.  Raises OAuthRefusal(invalid_grant) or RateLimited.
        """
        check_grant(client, AUTHORIZATION_CODE)
        stored = await self._store.code(digest(code))
        if stored is None:
            self._accounts.try_once(address)
        if stored is None or stored.client_id != client.id or stored.redirect_uri != redirect_uri:
            raise OAuthRefusal("invalid_grant", Code.BAD_TOKEN, "The code is not good for this.")
        if not _proves(verifier, stored.challenge):
            raise OAuthRefusal("invalid_grant", Code.BAD_TOKEN, "The code_verifier is not the one of this code.")
        if not stored.login_id and stored.expires_ms <= self._clock.now_ms():
            raise OAuthRefusal("invalid_grant", Code.BAD_TOKEN, "The code has ended.")
        account = await self._accounts.profile(stored.user_id)
        token = RefreshToken.first() if lasts(client, stored.scope) else None
        login = self._accounts.new_login(
            account,
            token or RefreshToken.first(),
            device_id=device_id if client.own else "",
            device_name=(client.own and device_name) or client.name,
            client_id="" if client.own else client.id,
            scope=stored.scope,
            until_ms=0 if token else self._until_ms(),
        )
        spent = await self._store.spend_code(stored.code_hash, login, keep=self._settings.logins_per_user)
        await self._accounts.tell_ended(*spent.ended)
        if spent.outcome is not Spending.DONE:
            raise OAuthRefusal("invalid_grant", Code.SESSION_ENDED)
        if client.own:
            await self._accounts.note_arrival(account, login, address)
        grant = self._accounts.grant(account, login, token)
        if OPENID not in stored.scope.split():
            return grant, ""
        return grant, self._id_tokens.sign(
            account,
            login,
            client_id=client.id,
            scope=stored.scope,
            auth_ms=stored.auth_ms,
            nonce=stored.nonce,
            access_token=grant.access_token,
        )

    def _until_ms(self) -> int:
        return self._clock.now_ms() + self._settings.access_token_s * 1000


def lasts(client: Client, scope: str) -> bool:
    """Whether a client gets a refresh token: it may use one, and the person allowed it to stay."""
    return client.own or (REFRESH_TOKEN in client.grants and OFFLINE in scope.split())


def _proves(verifier: str, challenge: str) -> bool:
    """Whether this is the verifier of a challenge (RFC 7636 section 4.6).

    A verifier without a challenge is refused too: somebody took the challenge out (RFC 9700 section 4.8.2).
    """
    if not challenge:
        return not verifier
    if not _VERIFIER.fullmatch(verifier):
        return False
    made = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return secrets.compare_digest(made, challenge)

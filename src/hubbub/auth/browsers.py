"""Browsers that signed in at this server, so that the next program does not ask for the password again.

A signed-in browser is a login like a device's, without a refresh token: it is listed among them, and whatever ends
logins ends it.  Its cookie names the login and holds a secret of which only the hash is stored.
"""

from __future__ import annotations

import hmac
import re
import secrets

import msgspec

from hubbub.auth.accounts import Accounts
from hubbub.auth.ports import Account, Login
from hubbub.auth.refresh import RefreshToken, digest
from hubbub.auth.settings import AuthSettings
from hubbub.base.clock import Clock

__all__ = ["BROWSER", "Browsers", "SignedIn", "form_token"]

BROWSER = "browser"
"""`client_id` of these logins.  No client is called so, and no refresh token is theirs."""

_COOKIE = re.compile(r"([0-9a-f]{32})\.([A-Za-z0-9_-]{22})", re.ASCII)


class SignedIn(msgspec.Struct, frozen=True):
    """Who sits at a browser, and since when that is proven."""

    account: Account
    login: Login

    @property
    def auth_ms(self) -> int:
        return self.login.created_ms


class Browsers:
    """Signs browsers in and out."""

    def __init__(self, accounts: Accounts, settings: AuthSettings, clock: Clock) -> None:
        self._accounts = accounts
        self._settings = settings
        self._clock = clock

    async def enter(self, account: Account, device_id: str, name: str, address: str) -> tuple[SignedIn, str]:
        """Return who signed in, having proved who they are, and the cookie that says so from now on.

        Raises ChatError as `Accounts.begin` does.
        """
        token = RefreshToken.first()
        login = self._accounts.new_login(
            account,
            token,
            device_id=device_id,
            device_name=name,
            client_id=BROWSER,
            until_ms=self._clock.now_ms() + self._settings.sign_in_s * 1000,
        )
        await self._accounts.begin(account, login, address=address)
        return SignedIn(account, login), f"{token.login_id}.{token.family}"

    async def who(self, cookie: str) -> SignedIn | None:
        """Return who a cookie says is there, if that still holds."""
        match = _COOKIE.fullmatch(cookie)
        standing = await self._accounts.standing(match[1]) if match else None
        if match is None or standing is None:
            return None
        login, account = standing
        good = secrets.compare_digest(login.family_hash, digest(match[2])) and login.client_id == BROWSER
        if not good or login.ended_ms or not account.active or login.until_ms <= self._clock.now_ms():
            return None
        return SignedIn(account, login)

    async def sign_out(self, signed_in: SignedIn, *others: str) -> None:
        """End it, and these logins of the same person beside it."""
        for login_id in (signed_in.login.id, *others):
            await self._accounts.end_if_of(signed_in.account.id, login_id)


def form_token(browser: str, purpose: str, *bound: str) -> str:
    """Return what a form must bring back, so that no other page can send it.

    `browser` is a secret that only this browser and we know; the token is good for one purpose and for exactly what the
    page showed.
    """
    message = "\0".join((purpose, *bound)).encode()
    return hmac.digest(browser.encode(), message, "sha256").hex()

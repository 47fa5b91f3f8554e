"""How a browser signs in, one step after the other: a password, then whatever else its person has set up.

Between two steps nothing is kept in the browser but the secret of a step, which is good for minutes and for this person
alone.  A step is spent by the sign-in it leads to.
"""

from __future__ import annotations

import json

import msgspec

from hubbub.auth.accounts import Accounts
from hubbub.auth.browsers import Browsers, SignedIn
from hubbub.auth.ports import Account, Login
from hubbub.auth.second_factor import SecondFactor
from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code

__all__ = ["NO_PASSWORD", "Entered", "Pending", "SignIns", "Visitor"]

NO_PASSWORD = "*"
"""The hash of an account whose person proves elsewhere who they are; no password has it."""

_STEP_MS = 5 * 60_000
_FRESH_MS = 10 * 60_000
_PROVEN = "proven"


class Visitor(msgspec.Struct, frozen=True):
    """Where somebody signs in from."""

    device_id: str
    name: str
    address: str


class Entered(msgspec.Struct, frozen=True):
    """Who signed in, and the cookie that says so from now on."""

    signed_in: SignedIn
    cookie: str


class Pending(msgspec.Struct, frozen=True):
    """Who has taken the first step, and the secret by which the second is taken."""

    account: Account
    secret: str


class SignIns:
    """Takes people's steps."""

    def __init__(self, accounts: Accounts, browsers: Browsers, factors: SecondFactor, clock: Clock) -> None:
        self._accounts = accounts
        self._browsers = browsers
        self._factors = factors
        self._clock = clock

    async def by_password(self, username: str, password: str, visitor: Visitor) -> Entered | Pending:
        """Take a name and a password.  Raises ChatError as `Accounts.prove` does."""
        account = await self._accounts.prove(username, password, address=visitor.address)
        return await self.go_on(account, visitor)

    async def go_on(self, account: Account, visitor: Visitor) -> Entered | Pending:
        """Go on with somebody who has taken a first step of whatever sort."""
        if not await self._factors.is_asked_of(account):
            return await self.enter(account, visitor)
        epoch = str(account.auth_epoch)
        return Pending(account, await self._factors.begin(_PROVEN, account.id, lasts_ms=_STEP_MS, epoch=epoch))

    async def pending(self, secret: str) -> Account:
        """Return who has taken the first step.  Raises ChatError(SESSION_ENDED) when that is too long ago."""
        step = await self._factors.take_up(secret, _PROVEN, spend=False)
        if step is None:
            raise ChatError(Code.SESSION_ENDED, "Sign in again: that took too long.")
        account = await self._accounts.profile(step.user_id)
        if not account.active or str(account.auth_epoch) != json.loads(step.data)["epoch"]:
            raise ChatError(Code.SESSION_ENDED, "Sign in again: the account has changed.")
        return account

    async def by_code(self, secret: str, code: str, visitor: Visitor) -> Entered:
        """Take the second step by a code.

        Raises ChatError with SESSION_ENDED, BAD_SECOND_FACTOR or RATE_LIMITED.
        """
        account = await self.pending(secret)
        try:
            await self._factors.check(account, code, device_id=visitor.device_id, address=visitor.address)
        except ChatError as refusal:
            if refusal.code is Code.BAD_SECOND_FACTOR:
                await self._accounts.refused(account.id, "second step")
            raise
        return await self.finish(secret, account, visitor)

    async def finish(self, secret: str, account: Account, visitor: Visitor) -> Entered:
        """Let in who has taken the second step.  Raises ChatError(SESSION_ENDED) the second time."""
        if await self._factors.take_up(secret, _PROVEN, spend=True) is None:
            raise ChatError(Code.SESSION_ENDED, "Sign in again: that took too long.")
        return await self.enter(account, visitor)

    async def enter(self, account: Account, visitor: Visitor) -> Entered:
        """Let somebody in of whom nothing more is asked."""
        return Entered(*await self._browsers.enter(account, visitor.device_id, visitor.name, visitor.address))

    async def prove_self(self, login: Login, password: str, *, address: str) -> Account:
        """Return the person of a login if they are there themselves, before something that outlasts the login.

        They show their password, or, having none, have signed in only just now.  Raises ChatError as `Accounts.prove`
        does.
        """
        account = await self._accounts.profile(login.user_id)
        if account.password_hash != NO_PASSWORD or password:
            return await self._accounts.prove(account.username, password, address=address)
        if self._clock.now_ms() - login.created_ms > _FRESH_MS:
            raise ChatError(Code.BAD_CREDENTIALS, "Sign in again first: this login is too old for that.")
        return account

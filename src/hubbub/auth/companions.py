"""One more device of an installation that somebody has just let in without a password of theirs.

An installation may hold two logins, such as the command line: one for what runs and one for what is over in a moment.
Who types a password gives both; who let a device in by a code or a browser would be asked twice.  So the first login's
tokens come with a secret that gives a second one: once, within a minute, and only while the first one lasts.
"""

from __future__ import annotations

import json

import msgspec

from hubbub.auth.accounts import Accounts, Grant
from hubbub.auth.refresh import RefreshToken
from hubbub.auth.second_factor import SecondFactor
from hubbub.base.errors import ChatError, Code

__all__ = ["Companions"]

_KIND = "one-more"
_LASTS_MS = 60_000


class Companions:
    """Lets one more device in."""

    def __init__(self, accounts: Accounts, factors: SecondFactor) -> None:
        self._accounts = accounts
        self._factors = factors

    async def offer(self, grant: Grant) -> Grant:
        """Return what a device was given, with the secret for one more."""
        kept = {"login": grant.login.id, "epoch": str(grant.account.auth_epoch)}
        secret = await self._factors.begin(_KIND, grant.account.id, lasts_ms=_LASTS_MS, **kept)
        return msgspec.structs.replace(grant, one_more=secret)

    async def take(self, secret: str, *, device_id: str = "", device_name: str = "") -> Grant:
        """Let the second device in.  Raises ChatError with BAD_TOKEN or SESSION_ENDED."""
        step = await self._factors.take_up(secret, _KIND, spend=True)
        if step is None:
            raise ChatError(Code.BAD_TOKEN)
        kept = json.loads(step.data)
        standing = await self._accounts.standing(kept["login"])
        if standing is None or standing[0].ended_ms or not standing[1].active:
            raise ChatError(Code.SESSION_ENDED)
        account = standing[1]
        if str(account.auth_epoch) != kept["epoch"]:
            raise ChatError(Code.SESSION_ENDED)
        token = RefreshToken.first()
        login = self._accounts.new_login(account, token, device_id=device_id, device_name=device_name)
        # Nobody is told of a new device: they were of the first one, a moment ago.
        await self._accounts.begin(account, login)
        return self._accounts.grant(account, login, token)

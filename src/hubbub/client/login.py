"""Where tokens come from: one that was handed in, a password, a kept login, or the secret of a registered program.

A refresh token works once.  So a new pair is kept (by `keep`, which must be durable when it returns) before the old one
is forgotten, and only one refresh runs at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import msgspec

from hubbub.base.clock import Clock
from hubbub.client.errors import HubbubError
from hubbub.client.http import HttpApi, Tokens

EARLY_S = 30.0
"""A token this near its end is replaced before it is used."""


class Login(Protocol):
    """Gives access tokens."""

    async def token(self, http: HttpApi) -> str:
        """Return a token that lives a while yet, renewing it if necessary.

        Raises HubbubError: one that says `retry` is worth another attempt, any other ends the login.
        """

    async def renew(self, http: HttpApi, refused: str) -> str:
        """Return another token than `refused`, which the server turned away or which is about to end.

        Raises HubbubError when there is none to be had.
        """

    def left_s(self) -> float:
        """Return how long the present token lives, in seconds; infinite when that is not known."""


class FixedToken:
    """One access token; when it ends, so does the client."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def token(self, http: HttpApi) -> str:
        return self._token

    async def renew(self, http: HttpApi, refused: str) -> str:
        if refused != self._token:
            return self._token
        raise HubbubError("token_expired", "The token was refused, and there is no way to renew it.")

    def left_s(self) -> float:
        return float("inf")


class _Renewing:
    """A login that keeps one token and gets another when it ends; one at a time, whoever asks."""

    def __init__(self, clock: Clock, tokens: Tokens | None = None, obtained_ms: int = 0) -> None:
        self._clock = clock
        self._tokens = tokens
        self._obtained_ms = obtained_ms
        self._lock = asyncio.Lock()

    async def token(self, http: HttpApi) -> str:
        async with self._lock:
            if self._tokens is None or self.left_s() < EARLY_S:
                await self._replace(http)
            assert self._tokens is not None
            return self._tokens.access_token

    async def renew(self, http: HttpApi, refused: str) -> str:
        async with self._lock:
            if self._tokens is None or self._tokens.access_token == refused:
                await self._replace(http)
            assert self._tokens is not None
            return self._tokens.access_token

    def left_s(self) -> float:
        if self._tokens is None:
            return 0.0
        if not self._tokens.expires_in:
            return float("inf")
        return self._tokens.expires_in - (self._clock.now_ms() - self._obtained_ms) / 1000

    async def _replace(self, http: HttpApi) -> None:
        """Get other tokens and put them in place of the old ones.  Raises HubbubError."""
        raise NotImplementedError


class ProgramLogin(_Renewing):
    """A program that an admin registered: a bot or a service, by its id and its secret (protocol.md 2.3)."""

    def __init__(self, clock: Clock, *, client_id: str, client_secret: str, scope: str = "") -> None:
        super().__init__(clock)
        self._client_id = client_id
        self._client_secret = client_secret
        self._scope = scope

    async def _replace(self, http: HttpApi) -> None:
        obtained_ms = self._clock.now_ms()
        self._tokens = await http.log_in_program(self._client_id, self._client_secret, scope=self._scope)
        self._obtained_ms = obtained_ms


class KeptLogin(_Renewing):
    """A login with a refresh token, and a password to fall back on if one was given."""

    def __init__(
        self,
        clock: Clock,
        *,
        tokens: Tokens | None = None,
        obtained_ms: int = 0,
        username: str = "",
        password: str = "",
        device_id: str = "",
        device_name: str = "",
        keep: Callable[[Tokens, int], None] | None = None,
    ) -> None:
        super().__init__(clock, tokens, obtained_ms)
        self._username = username
        self._password = password
        self._device_id = device_id
        self._device_name = device_name
        self._keep = keep

    async def _replace(self, http: HttpApi) -> None:
        old = self._tokens
        if old is not None and old.refresh_token:
            try:
                fresh = await http.refresh(old.refresh_token)
            except HubbubError as error:
                if error.retry or not self._password:
                    raise
                fresh = await self._log_in(http)
        elif self._password:
            fresh = await self._log_in(http)
        else:
            raise HubbubError("unauthenticated")
        if not fresh.refresh_token and old is not None:
            fresh = msgspec.structs.replace(fresh, refresh_token=old.refresh_token)
        obtained_ms = self._clock.now_ms()
        if self._keep is not None:
            await asyncio.to_thread(self._keep, fresh, obtained_ms)
        self._tokens, self._obtained_ms = fresh, obtained_ms

    async def _log_in(self, http: HttpApi) -> Tokens:
        return await http.log_in(
            self._username, self._password, device_id=self._device_id, device_name=self._device_name
        )

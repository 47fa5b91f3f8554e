"""Let in a device that has no browser: it shows a short code, and a person types it in elsewhere (RFC 8628)."""

from __future__ import annotations

import secrets

from hubbub.auth.accounts import Accounts, Grant
from hubbub.auth.client_ports import Client, ClientStore, DeviceRequest, DeviceState, Spending
from hubbub.auth.clients import DEVICE_CODE, Clients, check_grant, scope_of
from hubbub.auth.codes import lasts
from hubbub.auth.names import clean_line
from hubbub.auth.ports import Account
from hubbub.auth.refresh import RefreshToken, digest
from hubbub.auth.refusal import OAuthRefusal
from hubbub.auth.settings import AuthSettings
from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code

__all__ = ["Devices", "shown_code"]

_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""Consonants, so that no word comes out (RFC 8628 section 6.1)."""

_CODE_LETTERS = 8
_TRIES = 5
_SLOWER_MS = 5_000
_DEVICE_NAME_MAX = 100


def shown_code(user_code: str) -> str:
    """Return a user code as people read it."""
    return f"{user_code[:4]}-{user_code[4:]}"


class Devices:
    """Takes requests of devices, has people decide, lets devices in."""

    def __init__(
        self, store: ClientStore, clients: Clients, accounts: Accounts, settings: AuthSettings, clock: Clock
    ) -> None:
        self._store = store
        self._clients = clients
        self._accounts = accounts
        self._settings = settings
        self._clock = clock

    # ------------------------------------------------------------ the device

    async def begin(self, client: Client, scope: str, device_name: str, *, address: str) -> tuple[str, DeviceRequest]:
        """Return a device code, which the device keeps to itself, and the request with the code it shows.

        Raises OAuthRefusal or RateLimited.
        """
        check_grant(client, DEVICE_CODE)
        self._accounts.try_once(address)
        scope = "" if client.own else scope_of(client, scope)
        device_code = secrets.token_urlsafe(32)
        for _ in range(_TRIES):
            request = DeviceRequest(
                device_hash=digest(device_code),
                user_code="".join(secrets.choice(_LETTERS) for _ in range(_CODE_LETTERS)),
                client_id=client.id,
                scope=scope,
                device_name=clean_line(device_name, "The device's name", _DEVICE_NAME_MAX),
                expires_ms=self._clock.now_ms() + self._settings.device_code_s * 1000,
                interval_ms=self._settings.device_poll_s * 1000,
            )
            if await self._store.add_device_request(request):
                return device_code, request
        raise ChatError(Code.OVERLOADED)

    async def poll(self, client: Client, device_code: str, *, device_id: str = "", address: str) -> Grant:
        """Return tokens once somebody let the device in.

        Raises OAuthRefusal with authorization_pending, slow_down, access_denied, expired_token or invalid_grant.
        """
        check_grant(client, DEVICE_CODE)
        now_ms = self._clock.now_ms()
        request = await self._store.poll_device(digest(device_code), now_ms, _SLOWER_MS)
        if request is None:
            self._accounts.try_once(address)
        if request is None or request.client_id != client.id or request.state is DeviceState.SPENT:
            raise OAuthRefusal("invalid_grant", Code.BAD_TOKEN)
        if request.expires_ms <= now_ms:
            raise OAuthRefusal("expired_token", Code.TOKEN_EXPIRED, "Nobody let the device in in time.")
        if request.state is DeviceState.DENIED:
            raise OAuthRefusal("access_denied", Code.ACCESS_DENIED)
        if request.state is DeviceState.WAITING:
            early = now_ms < request.polled_ms + request.interval_ms
            if early:
                raise OAuthRefusal("slow_down", Code.SLOW_DOWN)
            raise OAuthRefusal("authorization_pending", Code.AUTHORIZATION_PENDING)
        return await self._let_in(client, request, device_id, address)

    async def _let_in(self, client: Client, request: DeviceRequest, device_id: str, address: str) -> Grant:
        account = await self._accounts.profile(request.user_id)
        token = RefreshToken.first() if lasts(client, request.scope) else None
        until_ms = 0 if token else self._clock.now_ms() + self._settings.access_token_s * 1000
        login = self._accounts.new_login(
            account,
            token or RefreshToken.first(),
            device_id=device_id if client.own else "",
            device_name=request.device_name or client.name,
            client_id="" if client.own else client.id,
            scope=request.scope,
            until_ms=until_ms,
        )
        spent = await self._store.spend_device(request.device_hash, login, keep=self._settings.logins_per_user)
        await self._accounts.tell_ended(*spent.ended)
        if spent.outcome is not Spending.DONE:
            raise OAuthRefusal("invalid_grant", Code.SESSION_ENDED)
        if client.own:
            # Somebody may have been talked into typing the code of a stranger's device.
            await self._accounts.note_arrival(account, login, address)
        return self._accounts.grant(account, login, token)

    # ------------------------------------------------------------ the person

    async def asked(self, user_code: str) -> tuple[DeviceRequest, Client] | None:
        """Return the request that waits under a code, however it was typed; None when there is none."""
        request = await self._store.device_request(_plain(user_code))
        if request is None or request.state is not DeviceState.WAITING or request.expires_ms <= self._clock.now_ms():
            return None
        client = await self._clients.find(request.client_id)
        return None if client is None else (request, client)

    async def decide(self, account: Account, user_code: str, allowed: bool) -> bool:
        """Let the device in as this person, or not; False when it no longer waits."""
        now_ms = self._clock.now_ms()
        return await self._store.answer_device(_plain(user_code), account.id, account.auth_epoch, allowed, now_ms)


def _plain(user_code: str) -> str:
    return "".join(letter for letter in user_code[:40].upper() if letter in _LETTERS)

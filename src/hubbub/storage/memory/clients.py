"""Clients of the authorization server in memory, over the same accounts in memory.

Each method is one transaction because none of them waits in its middle.  It passes the same contract suite as the
database.
"""

from __future__ import annotations

import msgspec

from hubbub.auth.audit import Act, Deed
from hubbub.auth.client_ports import AuthorizationCode, Client, Consent, DeviceRequest, DeviceState, Spending, Spent
from hubbub.auth.permissions import NONE
from hubbub.auth.ports import Login
from hubbub.storage.auth.clients import client_added
from hubbub.storage.auth.role_rows import can, need_within
from hubbub.storage.memory.accounts import MemoryAccounts

__all__ = ["MemoryClients"]

_replace = msgspec.structs.replace


class MemoryClients:
    """A `ClientStore` that forgets everything when the process ends."""

    def __init__(self, accounts: MemoryAccounts) -> None:
        self._accounts = accounts
        self._clients: dict[str, Client] = {}
        self._codes: dict[bytes, AuthorizationCode] = {}
        self._devices: dict[bytes, DeviceRequest] = {}
        self._consents: dict[tuple[str, str], Consent] = {}

    # ------------------------------------------------------------ clients

    async def add_client(self, client: Client) -> None:
        self._clients[client.id] = client
        self._accounts.note(client_added(client))

    async def client(self, client_id: str) -> Client | None:
        return self._clients.get(client_id)

    async def clients(self, cursor: str, limit: int) -> tuple[list[Client], str]:
        rows = [self._clients[name] for name in sorted(self._clients) if name > cursor]
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else ""

    async def set_client_secret(self, client_id: str, secret_hash: bytes, *, within: frozenset[str]) -> Client | None:
        if client_id in self._clients:
            need_within(await self._reach(self._clients[client_id]), within)
            self._clients[client_id] = _replace(self._clients[client_id], secret_hash=secret_hash)
            self._accounts.note(Deed(Act.CLIENT_SECRET, client_id))
        return self._clients.get(client_id)

    async def delete_client(self, client_id: str, *, within: frozenset[str]) -> Client | None:
        if client_id in self._clients:
            need_within(await self._reach(self._clients[client_id]), within)
        client = self._clients.pop(client_id, None)
        self._codes = {key: one for key, one in self._codes.items() if one.client_id != client_id}
        self._devices = {key: one for key, one in self._devices.items() if one.client_id != client_id}
        self._consents = {key: one for key, one in self._consents.items() if one.client_id != client_id}
        if client is not None:
            self._accounts.note(Deed(Act.CLIENT_REMOVED, client_id, {"name": client.name}))
        return client

    async def _reach(self, client: Client) -> frozenset[str]:
        bot = await self._accounts.account(client.user_id)
        return client.reach | (can(bot) if bot is not None else NONE)

    # ------------------------------------------------------------ logins

    async def end_client_logins(self, client_id: str, user_id: str, limit: int, now_ms: int) -> list[Login]:
        return self._accounts.end_of_client(client_id, user_id, limit, now_ms)

    async def keep_login(self, login: Login) -> Login | None:
        account = await self._accounts.account(login.user_id)
        if login.client_id not in self._clients or account is None or not account.active:
            return None
        found = self._accounts.of_device(login.user_id, login.client_id, login.device_id)
        if found is None:
            await self._accounts.add_login(login, auth_epoch=account.auth_epoch, keep=1_000_000)
        return found or login

    # ------------------------------------------------------------ codes

    async def add_code(self, code: AuthorizationCode) -> None:
        self._codes[code.code_hash] = code

    async def code(self, code_hash: bytes) -> AuthorizationCode | None:
        return self._codes.get(code_hash)

    async def spend_code(self, code_hash: bytes, login: Login, *, keep: int) -> Spent:
        code = self._codes.get(code_hash)
        if code is None:
            return Spent(Spending.UNKNOWN)
        if code.login_id:
            first = await self._accounts.end_login(code.login_id, login.created_ms, why="code used twice")
            return Spent(Spending.REUSED, (first,) if first else ())
        ended = await self._accounts.add_login(login, auth_epoch=code.auth_epoch, keep=keep)
        if ended is None:
            return Spent(Spending.STALE)
        self._codes[code_hash] = _replace(code, login_id=login.id)
        return Spent(Spending.DONE, tuple(ended))

    # ------------------------------------------------------------ devices

    async def add_device_request(self, request: DeviceRequest) -> bool:
        if await self.device_request(request.user_code) is not None:
            return False
        self._devices[request.device_hash] = request
        return True

    async def device_request(self, user_code: str) -> DeviceRequest | None:
        return next((one for one in self._devices.values() if one.user_code == user_code), None)

    async def poll_device(self, device_hash: bytes, now_ms: int, slower_ms: int) -> DeviceRequest | None:
        request = self._devices.get(device_hash)
        if request is not None:
            early = now_ms < request.polled_ms + request.interval_ms
            interval_ms = request.interval_ms + (slower_ms if early else 0)
            self._devices[device_hash] = _replace(request, polled_ms=now_ms, interval_ms=interval_ms)
        return request

    async def answer_device(self, user_code: str, user_id: str, auth_epoch: int, allowed: bool, now_ms: int) -> bool:
        request = await self.device_request(user_code)
        if request is None or request.state is not DeviceState.WAITING or request.expires_ms <= now_ms:
            return False
        state = DeviceState.ALLOWED if allowed else DeviceState.DENIED
        answered = _replace(request, state=state, user_id=user_id, auth_epoch=auth_epoch)
        self._devices[request.device_hash] = answered
        return True

    async def spend_device(self, device_hash: bytes, login: Login, *, keep: int) -> Spent:
        request = self._devices.get(device_hash)
        if request is None or request.state is not DeviceState.ALLOWED or request.user_id != login.user_id:
            return Spent(Spending.UNKNOWN)
        ended = await self._accounts.add_login(login, auth_epoch=request.auth_epoch, keep=keep)
        if ended is None:
            return Spent(Spending.STALE)
        self._devices[device_hash] = _replace(request, state=DeviceState.SPENT)
        return Spent(Spending.DONE, tuple(ended))

    # ------------------------------------------------------------ consents

    async def consent(self, user_id: str, client_id: str) -> Consent | None:
        return self._consents.get((user_id, client_id))

    async def add_consent(self, consent: Consent) -> None:
        key = (consent.user_id, consent.client_id)
        before = self._consents.get(key)
        scope = sorted({*consent.scope.split(), *(before.scope.split() if before else ())})
        self._consents[key] = _replace(consent, scope=" ".join(scope))
        given: dict[str, object] = {"client": consent.client_id, "scope": " ".join(scope)}
        self._accounts.note(Deed(Act.CONSENT_GIVEN, consent.user_id, given))

    async def consents(self, user_id: str, cursor: str, limit: int) -> tuple[list[Consent], str]:
        mine = sorted(client_id for owner, client_id in self._consents if owner == user_id and client_id > cursor)
        rows = [self._consents[user_id, client_id] for client_id in mine[:limit]]
        return rows, rows[-1].client_id if len(mine) > limit else ""

    async def drop_consent(self, user_id: str, client_id: str) -> bool:
        if self._consents.pop((user_id, client_id), None) is None:
            return False
        self._accounts.note(Deed(Act.CONSENT_WITHDRAWN, user_id, {"client": client_id}))
        return True

    # ------------------------------------------------------------ the past

    async def drop_expired(self, before_ms: int) -> None:
        self._codes = {key: one for key, one in self._codes.items() if one.expires_ms >= before_ms}
        self._devices = {key: one for key, one in self._devices.items() if one.expires_ms >= before_ms}

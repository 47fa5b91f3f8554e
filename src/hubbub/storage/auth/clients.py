"""Clients of the authorization server in the database: one function per transaction.

What is spent once (a code, an allowed device) is locked before it is read, and the login it is spent for is inserted in
the same transaction, so that whoever spends it again finds that login and ends it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from hubbub.auth.audit import Act, Deed
from hubbub.auth.client_ports import AuthorizationCode, Client, Consent, DeviceRequest, DeviceState, Spending, Spent
from hubbub.auth.permissions import NONE
from hubbub.auth.ports import Login
from hubbub.storage.again import write_again
from hubbub.storage.auth.audit import note
from hubbub.storage.auth.login_rows import (
    LOGIN,
    account_where,
    begun_deed,
    end_logins,
    insert_login,
    login_row,
    one_row,
)
from hubbub.storage.auth.role_rows import can, need_within
from hubbub.storage.database import Database
from hubbub.storage.tables.account import logins, users
from hubbub.storage.tables.client import authorization_codes, clients, consents, device_requests

__all__ = ["SqlClients"]

T = TypeVar("T")

_CLIENT = [clients.c[name] for name in Client.__struct_fields__]
_CODE = [authorization_codes.c[name] for name in AuthorizationCode.__struct_fields__]
_DEVICE = [device_requests.c[name] for name in DeviceRequest.__struct_fields__]
_CONSENT = [consents.c[name] for name in Consent.__struct_fields__]
_LISTS = ("redirect_uris", "logout_uris", "grants", "scopes")


class SqlClients:
    """A `ClientStore` on a `Database`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def _write(self, work: Callable[[Connection], T]) -> T:
        return await write_again(self._db, work)

    # ------------------------------------------------------------ clients

    async def add_client(self, client: Client) -> None:
        row = msgspec.structs.asdict(client)
        row.update((name, msgspec.json.encode(row[name]).decode()) for name in _LISTS)
        row["user_id"] = client.user_id or None

        def work(conn: Connection) -> None:
            conn.execute(insert(clients), [row])
            note(self._db, conn, [client_added(client)])

        await self._write(work)

    async def client(self, client_id: str) -> Client | None:
        return await self._db.read(lambda conn: _client(conn, client_id))

    async def clients(self, cursor: str, limit: int) -> tuple[list[Client], str]:
        def work(conn: Connection) -> tuple[list[Client], str]:
            statement = select(*_CLIENT).where(clients.c.id > cursor).order_by(clients.c.id).limit(limit + 1)
            rows = conn.execute(statement).all()
            found = [_as_client(row) for row in rows[:limit]]
            return found, found[-1].id if len(rows) > limit else ""

        return await self._db.read(work)

    async def set_client_secret(self, client_id: str, secret_hash: bytes, *, within: frozenset[str]) -> Client | None:
        def work(conn: Connection) -> Client | None:
            client = _client(conn, client_id, lock=True)
            if client is None:
                return None
            need_within(_reach(conn, client), within)
            conn.execute(update(clients).where(clients.c.id == client_id).values(secret_hash=secret_hash))
            note(self._db, conn, [Deed(Act.CLIENT_SECRET, client_id)])
            return msgspec.structs.replace(client, secret_hash=secret_hash)

        return await self._write(work)

    async def delete_client(self, client_id: str, *, within: frozenset[str]) -> Client | None:
        def work(conn: Connection) -> Client | None:
            client = _client(conn, client_id, lock=True)
            if client is not None:
                need_within(_reach(conn, client), within)
                for table in (authorization_codes, device_requests, consents):
                    conn.execute(delete(table).where(table.c.client_id == client_id))
                conn.execute(delete(clients).where(clients.c.id == client_id))
                note(self._db, conn, [Deed(Act.CLIENT_REMOVED, client_id, {"name": client.name})])
            return client

        return await self._write(work)

    # ------------------------------------------------------------ logins

    async def end_client_logins(self, client_id: str, user_id: str, limit: int, now_ms: int) -> list[Login]:
        which = and_(logins.c.client_id == client_id, logins.c.ended_ms == 0)
        if user_id:
            which = and_(which, logins.c.user_id == user_id)

        def work(conn: Connection) -> list[Login]:
            statement = select(*LOGIN).where(which).order_by(logins.c.id).limit(limit).with_for_update()
            return end_logins(self._db, conn, [Login(*row) for row in conn.execute(statement)], now_ms)

        return await self._write(work)

    async def keep_login(self, login: Login) -> Login | None:
        def work(conn: Connection) -> Login | None:
            # The client's row orders racing requests, and its removal.
            if _client(conn, login.client_id, lock=True) is None:
                return None
            account = account_where(conn, users.c.id == login.user_id)
            if account is None or not account.active:
                return None
            mine = and_(logins.c.user_id == login.user_id, logins.c.client_id == login.client_id)
            same = and_(mine, logins.c.device_id == login.device_id, logins.c.ended_ms == 0)
            row = conn.execute(select(*LOGIN).where(same).order_by(logins.c.id).limit(1)).first()
            if row is not None:
                return Login(*row)
            conn.execute(insert(logins), [msgspec.structs.asdict(login)])
            note(self._db, conn, [begun_deed(login)])
            return login

        return await self._write(work)

    # ------------------------------------------------------------ codes

    async def add_code(self, code: AuthorizationCode) -> None:
        row = {**msgspec.structs.asdict(code), "login_id": None}
        await self._write(lambda conn: conn.execute(insert(authorization_codes), [row]))

    async def code(self, code_hash: bytes) -> AuthorizationCode | None:
        return await self._db.read(lambda conn: _code(conn, code_hash))

    async def spend_code(self, code_hash: bytes, login: Login, *, keep: int) -> Spent:
        def work(conn: Connection) -> Spent:
            code = _code(conn, code_hash, lock=True)
            if code is None:
                return Spent(Spending.UNKNOWN)
            if code.login_id:
                first = login_row(conn, code.login_id, lock=True)
                over = [first] if first is not None and not first.ended_ms else []
                ended = end_logins(self._db, conn, over, login.created_ms, why="code used twice")
                return Spent(Spending.REUSED, tuple(ended))
            pushed = insert_login(self._db, conn, login, auth_epoch=code.auth_epoch, keep=keep)
            if pushed is None:
                return Spent(Spending.STALE)
            this = authorization_codes.c.code_hash == code_hash
            conn.execute(update(authorization_codes).where(this).values(login_id=login.id))
            return Spent(Spending.DONE, tuple(pushed))

        return await self._write(work)

    # ------------------------------------------------------------ devices

    async def add_device_request(self, request: DeviceRequest) -> bool:
        row = {**msgspec.structs.asdict(request), "state": request.state.value, "user_id": request.user_id or None}

        def work(conn: Connection) -> bool:
            if _device(conn, device_requests.c.user_code == request.user_code) is not None:
                return False
            try:
                with conn.begin_nested():
                    conn.execute(insert(device_requests), [row])
            except IntegrityError:
                return False
            return True

        return await self._write(work)

    async def device_request(self, user_code: str) -> DeviceRequest | None:
        return await self._db.read(lambda conn: _device(conn, device_requests.c.user_code == user_code))

    async def poll_device(self, device_hash: bytes, now_ms: int, slower_ms: int) -> DeviceRequest | None:
        this = device_requests.c.device_hash == device_hash

        def work(conn: Connection) -> DeviceRequest | None:
            request = _device(conn, this, lock=True)
            if request is not None:
                early = now_ms < request.polled_ms + request.interval_ms
                interval_ms = request.interval_ms + (slower_ms if early else 0)
                noted = {"polled_ms": now_ms, "interval_ms": interval_ms}
                conn.execute(update(device_requests).where(this).values(noted))
            return request

        return await self._write(work)

    async def answer_device(self, user_code: str, user_id: str, auth_epoch: int, allowed: bool, now_ms: int) -> bool:
        this = device_requests.c.user_code == user_code

        def work(conn: Connection) -> bool:
            request = _device(conn, this, lock=True)
            if request is None or request.state is not DeviceState.WAITING or request.expires_ms <= now_ms:
                return False
            state = DeviceState.ALLOWED if allowed else DeviceState.DENIED
            answer = {"state": state.value, "user_id": user_id, "auth_epoch": auth_epoch}
            conn.execute(update(device_requests).where(this).values(answer))
            return True

        return await self._write(work)

    async def spend_device(self, device_hash: bytes, login: Login, *, keep: int) -> Spent:
        this = device_requests.c.device_hash == device_hash

        def work(conn: Connection) -> Spent:
            request = _device(conn, this, lock=True)
            if request is None or request.state is not DeviceState.ALLOWED or request.user_id != login.user_id:
                return Spent(Spending.UNKNOWN)
            ended = insert_login(self._db, conn, login, auth_epoch=request.auth_epoch, keep=keep)
            if ended is None:
                return Spent(Spending.STALE)
            conn.execute(update(device_requests).where(this).values(state=DeviceState.SPENT.value))
            return Spent(Spending.DONE, tuple(ended))

        return await self._write(work)

    # ------------------------------------------------------------ consents

    async def consent(self, user_id: str, client_id: str) -> Consent | None:
        return await self._db.read(lambda conn: _consent(conn, user_id, client_id))

    async def add_consent(self, consent: Consent) -> None:
        this = _of(consent.user_id, consent.client_id)

        def work(conn: Connection) -> None:
            before = _consent(conn, consent.user_id, consent.client_id, lock=True)
            scope = sorted({*consent.scope.split(), *(before.scope.split() if before else ())})
            row = {**msgspec.structs.asdict(consent), "scope": " ".join(scope)}
            if before is None:
                try:
                    with conn.begin_nested():
                        conn.execute(insert(consents), [row])
                except IntegrityError:
                    # Another page of this person was first; its consent is one to add to.
                    before = _consent(conn, consent.user_id, consent.client_id, lock=True)
                    assert before is not None
                    row["scope"] = " ".join(sorted({*scope, *before.scope.split()}))
            if before is not None:
                conn.execute(update(consents).where(this).values(row))
            given = {"client": consent.client_id, "scope": row["scope"]}
            note(self._db, conn, [Deed(Act.CONSENT_GIVEN, consent.user_id, given)])

        await self._write(work)

    async def consents(self, user_id: str, cursor: str, limit: int) -> tuple[list[Consent], str]:
        def work(conn: Connection) -> tuple[list[Consent], str]:
            mine = and_(consents.c.user_id == user_id, consents.c.client_id > cursor)
            statement = select(*_CONSENT).where(mine).order_by(consents.c.client_id).limit(limit + 1)
            rows = [Consent(*row) for row in conn.execute(statement)]
            return rows[:limit], rows[limit - 1].client_id if len(rows) > limit else ""

        return await self._db.read(work)

    async def drop_consent(self, user_id: str, client_id: str) -> bool:
        def work(conn: Connection) -> bool:
            if conn.execute(delete(consents).where(_of(user_id, client_id))).rowcount == 0:
                return False
            note(self._db, conn, [Deed(Act.CONSENT_WITHDRAWN, user_id, {"client": client_id})])
            return True

        return await self._write(work)

    # ------------------------------------------------------------ the past

    async def drop_expired(self, before_ms: int) -> None:
        def work(conn: Connection) -> None:
            for table in (authorization_codes, device_requests):
                conn.execute(delete(table).where(table.c.expires_ms < before_ms))

        await self._write(work)


# ---------------------------------------------------------------- inside a transaction


def client_added(client: Client) -> Deed:
    """Return what the audit log remembers of a new client."""
    detail: dict[str, object] = {"name": client.name, "grants": list(client.grants), "scopes": list(client.scopes)}
    return Deed(Act.CLIENT_ADDED, client.id, {**detail, "bot": client.user_id, "trusted": client.trusted})


def _as_client(row: Sequence[Any]) -> Client:
    values = dict(zip(Client.__struct_fields__, row, strict=True))
    values.update((name, msgspec.json.decode(values[name], type=tuple[str, ...])) for name in _LISTS)
    values["user_id"] = values["user_id"] or ""
    return Client(**values)


def _client(conn: Connection, client_id: str, *, lock: bool = False) -> Client | None:
    row = one_row(conn, select(*_CLIENT).where(clients.c.id == client_id), lock)
    return None if row is None else _as_client(row)


def _reach(conn: Connection, client: Client) -> frozenset[str]:
    """Return what may be done with a client's secret, as what its bot may do is now."""
    bot = account_where(conn, users.c.id == client.user_id, lock=True) if client.user_id else None
    return client.reach | (can(bot) if bot is not None else NONE)


def _code(conn: Connection, code_hash: bytes, *, lock: bool = False) -> AuthorizationCode | None:
    row = one_row(conn, select(*_CODE).where(authorization_codes.c.code_hash == code_hash), lock)
    if row is None:
        return None
    code = AuthorizationCode(*row)
    return msgspec.structs.replace(code, login_id=code.login_id or "")


def _device(conn: Connection, which: ColumnElement[bool], *, lock: bool = False) -> DeviceRequest | None:
    row = one_row(conn, select(*_DEVICE).where(which), lock)
    if row is None:
        return None
    values = dict(zip(DeviceRequest.__struct_fields__, row, strict=True))
    return DeviceRequest(**{**values, "state": DeviceState(values["state"]), "user_id": values["user_id"] or ""})


def _consent(conn: Connection, user_id: str, client_id: str, *, lock: bool = False) -> Consent | None:
    row = one_row(conn, select(*_CONSENT).where(_of(user_id, client_id)), lock)
    return None if row is None else Consent(*row)


def _of(user_id: str, client_id: str) -> ColumnElement[bool]:
    return and_(consents.c.user_id == user_id, consents.c.client_id == client_id)

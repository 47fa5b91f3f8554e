"""Accounts in the database: one function per transaction.

Rows that decide something are locked before they are read (`FOR UPDATE`, which SQLite does without because it has one
writer), so that a refresh token is spent once and a name is taken once however many nodes try.  Transactions that met
another one on a server are run again: that is a moment's wait, and no reason to refuse a login.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Select, and_, bindparam, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from hubbub.auth.audit import Act, Deed
from hubbub.auth.model import Ended
from hubbub.auth.ports import Account, AccountState, Login, Place, Rotation, SigningKey
from hubbub.base.errors import ChatError, Code
from hubbub.storage.again import write_again
from hubbub.storage.auth.audit import note
from hubbub.storage.auth.failures import SqlFailures
from hubbub.storage.auth.joining import added, insert_account
from hubbub.storage.auth.login_rows import (
    ACCOUNT,
    LOGIN,
    account_where,
    end_logins,
    insert_login,
    lasting_logins,
    login_row,
    one_row,
    refused_deed,
)
from hubbub.storage.auth.recovery import SqlRecovery
from hubbub.storage.auth.role_rows import need_over
from hubbub.storage.database import Database
from hubbub.storage.padded import padded
from hubbub.storage.tables.account import logins, place, signing_keys, users
from hubbub.storage.together import Together

__all__ = ["SqlAccounts"]

T = TypeVar("T")

_ENDED = [logins.c.ended_ms, logins.c.id, logins.c.user_id]
_KEY = [signing_keys.c[name] for name in SigningKey.__struct_fields__]
_STANDING = (
    select(*LOGIN, *ACCOUNT)
    .join_from(logins, users, users.c.id == logins.c.user_id)
    .where(logins.c.id.in_(bindparam("login_ids", expanding=True)))
)
_SEEN = select(users.c.id, users.c.last_seen_ms).where(
    users.c.id.in_(bindparam("these", expanding=True)), users.c.last_seen_ms > 0
)
_STATES = {
    AccountState.ACTIVE: users.c.active,
    AccountState.WAITING: users.c.pending,
    AccountState.BANNED: and_(~users.c.active, ~users.c.pending, users.c.deleted_ms == 0),
    AccountState.DELETED: users.c.deleted_ms > 0,
}
_AT_ONCE = 200
_ONLY = 1


class SqlAccounts(SqlRecovery, SqlFailures):
    """An `AccountStore` on a `Database`."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self._standings = Together(self._read_standings)

    # ------------------------------------------------------------ people

    async def add_account(self, account: Account) -> None:
        def work(conn: Connection) -> None:
            insert_account(conn, account)
            note(self._db, conn, [added(account)])

        await write_again(self._db, work)

    async def account(self, user_id: str) -> Account | None:
        return await self._db.read(lambda conn: account_where(conn, users.c.id == user_id))

    async def account_named(self, username_key: str) -> Account | None:
        return await self._db.read(lambda conn: account_where(conn, users.c.username_key == username_key))

    async def people(self, query: str, state: AccountState, cursor: str, limit: int) -> tuple[list[Account], str]:
        which = [_STATES[state]]
        if query:
            which.append(or_(users.c.username_key.contains(query, autoescape=True), users.c.email_key == query))
        if cursor:
            which.append(users.c.id > cursor)
        found = select(*ACCOUNT).where(*which).order_by(users.c.id).limit(limit + 1)
        rows = await self._db.read(lambda conn: [Account(*row) for row in conn.execute(found)])
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else ""

    async def set_profile(
        self,
        user_id: str,
        *,
        display_name: str | None,
        signature: str | None,
        within: frozenset[str] | None = None,
    ) -> Account | None:
        values = {"display_name": display_name, "signature": signature}
        changed = {name: value for name, value in values.items() if value is not None}

        def work(conn: Connection) -> Account | None:
            if within is not None:
                need_over(account_where(conn, users.c.id == user_id, lock=True), within)
            if changed:
                conn.execute(update(users).where(users.c.id == user_id).values(changed))
            account = account_where(conn, users.c.id == user_id)
            if account is not None and changed:
                note(self._db, conn, [Deed(Act.ACCOUNT_CHANGED, user_id, {"fields": sorted(changed)})])
            return account

        return await write_again(self._db, work)

    async def set_avatar(self, user_id: str, file_id: str) -> Account | None:
        def work(conn: Connection) -> Account | None:
            there = and_(users.c.id == user_id, users.c.active)
            conn.execute(update(users).where(there).values(avatar=file_id))
            return account_where(conn, there)

        return await write_again(self._db, work)

    async def set_welcomed(self, user_id: str) -> None:
        await write_again(
            self._db, lambda conn: conn.execute(update(users).where(users.c.id == user_id).values(welcomed=True))
        )

    async def set_password_hash(self, user_id: str, old_hash: str, new_hash: str) -> None:
        unchanged = and_(users.c.id == user_id, users.c.password_hash == old_hash)
        await write_again(
            self._db, lambda conn: conn.execute(update(users).where(unchanged).values(password_hash=new_hash))
        )

    async def change_password(
        self,
        user_id: str,
        old_hash: str,
        new_hash: str,
        *,
        login_id: str,
        family_hash: bytes,
        refresh_hash: bytes,
        now_ms: int,
    ) -> tuple[Account, Login, list[Login]] | None:
        def work(conn: Connection) -> tuple[Account, Login, list[Login]] | None:
            account = account_where(conn, users.c.id == user_id, lock=True)
            login = login_row(conn, login_id, lock=True)
            if account is None or account.password_hash != old_hash:
                return None
            if login is None or login.user_id != user_id or login.ended_ms:
                return None
            account = msgspec.structs.replace(account, password_hash=new_hash, auth_epoch=account.auth_epoch + 1)
            conn.execute(
                update(users).where(users.c.id == user_id).values(password_hash=new_hash, auth_epoch=account.auth_epoch)
            )
            renewed = {"family_hash": family_hash, "refresh_hash": refresh_hash, "used_ms": now_ms}
            conn.execute(update(logins).where(logins.c.id == login_id).values(renewed))
            ended = [one for one in lasting_logins(conn, user_id) if one.id != login_id]
            changed = [Deed(Act.ACCOUNT_PASSWORD, user_id)]
            over = end_logins(self._db, conn, ended, now_ms, also=changed, why="password")
            return account, msgspec.structs.replace(login, **renewed), over

        return await write_again(self._db, work)

    async def set_active(self, user_id: str, active: bool, now_ms: int) -> list[Login]:
        def work(conn: Connection) -> list[Login]:
            account = account_where(conn, users.c.id == user_id, lock=True)
            if account is None or account.active == active or account.deleted_ms:
                return []
            epoch = account.auth_epoch + (not active)
            conn.execute(update(users).where(users.c.id == user_id).values(active=active, auth_epoch=epoch))
            lasting = [] if active else lasting_logins(conn, user_id)
            done = [Deed(Act.ACCOUNT_ADMITTED if active else Act.ACCOUNT_BANNED, user_id)]
            return end_logins(self._db, conn, lasting, now_ms, also=done, why="ban")

        return await write_again(self._db, work)

    async def save_last_seen(self, seen: Sequence[tuple[str, int]]) -> None:
        # In the order of the ids, so that two nodes that save the same people cannot lock each other out.
        rows = [{"seen_id": user_id, "seen_ms": at_ms} for user_id, at_ms in sorted(seen)]
        later = and_(users.c.id == bindparam("seen_id"), users.c.last_seen_ms < bindparam("seen_ms"))
        statement = update(users).where(later).values(last_seen_ms=bindparam("seen_ms"))
        if rows:
            await write_again(self._db, lambda conn: conn.execute(statement, rows))

    async def load_last_seen(self, user_ids: Sequence[str]) -> dict[str, int]:
        def work(conn: Connection) -> dict[str, int]:
            found: dict[str, int] = {}
            for some in padded(user_ids, _AT_ONCE):
                found.update((row.id, row.last_seen_ms) for row in conn.execute(_SEEN, {"these": some}))
            return found

        return await self._db.read(work)

    # ------------------------------------------------------------ logins

    async def add_login(self, login: Login, *, auth_epoch: int, keep: int) -> list[Login] | None:
        return await write_again(
            self._db, lambda conn: insert_login(self._db, conn, login, auth_epoch=auth_epoch, keep=keep)
        )

    async def login_refused(self, user_id: str, why: str) -> None:
        await write_again(self._db, lambda conn: note(self._db, conn, [refused_deed(user_id, why)]))

    async def login(self, login_id: str) -> Login | None:
        return await self._db.read(lambda conn: login_row(conn, login_id))

    async def logins(self, user_id: str, cursor: str, limit: int) -> tuple[list[Login], str]:
        def work(conn: Connection) -> tuple[list[Login], str]:
            mine = and_(logins.c.user_id == user_id, logins.c.ended_ms == 0)
            if cursor:
                mine = and_(mine, logins.c.id > cursor)
            rows = conn.execute(select(*LOGIN).where(mine).order_by(logins.c.id).limit(limit + 1)).all()
            found = [Login(*row) for row in rows[:limit]]
            return found, found[-1].id if len(rows) > limit else ""

        return await self._db.read(work)

    async def standing(self, login_id: str) -> tuple[Login, Account] | None:
        return await self._standings.ask(login_id)

    async def _read_standings(self, login_ids: Sequence[str]) -> dict[str, tuple[Login, Account]]:
        def work(conn: Connection) -> dict[str, tuple[Login, Account]]:
            # Rows that have nothing to do with each other, so it does not matter if there are two statements.
            asked = padded(login_ids, _AT_ONCE)
            rows = [row for some in asked for row in conn.execute(_STANDING, {"login_ids": some})]
            pairs = [(Login(*row[: len(LOGIN)]), Account(*row[len(LOGIN) :])) for row in rows]
            return {login.id: (login, account) for login, account in pairs}

        return await self._db.read(work, single=True)

    async def rotate_refresh(
        self,
        login_id: str,
        *,
        family_hash: bytes,
        old_hash: bytes,
        new_hash: bytes,
        now_ms: int,
        unused_since_ms: int,
        client_id: str = "",
    ) -> Rotation:
        def work(conn: Connection) -> Rotation:
            login = login_row(conn, login_id, lock=True)
            if login is None or login.family_hash != family_hash or login.client_id != client_id or login.until_ms:
                return Rotation.UNKNOWN
            if login.ended_ms or login.used_ms < unused_since_ms:
                return Rotation.ENDED
            if login.refresh_hash != old_hash:
                end_logins(self._db, conn, [login], now_ms, why="refresh token used twice")
                return Rotation.REUSED
            spent = {"refresh_hash": new_hash, "used_ms": now_ms}
            conn.execute(update(logins).where(logins.c.id == login_id).values(spent))
            return Rotation.DONE

        return await write_again(self._db, work)

    async def ended(self, after: tuple[int, str], limit: int) -> tuple[int, list[Ended]]:
        ended_ms, login_id = after
        # What an index is entered by; the rest, if any, only leaves out some of the same millisecond.
        later = logins.c.ended_ms >= ended_ms
        if login_id:
            later = and_(later, or_(logins.c.ended_ms > ended_ms, logins.c.id > login_id))
        found = select(*_ENDED).where(later).order_by(logins.c.ended_ms, logins.c.id).limit(limit)

        def work(conn: Connection) -> tuple[int, list[Ended]]:
            # The clock first, so that what commits after the rows were read is later than it, but for its transaction.
            now_ms = self._db.now_ms(conn)
            return now_ms, [Ended(*row) for row in conn.execute(found)]

        return await self._db.read(work)

    async def end_login(
        self, login_id: str, now_ms: int, *, user_id: str = "", within: frozenset[str] | None = None
    ) -> Login | None:
        def work(conn: Connection) -> Login | None:
            if within is not None:
                need_over(account_where(conn, users.c.id == user_id, lock=True), within)
            login = login_row(conn, login_id, lock=True)
            if login is None or login.ended_ms or user_id not in ("", login.user_id):
                return None
            return end_logins(self._db, conn, [login], now_ms)[0]

        return await write_again(self._db, work)

    async def name_login(self, user_id: str, login_id: str, device_name: str) -> Login | None:
        def work(conn: Connection) -> Login | None:
            login = login_row(conn, login_id, lock=True)
            if login is None or login.user_id != user_id or login.ended_ms:
                return None
            conn.execute(update(logins).where(logins.c.id == login_id).values(device_name=device_name))
            return msgspec.structs.replace(login, device_name=device_name)

        return await write_again(self._db, work)

    async def end_other_logins(
        self, user_id: str, but: str, now_ms: int, *, within: frozenset[str] | None = None
    ) -> list[Login]:
        def work(conn: Connection) -> list[Login]:
            # The person's row orders this with logins that are being added.
            need_over(account_where(conn, users.c.id == user_id, lock=True), within)
            others = [one for one in lasting_logins(conn, user_id) if one.id != but]
            return end_logins(self._db, conn, others, now_ms)

        return await write_again(self._db, work)

    # ------------------------------------------------------------ keys

    async def signing_keys(self) -> list[SigningKey]:
        return await self._db.read(_keys)

    async def add_signing_key(self, key: SigningKey, *, expect: str) -> bool:
        def work(conn: Connection) -> bool:
            # The place's row orders racing nodes also when there is no key yet to lock.
            _place(conn, lock=True)
            keys = _keys(conn)
            if (keys[0].kid if keys else "") != expect:
                return False
            lasting = signing_keys.c.retired_ms == 0
            conn.execute(update(signing_keys).where(lasting).values(retired_ms=key.created_ms))
            conn.execute(insert(signing_keys), [msgspec.structs.asdict(key)])
            note(self._db, conn, [Deed(Act.KEY_ROTATED, key.kid)])
            return True

        return await write_again(self._db, work)

    async def drop_signing_keys(self, retired_before_ms: int) -> None:
        old = and_(signing_keys.c.retired_ms > 0, signing_keys.c.retired_ms < retired_before_ms)
        await write_again(self._db, lambda conn: conn.execute(delete(signing_keys).where(old)))

    # ------------------------------------------------------------ the place

    async def place(self) -> Place:
        def work(conn: Connection) -> Place:
            row = conn.execute(_PLACE).one_or_none()
            return Place(*row) if row is not None else Place()

        return await self._db.read(work)

    async def offer_setup(self, setup_hash: bytes) -> bool:
        def work(conn: Connection) -> bool:
            if _place(conn, lock=True).set_up_ms:
                return False
            conn.execute(update(place).where(place.c.id == _ONLY).values(setup_hash=setup_hash))
            return True

        return await write_again(self._db, work)

    async def set_up(self, setup_hash: bytes, name: str, admin: Account) -> None:
        def work(conn: Connection) -> None:
            now = _place(conn, lock=True)
            if now.set_up_ms:
                raise ChatError(Code.SETUP_DONE)
            if not setup_hash or now.setup_hash != setup_hash:
                raise ChatError(Code.BAD_SETUP_TOKEN)
            insert_account(conn, admin)
            done = {"name": name, "setup_hash": b"", "set_up_ms": admin.created_ms}
            conn.execute(update(place).where(place.c.id == _ONLY).values(done))
            note(self._db, conn, [Deed(Act.PLACE_SET_UP, admin.id, {"name": name}), added(admin)])

        await write_again(self._db, work)


# ---------------------------------------------------------------- inside a transaction

_PLACE: Select[Any] = select(place.c.name, place.c.setup_hash, place.c.set_up_ms).where(place.c.id == _ONLY)


def _keys(conn: Connection) -> list[SigningKey]:
    # One key is not retired, the one that signs; it comes first whatever the clocks of two nodes said.
    order = (signing_keys.c.retired_ms != 0, signing_keys.c.retired_ms.desc(), signing_keys.c.created_ms.desc())
    return [SigningKey(*row) for row in conn.execute(select(*_KEY).order_by(*order))]


def _place(conn: Connection, *, lock: bool) -> Place:
    """Return the place's row, inserting it the first time."""
    row = one_row(conn, _PLACE, lock)
    if row is not None:
        return Place(*row)
    try:
        with conn.begin_nested():
            conn.execute(insert(place), [{"id": _ONLY, "name": "", "setup_hash": b"", "set_up_ms": 0}])
    except IntegrityError:
        # Another node was first; its row is the one, and its commit is waited for.
        return Place(*conn.execute(_PLACE.with_for_update()).one())
    return Place()

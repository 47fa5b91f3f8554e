"""Codes that let people make an account, and accounts that wait to be let in."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from hubbub.auth.audit import Act, Deed
from hubbub.auth.joining import JoinCode
from hubbub.auth.ports import Account
from hubbub.base.errors import ChatError, Code
from hubbub.storage.again import write_again
from hubbub.storage.auth.audit import note
from hubbub.storage.auth.login_rows import ACCOUNT, account_where
from hubbub.storage.auth.role_rows import need_over
from hubbub.storage.database import Database
from hubbub.storage.tables.account import join_codes, users

_CODE = [join_codes.c[name] for name in JoinCode.__struct_fields__]


class SqlJoining:
    """The part of an `AccountStore` that lets people in."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add_join_code(self, code: JoinCode, most: int) -> bool:
        over = or_(
            (join_codes.c.expires_ms > 0) & (join_codes.c.expires_ms <= code.created_ms), join_codes.c.uses_left == 0
        )

        def work(conn: Connection) -> bool:
            conn.execute(delete(join_codes).where(over))
            if conn.execute(select(func.count()).select_from(join_codes)).scalar_one() >= most:
                return False
            conn.execute(insert(join_codes), [msgspec.structs.asdict(code)])
            return True

        return await write_again(self._db, work)

    async def join_code(self, code: str) -> JoinCode | None:
        return await self._db.read(lambda conn: _join_code(conn, code))

    async def join_codes(self, limit: int) -> list[JoinCode]:
        statement = select(*_CODE).order_by(join_codes.c.created_ms.desc(), join_codes.c.code).limit(limit)
        return await self._db.read(lambda conn: [JoinCode(*row) for row in conn.execute(statement)])

    async def drop_join_code(self, code: str) -> bool:
        gone = delete(join_codes).where(join_codes.c.code == code)
        return await write_again(self._db, lambda conn: conn.execute(gone).rowcount > 0)

    async def add_account_by_code(self, account: Account, code: str, now_ms: int) -> None:
        def work(conn: Connection) -> None:
            # The condition is looked at again once the row is locked, so two who race for the last use cannot both win.
            counted = update(join_codes).where(join_codes.c.code == code, join_codes.c.uses_left > 0)
            spent = conn.execute(counted.values(uses_left=join_codes.c.uses_left - 1)).rowcount > 0
            known = _join_code(conn, code)
            if known is None or not (spent or known.uses_left < 0) or 0 < known.expires_ms <= now_ms:
                raise ChatError(Code.BAD_INVITATION)
            insert_account(conn, account)
            note(self._db, conn, [added(account)])

        await write_again(self._db, work)

    async def waiting(self, cursor: str, limit: int) -> tuple[list[Account], str]:
        statement = select(*ACCOUNT).where(users.c.pending).order_by(users.c.id).limit(limit + 1)
        if cursor:
            statement = statement.where(users.c.id > cursor)
        rows = await self._db.read(lambda conn: conn.execute(statement).all())
        found = [Account(*row) for row in rows[:limit]]
        return found, found[-1].id if len(rows) > limit else ""

    async def answer_waiting(
        self, user_id: str, accept: bool, *, within: frozenset[str] | None = None
    ) -> Account | None:
        def work(conn: Connection) -> Account | None:
            account = account_where(conn, users.c.id == user_id, lock=True)
            if account is None or not account.pending:
                return None
            need_over(account, within)
            if accept:
                conn.execute(update(users).where(users.c.id == user_id).values(active=True, pending=False))
            else:
                conn.execute(delete(users).where(users.c.id == user_id))
            note(self._db, conn, [answered(user_id, accept)])
            if not accept:
                return account
            return msgspec.structs.replace(account, active=True, pending=False)

        return await write_again(self._db, work)


def added(account: Account) -> Deed:
    """Return what the audit log remembers of a new account."""
    detail: dict[str, object] = {"username": account.username, "bot": account.bot, "is_admin": account.is_admin}
    return Deed(Act.ACCOUNT_ADDED, account.id, detail)


def answered(user_id: str, accept: bool) -> Deed:
    """Return what the audit log remembers of the answer to somebody who waited."""
    return Deed(Act.ACCOUNT_ADMITTED if accept else Act.ACCOUNT_TURNED_AWAY, user_id)


def insert_account(conn: Connection, account: Account) -> None:
    """Insert a person.  Raises ChatError(USERNAME_TAKEN)."""
    if account_where(conn, users.c.username_key == account.username_key) is not None:
        raise ChatError(Code.USERNAME_TAKEN)
    try:
        conn.execute(insert(users), [msgspec.structs.asdict(account)])
    except IntegrityError as error:
        # The id is fresh and random, so what met is the name, taken by another node a moment ago.
        raise ChatError(Code.USERNAME_TAKEN) from error


def _join_code(conn: Connection, code: str) -> JoinCode | None:
    row: Any = conn.execute(select(*_CODE).where(join_codes.c.code == code)).one_or_none()
    return None if row is None else JoinCode(*row)

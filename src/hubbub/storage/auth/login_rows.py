"""People and logins inside a transaction: what the stores of accounts and of clients do alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, insert, select, update

from hubbub.auth.audit import Act, Deed
from hubbub.auth.ports import Account, Login
from hubbub.storage.auth.audit import note
from hubbub.storage.database import Database
from hubbub.storage.tables.account import logins, users

__all__ = [
    "ACCOUNT",
    "LOGIN",
    "account_where",
    "begun_deed",
    "end_logins",
    "ended_deeds",
    "insert_login",
    "lasting_logins",
    "login_row",
    "one_row",
    "refused_deed",
    "surplus",
]

ACCOUNT = [users.c[name] for name in Account.__struct_fields__]
LOGIN = [logins.c[name] for name in Login.__struct_fields__]


def one_row(conn: Connection, statement: Select[Any], lock: bool) -> Sequence[Any] | None:
    return conn.execute(statement.with_for_update() if lock else statement).one_or_none()


def account_where(conn: Connection, which: ColumnElement[bool], *, lock: bool = False) -> Account | None:
    row = one_row(conn, select(*ACCOUNT).where(which), lock)
    return None if row is None else Account(*row)


def login_row(conn: Connection, login_id: str, *, lock: bool = False) -> Login | None:
    row = one_row(conn, select(*LOGIN).where(logins.c.id == login_id), lock)
    return None if row is None else Login(*row)


def lasting_logins(conn: Connection, user_id: str) -> list[Login]:
    """Return a person's logins that were not ended, locked."""
    mine = select(*LOGIN).where(logins.c.user_id == user_id, logins.c.ended_ms == 0).order_by(logins.c.id)
    return [Login(*row) for row in conn.execute(mine.with_for_update())]


def end_logins(
    db: Database, conn: Connection, ending: Sequence[Login], now_ms: int, *, also: Sequence[Deed] = (), why: str = ""
) -> list[Login]:
    """End logins, and remember it together with what else this transaction does; call it last."""
    if not ending:
        note(db, conn, also)
        return []
    # The caller may have stood still since it looked at its clock, and whoever asks what ended looks back a while.
    now_ms = max(now_ms, db.now_ms(conn))
    ids = [login.id for login in ending]
    conn.execute(update(logins).where(logins.c.id.in_(ids)).values(ended_ms=now_ms))
    ended = sorted((msgspec.structs.replace(login, ended_ms=now_ms) for login in ending), key=lambda one: one.id)
    note(db, conn, [*also, *ended_deeds(ended, why)])
    return ended


def begun_deed(login: Login) -> Deed:
    """Return what the audit log remembers of somebody who logged in."""
    detail: dict[str, object] = {"login_id": login.id, "device": login.device_name, "client": login.client_id}
    return Deed(Act.SESSION_BEGUN, login.user_id, detail)


def refused_deed(user_id: str, why: str) -> Deed:
    """Return what the audit log remembers of a login that was refused; never what was typed."""
    return Deed(Act.SESSION_REFUSED, user_id, {"why": why})


def ended_deeds(ended: Sequence[Login], why: str = "") -> list[Deed]:
    """Return what the audit log remembers of logins that ended."""
    deeds = []
    for login in ended:
        detail: dict[str, object] = {"login_id": login.id, "device": login.device_name, "client": login.client_id}
        deeds.append(Deed(Act.SESSION_ENDED, login.user_id, {**detail, "why": why} if why else detail))
    return deeds


def insert_login(db: Database, conn: Connection, login: Login, *, auth_epoch: int, keep: int) -> list[Login] | None:
    """Do what `AccountStore.add_login` promises."""
    # The person's row orders racing logins, so that each device keeps one.
    account = account_where(conn, users.c.id == login.user_id, lock=True)
    if account is None or not account.active or account.auth_epoch != auth_epoch:
        return None
    ending = surplus(lasting_logins(conn, login.user_id), login, keep)
    conn.execute(insert(logins), [msgspec.structs.asdict(login)])
    return end_logins(db, conn, ending, login.created_ms, also=[begun_deed(login)])


def surplus(lasting: Sequence[Login], login: Login, keep: int) -> list[Login]:
    """Return which of a person's logins end when `login` comes.

    A client pushes aside only logins of its own: what somebody signs in to often must not log out their phone.
    """
    over = [one for one in lasting if one.device_id == login.device_id or 0 < one.until_ms <= login.created_ms]
    others = [one for one in lasting if one not in over and one.client_id == login.client_id]
    others.sort(key=lambda one: (one.used_ms, one.id), reverse=True)
    return over + others[max(0, keep - 1) :]

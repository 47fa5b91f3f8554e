"""Roles and bans in the database: one function per transaction.

Whatever gives or takes power goes through one lock, so that two owners who unmake each other at once leave one.  It is
rare, so that the lock costs nobody anything.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, and_, delete, func, insert, select, update

from hubbub.auth.audit import Act, Deed
from hubbub.auth.names import name_key
from hubbub.auth.permissions import OWNER
from hubbub.auth.ports import Account, Login
from hubbub.auth.role_ports import OWN_ROLES, OwnRole
from hubbub.base.errors import ChatError, Code
from hubbub.storage.again import write_again
from hubbub.storage.auth.audit import note
from hubbub.storage.auth.login_rows import ACCOUNT, account_where, end_logins, lasting_logins
from hubbub.storage.auth.role_rows import can, changed, need_within, of_role, with_role, without_role
from hubbub.storage.database import Database
from hubbub.storage.meta import agree
from hubbub.storage.tables.account import users
from hubbub.storage.tables.chat import meta
from hubbub.storage.tables.role import own_roles

__all__ = ["SqlRoles", "ban_deeds", "bannable", "mute_deed"]

_LOCK = "roles.lock"


class SqlRoles:
    """A `RoleStore` on a `Database`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # ------------------------------------------------------------ roles

    async def roles(self) -> list[OwnRole]:
        return await self._db.read(lambda conn: sorted(_own(conn).values(), key=lambda role: role.name))

    async def save_role(self, role: OwnRole, *, within: frozenset[str]) -> list[str]:
        row = {
            "name": role.name,
            "name_key": name_key(role.name),
            "permissions": msgspec.json.encode(role.permissions).decode(),
        }

        def work(conn: Connection) -> list[str]:
            self._alone(conn)
            own = _own(conn)
            before = own.get(role.id)
            need_within(frozenset(role.permissions) | frozenset(before.permissions if before else ()), within)
            if any(name_key(one.name) == row["name_key"] and one.id != role.id for one in own.values()):
                raise ChatError(Code.CONFLICT, "There is a role of that name.")
            if before is None:
                if len(own) >= OWN_ROLES:
                    raise ChatError(Code.CONFLICT, f"There are at most {OWN_ROLES} roles.")
                conn.execute(insert(own_roles), [{"id": role.id, "created_ms": role.created_ms, **row}])
            else:
                conn.execute(update(own_roles).where(own_roles.c.id == role.id).values(row))
            told = _spread(conn, role.id, {**own, role.id: role})
            detail: dict[str, object] = {"name": role.name, "permissions": list(role.permissions)}
            note(self._db, conn, [Deed(Act.ROLE_SAVED, role.id, detail)])
            return told

        return await write_again(self._db, work)

    async def remove_role(self, role_id: str, *, within: frozenset[str]) -> list[str]:
        def work(conn: Connection) -> list[str]:
            self._alone(conn)
            own = _own(conn)
            role = own.pop(role_id, None)
            if role is None:
                raise ChatError(Code.NOT_FOUND)
            need_within(frozenset(role.permissions), within)
            conn.execute(delete(own_roles).where(own_roles.c.id == role_id))
            told = _spread(conn, role_id, own)
            note(self._db, conn, [Deed(Act.ROLE_REMOVED, role_id, {"name": role.name})])
            return told

        return await write_again(self._db, work)

    async def give_role(self, user_id: str, role: str, *, within: frozenset[str]) -> tuple[Account, bool]:
        def work(conn: Connection) -> tuple[Account, bool]:
            self._alone(conn)
            own = _own(conn)
            account = _person(conn, user_id)
            need_within(can(account) | of_role(role, own), within)
            return self._set(conn, account, with_role(account, role, own), Act.ROLE_GIVEN, role, own)

        return await write_again(self._db, work)

    async def take_role(self, user_id: str, role: str, *, within: frozenset[str]) -> tuple[Account, bool]:
        def work(conn: Connection) -> tuple[Account, bool]:
            self._alone(conn)
            own = _own(conn)
            account = _person(conn, user_id)
            need_within(can(account) | of_role(role, own), within)
            if role == OWNER and account.is_admin:
                _need_other_owner(conn, user_id)
            return self._set(conn, account, without_role(account, role, own), Act.ROLE_TAKEN, role, own)

        return await write_again(self._db, work)

    async def holders(self, role: str, cursor: str, limit: int) -> tuple[list[Account], str]:
        which = users.c.is_admin.is_(True) if role == OWNER else users.c.roles.contains(f" {role} ", autoescape=True)
        if cursor:
            which = and_(which, users.c.id > cursor)
        found = select(*ACCOUNT).where(which).order_by(users.c.id).limit(limit + 1)
        rows = await self._db.read(lambda conn: [Account(*row) for row in conn.execute(found)])
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else ""

    def _set(
        self, conn: Connection, before: Account, after: Account, act: Act, role: str, own: dict[str, OwnRole]
    ) -> tuple[Account, bool]:
        if after == before:
            return before, False
        _store(conn, after)
        name = own[role].name if role in own else role
        note(self._db, conn, [Deed(act, after.id, {"role": role, "name": name})])
        return after, True

    def _alone(self, conn: Connection) -> None:
        """Let nobody else give or take power until this transaction is over."""
        agree(conn, self._db.dialect, _LOCK, "1")
        conn.execute(select(meta.c.value).where(meta.c.key == _LOCK).with_for_update())

    # ------------------------------------------------------------ bans

    async def ban(
        self, user_id: str, until_ms: int, reason: str, now_ms: int, *, within: frozenset[str]
    ) -> list[Login]:
        def work(conn: Connection) -> list[Login]:
            self._alone(conn)
            account = bannable(_person(conn, user_id))
            need_within(can(account), within)
            if account.is_admin:
                _need_other_owner(conn, user_id)
            epoch = account.auth_epoch + account.active
            closed = {"active": False, "auth_epoch": epoch, "banned_until_ms": until_ms}
            conn.execute(update(users).where(users.c.id == user_id).values(closed))
            deeds = ban_deeds(user_id, until_ms, reason)
            return end_logins(self._db, conn, lasting_logins(conn, user_id), now_ms, also=deeds, why="ban")

        return await write_again(self._db, work)

    async def admit(self, user_id: str, *, within: frozenset[str]) -> bool:
        def work(conn: Connection) -> bool:
            self._alone(conn)
            account = account_where(conn, users.c.id == user_id, lock=True)
            if account is None or not account.banned_until_ms:
                return False
            need_within(can(account), within)
            return bool(self._admit(conn, [user_id]))

        return await write_again(self._db, work)

    async def bans(self, cursor: str, limit: int) -> tuple[list[Account], str]:
        banned = and_(users.c.banned_until_ms > 0, users.c.active.is_(False))
        if cursor:
            banned = and_(banned, users.c.id > cursor)
        found = select(*ACCOUNT).where(banned).order_by(users.c.id).limit(limit + 1)
        rows = await self._db.read(lambda conn: [Account(*row) for row in conn.execute(found)])
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else ""

    # ------------------------------------------------------------ mutes

    async def mute(self, user_id: str, until_ms: int, reason: str, *, within: frozenset[str]) -> None:
        def work(conn: Connection) -> None:
            account = bannable(_person(conn, user_id))
            need_within(can(account), within)
            conn.execute(update(users).where(users.c.id == user_id).values(muted_until_ms=until_ms))
            note(self._db, conn, [mute_deed(user_id, until_ms, reason)])

        await write_again(self._db, work)

    async def unmute(self, user_id: str, *, within: frozenset[str]) -> bool:
        def work(conn: Connection) -> bool:
            account = account_where(conn, users.c.id == user_id, lock=True)
            if account is None or not account.muted_until_ms:
                return False
            need_within(can(account), within)
            conn.execute(update(users).where(users.c.id == user_id).values(muted_until_ms=0))
            note(self._db, conn, [Deed(Act.ACCOUNT_UNMUTED, user_id)])
            return True

        return await write_again(self._db, work)

    async def mutes(self, now_ms: int, cursor: str, limit: int) -> tuple[list[Account], str]:
        muted = users.c.muted_until_ms > now_ms
        if cursor:
            muted = and_(muted, users.c.id > cursor)
        found = select(*ACCOUNT).where(muted).order_by(users.c.id).limit(limit + 1)
        rows = await self._db.read(lambda conn: [Account(*row) for row in conn.execute(found)])
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else ""

    async def admit_due(self, now_ms: int, limit: int) -> list[str]:
        over = select(users.c.id).where(users.c.banned_until_ms.between(1, now_ms)).limit(limit)

        def look(conn: Connection) -> Sequence[str]:
            return conn.execute(over).scalars().all()

        # Nearly always there is nobody, which a reader finds out without a lock.
        due = sorted(await self._db.read(look))
        return await write_again(self._db, lambda conn: self._admit(conn, due)) if due else []

    def _admit(self, conn: Connection, user_ids: Sequence[str]) -> list[str]:
        banned = and_(users.c.id.in_(user_ids), users.c.banned_until_ms > 0)
        locked = select(users.c.id, users.c.active).where(banned).order_by(users.c.id).with_for_update()
        rows = conn.execute(locked).all()
        found = [row.id for row in rows if not row.active]
        if rows:
            opened = {"active": True, "banned_until_ms": 0}
            conn.execute(update(users).where(users.c.id.in_([row.id for row in rows])).values(opened))
        note(self._db, conn, [Deed(Act.ACCOUNT_ADMITTED, one) for one in found])
        return found


# ---------------------------------------------------------------- inside a transaction


def bannable(account: Account) -> Account:
    """Return an account that can be closed and opened again: one that waits or was deleted is closed otherwise."""
    if account.pending or account.deleted_ms:
        raise ChatError(Code.USER_NOT_FOUND)
    return account


def ban_deeds(user_id: str, until_ms: int, reason: str) -> list[Deed]:
    """Return what the audit log remembers of a ban."""
    return [Deed(Act.ACCOUNT_BANNED, user_id, {"until_ms": until_ms, "reason": reason})]


def mute_deed(user_id: str, until_ms: int, reason: str) -> Deed:
    """Return what the audit log remembers of a mute."""
    return Deed(Act.ACCOUNT_MUTED, user_id, {"until_ms": until_ms, "reason": reason})


def _own(conn: Connection) -> dict[str, OwnRole]:
    columns = (own_roles.c.id, own_roles.c.name, own_roles.c.permissions, own_roles.c.created_ms)
    rows = conn.execute(select(*columns)).all()
    decode = msgspec.json.Decoder(tuple[str, ...]).decode
    return {row.id: OwnRole(row.id, row.name, decode(row.permissions), row.created_ms) for row in rows}


def _person(conn: Connection, user_id: str) -> Account:
    account = account_where(conn, users.c.id == user_id, lock=True)
    if account is None:
        raise ChatError(Code.USER_NOT_FOUND)
    return account


def _need_other_owner(conn: Connection, user_id: str) -> None:
    """Refuse to leave the place without an owner who can log in."""
    others = and_(users.c.is_admin.is_(True), users.c.active.is_(True), users.c.id != user_id)
    if not conn.execute(select(func.count()).select_from(users).where(others)).scalar_one():
        raise ChatError(Code.CONFLICT, "It is the last owner.")


def _spread(conn: Connection, role_id: str, own: dict[str, OwnRole]) -> list[str]:
    """Let everybody with a role have what it gives now, and return for whom that is something else."""
    having = select(*ACCOUNT).where(users.c.roles.contains(f" {role_id} ")).order_by(users.c.id).with_for_update()
    told = []
    for row in conn.execute(having).all():
        before = Account(*row)
        after = changed(before, own)
        if after != before:
            _store(conn, after)
        if can(after) != can(before):
            told.append(after.id)
    return told


def _store(conn: Connection, account: Account) -> None:
    values = {"roles": account.roles, "granted": account.granted, "is_admin": account.is_admin}
    conn.execute(update(users).where(users.c.id == account.id).values(values))

"""Addresses that were proved, links that were mailed, and accounts that were deleted."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from hubbub.auth.audit import Act, Deed
from hubbub.auth.ports import Account, Login
from hubbub.auth.recovery import MailLink
from hubbub.base.errors import ChatError, Code
from hubbub.storage.again import write_again
from hubbub.storage.auth.audit import note
from hubbub.storage.auth.joining import SqlJoining
from hubbub.storage.auth.left_behind import forget_all
from hubbub.storage.auth.login_rows import ACCOUNT, account_where, end_logins, lasting_logins
from hubbub.storage.auth.role_rows import need_over
from hubbub.storage.tables.account import mail_links, users

DELETED_NAME = "deleted account"
"""Shown for whoever deleted their account.  No username has a blank, so nobody can be called so."""

_LINK = [mail_links.c[name] for name in MailLink.__struct_fields__]


class SqlRecovery(SqlJoining):
    """The part of an `AccountStore` that keeps addresses and links, and closes accounts for good."""

    async def add_mail_link(self, link: MailLink, keep: int, *, within: frozenset[str] | None = None) -> None:
        mine = (mail_links.c.user_id == link.user_id) & (mail_links.c.purpose == link.purpose)
        newest_first = select(mail_links.c.hash).where(mine).order_by(mail_links.c.created_ms.desc(), mail_links.c.hash)

        def work(conn: Connection) -> None:
            if within is not None:
                need_over(account_where(conn, users.c.id == link.user_id, lock=True), within)
            conn.execute(delete(mail_links).where(mail_links.c.until_ms <= link.created_ms))
            surplus = [row.hash for row in conn.execute(newest_first)][keep - 1 :]
            if surplus:
                conn.execute(delete(mail_links).where(mail_links.c.hash.in_(surplus)))
            conn.execute(insert(mail_links), [msgspec.structs.asdict(link)])
            if within is not None:
                note(self._db, conn, [link_given(link)])

        await write_again(self._db, work)

    async def mail_link(self, hash_: bytes) -> MailLink | None:
        return await self._db.read(lambda conn: _link(conn, hash_))

    async def accounts_of_email(self, email_key: str, limit: int) -> list[Account]:
        if not email_key:
            return []
        statement = (
            select(*ACCOUNT).where(users.c.email_key == email_key, users.c.active).order_by(users.c.id).limit(limit)
        )
        return await self._db.read(lambda conn: [Account(*row) for row in conn.execute(statement)])

    async def verify_email(self, hash_: bytes, now_ms: int) -> tuple[Account, Account] | None:
        def work(conn: Connection) -> tuple[Account, Account] | None:
            link = _spent(conn, hash_, "verify", now_ms)
            account = None if link is None else account_where(conn, users.c.id == link.user_id, lock=True)
            if link is None or account is None or not account.active:
                return None
            proved = {"email": link.email, "email_key": link.email_key}
            conn.execute(update(users).where(users.c.id == account.id).values(proved))
            # A link for a new password that went to another address is good no more.
            others = (mail_links.c.user_id == account.id) & (mail_links.c.email_key != link.email_key)
            conn.execute(delete(mail_links).where(others))
            note(self._db, conn, [email_changed(account.id)])
            return account, msgspec.structs.replace(account, **proved)

        return await write_again(self._db, work)

    async def drop_email(self, user_id: str, *, within: frozenset[str] | None = None) -> None:
        def work(conn: Connection) -> None:
            if within is not None:
                need_over(account_where(conn, users.c.id == user_id, lock=True), within)
            conn.execute(update(users).where(users.c.id == user_id).values(email="", email_key=""))
            conn.execute(delete(mail_links).where(mail_links.c.user_id == user_id))
            note(self._db, conn, [email_changed(user_id)])

        await write_again(self._db, work)

    async def reset_password(self, hash_: bytes, new_hash: str, now_ms: int) -> tuple[Account, list[Login]] | None:
        def work(conn: Connection) -> tuple[Account, list[Login]] | None:
            link = _spent(conn, hash_, "reset", now_ms)
            account = None if link is None else account_where(conn, users.c.id == link.user_id, lock=True)
            if link is None or account is None or not account.active or account.auth_epoch != link.auth_epoch:
                return None
            mine = (mail_links.c.user_id == account.id) & (mail_links.c.purpose == "reset")
            conn.execute(delete(mail_links).where(mine))
            changed = {"password_hash": new_hash, "auth_epoch": account.auth_epoch + 1}
            conn.execute(update(users).where(users.c.id == account.id).values(changed))
            done = [Deed(Act.ACCOUNT_PASSWORD, account.id, {"by": "a mailed link"})]
            ended = end_logins(self._db, conn, lasting_logins(conn, account.id), now_ms, also=done, why="password")
            return msgspec.structs.replace(account, **changed), ended

        return await write_again(self._db, work)

    async def delete_account(
        self, user_id: str, now_ms: int, *, recall: bool, within: frozenset[str] | None = None
    ) -> list[Login]:
        def work(conn: Connection) -> list[Login]:
            account = account_where(conn, users.c.id == user_id, lock=True)
            need_over(account, within)
            if account is None or account.deleted_ms:
                return []
            if account.is_admin:
                others = (users.c.id != user_id) & users.c.is_admin & users.c.active
                if not conn.execute(select(func.count()).select_from(users).where(others)).scalar_one():
                    raise ChatError(Code.FORBIDDEN, "It is the last owner.")
            gone = what_is_left(account, now_ms, recall=recall)
            values = {name: getattr(gone, name) for name in _CHANGED}
            conn.execute(update(users).where(users.c.id == user_id).values(values))
            forget_all(conn, user_id)
            done = [Deed(Act.ACCOUNT_DELETED, user_id)]
            return end_logins(self._db, conn, lasting_logins(conn, user_id), now_ms, also=done, why="deleted")

        return await write_again(self._db, work)

    async def to_recall(self, limit: int) -> list[str]:
        statement = select(users.c.id).where(users.c.recall_left).order_by(users.c.id).limit(limit)
        return await self._db.read(lambda conn: list(conn.execute(statement).scalars()))

    async def recalled(self, user_id: str) -> None:
        done = update(users).where(users.c.id == user_id).values(recall_left=False)
        await write_again(self._db, lambda conn: conn.execute(done).rowcount)


_CHANGED = (
    "username",
    "display_name",
    "signature",
    "is_admin",
    "active",
    "pending",
    "password_hash",
    "auth_epoch",
    "email",
    "email_key",
    "deleted_ms",
    "recall_left",
    "avatar",
    "roles",
    "granted",
    "banned_until_ms",
    "muted_until_ms",
)


def email_changed(user_id: str) -> Deed:
    """Return what the audit log remembers of another address."""
    return Deed(Act.ACCOUNT_CHANGED, user_id, {"fields": ["email"]})


def link_given(link: MailLink) -> Deed:
    """Return what the audit log remembers of a link that was handed to somebody else than its person."""
    return Deed(Act.ACCOUNT_LINK, link.user_id, {"purpose": link.purpose, "until_ms": link.until_ms})


def what_is_left(account: Account, now_ms: int, *, recall: bool) -> Account:
    """Return an account after its owner deleted it: the id, and the name by which it is compared, for ever taken."""
    return msgspec.structs.replace(
        account,
        username=DELETED_NAME,
        display_name="",
        signature="",
        is_admin=False,
        active=False,
        pending=False,
        # No password has this hash.
        password_hash="*",
        auth_epoch=account.auth_epoch + 1,
        email="",
        email_key="",
        deleted_ms=now_ms,
        recall_left=recall,
        avatar="",
        roles="",
        granted="",
        # Nobody is let in again here when a ban ends.
        banned_until_ms=0,
        muted_until_ms=0,
    )


def _link(conn: Connection, hash_: bytes) -> MailLink | None:
    row: Any = conn.execute(select(*_LINK).where(mail_links.c.hash == hash_)).one_or_none()
    return None if row is None else MailLink(*row)


def _spent(conn: Connection, hash_: bytes, purpose: str, now_ms: int) -> MailLink | None:
    """Take a link away and return it; None when there is none that is good, whoever of those who race comes second."""
    link = _link(conn, hash_)
    if link is None or link.purpose != purpose:
        return None
    if not conn.execute(delete(mail_links).where(mail_links.c.hash == hash_)).rowcount:
        return None
    return link if now_ms < link.until_ms else None

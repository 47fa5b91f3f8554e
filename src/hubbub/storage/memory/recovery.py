"""Addresses, links and deleted accounts of the memory store."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from hubbub.auth.audit import Act, Deed
from hubbub.auth.ports import Account, Login
from hubbub.auth.recovery import MailLink
from hubbub.base.errors import ChatError, Code
from hubbub.storage.auth.recovery import email_changed, link_given, what_is_left
from hubbub.storage.auth.role_rows import need_over
from hubbub.storage.memory.audit import MemoryAudit
from hubbub.storage.memory.joining import MemoryJoining


class MemoryRecovery(MemoryJoining):
    """The part of `MemoryAccounts` that keeps addresses and links, and closes accounts for good."""

    def __init__(self, audit: MemoryAudit | None = None) -> None:
        super().__init__(audit)
        self._links: dict[bytes, MailLink] = {}
        self._logins: dict[str, Login] = {}

    def _end(self, now_ms: int, logins: Iterable[Login], why: str = "") -> list[Login]:
        raise NotImplementedError

    def _lasting(self, user_id: str) -> list[Login]:
        raise NotImplementedError

    async def add_mail_link(self, link: MailLink, keep: int, *, within: frozenset[str] | None = None) -> None:
        if within is not None:
            need_over(self._accounts.get(link.user_id), within)
            self.note(link_given(link))
        self._drop_links(lambda each: each.until_ms <= link.created_ms)
        mine = [each for each in self._links.values() if (each.user_id, each.purpose) == (link.user_id, link.purpose)]
        mine.sort(key=lambda each: (-each.created_ms, each.hash))
        for each in mine[keep - 1 :]:
            del self._links[each.hash]
        self._links[link.hash] = link

    async def mail_link(self, hash_: bytes) -> MailLink | None:
        return self._links.get(hash_)

    async def accounts_of_email(self, email_key: str, limit: int) -> list[Account]:
        found = [each for each in self._accounts.values() if email_key and each.email_key == email_key and each.active]
        return sorted(found, key=lambda each: each.id)[:limit]

    async def verify_email(self, hash_: bytes, now_ms: int) -> tuple[Account, Account] | None:
        link = self._spent(hash_, "verify", now_ms)
        before = None if link is None else self._accounts.get(link.user_id)
        if link is None or before is None or not before.active:
            return None
        after = self._accounts[before.id] = replace(before, email=link.email, email_key=link.email_key)
        self._drop_links(lambda each: each.user_id == before.id and each.email_key != link.email_key)
        self.note(email_changed(before.id))
        return before, after

    async def drop_email(self, user_id: str, *, within: frozenset[str] | None = None) -> None:
        need_over(self._accounts.get(user_id), within)
        if user_id in self._accounts:
            self._accounts[user_id] = replace(self._accounts[user_id], email="", email_key="")
        self._drop_links(lambda each: each.user_id == user_id)
        self.note(email_changed(user_id))

    async def reset_password(self, hash_: bytes, new_hash: str, now_ms: int) -> tuple[Account, list[Login]] | None:
        link = self._spent(hash_, "reset", now_ms)
        account = None if link is None else self._accounts.get(link.user_id)
        if link is None or account is None or not account.active or account.auth_epoch != link.auth_epoch:
            return None
        self._drop_links(lambda each: each.user_id == account.id and each.purpose == "reset")
        changed = replace(account, password_hash=new_hash, auth_epoch=account.auth_epoch + 1)
        self._accounts[account.id] = changed
        self.note(Deed(Act.ACCOUNT_PASSWORD, account.id, {"by": "a mailed link"}))
        return changed, self._end(now_ms, self._lasting(account.id), why="password")

    async def delete_account(
        self, user_id: str, now_ms: int, *, recall: bool, within: frozenset[str] | None = None
    ) -> list[Login]:
        account = self._accounts.get(user_id)
        need_over(account, within)
        if account is None or account.deleted_ms:
            return []
        admins = [each.id for each in self._accounts.values() if each.is_admin and each.active]
        if admins == [user_id]:
            raise ChatError(Code.FORBIDDEN, "It is the last owner.")
        self._accounts[user_id] = what_is_left(account, now_ms, recall=recall)
        self._drop_links(lambda each: each.user_id == user_id)
        self.note(Deed(Act.ACCOUNT_DELETED, user_id))
        return self._end(now_ms, self._lasting(user_id), why="deleted")

    async def to_recall(self, limit: int) -> list[str]:
        return sorted([each.id for each in self._accounts.values() if each.recall_left])[:limit]

    async def recalled(self, user_id: str) -> None:
        if user_id in self._accounts:
            self._accounts[user_id] = replace(self._accounts[user_id], recall_left=False)

    def _spent(self, hash_: bytes, purpose: str, now_ms: int) -> MailLink | None:
        link = self._links.get(hash_)
        if link is None or link.purpose != purpose:
            return None
        del self._links[hash_]
        return link if now_ms < link.until_ms else None

    def _drop_links(self, which: Callable[[MailLink], bool]) -> None:
        self._links = {hash_: each for hash_, each in self._links.items() if not which(each)}

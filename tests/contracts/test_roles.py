"""What every `RoleStore` keeps to.  It runs on memory and on every database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.databases import DATABASES, UrlOf, open_empty

from hubbub.auth.audit import AuditLog
from hubbub.auth.permissions import BUILT_IN, EVERYDAY, effective
from hubbub.auth.ports import Account, AccountStore, Login
from hubbub.auth.role_ports import OWN_ROLES, ROLES_PER_PERSON, OwnRole, RoleStore
from hubbub.base.clock import ManualClock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import new_id
from hubbub.storage.auth.accounts import SqlAccounts
from hubbub.storage.auth.audit import SqlAudit
from hubbub.storage.auth.roles import SqlRoles
from hubbub.storage.memory.accounts import MemoryAccounts
from hubbub.storage.memory.audit import MemoryAudit
from hubbub.storage.memory.roles import MemoryRoles

NOW = 1_700_000_000_000
OWNER, ADMIN, MODERATOR = BUILT_IN["owner"], BUILT_IN["admin"], BUILT_IN["moderator"]


@dataclass
class Town:
    """People, their roles, and what is remembered of it."""

    accounts: AccountStore
    roles: RoleStore
    audit: AuditLog

    async def person(self, name: str, *, owner: bool = False) -> Account:
        account = Account(new_id(), name, name, name, "hash", NOW, is_admin=owner)
        await self.accounts.add_account(account)
        return account

    async def may(self, person: Account) -> frozenset[str]:
        now = await self.accounts.account(person.id)
        assert now is not None
        return effective(is_admin=now.is_admin, roles=now.roles, granted=now.granted)

    async def made(self, name: str, *permissions: str) -> OwnRole:
        role = OwnRole(new_id(), name, permissions, NOW)
        await self.roles.save_role(role, within=OWNER)
        return role


@pytest.fixture(params=["memory", *DATABASES])
async def town(request: pytest.FixtureRequest, database_url: UrlOf, tmp_path: Path) -> AsyncIterator[Town]:
    clock = ManualClock()
    if request.param == "memory":
        audit = MemoryAudit(clock)
        accounts = MemoryAccounts(audit)
        yield Town(accounts, MemoryRoles(accounts), audit)
        return
    database = await open_empty(database_url(request.param), tmp_path / "data", clock=clock)
    try:
        yield Town(SqlAccounts(database), SqlRoles(database), SqlAudit(database))
    finally:
        await database.close()


async def refused(code: Code, doing: object) -> None:
    with pytest.raises(ChatError) as refusal:
        await doing  # type: ignore[misc]
    assert refusal.value.code is code


async def test_whoever_has_no_role_is_a_member(town: Town) -> None:
    romeo = await town.person("romeo")
    assert await town.may(romeo) == EVERYDAY


async def test_a_role_is_given_and_taken_once(town: Town) -> None:
    romeo = await town.person("romeo")
    account, changed = await town.roles.give_role(romeo.id, "moderator", within=OWNER)
    assert changed
    assert account.roles.split() == ["moderator"]
    assert await town.roles.give_role(romeo.id, "moderator", within=OWNER) == (account, False)
    assert await town.may(romeo) == MODERATOR
    assert (await town.roles.take_role(romeo.id, "moderator", within=OWNER))[1]
    assert not (await town.roles.take_role(romeo.id, "moderator", within=OWNER))[1]
    assert await town.may(romeo) == EVERYDAY


async def test_an_own_role_gives_its_permissions_beside_others(town: Town) -> None:
    romeo = await town.person("romeo")
    crier, keeper = await town.made("Crier", "announce"), await town.made("Keeper", "audit.read", "announce")
    for role in (crier.id, keeper.id, "guest"):
        await town.roles.give_role(romeo.id, role, within=OWNER)
    assert await town.may(romeo) == {"announce", "audit.read"}
    await town.roles.take_role(romeo.id, keeper.id, within=OWNER)
    await town.roles.take_role(romeo.id, "guest", within=OWNER)
    assert await town.may(romeo) == EVERYDAY | {"announce"}
    assert [role.name for role in await town.roles.roles()] == ["Crier", "Keeper"]


async def test_a_changed_role_changes_what_its_people_may_do(town: Town) -> None:
    romeo, juliet = await town.person("romeo"), await town.person("juliet")
    crier = await town.made("Crier", "announce")
    for one in (romeo, juliet):
        await town.roles.give_role(one.id, crier.id, within=OWNER)
    await town.roles.give_role(juliet.id, "admin", within=OWNER)
    told = await town.roles.save_role(OwnRole(crier.id, "Reader", ("audit.read",), NOW), within=OWNER)
    assert told == [romeo.id]
    assert await town.may(romeo) == EVERYDAY | {"audit.read"}
    assert await town.roles.remove_role(crier.id, within=OWNER) == [romeo.id]
    assert await town.may(romeo) == EVERYDAY
    now = await town.accounts.account(juliet.id)
    assert now is not None
    assert now.roles.split() == ["admin"]
    await refused(Code.NOT_FOUND, town.roles.remove_role(crier.id, within=OWNER))


async def test_nobody_gives_takes_makes_or_removes_what_they_may_not_do(town: Town) -> None:
    romeo = await town.person("romeo")
    keeper = await town.made("Keeper", "audit.read")
    few = EVERYDAY | {"roles.manage", "announce"}
    for role in ("owner", "admin", "moderator", keeper.id):
        await refused(Code.FORBIDDEN, town.roles.give_role(romeo.id, role, within=few))
        await refused(Code.FORBIDDEN, town.roles.take_role(romeo.id, role, within=few))
    await refused(Code.FORBIDDEN, town.roles.give_role(romeo.id, "owner", within=ADMIN))
    await refused(Code.FORBIDDEN, town.roles.save_role(OwnRole(new_id(), "New", ("audit.read",), NOW), within=few))
    # Nor is a role narrowed by somebody who could not have made it.
    await refused(Code.FORBIDDEN, town.roles.save_role(OwnRole(keeper.id, "Keeper", (), NOW), within=few))
    await refused(Code.FORBIDDEN, town.roles.remove_role(keeper.id, within=few))
    assert await town.may(romeo) == EVERYDAY


async def test_the_last_owner_stays(town: Town) -> None:
    prince, heir = await town.person("prince", owner=True), await town.person("heir")
    await refused(Code.CONFLICT, town.roles.take_role(prince.id, "owner", within=OWNER))
    await town.roles.give_role(heir.id, "owner", within=OWNER)
    await town.accounts.set_active(heir.id, False, NOW)
    await refused(Code.CONFLICT, town.roles.take_role(prince.id, "owner", within=OWNER))
    await town.accounts.set_active(heir.id, True, NOW)
    assert (await town.roles.take_role(prince.id, "owner", within=OWNER))[1]
    assert await town.may(prince) == EVERYDAY
    await refused(Code.CONFLICT, town.roles.ban(heir.id, NOW + 1, "", NOW, within=OWNER))


async def test_two_owners_who_unmake_each_other_leave_one(town: Town) -> None:
    owners = [await town.person(name, owner=True) for name in ("montague", "capulet")]
    done = await asyncio.gather(
        *(town.roles.take_role(one.id, "owner", within=OWNER) for one in owners), return_exceptions=True
    )
    assert sum(isinstance(one, ChatError) and one.code is Code.CONFLICT for one in done) == 1
    assert len((await town.roles.holders("owner", "", 10))[0]) == 1


async def test_names_are_taken_once_and_roles_are_limited(town: Town) -> None:
    crier = await town.made("Crier")
    await refused(Code.CONFLICT, town.made("CRIER"))
    await town.roles.save_role(OwnRole(crier.id, "crier", (), NOW), within=OWNER)
    for number in range(OWN_ROLES - 1):
        await town.made(f"Role {number}")
    await refused(Code.CONFLICT, town.made("One more"))
    romeo = await town.person("romeo")
    some = [role.id for role in await town.roles.roles()][: ROLES_PER_PERSON + 1]
    for role_id in some[:-1]:
        await town.roles.give_role(romeo.id, role_id, within=OWNER)
    await refused(Code.CONFLICT, town.roles.give_role(romeo.id, some[-1], within=OWNER))


async def test_what_does_not_exist_is_not_given(town: Town) -> None:
    romeo = await town.person("romeo")
    for role in (new_id(), "member", "prince"):
        await refused(Code.NOT_FOUND, town.roles.give_role(romeo.id, role, within=OWNER))
    await refused(Code.USER_NOT_FOUND, town.roles.give_role(new_id(), "guest", within=OWNER))


async def test_the_people_of_a_role_come_in_pages(town: Town) -> None:
    people = sorted([(await town.person(f"p{number}")).id for number in range(5)])
    prince = await town.person("prince", owner=True)
    for user_id in people:
        await town.roles.give_role(user_id, "moderator", within=OWNER)
    first, cursor = await town.roles.holders("moderator", "", 3)
    rest, end = await town.roles.holders("moderator", cursor, 3)
    assert [one.id for one in (*first, *rest)] == people
    assert end == ""
    assert [one.id for one in (await town.roles.holders("owner", "", 9))[0]] == [prince.id]
    assert (await town.roles.holders("%", "", 9))[0] == []


async def test_a_ban_ends_every_login_and_itself(town: Town) -> None:
    romeo = await town.person("romeo")
    login = Login(new_id(), romeo.id, new_id(), "phone", b"f" * 32, b"1" * 32, NOW, NOW)
    await town.accounts.add_login(login, auth_epoch=1, keep=9)
    ended = await town.roles.ban(romeo.id, NOW + 1_000, "quarrels", NOW, within=MODERATOR)
    assert [one.id for one in ended] == [login.id]
    assert [one.id for one in (await town.roles.bans("", 9))[0]] == [romeo.id]
    now = await town.accounts.account(romeo.id)
    assert now is not None
    assert (now.active, now.auth_epoch, now.banned_until_ms) == (False, 2, NOW + 1_000)
    assert await town.accounts.add_login(login, auth_epoch=2, keep=9) is None
    assert await town.roles.ban(romeo.id, NOW + 2_000, "more", NOW, within=MODERATOR) == []
    assert await town.roles.admit_due(NOW + 1_999, 9) == []
    assert await town.roles.admit_due(NOW + 2_000, 9) == [romeo.id]
    assert await town.roles.admit_due(NOW + 2_000, 9) == []
    assert await town.roles.bans("", 9) == ([], "")
    acts = [one.act for one in await town.audit.page(oldest_first=True, limit=99, target=romeo.id)]
    assert acts == [
        "account.added",
        "session.begun",
        "account.banned",
        "session.ended",
        "account.banned",
        "account.admitted",
    ]


async def test_a_ban_is_lifted_once_and_what_was_no_ban_stays_closed(town: Town) -> None:
    romeo, closed = await town.person("romeo"), await town.person("closed")
    await town.accounts.set_active(closed.id, False, NOW)
    await town.roles.ban(romeo.id, NOW + 9, "", NOW, within=MODERATOR)
    assert await town.roles.admit(romeo.id, within=OWNER)
    assert not await town.roles.admit(romeo.id, within=OWNER)
    assert not await town.roles.admit(closed.id, within=OWNER)
    assert not await town.roles.admit(new_id(), within=OWNER)


async def test_nobody_bans_who_may_do_more(town: Town) -> None:
    await town.person("prince", owner=True)
    boss, friar = await town.person("boss"), await town.person("friar")
    await town.roles.give_role(boss.id, "admin", within=OWNER)
    await town.roles.give_role(friar.id, "moderator", within=OWNER)
    await refused(Code.FORBIDDEN, town.roles.ban(boss.id, NOW + 9, "", NOW, within=MODERATOR))
    await town.roles.ban(friar.id, NOW + 9, "", NOW, within=ADMIN)
    await refused(Code.USER_NOT_FOUND, town.roles.ban(new_id(), NOW + 9, "", NOW, within=OWNER))


async def test_nothing_is_done_with_the_roles_or_the_ban_of_who_may_do_more(town: Town) -> None:
    await town.person("prince", owner=True)
    boss = await town.person("boss")
    await town.roles.give_role(boss.id, "admin", within=OWNER)
    await town.roles.give_role(boss.id, "moderator", within=OWNER)
    await refused(Code.FORBIDDEN, town.roles.give_role(boss.id, "guest", within=MODERATOR))
    await refused(Code.FORBIDDEN, town.roles.take_role(boss.id, "moderator", within=MODERATOR))
    await town.roles.ban(boss.id, NOW + 9, "", NOW, within=OWNER)
    await refused(Code.FORBIDDEN, town.roles.admit(boss.id, within=MODERATOR))
    assert await town.roles.admit(boss.id, within=ADMIN)


async def test_a_mute_has_an_end_is_replaced_and_lifted(town: Town) -> None:
    romeo, boss = await town.person("romeo"), await town.person("boss")
    await town.roles.give_role(boss.id, "admin", within=OWNER)
    await town.roles.mute(romeo.id, NOW + 1_000, "shouts", within=MODERATOR)
    await town.roles.mute(romeo.id, NOW + 2_000, "still", within=MODERATOR)
    now = await town.accounts.account(romeo.id)
    assert now is not None
    assert (now.active, now.muted_until_ms) == (True, NOW + 2_000)
    assert [one.id for one in (await town.roles.mutes(NOW + 1_999, "", 9))[0]] == [romeo.id]
    assert await town.roles.mutes(NOW + 2_000, "", 9) == ([], "")
    await refused(Code.FORBIDDEN, town.roles.mute(boss.id, NOW + 9, "", within=MODERATOR))
    await refused(Code.USER_NOT_FOUND, town.roles.mute(new_id(), NOW + 9, "", within=OWNER))
    await town.roles.mute(boss.id, NOW + 9, "", within=OWNER)
    await refused(Code.FORBIDDEN, town.roles.unmute(boss.id, within=MODERATOR))
    assert await town.roles.unmute(romeo.id, within=MODERATOR)
    assert not await town.roles.unmute(romeo.id, within=MODERATOR)
    acts = [(one.act, one.detail) for one in await town.audit.page(oldest_first=True, limit=99, target=romeo.id)]
    assert [act for act, _ in acts] == ["account.added", "account.muted", "account.muted", "account.unmuted"]
    assert '"reason":"shouts"' in acts[1][1]


async def test_what_is_done_with_roles_is_remembered(town: Town) -> None:
    romeo = await town.person("romeo")
    crier = await town.made("Crier", "announce")
    await town.roles.give_role(romeo.id, crier.id, within=OWNER)
    await town.roles.take_role(romeo.id, crier.id, within=OWNER)
    await town.roles.remove_role(crier.id, within=OWNER)
    entries = await town.audit.page(oldest_first=True, limit=99, act="role")
    assert [(one.act, one.target) for one in entries] == [
        ("role.saved", crier.id),
        ("role.given", romeo.id),
        ("role.taken", romeo.id),
        ("role.removed", crier.id),
    ]
    assert entries[1].detail == f'{{"name":"Crier","role":"{crier.id}"}}'

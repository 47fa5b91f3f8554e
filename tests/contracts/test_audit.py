"""What every audit log keeps to, and which deeds stores remember.  It runs on memory and on every database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import asdict
from sqlalchemy import Connection, select
from support.databases import DATABASES, UrlOf, open_empty

from hubbub.auth.audit import ORIGIN, Act, AuditLog, By, Chain, Deed, Fault, Head, by, chained
from hubbub.auth.client_ports import Client, ClientStore, Consent
from hubbub.auth.permissions import BUILT_IN
from hubbub.auth.ports import Account, AccountStore, Login, Rotation, SigningKey
from hubbub.base.clock import ManualClock
from hubbub.base.errors import ChatError
from hubbub.base.ids import new_id
from hubbub.cluster.ports import ConfigStore
from hubbub.storage.auth.accounts import SqlAccounts
from hubbub.storage.auth.audit import SqlAudit
from hubbub.storage.auth.clients import SqlClients
from hubbub.storage.cluster_store import SqlConfig
from hubbub.storage.database import Database
from hubbub.storage.memory.accounts import MemoryAccounts
from hubbub.storage.memory.audit import MemoryAudit
from hubbub.storage.memory.clients import MemoryClients
from hubbub.storage.memory.cluster import MemoryConfig
from hubbub.storage.opening import open_database
from hubbub.storage.tables.audit import audit_entries

NOW = 1_700_000_000_000
OWNER = BUILT_IN["owner"]
PRINCE = By("f" * 32, "hubbub", "192.0.2.1")


@dataclass
class Office:
    """An audit log and the stores that write it."""

    audit: AuditLog
    accounts: AccountStore
    clients: ClientStore
    config: ConfigStore
    database: Database | None = None

    async def acts(self) -> list[tuple[str, str]]:
        return [(one.act, one.target) for one in await self.audit.page(oldest_first=True, limit=1_000)]

    async def fault(self) -> Fault | None:
        chain = Chain()
        head = await self.audit.head()
        for entry in await self.audit.page(oldest_first=True, limit=100_000):
            if (fault := chain.follow(entry)) is not None:
                return fault
        return chain.end(head)

    async def person(self, name: str = "romeo") -> Account:
        account = Account(new_id(), name, name, name, "hash", NOW)
        await self.accounts.add_account(account)
        return account

    async def login(self, account: Account, **more: object) -> Login:
        login = Login(new_id(), account.id, new_id(), "phone", b"f" * 32, b"1" * 32, NOW, NOW, **more)  # type: ignore[arg-type]
        assert await self.accounts.add_login(login, auth_epoch=account.auth_epoch, keep=50) is not None
        return login


@pytest.fixture(params=["memory", *DATABASES])
async def office(request: pytest.FixtureRequest, database_url: UrlOf, tmp_path: Path) -> AsyncIterator[Office]:
    clock = ManualClock()
    if request.param == "memory":
        audit = MemoryAudit(clock)
        accounts = MemoryAccounts(audit)
        yield Office(audit, accounts, MemoryClients(accounts), MemoryConfig(clock, audit))
        return
    database = await open_empty(database_url(request.param), tmp_path / "data", clock=clock)
    try:
        yield Office(SqlAudit(database), SqlAccounts(database), SqlClients(database), SqlConfig(database), database)
    finally:
        await database.close()


async def test_an_entry_says_who_did_what_to_whom_when_and_from_where(office: Office) -> None:
    assert await office.audit.head() == ORIGIN
    with by(PRINCE):
        await office.audit.record(Deed(Act.ANNOUNCED, "x", {"seq": 7}))
    (entry,) = await office.audit.page(limit=10)
    assert (entry.seq, entry.act, entry.target, entry.detail) == (1, "announcement.sent", "x", '{"seq":7}')
    assert (entry.user_id, entry.client_id, entry.address) == (PRINCE.user_id, "hubbub", "192.0.2.1")
    assert entry.time_ms > 0
    assert (await office.audit.head()).hash == entry.hash
    await office.audit.record(Deed(Act.ANNOUNCED))
    assert (await office.audit.page(limit=1))[0].user_id == ""


async def test_pages_go_both_ways_and_are_filtered(office: Office) -> None:
    romeo, juliet = await office.person(), await office.person("juliet")
    with by(PRINCE):
        await office.accounts.set_active(romeo.id, False, NOW)
        await office.accounts.set_active(romeo.id, True, NOW)
        await office.accounts.set_active(juliet.id, False, NOW)
    page = office.audit.page
    assert [one.seq for one in await page(limit=2)] == [5, 4]
    assert [one.seq for one in await page(limit=9, beyond=4)] == [3, 2, 1]
    assert [one.seq for one in await page(limit=2, oldest_first=True)] == [1, 2]
    assert [one.seq for one in await page(limit=9, oldest_first=True, beyond=3)] == [4, 5]
    assert [one.target for one in await page(limit=9, act="account.banned")] == [juliet.id, romeo.id]
    assert len(await page(limit=9, act="account")) == 5
    assert await page(limit=9, act="acc") == []
    assert await page(limit=9, act="%") == []
    assert len(await page(limit=9, user_id=PRINCE.user_id)) == 3
    assert [one.act for one in await page(limit=9, target=juliet.id)] == ["account.banned", "account.added"]


async def test_every_change_of_an_account_is_remembered(office: Office) -> None:
    romeo = await office.person()
    phone, other = await office.login(romeo), await office.login(romeo)
    await office.accounts.set_profile(romeo.id, display_name="Romeo", signature=None)
    await office.accounts.set_profile(romeo.id, display_name=None, signature=None)
    changed = await office.accounts.change_password(
        romeo.id, "hash", "new", login_id=phone.id, family_hash=b"g" * 32, refresh_hash=b"2" * 32, now_ms=NOW
    )
    assert changed is not None
    await office.accounts.set_active(romeo.id, False, NOW)
    await office.accounts.set_active(romeo.id, False, NOW)
    await office.accounts.set_active(romeo.id, True, NOW)
    assert [act for act, target in await office.acts() if target == romeo.id] == [
        "account.added",
        "session.begun",
        "session.begun",
        "account.changed",
        "account.password",
        "session.ended",
        "account.banned",
        "session.ended",
        "account.admitted",
    ]
    ended = await office.audit.page(limit=9, oldest_first=True, act="session.ended")
    assert [other.id in ended[0].detail, phone.id in ended[1].detail] == [True, True]
    assert ['"why":"password"' in ended[0].detail, '"why":"ban"' in ended[1].detail] == [True, True]
    assert await office.fault() is None


async def test_the_end_of_every_login_is_remembered_with_its_reason(office: Office) -> None:
    romeo = await office.person()
    first, second = await office.login(romeo), await office.login(romeo)
    assert await office.accounts.end_login(first.id, NOW) is not None
    assert await office.accounts.end_login(first.id, NOW) is None
    spent = await office.accounts.rotate_refresh(
        second.id, family_hash=b"f" * 32, old_hash=b"9" * 32, new_hash=b"3" * 32, now_ms=NOW, unused_since_ms=0
    )
    assert spent is Rotation.REUSED
    third, fourth = await office.login(romeo), await office.login(romeo)
    await office.accounts.end_other_logins(romeo.id, fourth.id, NOW)
    ended = await office.audit.page(limit=9, oldest_first=True, act="session.ended")
    assert [one.target for one in ended] == [romeo.id] * 3
    assert '"why":"refresh token used twice"' in ended[1].detail
    assert third.id in ended[2].detail


async def test_who_logged_in_and_who_could_not_is_remembered(office: Office) -> None:
    romeo = await office.person()
    login = await office.login(romeo)
    await office.accounts.login_refused(romeo.id, "password")
    begun, refused = await office.audit.page(limit=9, oldest_first=True, act="session")
    assert (begun.act, begun.target, refused.act, refused.target) == (
        "session.begun",
        romeo.id,
        "session.refused",
        romeo.id,
    )
    assert login.id in begun.detail
    assert refused.detail == '{"why":"password"}'
    assert await office.fault() is None


async def test_clients_consents_keys_and_settings_are_remembered(office: Office) -> None:
    romeo = await office.person()
    client = Client(id="c" * 32, name="Wiki", created_ms=NOW, secret_hash=b"s" * 32)
    await office.clients.add_client(client)
    await office.clients.set_client_secret(client.id, b"t" * 32, within=OWNER)
    await office.clients.set_client_secret("nobody", b"t" * 32, within=OWNER)
    await office.clients.add_consent(Consent(romeo.id, client.id, "openid", NOW))
    assert await office.clients.drop_consent(romeo.id, client.id)
    assert not await office.clients.drop_consent(romeo.id, client.id)
    await office.clients.delete_client(client.id, within=OWNER)
    await office.clients.delete_client(client.id, within=OWNER)
    await office.accounts.add_signing_key(SigningKey("k", "pem", NOW), expect="")
    await office.accounts.add_signing_key(SigningKey("l", "pem", NOW), expect="other")
    await office.config.change(0, {"a": 1, "b": 2}, "prince")
    await office.config.change(1, {"a": 1, "b": 3}, "prince", "why")
    with pytest.raises(ChatError):
        await office.config.change(1, {}, "prince")
    assert await office.acts() == [
        ("account.added", romeo.id),
        ("client.added", client.id),
        ("client.secret", client.id),
        ("consent.given", romeo.id),
        ("consent.withdrawn", romeo.id),
        ("client.removed", client.id),
        ("key.rotated", "k"),
        ("setting.changed", "a"),
        ("setting.changed", "b"),
        ("setting.changed", "b"),
    ]
    (newest,) = await office.audit.page(limit=1)
    assert newest.detail == '{"from":2,"note":"why","to":3,"version":2}'


async def test_what_is_refused_leaves_no_entry(office: Office) -> None:
    await office.person()
    with pytest.raises(ChatError):
        await office.person()
    assert await office.accounts.offer_setup(b"s" * 32)
    with pytest.raises(ChatError):
        await office.accounts.set_up(b"t" * 32, "Verona", Account(new_id(), "p", "p", "p", "hash", NOW))
    assert len(await office.acts()) == 1


async def test_many_writers_make_one_chain(office: Office) -> None:
    async def writes(number: int) -> None:
        with by(By(f"{number:032x}")):
            for _ in range(5):
                await office.audit.record(Deed(Act.ANNOUNCED, str(number)))

    async with asyncio.TaskGroup() as writers:
        for number in range(8):
            writers.create_task(writes(number))
    entries = await office.audit.page(oldest_first=True, limit=100)
    assert [one.seq for one in entries] == list(range(1, 41))
    assert all(int(one.user_id, 16) == int(one.target) for one in entries)
    assert await office.fault() is None


async def test_two_databases_of_one_server_write_one_chain(
    office: Office, database_url: UrlOf, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Two nodes: each with connections of its own, both writing at once from the very first entry on."""
    if office.database is None or not office.database.shared:
        pytest.skip("one process has it alone")
    kind = request.node.callspec.params["office"]
    second = await open_database(database_url(kind), tmp_path / "second", clock=ManualClock(), accept_unsafe=True)
    try:
        logs = [office.audit, SqlAudit(second)]
        async with asyncio.TaskGroup() as writers:
            for number in range(40):
                writers.create_task(logs[number % 2].record(Deed(Act.ANNOUNCED, str(number))))
        assert sorted(int(target) for _, target in await office.acts()) == list(range(40))
        assert await office.fault() is None
    finally:
        await second.close()


def changed(conn: Connection) -> None:
    conn.execute(audit_entries.update().where(audit_entries.c.seq == 3).values(target="nobody"))


def removed(conn: Connection) -> None:
    conn.execute(audit_entries.delete().where(audit_entries.c.seq == 3))


def removed_at_the_end(conn: Connection) -> None:
    conn.execute(audit_entries.delete().where(audit_entries.c.seq > 3))


def swapped(conn: Connection) -> None:
    for seq, other in ((3, 100), (4, 3), (100, 4)):
        conn.execute(audit_entries.update().where(audit_entries.c.seq == seq).values(seq=other))


def added(conn: Connection) -> None:
    """Write one more, as this server would have written it, behind the back of the row that knows the newest."""
    row = conn.execute(select(audit_entries).where(audit_entries.c.seq == 5)).one()
    (made,) = chained(Head(row.seq, row.time_ms, row.hash), PRINCE, [Deed(Act.ANNOUNCED)], row.time_ms)
    conn.execute(audit_entries.insert(), [asdict(made)])


@pytest.mark.parametrize(
    ("trick", "seq", "what"),
    [
        (changed, 3, "changed"),
        (removed, 3, "removed"),
        (removed_at_the_end, 4, "removed"),
        (swapped, 3, "changed"),
        (added, 6, "added"),
    ],
)
async def test_who_writes_to_the_database_behind_the_server_is_found_out(
    office: Office, trick: Callable[[Connection], None], seq: int, what: str
) -> None:
    if office.database is None:
        pytest.skip("nobody else reaches this process's memory")
    for number in range(5):
        await office.audit.record(Deed(Act.ANNOUNCED, str(number)))
    await office.database.write(trick)
    fault = await office.fault()
    assert fault is not None
    assert (fault.seq, fault.what) == (seq, what)

"""What every `ClientStore` keeps to.  It runs on memory and on every database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from contracts.test_accounts import a_person
from support.databases import DATABASES, UrlOf, open_empty

from hubbub.auth.client_ports import (
    AuthorizationCode,
    Client,
    ClientStore,
    Consent,
    DeviceRequest,
    DeviceState,
    Spending,
    Spent,
)
from hubbub.auth.permissions import BUILT_IN
from hubbub.auth.ports import Account, AccountStore, Login
from hubbub.base.clock import ManualClock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import new_id
from hubbub.storage.auth.accounts import SqlAccounts
from hubbub.storage.auth.clients import SqlClients
from hubbub.storage.memory.accounts import MemoryAccounts
from hubbub.storage.memory.clients import MemoryClients

NOW = 1_700_000_000_000
OWNER, ADMIN = BUILT_IN["owner"], BUILT_IN["admin"]


@dataclass
class Both:
    """The two stores, over the same rows."""

    accounts: AccountStore
    clients: ClientStore


@pytest.fixture(params=["memory", *DATABASES])
async def both(request: pytest.FixtureRequest, database_url: UrlOf, tmp_path: Path) -> AsyncIterator[Both]:
    if request.param == "memory":
        accounts = MemoryAccounts()
        yield Both(accounts, MemoryClients(accounts))
        return
    database = await open_empty(database_url(request.param), tmp_path / "data", clock=ManualClock())
    try:
        yield Both(SqlAccounts(database), SqlClients(database))
    finally:
        await database.close()


async def a_client(both: Both, **more: object) -> Client:
    client = msgspec.structs.replace(Client(id=new_id(), name="Wiki 维基", created_ms=NOW), **more)
    await both.clients.add_client(client)
    return client


def a_login(account: Account, client: Client, *, device: str = "", at_ms: int = NOW, until_ms: int = 0) -> Login:
    return Login(
        id=new_id(),
        user_id=account.id,
        device_id=device or new_id(),
        device_name="wiki",
        family_hash=b"f" * 32,
        refresh_hash=b"1" * 32,
        created_ms=at_ms,
        used_ms=at_ms,
        client_id=client.id,
        scope="read write",
        until_ms=until_ms,
    )


def a_code(
    account: Account, client: Client, name: bytes = b"c", *, expires_ms: int = NOW + 60_000
) -> AuthorizationCode:
    return AuthorizationCode(
        code_hash=name * 32,
        client_id=client.id,
        user_id=account.id,
        redirect_uri="https://wiki.example/cb?x=ü",
        scope="openid read",
        nonce="n",
        challenge="c" * 43,
        auth_epoch=account.auth_epoch,
        auth_ms=NOW,
        expires_ms=expires_ms,
    )


def a_request(client: Client, name: bytes = b"d", code: str = "BCDFGHJK") -> DeviceRequest:
    return DeviceRequest(
        device_hash=name * 32,
        user_code=code,
        client_id=client.id,
        scope="read",
        device_name="television",
        expires_ms=NOW + 600_000,
        interval_ms=5000,
    )


# ---------------------------------------------------------------- clients


async def test_a_client_comes_back_as_added(both: Both) -> None:
    client = await a_client(
        both,
        secret_hash=b"s" * 32,
        redirect_uris=("https://a.example/cb", "com.example.app:/cb"),
        logout_uris=("https://a.example/bye",),
        grants=("authorization_code",),
        scopes=("openid", "read"),
        user_id=new_id(),
        trusted=True,
        resource_server=True,
    )
    assert await both.clients.client(client.id) == client
    bare = await a_client(both)
    assert await both.clients.client(bare.id) == bare
    assert bare.public
    assert await both.clients.client(new_id()) is None


async def test_clients_are_listed_in_pages(both: Both) -> None:
    made = sorted([await a_client(both) for _ in range(5)], key=lambda one: one.id)
    first, cursor = await both.clients.clients("", 3)
    second, end = await both.clients.clients(cursor, 3)
    assert first + second == made
    assert end == ""


async def test_a_secret_is_replaced(both: Both) -> None:
    client = await a_client(both, secret_hash=b"s" * 32)
    changed = await both.clients.set_client_secret(client.id, b"t" * 32, within=OWNER)
    assert changed == await both.clients.client(client.id) == msgspec.structs.replace(client, secret_hash=b"t" * 32)
    assert await both.clients.set_client_secret(new_id(), b"t" * 32, within=OWNER) is None


async def test_a_removed_client_takes_along_what_was_on_its_way_to_it(both: Both) -> None:
    romeo, client, other = await a_person(both.accounts), await a_client(both), await a_client(both)
    for number, one in enumerate((client, other)):
        await both.clients.add_code(a_code(romeo, one, bytes([65 + number])))
        assert await both.clients.add_device_request(a_request(one, bytes([65 + number]), f"CODE{number}"))
        await both.clients.add_consent(Consent(romeo.id, one.id, "read", NOW))
    assert await both.clients.delete_client(client.id, within=OWNER) == client
    assert await both.clients.delete_client(client.id, within=OWNER) is None
    assert await both.clients.code(b"A" * 32) is None
    assert await both.clients.device_request("CODE0") is None
    assert await both.clients.consent(romeo.id, client.id) is None
    assert await both.clients.code(b"B" * 32) is not None
    assert await both.clients.device_request("CODE1") is not None
    assert await both.clients.consent(romeo.id, other.id) is not None


# ---------------------------------------------------------------- logins


async def test_a_client_that_may_do_more_keeps_its_secret_and_stays(both: Both) -> None:
    bot = await a_person(both.accounts, "friar", bot=True, roles=" admin ")
    friar = await a_client(both, user_id=bot.id, secret_hash=b"s" * 32)
    wiki = await a_client(both, trusted=True, scopes=("openid", "admin"), secret_hash=b"s" * 32)
    for client, few in ((friar, ADMIN - {"audit.read"}), (wiki, ADMIN)):
        for doing in (
            both.clients.set_client_secret(client.id, b"t" * 32, within=few),
            both.clients.delete_client(client.id, within=few),
        ):
            with pytest.raises(ChatError) as refusal:
                await doing
            assert refusal.value.code is Code.FORBIDDEN
        assert await both.clients.client(client.id) == client
    assert await both.clients.delete_client(friar.id, within=ADMIN) == friar
    assert await both.clients.delete_client(wiki.id, within=OWNER) == wiki


async def test_the_logins_of_a_client_end_a_bounded_number_at_a_time(both: Both) -> None:
    romeo, juliet = await a_person(both.accounts), await a_person(both.accounts, "juliet")
    client, other = await a_client(both), await a_client(both)
    for person in (romeo, juliet, romeo):
        await both.accounts.add_login(a_login(person, client), auth_epoch=1, keep=50)
    await both.accounts.add_login(a_login(romeo, other), auth_epoch=1, keep=50)
    mine = await both.clients.end_client_logins(client.id, juliet.id, 10, NOW)
    assert [one.user_id for one in mine] == [juliet.id]
    assert all(one.ended_ms >= NOW for one in mine)
    assert len(await both.clients.end_client_logins(client.id, "", 1, NOW)) == 1
    assert len(await both.clients.end_client_logins(client.id, "", 10, NOW)) == 1
    assert await both.clients.end_client_logins(client.id, "", 10, NOW) == []
    assert len((await both.accounts.logins(romeo.id, "", 10))[0]) == 1


async def test_a_service_keeps_one_login_however_many_ask_at_once(both: Both) -> None:
    bot, client = await a_person(both.accounts), await a_client(both)
    device = new_id()
    kept = await asyncio.gather(
        *(both.clients.keep_login(a_login(bot, client, device=device)) for _ in range(6)),
    )
    assert len({one.id for one in kept if one is not None}) == 1
    assert None not in kept
    await both.accounts.end_login(kept[0].id if kept[0] else "", NOW)
    again = await both.clients.keep_login(a_login(bot, client, device=device))
    assert again is not None
    assert kept[0] is not None
    assert again.id != kept[0].id
    await both.accounts.set_active(bot.id, False, NOW)
    assert await both.clients.keep_login(a_login(bot, client, device=device)) is None
    await both.clients.delete_client(client.id, within=OWNER)
    assert await both.clients.keep_login(a_login(bot, client)) is None


async def test_a_client_pushes_aside_only_logins_of_its_own(both: Both) -> None:
    romeo, client = await a_person(both.accounts), await a_client(both)
    phone = msgspec.structs.replace(a_login(romeo, client, at_ms=NOW - 5), client_id="", scope="")
    await both.accounts.add_login(phone, auth_epoch=1, keep=2)
    first = a_login(romeo, client, at_ms=NOW)
    brief = a_login(romeo, client, at_ms=NOW, until_ms=NOW + 10)
    assert await both.accounts.add_login(first, auth_epoch=1, keep=2) == []
    assert await both.accounts.add_login(brief, auth_epoch=1, keep=2) == []
    ended = await both.accounts.add_login(a_login(romeo, client, at_ms=NOW + 10), auth_epoch=1, keep=2)
    assert [one.id for one in ended or ()] == [brief.id]
    ended = await both.accounts.add_login(a_login(romeo, client, at_ms=NOW + 11), auth_epoch=1, keep=2)
    assert [one.id for one in ended or ()] == [first.id]
    assert phone.id in {one.id for one in (await both.accounts.logins(romeo.id, "", 10))[0]}


# ---------------------------------------------------------------- codes


async def test_a_code_comes_back_as_added(both: Both) -> None:
    romeo, client = await a_person(both.accounts), await a_client(both)
    code = a_code(romeo, client)
    await both.clients.add_code(code)
    assert await both.clients.code(code.code_hash) == code
    assert await both.clients.code(b"x" * 32) is None


async def test_a_code_is_spent_once_and_then_ends_what_it_was_spent_for(both: Both) -> None:
    romeo, client = await a_person(both.accounts), await a_client(both)
    code = a_code(romeo, client)
    await both.clients.add_code(code)
    login = a_login(romeo, client)
    assert await both.clients.spend_code(b"x" * 32, login, keep=50) == Spent(Spending.UNKNOWN)
    assert await both.clients.spend_code(code.code_hash, login, keep=50) == Spent(Spending.DONE)
    assert await both.accounts.login(login.id) == login
    again = await both.clients.spend_code(code.code_hash, a_login(romeo, client), keep=50)
    assert again.outcome is Spending.REUSED
    assert [one.id for one in again.ended] == [login.id]
    assert (await both.clients.spend_code(code.code_hash, a_login(romeo, client), keep=50)) == Spent(Spending.REUSED)
    assert (await both.accounts.logins(romeo.id, "", 10))[0] == []


async def test_of_many_who_spend_a_code_at_once_one_succeeds_and_nobody_is_left_with_a_login(both: Both) -> None:
    romeo, client = await a_person(both.accounts), await a_client(both)
    code = a_code(romeo, client)
    await both.clients.add_code(code)
    spent = await asyncio.gather(
        *(both.clients.spend_code(code.code_hash, a_login(romeo, client), keep=50) for _ in range(5))
    )
    assert [one.outcome for one in spent].count(Spending.DONE) == 1
    assert {one.outcome for one in spent} == {Spending.DONE, Spending.REUSED}
    assert (await both.accounts.logins(romeo.id, "", 10))[0] == []


async def test_a_code_of_before_a_ban_or_a_new_password_is_stale(both: Both) -> None:
    romeo, client = await a_person(both.accounts), await a_client(both)
    await both.clients.add_code(a_code(romeo, client))
    await both.accounts.set_active(romeo.id, False, NOW)
    assert await both.clients.spend_code(b"c" * 32, a_login(romeo, client), keep=50) == Spent(Spending.STALE)
    await both.accounts.set_active(romeo.id, True, NOW)
    assert await both.clients.spend_code(b"c" * 32, a_login(romeo, client), keep=50) == Spent(Spending.STALE)


# ---------------------------------------------------------------- devices


async def test_a_device_is_let_in_once(both: Both) -> None:
    romeo, client = await a_person(both.accounts), await a_client(both)
    request = a_request(client)
    assert await both.clients.add_device_request(request)
    assert not await both.clients.add_device_request(a_request(client, b"e"))
    assert await both.clients.device_request(request.user_code) == request
    early = await both.clients.spend_device(request.device_hash, a_login(romeo, client), keep=50)
    assert early == Spent(Spending.UNKNOWN)
    assert await both.clients.answer_device(request.user_code, romeo.id, romeo.auth_epoch, True, NOW)
    assert not await both.clients.answer_device(request.user_code, romeo.id, romeo.auth_epoch, False, NOW)
    spent = await asyncio.gather(
        *(both.clients.spend_device(request.device_hash, a_login(romeo, client), keep=50) for _ in range(4))
    )
    assert sorted(one.outcome.value for one in spent) == ["done", "unknown", "unknown", "unknown"]
    assert len((await both.accounts.logins(romeo.id, "", 10))[0]) == 1
    after = await both.clients.device_request(request.user_code)
    assert after is not None
    assert (after.state, after.user_id) == (DeviceState.SPENT, romeo.id)


async def test_a_device_is_let_in_for_nobody_but_who_allowed_it(both: Both) -> None:
    romeo, tybalt = await a_person(both.accounts), await a_person(both.accounts, "tybalt")
    client = await a_client(both)
    await both.clients.add_device_request(a_request(client))
    assert not await both.clients.answer_device("XXXXXXXX", romeo.id, 1, True, NOW)
    assert not await both.clients.answer_device("BCDFGHJK", romeo.id, 1, True, NOW + 600_000)
    assert await both.clients.answer_device("BCDFGHJK", romeo.id, 1, True, NOW)
    wrong = await both.clients.spend_device(b"d" * 32, a_login(tybalt, client), keep=50)
    assert wrong == Spent(Spending.UNKNOWN)
    await both.accounts.set_active(romeo.id, False, NOW)
    stale = await both.clients.spend_device(b"d" * 32, a_login(romeo, client), keep=50)
    assert stale == Spent(Spending.STALE)


async def test_a_device_that_asks_too_often_has_to_wait_longer(both: Both) -> None:
    client = await a_client(both)
    request = a_request(client)
    await both.clients.add_device_request(request)
    assert await both.clients.poll_device(b"x" * 32, NOW, 5000) is None
    assert await both.clients.poll_device(request.device_hash, NOW, 5000) == request
    second = await both.clients.poll_device(request.device_hash, NOW + 4999, 5000)
    assert second is not None
    assert (second.polled_ms, second.interval_ms) == (NOW, 5000)
    third = await both.clients.poll_device(request.device_hash, NOW + 15_000, 5000)
    assert third is not None
    assert (third.polled_ms, third.interval_ms) == (NOW + 4999, 10_000)


# ---------------------------------------------------------------- consents and the past


async def test_consents_add_up_and_are_taken_back(both: Both) -> None:
    romeo, client = await a_person(both.accounts), await a_client(both)
    assert await both.clients.consent(romeo.id, client.id) is None
    await both.clients.add_consent(Consent(romeo.id, client.id, "write openid", NOW))
    await both.clients.add_consent(Consent(romeo.id, client.id, "openid read", NOW + 1))
    assert await both.clients.consent(romeo.id, client.id) == Consent(romeo.id, client.id, "openid read write", NOW + 1)
    others = [await a_client(both) for _ in range(3)]
    for other in others:
        await both.clients.add_consent(Consent(romeo.id, other.id, "read", NOW))
    first, cursor = await both.clients.consents(romeo.id, "", 2)
    second, end = await both.clients.consents(romeo.id, cursor, 2)
    assert [one.client_id for one in first + second] == sorted(one.id for one in (client, *others))
    assert end == ""
    assert await both.clients.drop_consent(romeo.id, client.id)
    assert not await both.clients.drop_consent(romeo.id, client.id)


async def test_two_consents_at_once_are_both_kept(both: Both) -> None:
    romeo, client = await a_person(both.accounts), await a_client(both)
    scopes = ["openid", "read", "write", "profile"]
    await asyncio.gather(*(both.clients.add_consent(Consent(romeo.id, client.id, one, NOW)) for one in scopes))
    consent = await both.clients.consent(romeo.id, client.id)
    assert consent is not None
    assert set(consent.scope.split()) == set(scopes)


async def test_what_is_over_is_removed(both: Both) -> None:
    romeo, client = await a_person(both.accounts), await a_client(both)
    await both.clients.add_code(a_code(romeo, client, b"o", expires_ms=NOW - 1))
    await both.clients.add_code(a_code(romeo, client, b"n", expires_ms=NOW))
    await both.clients.add_device_request(a_request(client))
    await both.clients.drop_expired(NOW)
    assert await both.clients.code(b"o" * 32) is None
    assert await both.clients.code(b"n" * 32) is not None
    assert await both.clients.device_request("BCDFGHJK") is not None
    await both.clients.drop_expired(NOW + 600_001)
    assert await both.clients.device_request("BCDFGHJK") is None

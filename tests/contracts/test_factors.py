"""What every `FactorStore` keeps to.  It runs on memory and on every database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from contracts.test_accounts import a_person
from support.databases import DATABASES, UrlOf, open_empty

from hubbub.auth.factor_ports import Arrival, FactorStore, ForeignAccount, Passkey, Step, Totp
from hubbub.auth.permissions import BUILT_IN, EVERYDAY
from hubbub.auth.ports import Account, AccountStore, Login
from hubbub.base.clock import ManualClock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import new_id
from hubbub.storage.auth.accounts import SqlAccounts
from hubbub.storage.auth.factors import SqlFactors
from hubbub.storage.memory.accounts import MemoryAccounts
from hubbub.storage.memory.factors import MemoryFactors

NOW = 1_700_000_000_000


@dataclass
class Both:
    """The two stores, over the same rows."""

    accounts: AccountStore
    factors: FactorStore


@pytest.fixture(params=["memory", *DATABASES])
async def both(request: pytest.FixtureRequest, database_url: UrlOf, tmp_path: Path) -> AsyncIterator[Both]:
    if request.param == "memory":
        accounts = MemoryAccounts()
        yield Both(accounts, MemoryFactors(accounts))
        return
    database = await open_empty(database_url(request.param), tmp_path / "data", clock=ManualClock())
    try:
        yield Both(SqlAccounts(database), SqlFactors(database))
    finally:
        await database.close()


def an_app(person: Account, secret: bytes = b"s" * 20) -> Totp:
    return Totp(user_id=person.id, secret=secret, created_ms=NOW)


def a_passkey(person: Account, credential: bytes = b"c") -> Passkey:
    return Passkey(
        id=new_id(),
        user_id=person.id,
        credential_hash=credential * 32,
        credential_id=credential * 1023,
        public_key=b"\x00\xffkey",
        sign_count=0,
        name="手机",
        created_ms=NOW,
    )


async def a_login(both: Both, person: Account, device: str, *, at_ms: int = NOW) -> Login:
    login = Login(
        id=new_id(),
        user_id=person.id,
        device_id=device,
        device_name="phone",
        family_hash=b"f" * 32,
        refresh_hash=b"r" * 32,
        created_ms=at_ms,
        used_ms=at_ms,
    )
    assert await both.accounts.add_login(login, auth_epoch=1, keep=50) is not None
    return login


async def test_an_app_is_asked_for_once_it_is_confirmed(both: Both) -> None:
    person, other = await a_person(both.accounts, "romeo"), await a_person(both.accounts, "juliet")
    assert await both.factors.totp(person.id) is None
    assert await both.factors.offer_totp(an_app(person, b"1" * 20))
    assert await both.factors.offer_totp(an_app(person))
    assert await both.factors.totp(person.id) == an_app(person)
    assert not await both.factors.has_factor(person.id)
    assert not await both.factors.confirm_totp(person.id, b"1" * 20, 7)
    assert not await both.factors.use_step(person.id, b"s" * 20, 9)
    assert await both.factors.confirm_totp(person.id, b"s" * 20, 7)
    assert not await both.factors.confirm_totp(person.id, b"s" * 20, 8)
    assert await both.factors.totp(person.id) == msgspec.structs.replace(an_app(person), confirmed=True, last_step=7)
    assert await both.factors.has_factor(person.id)
    assert not await both.factors.has_factor(other.id)
    assert not await both.factors.offer_totp(an_app(person, b"2" * 20))
    assert await both.factors.drop_totp(person.id)
    assert not await both.factors.drop_totp(person.id)
    assert not await both.factors.has_factor(person.id)


async def test_nobody_has_no_app(both: Both) -> None:
    ghost = msgspec.structs.replace(await a_person(both.accounts, "romeo"), id=new_id())
    assert not await both.factors.offer_totp(an_app(ghost))


async def test_a_code_is_used_once_however_many_try(both: Both) -> None:
    person = await a_person(both.accounts, "romeo")
    await both.factors.offer_totp(an_app(person))
    await both.factors.confirm_totp(person.id, b"s" * 20, 7)
    assert not await both.factors.use_step(person.id, b"s" * 20, 7)
    tried = await asyncio.gather(*(both.factors.use_step(person.id, b"s" * 20, 8) for _ in range(8)))
    assert sum(tried) == 1
    assert not await both.factors.use_step(person.id, b"x" * 20, 9)
    assert await both.factors.use_step(person.id, b"s" * 20, 10)
    assert not await both.factors.use_step(person.id, b"s" * 20, 9)


async def test_a_recovery_code_is_used_once_by_its_person(both: Both) -> None:
    person, other = await a_person(both.accounts, "romeo"), await a_person(both.accounts, "juliet")
    codes = [bytes([number]) * 32 for number in range(10)]
    await both.factors.set_recovery_codes(person.id, codes)
    assert await both.factors.recovery_codes_left(person.id) == 10
    assert not await both.factors.use_recovery_code(other.id, codes[0])
    tried = await asyncio.gather(*(both.factors.use_recovery_code(person.id, codes[0]) for _ in range(8)))
    assert sum(tried) == 1
    assert await both.factors.recovery_codes_left(person.id) == 9
    await both.factors.set_recovery_codes(person.id, [b"n" * 32])
    assert not await both.factors.use_recovery_code(person.id, codes[1])
    await both.factors.set_recovery_codes(person.id, [])
    assert await both.factors.recovery_codes_left(person.id) == 0


async def test_passkeys_are_kept_named_used_and_removed(both: Both) -> None:
    person, other = await a_person(both.accounts, "romeo"), await a_person(both.accounts, "juliet")
    key, second = a_passkey(person), a_passkey(person, b"d")
    assert await both.factors.add_passkey(key, most=2)
    assert not await both.factors.add_passkey(a_passkey(other), most=2)
    assert await both.factors.add_passkey(second, most=2)
    assert not await both.factors.add_passkey(a_passkey(person, b"e"), most=2)
    assert await both.factors.passkeys(person.id) == sorted((key, second), key=lambda one: one.id)
    assert await both.factors.passkeys(other.id) == []
    assert await both.factors.has_factor(person.id)
    assert await both.factors.passkey(b"c" * 32) == key
    assert await both.factors.passkey(b"x" * 32) is None
    assert await both.factors.use_passkey(key.id, before=0, sign_count=5, now_ms=NOW + 1)
    assert not await both.factors.use_passkey(key.id, before=0, sign_count=6, now_ms=NOW + 2)
    for _ in range(2):
        assert await both.factors.use_passkey(second.id, before=0, sign_count=0, now_ms=NOW)
    assert await both.factors.name_passkey(other.id, key.id, "mine") is None
    named = await both.factors.name_passkey(person.id, key.id, "钥匙")
    assert named == msgspec.structs.replace(key, name="钥匙", sign_count=5, used_ms=NOW + 1)
    assert not await both.factors.drop_passkey(other.id, key.id)
    assert await both.factors.drop_passkey(person.id, key.id)
    assert await both.factors.passkeys(person.id) == [msgspec.structs.replace(second, used_ms=NOW)]


async def test_a_step_is_spent_once(both: Both) -> None:
    step = Step(b"s" * 32, "proven", new_id(), '{"epoch": "1"}', NOW)
    nobodys = Step(b"n" * 32, "passkey", "", "{}", NOW + 1)
    await both.factors.add_step(step)
    await both.factors.add_step(nobodys)
    assert await both.factors.step(b"s" * 32) == step
    assert await both.factors.step(b"n" * 32) == nobodys
    spent = await asyncio.gather(*(both.factors.spend_step(b"s" * 32) for _ in range(8)))
    assert [one for one in spent if one is not None] == [step]
    assert await both.factors.step(b"s" * 32) is None
    await both.factors.drop_steps(NOW + 1)
    assert await both.factors.step(b"n" * 32) == nobodys
    await both.factors.drop_steps(NOW + 2)
    assert await both.factors.step(b"n" * 32) is None


async def test_only_a_new_device_of_who_has_an_older_one_arrives(both: Both) -> None:
    person, other = await a_person(both.accounts, "romeo"), await a_person(both.accounts, "juliet")
    phone, tablet = new_id(), new_id()

    async def arrives(whose: Account, device: str, at_ms: int) -> bool:
        login = await a_login(both, whose, device, at_ms=at_ms)
        arrival = Arrival(login.id, whose.id, "phone", "192.0.2.7", at_ms)
        return await both.factors.note_arrival(arrival, device, settled_ms=at_ms - 60_000, keep=3)

    assert not await both.factors.knows_device(person.id, phone)
    assert not await arrives(person, phone, NOW)
    assert await both.factors.knows_device(person.id, phone)
    assert not await both.factors.knows_device(other.id, phone)
    # The first devices come one after the other, and are nobody else's.
    assert not await arrives(person, new_id(), NOW + 1)
    assert not await arrives(person, phone, NOW + 100_000)
    assert await arrives(person, tablet, NOW + 100_001)
    assert not await arrives(person, tablet, NOW + 100_002)
    # Somebody else's old device says nothing about this person's.
    assert not await arrives(other, phone, NOW + 200_000)
    for number in range(4):
        assert await arrives(person, new_id(), NOW + 300_000 + number)
    found = await both.factors.arrivals(person.id, 50)
    assert [one.time_ms for one in found] == [NOW + 300_003, NOW + 300_002, NOW + 300_001]
    assert found[0].address == "192.0.2.7"
    assert len(await both.factors.arrivals(person.id, 1)) == 1
    assert not await both.factors.drop_arrival(other.id, found[0].id)
    assert await both.factors.drop_arrival(person.id, found[0].id)
    assert await both.factors.arrivals(person.id, 50) == found[1:]


async def test_nothing_is_kept_of_who_is_gone(both: Both) -> None:
    person, other = await a_person(both.accounts, "romeo"), await a_person(both.accounts, "juliet")
    for whose, letter in ((person, b"r"), (other, b"j")):
        await both.factors.offer_totp(an_app(whose))
        await both.factors.set_recovery_codes(whose.id, [letter * 32])
        await both.factors.add_passkey(a_passkey(whose, letter), most=2)
        await both.factors.link_account(ForeignAccount(letter * 32, whose.id, "https://op.example", "s", NOW))
        await a_login(both, whose, new_id(), at_ms=NOW - 100_000)
        login = await a_login(both, whose, new_id())
        arrival = Arrival(login.id, whose.id, "phone", "192.0.2.7", NOW)
        assert await both.factors.note_arrival(arrival, login.device_id, settled_ms=NOW - 1, keep=3)
    await both.factors.forget(person.id)
    for whose, count in ((person, 0), (other, 1)):
        assert (await both.factors.totp(whose.id) is not None) == bool(count)
        assert await both.factors.recovery_codes_left(whose.id) == count
        assert len(await both.factors.passkeys(whose.id)) == count
        assert len(await both.factors.foreign_accounts(whose.id)) == count
        assert len(await both.factors.arrivals(whose.id, 9)) == count


async def test_an_account_somewhere_else_is_one_persons(both: Both) -> None:
    person, other = await a_person(both.accounts, "romeo"), await a_person(both.accounts, "juliet")
    mine = ForeignAccount(b"h" * 32, person.id, "https://op.example", "s" * 3000, NOW)
    second = msgspec.structs.replace(mine, name_hash=b"i" * 32, created_ms=NOW - 1)
    assert await both.factors.foreign_account(mine.name_hash) is None
    racing = [msgspec.structs.replace(mine, user_id=person.id) for _ in range(8)]
    assert sum(await asyncio.gather(*(both.factors.link_account(one) for one in racing))) == 1
    assert not await both.factors.link_account(msgspec.structs.replace(mine, user_id=other.id))
    assert await both.factors.foreign_account(mine.name_hash) == mine
    assert await both.factors.link_account(second)
    assert await both.factors.foreign_accounts(person.id) == [second, mine]
    assert await both.factors.foreign_accounts(other.id) == []
    assert not await both.factors.unlink_account(other.id, mine.name_hash)
    assert await both.factors.unlink_account(person.id, mine.name_hash)
    assert await both.factors.foreign_account(mine.name_hash) is None


async def test_what_somebody_set_up_is_not_taken_away_by_who_may_do_less(both: Both) -> None:
    boss = await a_person(both.accounts, "boss", roles=" admin ")
    await both.factors.offer_totp(an_app(boss))
    await both.factors.add_passkey(a_passkey(boss), most=9)
    await both.factors.set_recovery_codes(boss.id, [b"1" * 32])
    for within in (EVERYDAY, BUILT_IN["moderator"], BUILT_IN["admin"] - {"audit.read"}):
        with pytest.raises(ChatError) as refusal:
            await both.factors.reset(boss.id, within=within)
        assert refusal.value.code is Code.FORBIDDEN
    assert await both.factors.totp(boss.id) is not None
    assert len(await both.factors.passkeys(boss.id)) == await both.factors.recovery_codes_left(boss.id) == 1
    assert await both.factors.reset(boss.id, within=BUILT_IN["admin"])
    assert not await both.factors.reset(boss.id, within=BUILT_IN["admin"])
    assert not await both.factors.has_factor(boss.id)
    assert await both.factors.recovery_codes_left(boss.id) == 0
    with pytest.raises(ChatError) as refusal:
        await both.factors.reset(new_id(), within=BUILT_IN["owner"])
    assert refusal.value.code is Code.USER_NOT_FOUND


async def test_guesses_are_counted_once_for_all_nodes_and_come_back(both: Both) -> None:
    async def guess(name: bytes, later_s: float = 0.0) -> float:
        now_ms = NOW + int(later_s * 1000)
        return await both.factors.take_guess(name, per_hour=60.0, burst=5.0, now_ms=now_ms)

    waits = await asyncio.gather(*(guess(b"g" * 32) for _ in range(12)))
    assert waits.count(0.0) == 5
    assert {round(wait) for wait in waits if wait} == {60}
    assert await guess(b"h" * 32) == 0.0, "another name has guesses of its own"
    # Who has to wait spends nothing by asking again.
    assert round(await guess(b"g" * 32, 45)) == 15
    assert await guess(b"g" * 32, 61) == 0.0
    assert await guess(b"g" * 32, 62) > 0
    # A clock that is behind gives nothing away.
    assert await guess(b"g" * 32, 0) > 0
    # Counts go with what else has ended, and not before all has come back.
    await both.factors.drop_steps(NOW + 62_000)
    assert await guess(b"g" * 32, 63) > 0
    await both.factors.drop_steps(NOW + 3_600_000)
    assert [await guess(b"g" * 32, 3600) for _ in range(5)] == [0.0] * 5


async def test_a_count_of_guesses_is_no_step(both: Both) -> None:
    await both.factors.take_guess(b"g" * 32, per_hour=60.0, burst=5.0, now_ms=NOW)
    found = await both.factors.step(b"g" * 32)
    assert found is None or found.kind == "guesses"

"""What every `AccountStore` keeps to.  It runs on memory and on every database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec
import pytest
from sqlalchemy import Connection
from support.databases import DATABASES, UrlOf, open_empty

from hubbub.auth.joining import JoinCode
from hubbub.auth.limits import Curve, Failed
from hubbub.auth.model import NEVER
from hubbub.auth.permissions import BUILT_IN, EVERYDAY
from hubbub.auth.ports import Account, AccountState, AccountStore, Login, Place, Rotation, SigningKey
from hubbub.auth.recovery import MailLink
from hubbub.base.clock import ManualClock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import new_id
from hubbub.chat.ports import StoreBusy
from hubbub.storage.auth.accounts import SqlAccounts
from hubbub.storage.database import Database
from hubbub.storage.memory.accounts import MemoryAccounts

NOW = 1_700_000_000_000

T = TypeVar("T")


class Crowded:
    """A database in which every transaction that writes is the victim of a deadlock before it gets through."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._met: set[Callable[[Connection], Any]] = set()

    async def write(self, fn: Callable[[Connection], T]) -> T:
        if fn not in self._met:
            self._met.add(fn)
            raise StoreBusy("1213")
        return await self._database.write(fn)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)


@pytest.fixture(params=["memory", "crowded", *DATABASES])
async def store(request: pytest.FixtureRequest, database_url: UrlOf, tmp_path: Path) -> AsyncIterator[AccountStore]:
    if request.param == "memory":
        yield MemoryAccounts()
        return
    crowded = request.param == "crowded"
    kind = "sqlite" if crowded else request.param
    database = await open_empty(database_url(kind), tmp_path / "data", clock=ManualClock())
    try:
        yield SqlAccounts(cast("Database", Crowded(database)) if crowded else database)
    finally:
        await database.close()


def an_account(name: str, **more: object) -> Account:
    account = Account(
        id=new_id(), username=name, username_key=name, display_name=name, password_hash="hash", created_ms=NOW
    )
    return msgspec.structs.replace(account, **more)


async def a_person(store: AccountStore, name: str = "romeo", **more: object) -> Account:
    account = Account(
        id=new_id(), username=name, username_key=name, display_name=name, password_hash="hash", created_ms=NOW
    )
    account = msgspec.structs.replace(account, **more)
    await store.add_account(account)
    return account


def a_login(account: Account, *, device: str = "", used_ms: int = NOW) -> Login:
    return Login(
        id=new_id(),
        user_id=account.id,
        device_id=device or new_id(),
        device_name="phone",
        family_hash=b"f" * 32,
        refresh_hash=b"1" * 32,
        created_ms=NOW,
        used_ms=used_ms,
    )


async def logged_in(store: AccountStore, account: Account, *, device: str = "", used_ms: int = NOW) -> Login:
    login = a_login(account, device=device, used_ms=used_ms)
    assert await store.add_login(login, auth_epoch=account.auth_epoch, keep=50) is not None
    return login


async def rotate(store: AccountStore, login: Login, old: bytes, new: bytes, *, family: bytes = b"f") -> Rotation:
    return await store.rotate_refresh(
        login.id,
        family_hash=family * 32,
        old_hash=old * 32,
        new_hash=new * 32,
        now_ms=NOW + 5,
        unused_since_ms=NOW - 1000,
    )


# ---------------------------------------------------------------- people


async def test_a_person_comes_back_as_added(store: AccountStore) -> None:
    romeo = await a_person(store, signature="o", bot=True, is_admin=True, last_seen_ms=7, display_name="罗密欧 🌹")
    assert await store.account(romeo.id) == romeo
    assert await store.account_named("romeo") == romeo


async def test_who_does_not_exist_is_none(store: AccountStore) -> None:
    assert await store.account(new_id()) is None
    assert await store.account_named("nobody") is None


async def test_a_name_is_taken_once(store: AccountStore) -> None:
    first = await a_person(store)
    with pytest.raises(ChatError) as refused:
        await a_person(store, display_name="another")
    assert refused.value.code is Code.USERNAME_TAKEN
    assert await store.account_named("romeo") == first


async def test_of_many_who_want_a_name_at_once_one_gets_it(store: AccountStore) -> None:
    tries = await asyncio.gather(*(a_person(store) for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(one, Account) for one in tries) == 1


async def test_names_are_compared_byte_by_byte(store: AccountStore) -> None:
    await a_person(store, "jose")
    await a_person(store, "josé")
    assert await store.account_named("Jose") is None


async def test_a_profile_changes_only_where_told(store: AccountStore) -> None:
    romeo = await a_person(store)
    assert await store.set_profile(romeo.id, display_name="R", signature=None) == msgspec.structs.replace(
        romeo, display_name="R"
    )
    changed = await store.set_profile(romeo.id, display_name=None, signature="sighs")
    assert changed is not None
    assert (changed.display_name, changed.signature) == ("R", "sighs")
    assert await store.set_profile(romeo.id, display_name=None, signature=None) == changed
    assert await store.set_profile(new_id(), display_name="x", signature=None) is None


async def test_a_welcome_is_remembered(store: AccountStore) -> None:
    romeo = await a_person(store)
    await store.set_welcomed(romeo.id)
    found = await store.account(romeo.id)
    assert found is not None
    assert found.welcomed


async def test_a_hash_is_refreshed_only_while_it_is_the_same(store: AccountStore) -> None:
    romeo = await a_person(store)
    await store.set_password_hash(romeo.id, "another", "new")
    await store.set_password_hash(romeo.id, "hash", "newer")
    found = await store.account(romeo.id)
    assert found is not None
    assert (found.password_hash, found.auth_epoch) == ("newer", 1)


async def test_when_people_left_only_moves_forward(store: AccountStore) -> None:
    romeo, juliet = await a_person(store), await a_person(store, "juliet")
    await store.save_last_seen([(romeo.id, NOW), (new_id(), NOW), (romeo.id, NOW - 5)])
    await store.save_last_seen([(romeo.id, NOW - 1)])
    await store.save_last_seen([])
    assert await store.load_last_seen([romeo.id, juliet.id, new_id()]) == {romeo.id: NOW}
    assert await store.load_last_seen([]) == {}
    many = [new_id() for _ in range(450)]
    assert await store.load_last_seen([*many, romeo.id]) == {romeo.id: NOW}


# ---------------------------------------------------------------- passwords and bans


async def test_a_password_change_keeps_one_login_and_ends_the_others(store: AccountStore) -> None:
    romeo = await a_person(store)
    here, phone, tablet = [await logged_in(store, romeo) for _ in range(3)]
    changed = await store.change_password(
        romeo.id,
        "hash",
        "new",
        login_id=here.id,
        family_hash=b"g" * 32,
        refresh_hash=b"2" * 32,
        now_ms=NOW + 9,
    )
    assert changed is not None
    account, renewed, ended = changed
    assert (account.password_hash, account.auth_epoch) == ("new", 2)
    assert (renewed.family_hash, renewed.refresh_hash, renewed.ended_ms) == (b"g" * 32, b"2" * 32, 0)
    assert [one.id for one in ended] == sorted((phone.id, tablet.id))
    assert await store.standing(here.id) == (renewed, account)
    gone = await store.login(phone.id)
    assert gone is not None
    assert gone.ended_ms >= NOW + 9


@pytest.mark.parametrize("wrong", ["hash", "login", "person"])
async def test_a_password_change_that_comes_too_late_changes_nothing(store: AccountStore, wrong: str) -> None:
    romeo, tybalt = await a_person(store), await a_person(store, "tybalt")
    here, phone = await logged_in(store, romeo), await logged_in(store, romeo)
    theirs = await logged_in(store, tybalt)
    if wrong == "login":
        await store.end_login(here.id, NOW)
    outcome = await store.change_password(
        romeo.id,
        "old hash" if wrong == "hash" else "hash",
        "new",
        login_id=theirs.id if wrong == "person" else here.id,
        family_hash=b"g" * 32,
        refresh_hash=b"2" * 32,
        now_ms=NOW,
    )
    assert outcome is None
    assert await store.account(romeo.id) == romeo
    assert await store.login(phone.id) == phone


async def test_a_ban_ends_every_login_and_advances_the_epoch(store: AccountStore) -> None:
    romeo = await a_person(store)
    logins = [await logged_in(store, romeo) for _ in range(2)]
    ended = await store.set_active(romeo.id, False, NOW + 1)
    assert [one.id for one in ended] == sorted(one.id for one in logins)
    banned = await store.account(romeo.id)
    assert banned is not None
    assert (banned.active, banned.auth_epoch) == (False, 2)
    assert await store.add_login(a_login(romeo), auth_epoch=2, keep=5) is None
    assert await store.set_active(romeo.id, False, NOW + 2) == []
    assert await store.set_active(romeo.id, True, NOW + 3) == []
    again = await store.account(romeo.id)
    assert again is not None
    assert (again.active, again.auth_epoch) == (True, 2)


# ---------------------------------------------------------------- logins


async def test_a_device_has_one_login(store: AccountStore) -> None:
    romeo = await a_person(store)
    device = new_id()
    first = await logged_in(store, romeo, device=device)
    other = await logged_in(store, romeo)
    ended = await store.add_login(a_login(romeo, device=device), auth_epoch=1, keep=50)
    assert ended is not None
    assert [one.id for one in ended] == [first.id]
    assert await store.login(other.id) == other


async def test_the_least_used_logins_give_way(store: AccountStore) -> None:
    romeo = await a_person(store)
    old, older, new = [await logged_in(store, romeo, used_ms=NOW + age) for age in (2, 1, 3)]
    ended = await store.add_login(a_login(romeo), auth_epoch=1, keep=2)
    assert ended is not None
    assert [one.id for one in ended] == sorted((old.id, older.id))
    rows, _ = await store.logins(romeo.id, "", 10)
    assert new.id in [one.id for one in rows]
    assert len(rows) == 2


async def test_a_login_for_an_epoch_gone_by_is_refused(store: AccountStore) -> None:
    romeo = await a_person(store, auth_epoch=3)
    assert await store.add_login(a_login(romeo), auth_epoch=2, keep=5) is None
    assert await store.logins(romeo.id, "", 10) == ([], "")


async def test_logins_come_in_pages(store: AccountStore) -> None:
    romeo = await a_person(store)
    logins = [await logged_in(store, romeo) for _ in range(5)]
    await store.end_login(logins[0].id, NOW)
    seen: list[str] = []
    cursor = ""
    while True:
        rows, cursor = await store.logins(romeo.id, cursor, 2)
        seen += [one.id for one in rows]
        if not cursor:
            break
    assert seen == sorted(one.id for one in logins[1:])


async def test_a_login_ends_once(store: AccountStore) -> None:
    login = await logged_in(store, await a_person(store))
    ended = await store.end_login(login.id, NOW + 1)
    assert ended is not None
    assert ended.ended_ms > NOW
    assert ended == msgspec.structs.replace(login, ended_ms=ended.ended_ms)
    assert await store.end_login(login.id, NOW + 2) is None
    assert await store.login(login.id) == ended
    assert await store.end_login(new_id(), NOW) is None


async def test_nobody_stands_behind_an_unknown_login(store: AccountStore) -> None:
    assert await store.standing(new_id()) is None


# ---------------------------------------------------------------- asking what has ended


async def ended_ids(store: AccountStore, after: tuple[int, str], at_once: int = 1000) -> list[str]:
    found: list[str] = []
    while True:
        _, page = await store.ended(after, at_once)
        found += [one.login_id for one in page]
        if len(page) < at_once:
            return found
        after = (page[-1].ended_ms, page[-1].login_id)


async def test_a_device_is_named_by_its_person_alone(store: AccountStore) -> None:
    romeo, tybalt = await a_person(store), await a_person(store, "tybalt")
    phone = await logged_in(store, romeo)
    assert await store.name_login(tybalt.id, phone.id, "mine") is None
    assert await store.name_login(romeo.id, new_id(), "mine") is None
    named = await store.name_login(romeo.id, phone.id, "手机")
    assert named == await store.login(phone.id) == msgspec.structs.replace(phone, device_name="手机")
    await store.end_login(phone.id, NOW)
    assert await store.name_login(romeo.id, phone.id, "late") is None


async def test_every_other_login_ends_at_once(store: AccountStore) -> None:
    romeo, tybalt = await a_person(store), await a_person(store, "tybalt")
    mine = [await logged_in(store, romeo) for _ in range(3)]
    theirs = await logged_in(store, tybalt)
    ended = await store.end_other_logins(romeo.id, mine[1].id, NOW)
    assert {one.id for one in ended} == {mine[0].id, mine[2].id}
    assert all(one.ended_ms for one in ended)
    assert [one.id for one in (await store.logins(romeo.id, "", 10))[0]] == [mine[1].id]
    assert [one.id for one in (await store.logins(tybalt.id, "", 10))[0]] == [theirs.id]
    assert await store.end_other_logins(romeo.id, mine[1].id, NOW) == []


async def test_whoever_asks_finds_every_login_that_has_ended_since(store: AccountStore) -> None:
    romeo, tybalt = await a_person(store), await a_person(store, "tybalt")
    logins = [await logged_in(store, romeo) for _ in range(5)]
    banned = [await logged_in(store, tybalt) for _ in range(2)]
    assert await store.end_login(logins[0].id, NOW + 1) is not None
    since, found = await store.ended(NEVER, 1000)
    assert found == []
    assert since > NOW - 60_000
    reused = logins[1]
    for old, new in ((b"1", b"2"), (b"2", b"3"), (b"1", b"x")):
        await rotate(store, reused, old, new)
    assert await store.end_login(logins[2].id, NOW + 5) is not None
    await store.change_password(
        romeo.id,
        "hash",
        "new",
        login_id=logins[4].id,
        family_hash=b"g" * 32,
        refresh_hash=b"2" * 32,
        now_ms=NOW + 9,
    )
    await store.set_active(tybalt.id, False, NOW + 9)
    expected = {one.id for one in (reused, logins[2], logins[3], *banned)}
    for at_once in (1, 2, 1000):
        found_ids = await ended_ids(store, (since - 60_000, ""), at_once)
        assert len(found_ids) == len(set(found_ids))
        assert set(found_ids) == expected | {logins[0].id}
    now, page = await store.ended((since - 60_000, ""), 1000)
    assert {one.user_id for one in page} == {romeo.id, tybalt.id}
    assert all(since - 60_000 < one.ended_ms <= now + 60_000 for one in page)


async def test_a_login_is_found_though_whoever_ended_it_had_stood_still_for_long(store: AccountStore) -> None:
    romeo = await a_person(store)
    first, second = await logged_in(store, romeo), await logged_in(store, romeo)
    await store.end_login(first.id, NOW)
    now, _ = await store.ended(NEVER, 1)
    await store.end_login(second.id, now - 3_600_000)
    assert second.id in await ended_ids(store, (now - 60_000, ""))


# ---------------------------------------------------------------- refresh tokens


async def test_a_refresh_token_is_spent_for_the_next(store: AccountStore) -> None:
    login = await logged_in(store, await a_person(store))
    assert await rotate(store, login, b"1", b"2") is Rotation.DONE
    assert await rotate(store, login, b"2", b"3") is Rotation.DONE
    found = await store.login(login.id)
    assert found is not None
    assert (found.refresh_hash, found.used_ms, found.ended_ms) == (b"3" * 32, NOW + 5, 0)


async def test_a_spent_refresh_token_ends_the_login(store: AccountStore) -> None:
    login = await logged_in(store, await a_person(store))
    await rotate(store, login, b"1", b"2")
    await rotate(store, login, b"2", b"3")
    assert await rotate(store, login, b"1", b"x") is Rotation.REUSED
    assert await rotate(store, login, b"3", b"4") is Rotation.ENDED
    found = await store.login(login.id)
    assert found is not None
    assert found.ended_ms >= NOW + 5


async def test_a_made_up_refresh_token_ends_nothing(store: AccountStore) -> None:
    login = await logged_in(store, await a_person(store))
    assert await rotate(store, login, b"1", b"2", family=b"x") is Rotation.UNKNOWN
    assert await store.login(login.id) == login


async def test_of_racing_refreshes_one_succeeds_and_the_login_ends(store: AccountStore) -> None:
    login = await logged_in(store, await a_person(store))
    outcomes = await asyncio.gather(*(rotate(store, login, b"1", bytes([n])) for n in range(5)))
    assert sorted(one.value for one in outcomes) == ["done", "ended", "ended", "ended", "reused"]


async def test_a_login_unused_for_too_long_has_ended(store: AccountStore) -> None:
    login = await logged_in(store, await a_person(store), used_ms=NOW - 2000)
    assert await rotate(store, login, b"1", b"2") is Rotation.ENDED


# ---------------------------------------------------------------- keys


def a_key(kid: str, at: int = 0) -> SigningKey:
    return SigningKey(kid=kid, private_pem=f"pem of {kid}", created_ms=NOW + at)


async def test_the_newest_key_comes_first_and_the_others_are_retired(store: AccountStore) -> None:
    assert await store.signing_keys() == []
    assert await store.add_signing_key(a_key("a"), expect="")
    # The clock may have been set back: the order is that of the additions.
    assert await store.add_signing_key(a_key("b", 5), expect="a")
    assert await store.add_signing_key(a_key("c", 3), expect="b")
    keys = await store.signing_keys()
    assert keys[0] == a_key("c", 3)
    assert {one.kid: one.retired_ms for one in keys} == {"c": 0, "b": NOW + 3, "a": NOW + 5}


async def test_of_two_nodes_that_make_a_key_one_prevails(store: AccountStore) -> None:
    made = await asyncio.gather(*(store.add_signing_key(a_key(kid), expect="") for kid in "abc"))
    assert sorted(made) == [False, False, True]
    assert len(await store.signing_keys()) == 1


async def test_only_keys_retired_long_ago_are_dropped(store: AccountStore) -> None:
    await store.add_signing_key(a_key("a"), expect="")
    await store.add_signing_key(a_key("b", 10), expect="a")
    await store.add_signing_key(a_key("c", 20), expect="b")
    await store.drop_signing_keys(NOW + 20)
    assert [one.kid for one in await store.signing_keys()] == ["c", "b"]


# ---------------------------------------------------------------- the place


async def test_a_fresh_place_has_no_name_and_no_admin(store: AccountStore) -> None:
    assert await store.place() == Place()


async def test_the_place_is_set_up_once(store: AccountStore) -> None:
    admin = Account(
        id=new_id(),
        username="prince",
        username_key="prince",
        display_name="Prince",
        password_hash="hash",
        created_ms=NOW,
        is_admin=True,
    )
    assert await store.offer_setup(b"s" * 32)
    await store.set_up(b"s" * 32, "Verona", admin)
    assert await store.account(admin.id) == admin
    assert await store.place() == Place(name="Verona", set_up_ms=NOW)
    assert not await store.offer_setup(b"t" * 32)
    with pytest.raises(ChatError) as refused:
        await store.set_up(b"s" * 32, "Mantua", msgspec.structs.replace(admin, id=new_id(), username_key="other"))
    assert refused.value.code is Code.SETUP_DONE


async def test_only_the_newest_setup_token_is_good(store: AccountStore) -> None:
    admin = Account(
        id=new_id(), username="p", username_key="p", display_name="p", password_hash="h", created_ms=NOW, is_admin=True
    )
    await store.offer_setup(b"s" * 32)
    await store.offer_setup(b"t" * 32)
    for wrong in (b"s" * 32, b""):
        with pytest.raises(ChatError) as refused:
            await store.set_up(wrong, "Verona", admin)
        assert refused.value.code is Code.BAD_SETUP_TOKEN
    await store.set_up(b"t" * 32, "Verona", admin)


async def test_a_setup_with_a_taken_name_changes_nothing(store: AccountStore) -> None:
    taken = await a_person(store, "prince")
    await store.offer_setup(b"s" * 32)
    with pytest.raises(ChatError) as refused:
        await store.set_up(b"s" * 32, "Verona", msgspec.structs.replace(taken, id=new_id(), is_admin=True))
    assert refused.value.code is Code.USERNAME_TAKEN
    assert (await store.place()).set_up_ms == 0
    await store.set_up(b"s" * 32, "Verona", msgspec.structs.replace(taken, id=new_id(), username="p", username_key="p"))


# ---------------------------------------------------------------- who comes in


def a_code(**more: Any) -> JoinCode:
    return JoinCode(**{"code": "abc", "created_by": new_id(), "created_ms": NOW, "uses_left": 1, **more})


async def test_the_last_use_of_a_code_is_one_account_and_a_taken_name_spends_none(store: AccountStore) -> None:
    assert await store.add_join_code(a_code(), 10)
    await store.add_account(an_account("taken"))
    with pytest.raises(ChatError) as refused:
        await store.add_account_by_code(an_account("taken"), "abc", NOW)
    assert refused.value.code is Code.USERNAME_TAKEN
    tries = [store.add_account_by_code(an_account(f"guest{n}"), "abc", NOW) for n in range(5)]
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert [each for each in done if each is None] == [None]
    assert {each.code for each in done if isinstance(each, ChatError)} == {Code.BAD_INVITATION}
    known = await store.join_code("abc")
    assert known is not None
    assert known.uses_left == 0
    assert sum([await store.account_named(f"guest{n}") is not None for n in range(5)]) == 1


async def test_codes_are_bounded_and_those_that_are_over_make_room(store: AccountStore) -> None:
    assert await store.add_join_code(a_code(code="ends", expires_ms=NOW + 5), 2)
    assert await store.add_join_code(a_code(code="Stays", uses_left=-1, note="Grüße", created_ms=NOW + 1), 2)
    assert not await store.add_join_code(a_code(code="third", created_ms=NOW + 2), 2)
    with pytest.raises(ChatError):
        await store.add_account_by_code(an_account("late"), "ends", NOW + 5)
    assert await store.add_join_code(a_code(code="third", created_ms=NOW + 5), 2)
    assert [code.code for code in await store.join_codes(10)] == ["third", "Stays"]
    assert await store.join_code("stays") is None
    for _ in range(2):
        await store.add_account_by_code(an_account(new_id()), "Stays", NOW + 9)
    assert await store.drop_join_code("Stays")
    assert not await store.drop_join_code("Stays")


async def test_who_waits_is_let_in_or_forgotten_once(store: AccountStore) -> None:
    people = sorted([an_account(f"w{n}", active=False, pending=True) for n in range(3)], key=lambda one: one.id)
    for one in people:
        await store.add_account(one)
    await store.add_account(an_account("in"))
    first, cursor = await store.waiting("", 2)
    rest, end = await store.waiting(cursor, 2)
    assert ([*first, *rest], end) == (people, "")
    accepted = await store.answer_waiting(people[0].id, True)
    assert accepted is not None
    assert accepted == await store.account(people[0].id)
    assert (accepted.active, accepted.pending) == (True, False)
    assert await store.answer_waiting(people[1].id, False) == people[1]
    assert await store.account(people[1].id) is None
    await store.add_account(an_account(people[1].username))
    assert await store.answer_waiting(people[0].id, True) is None
    assert await store.answer_waiting(new_id(), True) is None


async def test_nothing_is_done_to_somebody_who_may_do_more(store: AccountStore) -> None:
    boss = await a_person(store, "boss", roles=" admin ", email="boss@verona.example", email_key="boss@verona.example")
    login = a_login(boss)
    await store.add_login(login, auth_epoch=1, keep=9)
    few = BUILT_IN["admin"] - {"audit.read"}
    link = MailLink(b"h" * 32, boss.id, "reset", boss.email, boss.email_key, 1, NOW, NOW + 1_000)
    doings: list[Callable[[frozenset[str]], Awaitable[object]]] = [
        lambda may: store.set_profile(boss.id, display_name="x", signature=None, within=may),
        lambda may: store.end_login(login.id, NOW, user_id=boss.id, within=may),
        lambda may: store.end_other_logins(boss.id, "", NOW, within=may),
        lambda may: store.add_mail_link(link, 3, within=may),  # type: ignore[attr-defined]
        lambda may: store.drop_email(boss.id, within=may),  # type: ignore[attr-defined]
        lambda may: store.delete_account(boss.id, NOW, recall=False, within=may),
    ]
    for do in doings:
        with pytest.raises(ChatError) as refusal:
            await do(few)
        assert refusal.value.code is Code.FORBIDDEN
    assert await store.account(boss.id) == boss
    assert (await store.login(login.id)) == login
    for do in doings:
        await do(BUILT_IN["admin"])
    for do in doings:
        with pytest.raises(ChatError) as refusal:
            await do(BUILT_IN["admin"])
        assert refusal.value.code is Code.USER_NOT_FOUND


async def test_somebody_is_not_let_in_by_who_could_do_less(store: AccountStore) -> None:
    paris = await a_person(store, "paris", roles=" moderator ", active=False, pending=True)
    for accept in (True, False):
        with pytest.raises(ChatError) as refusal:
            await store.answer_waiting(paris.id, accept, within=EVERYDAY)
        assert refusal.value.code is Code.FORBIDDEN
    assert await store.answer_waiting(paris.id, True, within=BUILT_IN["admin"]) is not None


async def test_a_login_of_somebody_else_is_not_ended_by_their_name(store: AccountStore) -> None:
    romeo, juliet = await a_person(store, "romeo"), await a_person(store, "juliet")
    login = a_login(juliet)
    await store.add_login(login, auth_epoch=1, keep=9)
    assert await store.end_login(login.id, NOW, user_id=romeo.id, within=BUILT_IN["admin"]) is None
    assert await store.login(login.id) == login


async def test_people_are_listed_by_state_and_by_name(store: AccountStore) -> None:
    romeo = await a_person(store, "romeo", email="r@verona.example", email_key="r@verona.example")
    others = {
        AccountState.WAITING: await a_person(store, "paris", active=False, pending=True),
        AccountState.BANNED: await a_person(store, "tybalt", active=False),
        AccountState.DELETED: await a_person(store, "mercutio"),
    }
    await a_person(store, "rosaline")
    await store.delete_account(others[AccountState.DELETED].id, NOW, recall=False)
    for state, one in others.items():
        found, _ = await store.people("", state, "", 9)
        assert [each.id for each in found] == [one.id]
        assert AccountState.of(found[0]) is state
    first, cursor = await store.people("ro", AccountState.ACTIVE, "", 1)
    second, end = await store.people("ro", AccountState.ACTIVE, cursor, 1)
    assert sorted(one.username for one in [*first, *second]) == ["romeo", "rosaline"]
    assert end == ""
    assert (await store.people("r@verona.example", AccountState.ACTIVE, "", 9))[0] == [romeo]
    assert (await store.people("%", AccountState.ACTIVE, "", 9))[0] == []


async def test_wrong_passwords_are_counted_once_for_all_nodes_and_forgotten(store: AccountStore) -> None:
    curve = Curve(free=5, first_ms=2_000, longest_ms=300_000)

    async def fails(key: bytes, later_ms: int = 0) -> Failed:
        return await store.count_failure(key * 32, curve, NOW + later_ms)

    counted = await asyncio.gather(*(fails(b"f") for _ in range(7)))
    assert sorted(failed.times for failed in counted) == [1, 2, 3, 4, 5, 6, 7], "none that came at once was missed"
    assert await store.failures(b"f" * 32) == Failed(7, NOW + 4_000)
    assert await fails(b"g") == Failed(1, NOW), "another key has a count of its own"
    await store.forget_failures(b"f" * 32)
    assert await store.failures(b"f" * 32) is None
    # What is long over goes with the next that is counted.
    await fails(b"h", 300_001)
    assert await store.failures(b"g" * 32) is None
    assert await store.failures(b"h" * 32) == Failed(1, NOW + 300_001)

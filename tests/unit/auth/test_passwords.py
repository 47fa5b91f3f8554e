"""Hashing that is costly on purpose and still never in the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from unit.auth.people import fast_settings

from hubbub.auth.passwords import Passwords
from hubbub.auth.settings import AuthSettings
from hubbub.base.errors import ChatError, Code


@pytest.fixture
async def passwords() -> AsyncIterator[Passwords]:
    passwords = Passwords(fast_settings(hash_threads=1, hash_waiting=2))
    yield passwords
    passwords.close()


async def test_a_hash_matches_its_password_only(passwords: Passwords) -> None:
    stored = await passwords.hash("密码 pass")
    assert await passwords.matches("密码 pass", stored)
    assert not await passwords.matches("密码 Pass", stored)
    assert not await passwords.matches("", stored)
    assert stored != await passwords.hash("密码 pass")


async def test_nobody_has_any_password_not_even_the_stand_ins(passwords: Passwords) -> None:
    for password in ("nobody has this password", ""):
        assert not await passwords.matches(password, None)
    assert not await passwords.matches("x", "not a hash")


async def test_the_default_is_owasps_argon2id() -> None:
    passwords = Passwords(AuthSettings())
    stored = await passwords.hash("x")
    passwords.close()
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_when_too_many_wait_the_next_is_told_so_and_room_returns(passwords: Passwords) -> None:
    outcomes = await asyncio.gather(*(passwords.hash("x") for _ in range(5)), return_exceptions=True)
    refused = [one for one in outcomes if isinstance(one, ChatError)]
    assert [one.code for one in refused] == [Code.OVERLOADED] * 2
    assert await passwords.hash("x")


async def test_who_hangs_up_still_takes_their_place_until_the_hash_is_done(passwords: Passwords) -> None:
    waiting = [asyncio.create_task(passwords.hash("x")) for _ in range(3)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    with pytest.raises(ChatError):
        await passwords.hash("x")
    await asyncio.gather(*waiting, return_exceptions=True)

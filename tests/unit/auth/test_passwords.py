"""Hashing that is costly on purpose and still never in the way."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from unit.auth.people import fast_settings

from hubbub.auth.passwords import Passwords, spare_cores
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


def test_one_core_is_left_to_everything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    assert spare_cores() == 7
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    assert spare_cores() == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux knows priorities of threads")
async def test_a_hash_comes_after_everything_else_the_process_does(passwords: Passwords) -> None:
    def politeness() -> dict[int, int]:
        tasks = Path("/proc/self/task").iterdir()
        return {int(each.name): os.getpriority(os.PRIO_PROCESS, int(each.name)) for each in tasks}

    own = os.getpriority(os.PRIO_PROCESS, 0)
    before = set(politeness())
    await passwords.hash("x")
    fresh = [nice for thread, nice in politeness().items() if thread not in before]
    assert fresh == [max(own, 10)]
    assert politeness()[threading.get_native_id()] == own

"""What every `LetterStore` keeps to.  It runs on memory and on every database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from support.databases import DATABASES, UrlOf, open_empty

from hubbub.auth.letters import LetterStore, Waiting
from hubbub.base.clock import ManualClock
from hubbub.base.ids import new_id
from hubbub.storage.auth.letters import SqlLetters
from hubbub.storage.memory.letters import MemoryLetters

NOW = 1_700_000_000_000


@pytest.fixture(params=["memory", *DATABASES])
async def store(request: pytest.FixtureRequest, database_url: UrlOf, tmp_path: Path) -> AsyncIterator[LetterStore]:
    if request.param == "memory":
        yield MemoryLetters()
        return
    database = await open_empty(database_url(request.param), tmp_path / "data", clock=ManualClock())
    try:
        yield SqlLetters(database)
    finally:
        await database.close()


def a_letter(due_ms: int = NOW) -> Waiting:
    return Waiting(new_id(), "罗密欧@verona.example", "您的密码", "http://x/?token=z\n" * 50, NOW, due_ms)


async def test_the_letter_that_is_due_longest_is_taken_and_kept_from_others(store: LetterStore) -> None:
    later, sooner = a_letter(NOW + 5), a_letter(NOW + 1)
    for one in (later, sooner):
        assert await store.add(one, 9)
    assert await store.take(NOW, NOW + 60) is None
    assert await store.take(NOW + 5, NOW + 60) == replace(sooner, due_ms=NOW + 60, tries=1)
    assert await store.take(NOW + 5, NOW + 60) == replace(later, due_ms=NOW + 60, tries=1)
    assert await store.take(NOW + 59, NOW + 99) is None
    again = await store.take(NOW + 60, NOW + 99)
    assert again is not None
    assert again.tries == 2


async def test_a_letter_waits_again_or_is_done(store: LetterStore) -> None:
    one = a_letter()
    await store.add(one, 9)
    await store.take(NOW, NOW + 60)
    await store.again(one.id, NOW + 10)
    assert await store.take(NOW + 9, NOW + 60) is None
    assert await store.take(NOW + 10, NOW + 60) is not None
    await store.done(one.id)
    await store.done(one.id)
    assert await store.take(NOW + 999, NOW + 9_999) is None


async def test_only_so_many_wait(store: LetterStore) -> None:
    assert [await store.add(a_letter(), 2) for _ in range(3)] == [True, True, False]


async def test_of_any_number_that_race_one_takes_a_letter(store: LetterStore) -> None:
    await store.add(a_letter(), 9)
    taken = await asyncio.gather(*[store.take(NOW, NOW + 60) for _ in range(8)])
    assert len([one for one in taken if one is not None]) == 1

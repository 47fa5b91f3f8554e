"""Where a conversation stops being small is the operator's to say, and all that ask about it mean the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from contracts.script import ANNA, BEN, CLEO, Script
from support.databases import DATABASES, UrlOf, open_empty

from hubbub.base.clock import ManualClock
from hubbub.chat.ports import Changes, Facts, Needs
from hubbub.storage.chat.store import SqlStore
from hubbub.storage.memory.store import MemoryStore


@pytest.fixture(params=["memory", *DATABASES])
async def script(request: pytest.FixtureRequest, database_url: UrlOf, tmp_path: Path) -> AsyncIterator[Script]:
    clock = ManualClock()
    if request.param == "memory":
        yield Script(MemoryStore(clock, small_audience=2), clock)
        return
    database = await open_empty(database_url(request.param), tmp_path / "data", clock=clock)
    try:
        yield Script(SqlStore(database, small_audience=2), clock, database)
    finally:
        await database.close()


async def test_a_conversation_is_small_up_to_the_number_of_members_that_was_set(script: Script) -> None:
    small, large = await script.make(ANNA, BEN), await script.make(ANNA, BEN, CLEO)
    store = script.store
    assert await store.small_audience(small) == (ANNA, BEN)
    assert await store.small_audience(large) is None
    assert {id_: is_large for id_, _, is_large in await store.audience(BEN)} == {small: False, large: True}
    (listening,) = await store.listening([BEN])
    assert {id_: is_large for id_, _, is_large in listening.conversations} == {small: False, large: True}
    found: list[Facts] = []

    def look(facts: Facts) -> Changes:
        found.append(facts)
        return Changes()

    await store.commit(Needs(conversations={small, large}), look)
    assert found[0].audiences == {small: (ANNA, BEN)}
    assert found[0].small_audience == 2

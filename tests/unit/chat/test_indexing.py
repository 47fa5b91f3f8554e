"""The index follows the log: soon, after a crash, and whoever wrote."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection
from unit.chat.stage import QUICK, a_store
from unit.chat.world import ANNA, BEN, fresh_id, text

from hubbub.base.clock import ManualClock
from hubbub.bus.local import LocalBus
from hubbub.chat.indexing import Indexing
from hubbub.chat.model import Caller, ConversationKind, Submit
from hubbub.chat.node import ChatNode
from hubbub.chat.ports import StoreBusy
from hubbub.chat.search.found import Found, Wanted
from hubbub.chat.settings import ChatSettings
from hubbub.storage.chat.store import SqlStore
from hubbub.storage.dialects import FoundPostings
from hubbub.storage.dialects.sqlite import SqliteDialect

ANN = Caller(ANNA)


def a_node(store: SqlStore, clock: ManualClock, settings: ChatSettings = QUICK) -> ChatNode:
    return ChatNode(store, LocalBus(), clock, settings)


async def a_group(node: ChatNode) -> str:
    made = await node.create_conversation(ANN, fresh_id(), ConversationKind.GROUP, title="Group", user_ids=[BEN])
    return made.conversation.id


def shown(found: Found) -> list[str]:
    return ["".join(piece.text for piece in hit.snippet) for hit in found.hits]


async def test_what_is_said_is_found_soon(tmp_path: Path) -> None:
    clock = ManualClock()
    database, store = await a_store(tmp_path, clock, [ANNA, BEN])
    node = a_node(store, clock)
    await node.start()
    try:
        group = await a_group(node)
        await node.submit(ANN, Submit(group, fresh_id(), text("the quick brown fox")))
        async with asyncio.timeout(5):
            while not (found := await node.search(Caller(BEN), "quick")).hits:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert shown(found) == ["the quick brown fox"]
        assert [piece.text for piece in found.hits[0].snippet if piece.hit] == ["quick"]
    finally:
        await node.stop()
        await database.close()


async def test_what_a_node_left_behind_is_indexed_by_the_next_one(tmp_path: Path) -> None:
    clock = ManualClock()
    database, store = await a_store(tmp_path, clock, [ANNA, BEN])
    node = a_node(store, clock, replace(QUICK, index_gather_s=3600.0))
    await node.start()
    group = await a_group(node)
    for number in range(7):
        await node.submit(ANN, Submit(group, fresh_id(), text(f"word {number}")))
    await node.stop()
    assert not (await store.search(ANNA, Wanted(("word",)), "", 10))[0]
    following = Indexing(store, clock, ChatSettings(index_entries=2))
    await following.step()
    assert len((await store.search(ANNA, Wanted(("word",)), "", 10))[0]) == 7
    assert await store.behind("", 10) == ([], "")
    await database.close()


async def test_names_in_filters_are_those_of_people_and_places(tmp_path: Path) -> None:
    clock = ManualClock()
    database, store = await a_store(tmp_path, clock, [ANNA, BEN])
    node = a_node(store, clock)
    await node.start()
    try:
        group = await a_group(node)
        for who, words in ((ANNA, "fox one"), (BEN, "fox two")):
            await node.submit(Caller(who), Submit(group, fresh_id(), text(words)))
        behind, _ = await store.behind("", 10)
        while behind:
            behind = sorted(await store.index(behind, 100))
        assert shown(await node.search(ANN, "fox from:user1")) == ["fox two"]
        assert shown(await node.search(ANN, "fox from:me")) == ["fox one"]
        assert shown(await node.search(ANN, "fox", from_=BEN)) == ["fox two"]
        assert shown(await node.search(ANN, "fox from:nobody")) == []
        assert shown(await node.search(ANN, "in:group")) == ["fox two", "fox one"]
        assert shown(await node.search(ANN, "fox in:elsewhere")) == []
        both = await node.search(ANN, "user")
        assert [row.username for row in both.people] == ["user0", "user1"]
        assert [state.conversation.id for state in (await node.search(ANN, "gro")).conversations] == [group]
        assert await node.search(ANN, " ?! ") == Found()
    finally:
        await node.stop()
        await database.close()


class Busy:
    """An index that refuses what is too much for it."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken: list[int] = []

    async def index(self, conversation_ids: Sequence[str], most: int) -> set[str]:
        if most > self.most:
            raise StoreBusy("too much")
        self.taken.append(most)
        return set()

    async def behind(self, after: str, limit: int) -> tuple[list[str], str]:
        return [], ""


async def test_what_is_too_much_for_one_transaction_is_done_in_smaller_steps() -> None:
    index = Busy(most=60)
    indexing = Indexing(index, ManualClock(), ChatSettings(index_entries=200))
    indexing.note({"a" * 32: 1})
    for _ in range(2):
        with pytest.raises(StoreBusy):
            await indexing.step()
    await indexing.step()
    assert index.taken == [50]


class Slow:
    """An index whose every step takes a second and leaves something to do, so many times."""

    def __init__(self, clock: ManualClock, steps: int) -> None:
        self.clock = clock
        self.steps = steps

    async def index(self, conversation_ids: Sequence[str], most: int) -> set[str]:
        self.clock.advance(1.0)
        self.steps -= 1
        return set(conversation_ids) if self.steps else set()

    async def behind(self, after: str, limit: int) -> tuple[list[str], str]:
        return [], ""


@pytest.mark.parametrize(("busy", "pause_s"), [(False, 1.0), (True, 4.0)])
async def test_people_who_wait_come_before_the_index(busy: bool, pause_s: float) -> None:
    clock = ManualClock()
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    settings = ChatSettings(index_share=0.5, index_share_busy=0.2)
    indexing = Indexing(Slow(clock, 3), clock, settings, lambda: busy, sleep)
    indexing.note({"a" * 32: 1})
    await indexing.step()
    assert pauses == pytest.approx([pause_s, pause_s])


class Heavy:
    """An index whose every entry takes a millisecond, with so many to do."""

    def __init__(self, clock: ManualClock, entries: int) -> None:
        self.clock = clock
        self.left = entries
        self.steps: list[int] = []

    async def index(self, conversation_ids: Sequence[str], most: int) -> set[str]:
        done = min(most, self.left)
        self.clock.advance(done / 1000)
        self.steps.append(done)
        self.left -= done
        return set(conversation_ids) if self.left else set()

    async def behind(self, after: str, limit: int) -> tuple[list[str], str]:
        return [], ""


async def test_a_backlog_goes_in_steps_that_nobody_notices() -> None:
    clock = ManualClock()
    index = Heavy(clock, 5_000)

    async def sleep(seconds: float) -> None:
        clock.advance(seconds)

    indexing = Indexing(index, clock, ChatSettings(), sleep=sleep)
    indexing.note({"a" * 32: 5_000})
    await indexing.step()
    assert index.left == 0
    assert max(index.steps[4:]) <= 25
    assert min(index.steps[4:-1]) >= 12, "and not in more steps than it takes"


class OnlyReadersSeek(SqliteDialect):
    """Refuses to look for terms where everybody's commits wait."""

    def find_postings(self, conn: Connection, keys: Sequence[tuple[str, int, bytes]]) -> list[FoundPostings]:
        assert conn.exec_driver_sql("PRAGMA query_only").scalar_one() == 1
        return super().find_postings(conn, keys)


async def test_what_is_stored_is_looked_up_beside_the_writer(tmp_path: Path) -> None:
    clock = ManualClock()
    database, _ = await a_store(tmp_path, clock, [ANNA, BEN])
    database.dialect = OnlyReadersSeek()
    store = SqlStore(database)
    node = a_node(store, clock, replace(QUICK, index_gather_s=3600.0))
    await node.start()
    try:
        group = await a_group(node)
        for number in range(3):
            await node.submit(ANN, Submit(group, fresh_id(), text(f"word {number}")))
            behind, _ = await store.behind("", 10)
            while behind:
                behind = sorted(await store.index(behind, 100))
        assert len((await store.search(ANNA, Wanted(("word",)), "", 10))[0]) == 3
    finally:
        await node.stop()
        await database.close()

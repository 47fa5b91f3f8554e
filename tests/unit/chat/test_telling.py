"""What happens to what is told when the store or the bus has a fault."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
import pytest
from unit.chat.stage import QUICK, Stage
from unit.chat.world import ANNA, BEN, CLEO, fresh_id

from hubbub.base.clock import ManualClock
from hubbub.base.errors import ChatError, Code
from hubbub.bus.local import LocalBus
from hubbub.chat.changes import UserChanges
from hubbub.chat.marks import Marks
from hubbub.chat.model import Caller, ConversationKind, Mark, UserRow, UserState
from hubbub.chat.ports import EntriesAppended, Event, MarksRaised, StoreBusy, StoreFull, StoreUnavailable, UserChanged
from hubbub.chat.settings import ChatSettings
from hubbub.storage.memory.store import MemoryStore


class FaultyStore(MemoryStore):
    """A store whose reads of user state and writes of marks fail as told."""

    def __init__(self, clock: ManualClock | None = None) -> None:
        super().__init__(clock or ManualClock())
        for who in (ANNA, BEN, CLEO):
            self.add_user(UserRow(who, who))
        self.unreadable: dict[str, Exception] = {}
        self.mark_faults: list[BaseException] = []
        self.mark_batches: list[int] = []

    async def user_state(self, user_id: str, since_version: int, limit: int) -> UserState:
        if (fault := self.unreadable.get(user_id)) is not None:
            raise fault
        return await super().user_state(user_id, since_version, limit)

    async def set_marks(self, marks: Sequence[tuple[str, Mark]]) -> MarksRaised:
        if self.mark_faults:
            raise self.mark_faults.pop(0)
        self.mark_batches.append(len(marks))
        return await super().set_marks(marks)


def told(heard: list[Event]) -> list[str]:
    return sorted(event.user_id for event in heard if isinstance(event, UserChanged))


async def test_one_persons_unreadable_rows_do_not_keep_the_others_waiting(caplog: pytest.LogCaptureFixture) -> None:
    store, bus, heard = FaultyStore(), LocalBus(), list[Event]()
    bus.feed(heard.extend, everything=True)
    changes = UserChanges(store, bus, 10)
    store.unreadable[BEN] = ZeroDivisionError()
    changes.note({ANNA: 1, BEN: 1, CLEO: 1})
    await changes.tell()
    assert told(heard) == sorted((ANNA, CLEO))
    assert BEN in caplog.text


async def test_who_could_not_be_told_while_the_database_was_away_is_told_later() -> None:
    store, bus, heard = FaultyStore(), LocalBus(), list[Event]()
    bus.feed(heard.extend, everything=True)
    changes = UserChanges(store, bus, 10)
    store.unreadable[BEN] = StoreUnavailable()
    done: list[str] = []
    changes.note({ANNA: 1, BEN: 1}, lambda: done.append("outbox row"))
    with pytest.raises(ExceptionGroup):
        await changes.tell()
    assert done == []
    store.unreadable.clear()
    changes.note({BEN: 5})
    await changes.tell()
    assert {BEN, ANNA} <= set(told(heard))
    assert done == ["outbox row"]
    since = [event.state.since_version for event in heard if isinstance(event, UserChanged) and event.user_id == BEN]
    assert since == [0]


async def test_a_batch_whose_publishing_failed_keeps_its_outbox_row() -> None:
    clock = ManualClock()
    store = FaultyStore()
    stage = Stage(store, clock, QUICK)
    await stage.node.start()
    group = await stage.group(ANNA, BEN)
    await stage.node.told()
    await stage.node.outbox.clear()
    assert await store.stale_outbox(0, 10) == []
    stage.bus.broken = True
    await stage.says(ANNA, group)
    await stage.node.told()
    await stage.node.outbox.clear()
    assert [row.heads for row in await store.stale_outbox(0, 10)] == [{group: 2}]
    stage.bus.broken = False
    await stage.says(ANNA, group)
    await stage.node.told()
    seqs = [entry.seq for event in stage.heard if isinstance(event, EntriesAppended) for entry in event.entries]
    assert seqs[-1] == 3
    await stage.node.stop()


# ---------------------------------------------------------------- marks


def the_marks(store: FaultyStore, **settings: float) -> Marks:
    bus = LocalBus()
    quick = ChatSettings(marks_interval_s=0.001, retry_base_s=0.0001)
    changes = UserChanges(store, bus, 10)
    return Marks(store, bus, changes, lambda outbox_id: None, msgspec.structs.replace(quick, **settings))


@pytest.mark.parametrize(
    ("faults", "code"),
    [
        ([StoreFull()], Code.STORAGE_FULL),
        ([StoreUnavailable()], Code.UNAVAILABLE),
        ([StoreBusy()] * 5, Code.UNAVAILABLE),
        ([ZeroDivisionError()], Code.INTERNAL_ERROR),
    ],
)
async def test_a_mark_that_could_not_be_stored_is_not_called_stored(faults: list[Exception], code: Code) -> None:
    store = FaultyStore()
    marks = the_marks(store)
    marks.start()
    store.mark_faults = list(faults)
    with pytest.raises(ChatError) as refusal:
        await marks.set(ANNA, fresh_id(), 1, 1)
    assert refusal.value.code is code
    await marks.set(ANNA, fresh_id(), 1, 1)
    await marks.stop()


async def test_a_busy_store_is_asked_again_for_marks() -> None:
    store = FaultyStore()
    marks = the_marks(store)
    marks.start()
    store.mark_faults = [StoreBusy(), StoreBusy()]
    await marks.set(ANNA, fresh_id(), 1, 1)
    assert store.mark_batches == [1]
    await marks.stop()


async def test_a_mark_whose_storing_was_cut_short_is_not_called_stored_and_is_stored_by_the_next_flush() -> None:
    store = FaultyStore()
    marks = the_marks(store)
    waiting = asyncio.create_task(marks.set(ANNA, fresh_id(), 1, 1))
    await asyncio.sleep(0)
    store.mark_faults = [asyncio.CancelledError()]
    with pytest.raises(asyncio.CancelledError):
        await marks.flush()
    with pytest.raises(ChatError):
        await waiting
    await marks.flush()
    assert store.mark_batches == [1]


async def test_a_reader_whose_node_died_before_telling_is_told_by_another() -> None:
    clock = ManualClock()
    store = FaultyStore(clock)
    stage = Stage(store, clock, QUICK)
    await stage.node.start()
    group = await stage.group(ANNA, BEN)
    await stage.says(ANNA, group)
    await stage.node.told()
    await stage.node.outbox.clear()
    dying = the_marks(store)
    waiting = asyncio.create_task(dying.set(BEN, group, 2, 2))
    await asyncio.sleep(0)
    await dying.flush()
    await waiting
    stage.heard.clear()
    clock.advance(1.9)
    await stage.node.outbox.step()
    assert told(stage.heard) == []
    clock.advance(0.2)
    await stage.node.outbox.step()
    assert told(stage.heard) == [BEN]
    assert await store.stale_outbox(0, 10) == []
    await stage.node.stop()


async def test_readers_who_were_told_leave_no_outbox_row() -> None:
    store = FaultyStore()
    stage = Stage(store, ManualClock(), QUICK)
    await stage.node.start()
    group = await stage.group(ANNA, BEN)
    await stage.says(ANNA, group)
    await stage.node.told()
    stage.heard.clear()
    await stage.node.set_mark(Caller(BEN), group, 2, 2)
    await stage.node.told()
    await stage.node.outbox.clear()
    assert BEN in told(stage.heard)
    assert await store.stale_outbox(0, 10) == []
    await stage.node.stop()


async def test_too_many_waiting_marks_are_refused() -> None:
    marks = the_marks(FaultyStore(), marks_pending=0)
    with pytest.raises(ChatError) as refusal:
        await marks.set(ANNA, fresh_id(), 1, 1)
    assert refusal.value.code is Code.OVERLOADED


async def test_a_mark_in_a_conversation_one_is_not_in_changes_nothing() -> None:
    stage = Stage(FaultyStore(), ManualClock(), QUICK)
    await stage.node.start()
    state = await stage.node.create_conversation(
        Caller(ANNA), fresh_id(), ConversationKind.GROUP, title="Ours", user_ids=[BEN]
    )
    await stage.node.told()
    stage.heard.clear()
    await stage.node.set_mark(Caller(CLEO), state.conversation.id, 5, 5)
    await stage.node.told()
    assert stage.heard == []
    await stage.node.stop()

"""One transaction for many, and the truth about each when the store fails."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest
from unit.chat.world import ANNA, BEN, World, command, fresh_id, text

from hubbub.base.clock import ManualClock
from hubbub.base.errors import ChatError, Code
from hubbub.chat.commit import GroupCommit
from hubbub.chat.model import Accepted, OwnChange, OwnSet
from hubbub.chat.ports import (
    Changes,
    Committed,
    DataRefused,
    EntriesAppended,
    Facts,
    LogWriter,
    MarksRaised,
    Needs,
    OutcomeUnknown,
    StoreBusy,
    StoreFull,
    StoreUnavailable,
    Untold,
)
from hubbub.chat.publishing import Stored
from hubbub.chat.settings import ChatSettings


class ScriptedStore(LogWriter):
    """A store over a `World` that fails as told: before or after it has stored the batch."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.before: list[Exception | None] = []
        self.after: list[Exception | None] = []
        self.refuses: Callable[[Changes], bool] = lambda changes: False
        self.batches: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def commit(self, needs: Needs, plan: Callable[[Facts], Changes]) -> Committed:
        await self.gate.wait()
        if self.before and (fault := self.before.pop(0)) is not None:
            raise fault
        changes = plan(self.world.load(needs))
        if self.refuses(changes):
            raise DataRefused
        self.world.store(changes)
        self.batches.append(len(changes.entries))
        if self.after and (fault := self.after.pop(0)) is not None:
            raise fault
        return Committed({}, 1 if changes.entries else 0)

    async def set_marks(self, marks: object) -> MarksRaised:
        raise NotImplementedError

    async def set_own(self, user_id: str, conversation_id: str, change: OwnChange) -> OwnSet:
        raise NotImplementedError

    async def hide(self, user_id: str, conversation_id: str, seq: int) -> None:
        raise NotImplementedError

    async def clear_outbox(self, outbox_id: int) -> None:
        raise NotImplementedError

    async def stale_outbox(self, older_than_ms: int, limit: int) -> list[Untold]:
        raise NotImplementedError


class Stage:
    """A group of two and a group commit that writes it."""

    def __init__(self, settings: ChatSettings) -> None:
        self.world = World()
        self.group = self.world.group(ANNA, BEN)
        self.store = ScriptedStore(self.world)
        self.published: list[Stored] = []
        self.commits = GroupCommit(self.store, self._publish, ManualClock(), settings)

    async def _publish(self, stored: Stored) -> None:
        self.published.append(stored)

    def send(self, words: str = "hello", **more: str) -> asyncio.Future[Accepted]:
        return self.commits.submit(command(ANNA, self.group, text(words), **more))  # type: ignore[return-value,arg-type]

    def seqs(self) -> list[int]:
        return [entry.seq for entry in self.world.log[self.group]]


QUICK = ChatSettings(retry_base_s=0.0001, retry_max_s=0.001, drain_timeout_s=1.0, commit_timeout_s=5.0)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with a_stage(QUICK) as stage:
        yield stage


@contextlib.asynccontextmanager
async def a_stage(settings: ChatSettings) -> AsyncIterator[Stage]:
    stage = Stage(settings)
    stage.commits.start()
    yield stage
    stage.store.gate.set()
    await stage.commits.stop()


async def code_of(future: asyncio.Future[Accepted]) -> Code:
    with pytest.raises(ChatError) as refusal:
        await future
    return refusal.value.code


async def test_what_comes_while_a_commit_runs_is_stored_in_the_next_one(stage: Stage) -> None:
    stage.store.gate.clear()
    first = stage.send()
    await asyncio.sleep(0)
    rest = [stage.send() for _ in range(9)]
    stage.store.gate.set()
    accepted = [await future for future in (first, *rest)]
    assert [each.seq for each in accepted] == list(range(2, 12))
    assert stage.store.batches == [1, 9]


async def test_nobody_is_told_of_success_before_the_outcome_is_known(stage: Stage) -> None:
    stage.store.gate.clear()
    future = stage.send()
    for _ in range(5):
        await asyncio.sleep(0)
    assert not future.done()
    assert stage.published == []
    stage.store.gate.set()
    assert (await future).seq == 2


async def test_a_batch_is_bounded_in_commands() -> None:
    async with a_stage(ChatSettings(batch_commands=4)) as stage:
        await asyncio.gather(*(stage.send() for _ in range(10)))
        assert stage.store.batches == [4, 4, 2]


async def test_a_batch_is_bounded_in_bytes() -> None:
    async with a_stage(ChatSettings(batch_bytes=5_000)) as stage:
        await asyncio.gather(*(stage.send("x" * 2_000) for _ in range(5)))
        assert stage.store.batches == [2, 2, 1]


async def test_a_refused_command_fails_alone(stage: Stage) -> None:
    good, bad = stage.send(), stage.commits.submit(command(BEN, fresh_id(), text()))
    assert (await good).seq == 2
    assert await code_of(bad) is Code.CONVERSATION_NOT_FOUND  # type: ignore[arg-type]


async def test_a_value_that_cannot_be_stored_fails_without_its_neighbours(stage: Stage) -> None:
    stage.store.refuses = lambda changes: any("poison" in str(new.entry.action) for new in changes.entries)
    futures = [stage.send("poison" if number == 5 else "fine") for number in range(11)]
    assert await code_of(futures[5]) is Code.BAD_REQUEST
    accepted = [await future for number, future in enumerate(futures) if number != 5]
    assert [each.seq for each in accepted] == list(range(2, 12))
    assert stage.seqs() == list(range(1, 12))


async def test_what_follows_a_value_that_cannot_be_stored_is_not_stored_either(stage: Stage) -> None:
    stage.store.refuses = lambda changes: any("poison" in str(new.entry.action) for new in changes.entries)
    key = fresh_id()
    bad, next_, other = stage.send("poison", client_id=key), stage.send(after=key), stage.send()
    assert await code_of(bad) is Code.BAD_REQUEST
    assert await code_of(next_) is Code.PREDECESSOR_MISSING
    assert (await other).seq == 2


async def test_a_deadlock_is_tried_again_until_it_is_gone(stage: Stage) -> None:
    stage.store.before = [StoreBusy(), StoreBusy(), None]
    assert (await stage.send()).seq == 2


async def test_a_deadlock_that_never_goes_ends_as_unavailable(stage: Stage) -> None:
    stage.store.before = [StoreBusy()] * QUICK.commit_tries
    assert await code_of(stage.send()) is Code.UNAVAILABLE
    assert (await stage.send()).seq == 2


async def test_a_connection_lost_after_the_commit_is_resolved_by_the_keys(stage: Stage) -> None:
    stage.store.after = [OutcomeUnknown()]
    one, two = stage.send(), stage.send()
    assert [(await one).seq, (await two).seq] == [2, 3]
    assert (await one).repeated
    assert stage.seqs() == [1, 2, 3]


async def test_a_connection_lost_before_the_commit_is_resolved_by_storing_anew(stage: Stage) -> None:
    stage.store.before = [OutcomeUnknown()]
    accepted = await stage.send()
    assert (accepted.seq, accepted.repeated) == (2, False)


@pytest.mark.parametrize("then", [OutcomeUnknown(), StoreUnavailable(), StoreFull()])
async def test_what_cannot_be_known_is_called_unknown(stage: Stage, then: Exception) -> None:
    stage.store.before = [OutcomeUnknown(), then]
    assert await code_of(stage.send()) is Code.UNKNOWN_OUTCOME
    assert (await stage.send()).seq == 2


@pytest.mark.parametrize(("fault", "code"), [(StoreFull(), Code.STORAGE_FULL), (StoreUnavailable(), Code.UNAVAILABLE)])
async def test_a_full_disk_and_an_absent_database_are_named(stage: Stage, fault: Exception, code: Code) -> None:
    stage.store.before = [fault]
    futures = [stage.send() for _ in range(3)]
    assert [await code_of(future) for future in futures] == [code] * 3
    assert (await stage.send()).seq == 2


async def test_a_fault_of_the_store_fails_no_more_than_it_must(stage: Stage) -> None:
    stage.store.before = [ZeroDivisionError()]
    futures = [stage.send() for _ in range(3)]
    assert [(await future).seq for future in futures] == [2, 3, 4]


async def test_a_commit_that_never_answers_ends_as_unknown() -> None:
    async with a_stage(ChatSettings(commit_timeout_s=0.02)) as stage:
        stage.store.gate.clear()
        assert await code_of(stage.send()) is Code.UNKNOWN_OUTCOME


async def test_a_full_queue_refuses_at_once() -> None:
    async with a_stage(ChatSettings(queue_commands=2)) as stage:
        stage.store.gate.clear()
        taken = stage.send()
        await asyncio.sleep(0)
        queued = [stage.send(), stage.send()]
        assert await code_of(stage.send()) is Code.OVERLOADED
        stage.store.gate.set()
        assert [(await future).seq for future in (taken, *queued)] == [2, 3, 4]


async def test_a_caller_who_gives_up_does_not_take_the_command_back(stage: Stage) -> None:
    stage.store.gate.clear()
    given_up, other = stage.send(), stage.send()
    given_up.cancel()
    stage.store.gate.set()
    assert (await other).seq == 3
    assert stage.seqs() == [1, 2, 3]


async def test_stopping_finishes_what_waits_and_refuses_what_comes(stage: Stage) -> None:
    stage.store.gate.clear()
    waiting = [stage.send() for _ in range(3)]
    stopping = asyncio.create_task(stage.commits.stop())
    await asyncio.sleep(0)
    late = stage.send()
    stage.store.gate.set()
    await stopping
    assert [(await future).seq for future in waiting] == [2, 3, 4]
    assert await code_of(late) is Code.UNAVAILABLE


async def test_stopping_past_the_deadline_tells_the_truth() -> None:
    async with a_stage(ChatSettings(drain_timeout_s=0.02)) as stage:
        stage.store.gate.clear()
        running = stage.send()
        await asyncio.sleep(0)
        queued = stage.send()
        await stage.commits.stop()
        assert await code_of(running) is Code.UNKNOWN_OUTCOME
        assert await code_of(queued) is Code.UNAVAILABLE


async def test_batches_are_handed_over_in_the_order_they_were_stored(stage: Stage) -> None:
    for _ in range(5):
        stage.send()
        await asyncio.sleep(0)
    await stage.send()
    told = [event for stored in stage.published for event in stored.plan.appended]
    heads = [event.entries[-1].seq for event in told if isinstance(event, EntriesAppended)]
    assert heads == sorted(heads)
    assert heads[-1] == 7

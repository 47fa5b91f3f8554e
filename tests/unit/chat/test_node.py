"""Several people and one chat node, from the first message to the restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from unit.chat.stage import QUICK, Stage, a_stage
from unit.chat.world import ANNA, BEN, CLEO, DORA, NOW, fresh_id, person, text

from hubbub.base.errors import ChatError, Code, RateLimited
from hubbub.base.ids import GENERAL_CHANNEL, SYSTEM_CONVERSATION
from hubbub.chat.model import (
    Accepted,
    Body,
    Caller,
    ConversationKind,
    Edit,
    Have,
    MemberAction,
    MemberChange,
    MemberState,
    Recall,
    ScheduledRow,
    Submit,
)
from hubbub.chat.node import ChatNode
from hubbub.chat.ports import ChatStore, EntriesAppended, HeadsAnnounced, MarksMoved, TypingChanged, UserChanged
from hubbub.chat.settings import ChatSettings


@pytest.fixture(params=["memory", "sqlite"])
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    async with a_stage(tmp_path if request.param == "sqlite" else None) as stage:
        yield stage


def heard(stage: Stage, kind: type) -> list[object]:
    return [event for event in stage.heard if isinstance(event, kind)]


# ---------------------------------------------------------------- the life of a message


async def test_a_message_is_accepted_told_and_read_back(stage: Stage) -> None:
    group = await stage.group(ANNA, BEN)
    stage.heard.clear()
    assert await stage.says(BEN, group, "hello") == Accepted(2, NOW)
    await stage.node.told()
    (event,) = heard(stage, EntriesAppended)
    assert isinstance(event, EntriesAppended)
    assert (event.audience, [entry.seq for entry in event.entries]) == (tuple(sorted((ANNA, BEN))), [2])
    page = await stage.node.entries(Caller(ANNA), group, 1, 10)
    assert page.entries == event.entries
    state = await stage.node.conversation(Caller(ANNA), group)
    assert (state.unread, state.last_message is not None) == (1, True)
    history = await stage.node.history(Caller(ANNA), group)
    assert [getattr(item, "seq", None) or item.message.seq for item in history.items] == [1, 2]  # type: ignore[union-attr]


async def test_pipelined_messages_keep_their_order(stage: Stage) -> None:
    group = await stage.group(ANNA, BEN)
    futures = [stage.node.submit(Caller(ANNA), Submit(group, fresh_id(), text(str(number)))) for number in range(50)]
    assert [(await future).seq for future in futures] == list(range(2, 52))


async def test_a_retry_is_answered_with_the_first_number(stage: Stage) -> None:
    group = await stage.group(ANNA, BEN)
    key = fresh_id()
    await stage.does(ANNA, group, text("once"), client_id=key)
    stage.clock.advance(3600)
    assert await stage.does(ANNA, group, text("once"), client_id=key) == Accepted(2, NOW, repeated=True)
    with pytest.raises(ChatError) as refusal:
        await stage.does(ANNA, group, text("twice"), client_id=key)
    assert refusal.value.code is Code.CONFLICT


async def test_keys_are_the_same_however_they_are_written(stage: Stage) -> None:
    group = await stage.group(ANNA, BEN)
    key = "0190aaaa-bbbb-7ccc-8ddd-eeeeffff0001"
    await stage.does(ANNA, group, text("once"), client_id=key)
    again = await stage.does(ANNA, group, text("once"), client_id=key.replace("-", "").upper())
    assert again == Accepted(2, NOW, repeated=True)


async def test_time_never_runs_backwards_though_the_clock_does(stage: Stage) -> None:
    group = await stage.group(ANNA, BEN)
    times = []
    for now in (NOW + 1000, NOW - 5000, NOW + 500, NOW + 2000):
        stage.clock.set_wall(now)
        times.append((await stage.says(ANNA, group)).time_ms)
    assert times == [NOW + 1000, NOW + 1000, NOW + 1000, NOW + 2000]


async def test_a_restart_loses_nothing(tmp_path: Path) -> None:
    async with a_stage(tmp_path / "data") as stage:
        group = await stage.group(ANNA, BEN)
        futures = [stage.node.submit(Caller(ANNA), Submit(group, fresh_id(), text())) for _ in range(20)]
        await stage.node.stop()
        assert [(await future).seq for future in futures] == list(range(2, 22))
    async with a_stage(tmp_path / "data", people=[]) as stage:
        page = await stage.node.entries(Caller(BEN), group, 0, 100)
        assert [entry.seq for entry in page.entries] == list(range(1, 22))


# ---------------------------------------------------------------- refused at the edge


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("", Code.BAD_REQUEST),
        ("nul\0", Code.BAD_REQUEST),
        ("half \ud83d", Code.BAD_REQUEST),
        ("x" * 65_537, Code.TEXT_TOO_LONG),
        ("🙂" * 16_385, Code.TEXT_TOO_LONG),
    ],
)
async def test_text_no_log_can_hold_is_refused(stage: Stage, words: str, code: Code) -> None:
    group = await stage.group(ANNA, BEN)
    with pytest.raises(ChatError) as refusal:
        await stage.says(ANNA, group, words)
    assert refusal.value.code is code


@pytest.mark.parametrize("words", ["🙂" * 16_384, "مرحبا", "'; DROP TABLE entries; --", "x" * 65_536, " "])
async def test_all_other_text_comes_back_as_it_was(stage: Stage, words: str) -> None:
    group = await stage.group(ANNA, BEN)
    await stage.says(ANNA, group, words)
    page = await stage.node.entries(Caller(BEN), group, 1, 10)
    assert page.entries[0].action == text(words)


async def test_a_fast_sender_is_slowed_and_the_others_are_not(tmp_path: Path) -> None:
    settings = ChatSettings(submits_per_s=1, submits_burst=3)
    async with a_stage(tmp_path, settings=settings) as stage:
        group = await stage.group(ANNA, BEN)
        for _ in range(3):
            await stage.says(ANNA, group)
        with pytest.raises(RateLimited) as refusal:
            await stage.says(ANNA, group)
        assert refusal.value.retry_after_s == pytest.approx(1)
        await stage.says(BEN, group)
        stage.clock.advance(1)
        await stage.says(ANNA, group)


# ---------------------------------------------------------------- making conversations


async def test_the_first_conversations_are_there_once(tmp_path: Path) -> None:
    for _ in range(2):
        async with a_stage(tmp_path / "data", people=[]) as stage:
            assert await stage.node.heads([GENERAL_CHANNEL, SYSTEM_CONVERSATION]) == {
                GENERAL_CHANNEL: 1,
                SYSTEM_CONVERSATION: 1,
            }


async def test_a_new_account_is_in_the_general_channel(stage: Stage) -> None:
    await stage.node.add_new_user(ANNA)
    await stage.node.add_new_user(ANNA)
    states, _ = await stage.node.conversations(Caller(ANNA), "", 10)
    assert {state.conversation.id for state in states} == {GENERAL_CHANNEL, SYSTEM_CONVERSATION}
    assert (await stage.node.conversation(Caller(ANNA), GENERAL_CHANNEL)).conversation.member_count == 1


async def test_racing_openings_of_a_direct_chat_meet_in_one(stage: Stage) -> None:
    opened = await asyncio.gather(
        *(stage.node.open_direct(Caller(who), other) for who, other in [(ANNA, BEN), (BEN, ANNA)] * 5)
    )
    assert len({state.conversation.id for state in opened}) == 1
    assert opened[0].conversation.head == 1


async def test_a_group_is_made_once_per_key(stage: Stage) -> None:
    key = fresh_id()
    made = [
        await stage.node.create_conversation(Caller(ANNA), key, ConversationKind.GROUP, title="Ours", user_ids=[BEN])
        for _ in range(2)
    ]
    assert made[0].conversation.id == made[1].conversation.id


async def test_those_put_into_a_group_are_told_of_their_new_place(stage: Stage) -> None:
    group = await stage.group(ANNA, BEN)
    await stage.node.told()
    told = {event.user_id: event.state for event in heard(stage, UserChanged) if isinstance(event, UserChanged)}
    assert told.keys() == {ANNA, BEN}
    assert told[BEN].conversations[-1].conversation.id == group
    kinds = [type(event) for event in stage.heard if getattr(event, "conversation_id", group) == group]
    assert kinds[-3:] == [EntriesAppended, UserChanged, UserChanged]


async def test_joining_leaving_and_coming_back_to_a_channel(stage: Stage) -> None:
    channel = await stage.group(ANNA, kind=ConversationKind.CHANNEL)
    with pytest.raises(ChatError) as refusal:
        await stage.says(BEN, channel)
    assert refusal.value.code is Code.NOT_A_MEMBER
    assert (await stage.node.join(Caller(BEN), channel)).member.state is MemberState.JOINED
    await stage.says(BEN, channel)
    await stage.node.leave(Caller(BEN), channel, fresh_id())
    await stage.node.leave(Caller(BEN), channel, fresh_id())
    assert (await stage.node.conversation(Caller(ANNA), channel)).conversation.member_count == 1
    await stage.node.join(Caller(BEN), channel)
    await stage.says(BEN, channel)


# ---------------------------------------------------------------- cuts


async def test_the_removed_read_up_to_their_removal(stage: Stage) -> None:
    group = await stage.group(ANNA, BEN)
    await stage.says(ANNA, group, "for both")
    await stage.does(ANNA, group, MemberChange(MemberAction.REMOVE, (BEN,)))
    await stage.says(ANNA, group, "for Anna")
    page = await stage.node.entries(Caller(BEN), group, 0, 10)
    assert [entry.seq for entry in page.entries] == [1, 2, 3]
    assert page.as_of == 3


async def test_offline_members_of_a_group_find_everything_on_return(stage: Stage) -> None:
    group = await stage.group(ANNA, BEN, CLEO)
    for who in (ANNA, BEN, ANNA):
        await stage.says(who, group)
    epoch = await stage.node.epoch()
    resumed = await stage.node.resume(Caller(CLEO), epoch, 0, [Have(group, 1)])
    assert not resumed.reset
    (page,) = resumed.pages
    assert [(entry.seq, entry.sender_id) for entry in page.entries] == [(2, ANNA), (3, BEN), (4, ANNA)]
    again = await stage.node.resume(Caller(CLEO), epoch, resumed.user_version, [Have(group, 4)])
    assert (again.pages, again.states and again.states.conversations) == ((), ())


async def test_another_epoch_or_a_version_from_the_future_resets(stage: Stage) -> None:
    group = await stage.group(ANNA, BEN)
    epoch = await stage.node.epoch()
    version = (await stage.node.user_state(Caller(ANNA), 0, 10)).version
    for claimed, held in ((fresh_id(), version), (epoch, version + 1)):
        resumed = await stage.node.resume(Caller(ANNA), claimed, held, [Have(group, 1)])
        assert (resumed.reset, resumed.epoch, resumed.user_version, resumed.pages) == (True, epoch, version, ())


# ---------------------------------------------------------------- marks


async def test_marks_of_a_moment_are_one_transaction_and_one_event(stage: Stage) -> None:
    group = await stage.group(ANNA, BEN)
    for _ in range(5):
        await stage.says(ANNA, group)
    await stage.node.told()
    stage.heard.clear()
    await asyncio.gather(*(stage.node.set_mark(Caller(BEN), group, seq, seq) for seq in (3, 5, 2)))
    await stage.node.set_mark(Caller(ANNA), group, 0, 6)
    await stage.node.told()
    moved = [event for event in heard(stage, MarksMoved) if isinstance(event, MarksMoved)]
    assert [(mark.user_id, mark.read_seq, mark.delivered_seq) for event in moved for mark in event.marks] == [
        (BEN, 5, 5),
        (ANNA, 1, 6),
    ]
    assert [event.user_id for event in heard(stage, UserChanged) if isinstance(event, UserChanged)] == [BEN]
    assert (await stage.node.conversation(Caller(BEN), group)).unread == 1


async def test_a_mark_never_falls(stage: Stage) -> None:
    group = await stage.group(ANNA, BEN)
    for _ in range(5):
        await stage.says(ANNA, group)
    await stage.node.set_mark(Caller(BEN), group, 6, 0)
    await stage.node.set_mark(Caller(BEN), group, 3, 0)
    state = await stage.node.conversation(Caller(BEN), group)
    assert (state.unread, state.member.read_seq, state.member.delivered_seq) == (0, 6, 6)


# ---------------------------------------------------------------- no silent hole


async def test_heads_are_repeated_after_a_silence(stage: Stage) -> None:
    group = await stage.group(ANNA, BEN)
    for _ in range(3):
        await stage.says(ANNA, group)
    await stage.node.told()
    await stage.node.outbox.repeat()
    assert heard(stage, HeadsAnnounced) == []
    stage.clock.advance(1)
    await stage.node.outbox.repeat()
    announced = {
        key: (head, event.audiences[key])
        for event in heard(stage, HeadsAnnounced)
        if isinstance(event, HeadsAnnounced)
        for key, head in event.heads.items()
    }
    assert announced[group] == (4, tuple(sorted((ANNA, BEN))))
    stage.heard.clear()
    await stage.node.outbox.repeat()
    assert stage.heard == []


async def test_the_people_of_a_channel_that_became_large_are_told_once_more() -> None:
    people = [person(number) for number in range(1, 18)]
    async with a_stage(None, people=people) as stage:
        channel = await stage.group(*people[:16], kind=ConversationKind.CHANNEL)
        await stage.node.join(Caller(people[16]), channel)
        await stage.says(people[16], channel)
        await stage.node.told()
        stage.heard.clear()
        stage.clock.advance(1)
        await stage.node.outbox.repeat()
        (again,) = heard(stage, HeadsAnnounced)
        assert isinstance(again, HeadsAnnounced)
        assert (again.heads[channel], again.audiences[channel]) == (2, tuple(sorted(people)))


async def test_what_a_dead_writer_left_is_announced_by_the_sweep(tmp_path: Path) -> None:
    async with a_stage(tmp_path) as stage:
        group = await stage.group(ANNA, BEN)
        await stage.node.told()
        stage.bus.broken = True
        await stage.does(ANNA, group, MemberChange(MemberAction.ADD, (CLEO,)))
        await stage.node.told()
        stage.bus.broken = False
        stage.heard.clear()
        await stage.node.outbox.sweep(2_000)
        assert stage.heard == []
        stage.clock.advance(3)
        await stage.node.outbox.sweep(2_000)
        (announced,) = heard(stage, HeadsAnnounced)
        assert isinstance(announced, HeadsAnnounced)
        assert announced == HeadsAnnounced({group: 2}, {group: tuple(sorted((ANNA, BEN, CLEO)))})
        told = [event.user_id for event in heard(stage, UserChanged) if isinstance(event, UserChanged)]
        assert CLEO in told
        stage.heard.clear()
        await stage.node.outbox.sweep(2_000)
        assert stage.heard == []


async def test_a_channel_left_at_a_killed_writer_is_told_by_the_next_process(tmp_path: Path) -> None:
    async with a_stage(tmp_path) as stage:
        channel = await stage.group(ANNA, kind=ConversationKind.CHANNEL)
        await stage.node.join(Caller(BEN), channel)
        await stage.node.told()
        stage.bus.broken = True
        # Neither joining nor leaving is an entry: only the row of the outbox knows of it.
        await stage.node.leave(Caller(BEN), channel, fresh_id())
    async with a_stage(tmp_path, people=[]) as stage:
        stage.clock.advance(3)
        await stage.node.outbox.sweep(2_000)
        told = [event for event in heard(stage, UserChanged) if isinstance(event, UserChanged)]
        assert [event.user_id for event in told] == [BEN]
        (state,) = told[0].state.conversations
        assert (state.conversation.id, state.member.state) == (channel, MemberState.LEFT)


async def test_what_a_killed_writer_had_committed_is_announced_by_the_next_process(tmp_path: Path) -> None:
    async with a_stage(tmp_path) as stage:
        group = await stage.group(ANNA, BEN)
        await stage.node.told()
        stage.bus.broken = True
        await stage.says(ANNA, group)
    async with a_stage(tmp_path, people=[]) as stage:
        stage.clock.advance(3)
        await stage.node.outbox.sweep(2_000)
        announced = [event for event in heard(stage, HeadsAnnounced) if isinstance(event, HeadsAnnounced)]
        assert [(event.heads[group], event.audiences[group]) for event in announced] == [(2, (ANNA, BEN))]


async def test_heads_that_could_not_be_repeated_are_repeated_later(stage: Stage) -> None:
    group = await stage.group(ANNA, BEN)
    await stage.node.told()
    stage.clock.advance(1)
    stage.heard.clear()
    stage.bus.broken = True
    with pytest.raises(ConnectionError):
        await stage.node.outbox.repeat()
    stage.bus.broken = False
    await stage.node.outbox.repeat()
    (again,) = heard(stage, HeadsAnnounced)
    assert isinstance(again, HeadsAnnounced)
    assert again.heads[group] == 1


# ---------------------------------------------------------------- scheduled messages


async def test_a_scheduled_message_is_sent_when_it_is_due(stage: Stage) -> None:
    group = await stage.group(ANNA, BEN)
    await stage.node.schedule(Caller(ANNA), Submit(group, fresh_id(), text("later")), NOW + 60_000)
    await stage.node.scheduler.send_due()
    assert (await stage.node.heads([group])) == {group: 1}
    stage.clock.advance(61)
    await stage.node.scheduler.send_due()
    assert (await stage.node.heads([group])) == {group: 2}
    assert await stage.node.scheduled(Caller(ANNA), "", 10) == ([], "")


async def test_a_crash_between_sending_and_settling_sends_nothing_twice(stage: Stage) -> None:
    group = await stage.group(ANNA, BEN)
    submit = Submit(group, fresh_id(), text("later"))
    await stage.node.schedule(Caller(ANNA), submit, NOW + 60_000)
    stage.clock.advance(61)
    await stage.node.submit(Caller(ANNA), submit)
    await stage.node.scheduler.send_due()
    assert (await stage.node.heads([group])) == {group: 2}


async def test_a_scheduled_message_outlives_a_restart_and_is_sent_once(tmp_path: Path) -> None:
    async with a_stage(tmp_path) as stage:
        group = await stage.group(ANNA, BEN)
        submit = Submit(group, fresh_id(), text("later"))
        await stage.node.schedule(Caller(ANNA), submit, NOW + 60_000)
    for _ in range(2):
        async with a_stage(tmp_path, people=[]) as stage:
            stage.clock.set_wall(NOW + 61_000)
            await stage.node.scheduler.send_due()
            page = await stage.node.entries(Caller(BEN), group, 1, 10)
            assert [(each.seq, each.sender_id, each.client_id) for each in page.entries] == [
                (2, ANNA, submit.client_id)
            ]
            assert await stage.node.scheduled(Caller(ANNA), "", 10) == ([], "")


class Pausing:
    """A store whose node stands still once it knows what is due."""

    def __init__(self, store: ChatStore) -> None:
        self._store = store
        self.knows, self.goes_on = asyncio.Event(), asyncio.Event()

    async def due(self, now_ms: int, limit: int) -> list[ScheduledRow]:
        rows = await self._store.due(now_ms, limit)
        self.knows.set()
        await self.goes_on.wait()
        return rows

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def test_a_message_that_another_node_is_sending_is_neither_listed_nor_cancelled(stage: Stage) -> None:
    group = await stage.group(ANNA, BEN)
    key = fresh_id()
    await stage.node.schedule(Caller(ANNA), Submit(group, key, text("later")), NOW + 60_000)
    stage.clock.advance(61)
    store = Pausing(stage.store)
    other = ChatNode(cast("ChatStore", store), stage.bus, stage.clock, QUICK)
    await other.start()
    try:
        async with asyncio.TaskGroup() as together:
            together.create_task(other.scheduler.send_due())
            await store.knows.wait()
            assert await stage.node.scheduled(Caller(ANNA), "", 10) == ([], "")
            with pytest.raises(ChatError) as refusal:
                await stage.node.cancel_scheduled(Caller(ANNA), group, key)
            assert refusal.value.code is Code.NOT_FOUND
            store.goes_on.set()
        assert (await stage.node.heads([group])) == {group: 2}
    finally:
        store.goes_on.set()
        await other.stop()


async def test_a_message_of_a_node_that_died_before_sending_it_is_sent_by_another(stage: Stage) -> None:
    group = await stage.group(ANNA, BEN)
    await stage.node.schedule(Caller(ANNA), Submit(group, fresh_id(), text("later")), NOW + 60_000)
    stage.clock.advance(61)
    assert len(await stage.store.due(stage.clock.now_ms(), 10)) == 1
    await stage.node.scheduler.send_due()
    assert (await stage.node.heads([group])) == {group: 2}


async def test_a_refused_scheduled_message_says_why_and_can_be_cancelled(stage: Stage) -> None:
    group = await stage.group(ANNA, BEN)
    key = fresh_id()
    await stage.node.schedule(Caller(BEN), Submit(group, key, text("later")), NOW + 60_000)
    await stage.does(ANNA, group, MemberChange(MemberAction.REMOVE, (BEN,)))
    stage.clock.advance(61)
    await stage.node.scheduler.send_due()
    (row,), _ = await stage.node.scheduled(Caller(BEN), "", 10)
    assert row.error == "not_a_member"
    await stage.node.cancel_scheduled(Caller(BEN), group, key)
    with pytest.raises(ChatError) as refusal:
        await stage.node.cancel_scheduled(Caller(BEN), group, key)
    assert refusal.value.code is Code.NOT_FOUND


@pytest.mark.parametrize(
    ("due_ms", "code"), [(NOW, Code.SCHEDULED_IN_PAST), (NOW + 400 * 24 * 3600 * 1000, Code.BAD_REQUEST)]
)
async def test_nothing_is_scheduled_in_the_past_or_for_ever(stage: Stage, due_ms: int, code: Code) -> None:
    group = await stage.group(ANNA, BEN)
    with pytest.raises(ChatError) as refusal:
        await stage.node.schedule(Caller(ANNA), Submit(group, fresh_id(), text()), due_ms)
    assert refusal.value.code is code


# ---------------------------------------------------------------- small things


async def test_typing_is_told_to_members_by_members(stage: Stage) -> None:
    group = await stage.group(ANNA, BEN)
    await stage.node.told()
    stage.heard.clear()
    await stage.node.set_typing(Caller(ANNA), group, True)
    assert stage.heard == [TypingChanged(group, ANNA, True, tuple(sorted((ANNA, BEN))))]
    with pytest.raises(ChatError) as refusal:
        await stage.node.set_typing(Caller(DORA), group, True)
    assert refusal.value.code is Code.NOT_A_MEMBER


async def test_a_hidden_message_is_gone_for_one_person(stage: Stage) -> None:
    group = await stage.group(ANNA, BEN)
    await stage.says(ANNA, group)
    await stage.node.hide(Caller(BEN), group, 2)
    await stage.node.hide(Caller(BEN), group, 2)
    assert [entry.seq for entry in (await stage.node.entries(Caller(BEN), group, 0, 10)).entries] == [1]
    assert [entry.seq for entry in (await stage.node.entries(Caller(ANNA), group, 0, 10)).entries] == [1, 2]
    with pytest.raises(ChatError) as refusal:
        await stage.node.hide(Caller(BEN), group, 9)
    assert refusal.value.code is Code.MESSAGE_NOT_FOUND


async def test_limits_are_clamped(tmp_path: Path) -> None:
    async with a_stage(tmp_path, settings=ChatSettings(page_entries=3, page_entries_max=5)) as stage:
        group = await stage.group(ANNA, BEN)
        for _ in range(10):
            await stage.says(ANNA, group)
        sizes = [len((await stage.node.entries(Caller(ANNA), group, 0, limit)).entries) for limit in (0, -4, 4, 10**9)]
        assert sizes == [3, 3, 4, 5]


async def test_the_words_of_a_recalled_message_and_of_its_edits_are_gone(stage: Stage) -> None:
    group = await stage.group(ANNA, BEN)
    await stage.says(ANNA, group, "secret")
    await stage.does(ANNA, group, Edit(2, Body(text="also secret")))
    assert [each.body.text for each in await stage.node.revisions(Caller(BEN), group, 2)] == ["secret", "also secret"]
    await stage.does(ANNA, group, Recall(2))
    page = await stage.node.entries(Caller(BEN), group, 0, 10)
    assert "secret" not in str(page)
    assert [entry.seq for entry in page.entries] == [1, 2, 3, 4]


async def test_stopping_answers_everybody(tmp_path: Path) -> None:
    async with a_stage(tmp_path, settings=QUICK) as stage:
        group = await stage.group(ANNA, BEN)
        future = stage.node.submit(Caller(ANNA), Submit(group, fresh_id(), text()))
        await stage.node.stop()
        assert (await future).seq == 2
        with pytest.raises(ChatError) as refusal:
            await stage.says(ANNA, group)
        assert refusal.value.code is Code.UNAVAILABLE

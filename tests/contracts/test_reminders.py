"""What people want to come back to: kept by every store alike, due once, and told on all devices and when away."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from contracts.script import ANNA, BEN, Script, person
from contracts.test_push import Verona
from contracts.test_push import verona as verona

from hubbub.base.errors import ChatError, Code
from hubbub.chat.model import ConversationKind, OwnChange, UserRow
from hubbub.chat.reminders import Reminder, ReminderChanged, wished

ROOM = person("room")


async def people(script: Script) -> None:
    await script.there_is(UserRow(ANNA, "anna"), UserRow(BEN, "ben"))


async def wish(
    script: Script,
    user: str,
    seq: int,
    due_ms: int,
    *,
    note: str = "",
    now_ms: int = 0,
    most: int = 100,
    room: str = ROOM,
) -> ReminderChanged:
    plan = partial(wished, due_ms=due_ms, note=note, now_ms=now_ms, ahead_ms=10**6, most=most)
    return await script.store.change_reminder(user, room, seq, plan)


async def everything(script: Script, user: str) -> list[Reminder]:
    return (await script.store.reminders(user, "", 99))[0]


async def version(script: Script, user: str) -> int:
    return (await script.store.user_state(user, 0, 100)).version


async def test_a_reminder_is_a_row_of_its_person_with_a_version(script: Script) -> None:
    await people(script)
    before = await version(script, ANNA)
    done = await wish(script, ANNA, 5, 1000, note="Grüße 你好")
    row = Reminder(ROOM, 5, 1000, "Grüße 你好", False, before + 1)
    assert (done.mine, done.versions) == (row, {ANNA: before + 1})
    state = await script.store.user_state(ANNA, before, 100)
    assert (state.reminders, state.conversations, state.version) == ((row,), (), before + 1)
    assert await script.store.reminder(ANNA, ROOM, 5) == row
    assert await script.store.reminders(ANNA, "", 10) == ([row], "")
    assert await script.store.reminders(BEN, "", 10) == ([], "")
    again = await wish(script, ANNA, 5, 1000, note="Grüße 你好", now_ms=2000)
    assert (again.versions, again.outbox_id, again.mine) == ({}, 0, row), "also when its time has passed"


async def test_another_time_moves_it_and_none_takes_it_away(script: Script) -> None:
    await people(script)
    await wish(script, ANNA, 5, 1000)
    moved = (await wish(script, ANNA, 5, 2000, note="later")).mine
    assert (moved.due_ms, moved.note, moved.due) == (2000, "later", False)
    gone = await wish(script, ANNA, 5, 0)
    assert gone.mine.empty
    assert await script.store.reminders(ANNA, "", 10) == ([], "")
    state = await script.store.user_state(ANNA, moved.version, 100)
    assert [(row.seq, row.due_ms) for row in state.reminders] == [(5, 0)], "devices that were away learn of it"
    assert (await wish(script, ANNA, 5, 0)).versions == {}
    assert (await wish(script, ANNA, 6, 0)).versions == {}


async def test_what_makes_no_sense_is_refused_and_changes_nothing(script: Script) -> None:
    await people(script)
    await wish(script, ANNA, 1, 1000)
    before = await version(script, ANNA)
    for seq, due_ms, most, code in (
        (2, 500, 10, Code.SCHEDULED_IN_PAST),
        (2, 10**6 + 501, 10, Code.BAD_REQUEST),
        (2, 1000, 1, Code.RATE_LIMITED),
    ):
        with pytest.raises(ChatError) as refused:
            await wish(script, ANNA, seq, due_ms, now_ms=500, most=most)
        assert refused.value.code is code
    assert await version(script, ANNA) == before
    assert (await wish(script, ANNA, 1, 2000, most=1)).versions, "one that is there can be moved"


async def test_reminders_come_in_due_order_in_pages(script: Script) -> None:
    await people(script)
    for seq, due_ms in ((1, 3000), (2, 1000), (3, 2000), (4, 2000)):
        await wish(script, ANNA, seq, due_ms)
    found: list[int] = []
    cursor = ""
    while True:
        page, cursor = await script.store.reminders(ANNA, cursor, 1)
        found += [row.seq for row in page]
        if not cursor:
            break
    assert found == [2, 3, 4, 1]
    with pytest.raises(ChatError) as refused:
        await script.store.reminders(ANNA, "x.y", 1)
    assert refused.value.code is Code.BAD_CURSOR


async def test_what_has_come_due_is_due_once_with_word_of_whom_to_tell(script: Script) -> None:
    await people(script)
    for seq, due_ms in ((1, 1000), (2, 2000), (3, 3000)):
        await wish(script, ANNA, seq, due_ms)
    await wish(script, BEN, 1, 1500)
    await wish(script, BEN, 2, 1500)
    await wish(script, BEN, 2, 0)
    for row in await script.store.stale_outbox(-1_000, 20):
        await script.store.clear_outbox(row.id)
    since = {user: await version(script, user) for user in (ANNA, BEN)}
    done = await script.store.remind(2000, 10)
    assert (done.count, done.versions) == (3, {user: since[user] + 1 for user in (ANNA, BEN)})
    (untold,) = await script.store.stale_outbox(-1_000, 10)
    assert (untold.id, untold.heads, untold.people) == (done.outbox_id, {}, done.versions)
    state = await script.store.user_state(ANNA, since[ANNA], 100)
    assert [(row.seq, row.due, row.version) for row in state.reminders] == [
        (1, True, since[ANNA] + 1),
        (2, True, since[ANNA] + 1),
    ]
    assert [(row.seq, row.due) for row in (await script.store.reminders(ANNA, "", 9))[0]] == [
        (1, True),
        (2, True),
        (3, False),
    ]
    again = await script.store.remind(2000, 10)
    assert (again.count, again.versions, again.outbox_id) == (0, {}, 0)
    later = (await wish(script, ANNA, 1, 5000)).mine
    assert (later.due, later.due_ms) == (False, 5000), "what is due can be put off"
    assert (await script.store.remind(2000, 10)).count == 0
    assert (await script.store.remind(5000, 1)).count == 1
    assert (await script.store.remind(5000, 10)).count == 1


async def test_each_reminder_is_due_once_or_taken_away_however_many_nodes_try(script: Script) -> None:
    await people(script)
    rows = [(user, seq) for user in (ANNA, BEN) for seq in range(1, 21)]
    for user, seq in rows:
        await wish(script, user, seq, 1000)
    start = {user: await version(script, user) for user in (ANNA, BEN)}
    async with asyncio.TaskGroup() as together:
        looks = [together.create_task(script.store.remind(2000, 7)) for _ in range(6)]
        aways = [together.create_task(wish(script, user, seq, 0)) for user, seq in rows[::3]]
    while (more := await script.store.remind(2000, 7)).count:
        looks.append(asyncio.create_task(asyncio.sleep(0, more)))
    dones = [await task for task in looks]
    kept = [(user, row) for user in (ANNA, BEN) for row in await everything(script, user)]
    assert {(user, row.seq) for user, row in kept} == set(rows) - set(rows[::3])
    assert all(row.due for _, row in kept)
    assert len(kept) <= sum(done.count for done in dones) <= len(rows)
    # Nobody's version moved but by what was made due for them and what they took away.
    for user in (ANNA, BEN):
        moves = sum(user in done.versions for done in dones) + sum(user in task.result().versions for task in aways)
        assert await version(script, user) == start[user] + moves


async def test_changes_of_every_kind_share_pages_by_version(script: Script) -> None:
    await people(script)
    stage = await script.make(ANNA, BEN)
    since = await version(script, ANNA)
    await wish(script, ANNA, 1, 1000, room=stage)
    await script.store.set_own(ANNA, stage, OwnChange(pinned=True))
    await wish(script, ANNA, 2, 1000, room=stage)
    await script.store.remind(1000, 10)
    found: list[tuple[int, ...]] = []
    version_ = since
    while True:
        page = await script.store.user_state(ANNA, version_, 1)
        found.append(tuple(row.seq for row in page.reminders))
        version_ = page.version
        if not page.more:
            break
    assert found == [(), (1, 2)]
    assert version_ == since + 4


# ---------------------------------------------------------------- away


@pytest.fixture
def sqlite_only(script: Script) -> None:
    if script.db is None:
        pytest.skip("the dicts of chat and of push know nothing of each other")


@pytest.mark.usefixtures("sqlite_only")
async def test_who_is_away_when_it_is_due_is_called_once_about_what_they_may_still_see(verona: Verona) -> None:
    script = verona.script
    stage = await script.make(ANNA, BEN, title="Balcony")
    browser = await verona.subscribes(BEN)
    seq = await verona.says(stage, ANNA, "Wherefore?")
    await verona.reads(stage, BEN, seq)
    now_ms = script.clock.now_ms()
    await wish(script, BEN, seq, now_ms + 60_000, room=stage, now_ms=now_ms, note="Answer")
    await verona.passes(59)
    await script.store.remind(script.clock.now_ms(), 10)
    await verona.passes(0)
    assert verona.service.told(browser) == []
    script.clock.advance(1)
    await script.store.remind(script.clock.now_ms(), 10)
    await verona.passes(0)
    call = {"conversation_id": stage, "seq": seq, "count": 1, "sender": "Anna", "title": "Balcony", "text": "Answer"}
    assert verona.service.told(browser) == [call | {"mentioned": True, "reminder": True, "language": "en"}]
    await verona.passes(600)
    assert len(verona.service.told(browser)) == 1
    # The next one, about what they may not see any more: only that there is something.
    now_ms = script.clock.now_ms()
    await wish(script, BEN, 1, now_ms + 1000, room=stage, now_ms=now_ms)
    await script.remove(stage, ANNA, BEN)
    script.clock.advance(1)
    await script.store.remind(script.clock.now_ms(), 10)
    await verona.passes(0)
    last = verona.service.told(browser)[-1]
    assert (last["seq"], last["count"], last.get("text", ""), last["sender"]) == (1, 2, "", "")


@pytest.mark.usefixtures("sqlite_only")
async def test_a_call_about_an_answer_in_a_thread_names_the_thread(verona: Verona) -> None:
    script = verona.script
    stage = await script.make(ANNA, BEN, title="Balcony")
    browser = await verona.subscribes(BEN)
    first = await verona.says(stage, ANNA, "Wherefore?")
    for shown in (False, True):
        seq = await verona.says(stage, ANNA, "Therefore.", thread_seq=first, also_in_conversation=shown)
        now_ms = script.clock.now_ms()
        await wish(script, BEN, seq, now_ms + 1000, room=stage, now_ms=now_ms)
        await verona.reads(stage, BEN, seq)
        script.clock.advance(1)
        await script.store.remind(script.clock.now_ms(), 10)
        await verona.passes(0)
    assert [call.get("thread_seq") for call in verona.service.told(browser)] == [first, None]


@pytest.mark.usefixtures("sqlite_only")
async def test_who_took_it_away_before_a_worker_came_is_not_called(verona: Verona) -> None:
    script = verona.script
    stage = await script.make(ANNA, BEN, kind=ConversationKind.GROUP)
    browser = await verona.subscribes(BEN)
    now_ms = script.clock.now_ms()
    await wish(script, BEN, 1, now_ms + 1000, room=stage, now_ms=now_ms)
    script.clock.advance(1)
    await script.store.remind(script.clock.now_ms(), 10)
    await wish(script, BEN, 1, 0, room=stage)
    await verona.passes(0)
    await verona.passes(60)
    assert verona.service.told(browser) == []

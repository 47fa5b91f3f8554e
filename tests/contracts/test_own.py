"""What one keeps of conversations for oneself: seen by nobody else, and the same wherever one's rows are read."""

from __future__ import annotations

import asyncio

import pytest
from contracts.script import ANNA, BEN, CLEO, Script

from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import SYSTEM_CONVERSATION
from hubbub.chat.model import (
    THREAD_DRAFT_BYTES,
    THREAD_DRAFTS,
    Draft,
    Mark,
    Notify,
    Own,
    OwnChange,
    UserState,
)


async def kept(script: Script, user: str, id_: str) -> Own:
    return (await script.store.conversation(user, id_)).own


async def changed(script: Script, user: str, since: int) -> UserState:
    return await script.store.user_state(user, since, 100)


async def test_only_what_is_given_changes_and_only_ones_own_row(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    assert await kept(script, ANNA, stage) == Own()
    await script.store.set_own(ANNA, stage, OwnChange(pinned=True, folder="Wörk 工作"))
    await script.store.set_own(ANNA, stage, OwnChange(muted_until_ms=2**53, notify=Notify.MENTIONS))
    await script.store.set_own(ANNA, stage, OwnChange(archived=True, marked_unread=True, pinned=False))
    mine = Own(False, True, True, 2**53, "Wörk 工作", Notify.MENTIONS)
    assert await kept(script, ANNA, stage) == mine
    assert (await script.store.conversations(ANNA, "", 10))[0][0].own == mine
    assert await kept(script, BEN, stage) == Own()


async def test_a_draft_is_kept_with_its_time_and_taken_away_by_an_empty_one(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    await script.store.set_own(ANNA, stage, OwnChange(draft=Draft("But soft", reply_to_seq=1)))
    assert (await kept(script, ANNA, stage)).draft == Draft("But soft", 1, script.clock.now_ms())
    await script.store.set_own(ANNA, stage, OwnChange(pinned=True))
    assert (await kept(script, ANNA, stage)).draft is not None
    await script.store.set_own(ANNA, stage, OwnChange(draft=Draft()))
    assert await kept(script, ANNA, stage) == Own(pinned=True)


async def test_a_draft_of_a_thread_stands_beside_those_of_others_and_of_the_conversation(script: Script) -> None:
    stage = await script.make(ANNA, BEN)

    async def begin(thread_seq: int, text: str) -> None:
        begun = Draft(text, reply_to_seq=1, thread_seq=thread_seq)
        await script.store.set_own(ANNA, stage, OwnChange(thread_draft=begun))

    await script.store.set_own(ANNA, stage, OwnChange(draft=Draft("But soft")))
    for thread_seq, text in ((9, "Grüße"), (3, "你好"), (9, "Grüße!")):
        await begin(thread_seq, text)
    now_ms = script.clock.now_ms()
    own = await kept(script, ANNA, stage)
    assert own.thread_drafts == (Draft("你好", 1, now_ms, 3), Draft("Grüße!", 1, now_ms, 9))
    assert own.draft == Draft("But soft", 0, now_ms)
    await begin(3, "")
    await script.store.set_own(ANNA, stage, OwnChange(draft=Draft()))
    assert (await kept(script, ANNA, stage)) == Own(thread_drafts=(Draft("Grüße!", 1, now_ms, 9),))
    assert await kept(script, BEN, stage) == Own()


async def test_drafts_of_threads_have_a_bound_and_what_is_past_it_changes_nothing(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    for thread_seq in range(1, THREAD_DRAFTS + 1):
        await script.store.set_own(ANNA, stage, OwnChange(thread_draft=Draft("x", thread_seq=thread_seq)))
    before = await changed(script, ANNA, 0)
    for begun, code in (
        (Draft("y", thread_seq=99), Code.RATE_LIMITED),
        (Draft("你" * (THREAD_DRAFT_BYTES // 3), thread_seq=1), Code.TEXT_TOO_LONG),
    ):
        with pytest.raises(ChatError) as refused:
            await script.store.set_own(ANNA, stage, OwnChange(thread_draft=begun))
        assert refused.value.code is code
    assert await changed(script, ANNA, 0) == before
    await script.store.set_own(ANNA, stage, OwnChange(thread_draft=Draft("z", thread_seq=THREAD_DRAFTS)))
    assert (await kept(script, ANNA, stage)).thread_drafts[-1].text == "z"


async def test_each_change_is_a_version_that_other_devices_catch_up_with(script: Script) -> None:
    stage, other = await script.make(ANNA, BEN), await script.make(ANNA, BEN)
    before = (await changed(script, ANNA, 0)).version
    first = await script.store.set_own(ANNA, stage, OwnChange(pinned=True))
    second = await script.store.set_own(ANNA, other, OwnChange(archived=True))
    assert (first.version, second.version) == (before + 1, before + 2)
    state = await changed(script, ANNA, before)
    assert (state.version, [row.own for row in state.conversations]) == (
        before + 2,
        [Own(pinned=True), Own(archived=True)],
    )
    resumed, _ = await script.store.resume(ANNA, [(stage, 1)], before + 1, limit=10, state_limit=10)
    assert [(row.conversation.id, row.own) for row in resumed.conversations] == [(other, Own(archived=True))]
    assert (await changed(script, BEN, 0)).version == before


async def test_a_change_leaves_word_of_whom_to_tell_until_it_is_told(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    for row in await script.store.stale_outbox(-1_000, 10):
        await script.store.clear_outbox(row.id)
    kept = await script.store.set_own(ANNA, stage, OwnChange(pinned=True))
    (untold,) = await script.store.stale_outbox(-1_000, 10)
    assert (untold.id, untold.heads, untold.people) == (kept.outbox_id, {}, {ANNA: kept.version})


async def test_what_is_kept_survives_marks_and_other_changes_of_the_row(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    await script.say(stage, BEN)
    await script.store.set_own(ANNA, stage, OwnChange(marked_unread=True))
    await script.store.set_marks([(stage, Mark(ANNA, 2, 2))])
    await script.touch((stage, ANNA))
    state = await script.store.conversation(ANNA, stage)
    assert (state.own, state.member.read_seq) == (Own(marked_unread=True), 2)


async def test_many_devices_at_once_lose_nothing_of_each_other(script: Script) -> None:
    stage = await script.make(ANNA, BEN)
    changes = [OwnChange(pinned=True), OwnChange(archived=True), OwnChange(folder="x"), OwnChange(draft=Draft("y"))]
    done = await asyncio.gather(*[script.store.set_own(ANNA, stage, change) for change in changes])
    assert len({each.version for each in done}) == len(changes)
    own = await kept(script, ANNA, stage)
    assert (own.pinned, own.archived, own.folder, own.draft is not None) == (True, True, "x", True)
    assert (await script.store.conversation(ANNA, stage)).member.version == max(each.version for each in done)


async def test_only_who_is_in_a_conversation_keeps_something_of_it(script: Script) -> None:
    await script.make_system()
    stage = await script.make(ANNA, BEN, CLEO)
    await script.remove(stage, ANNA, CLEO)
    with pytest.raises(ChatError) as refused:
        await script.store.set_own(CLEO, stage, OwnChange(pinned=True))
    assert refused.value.code is Code.NOT_A_MEMBER
    with pytest.raises(ChatError) as refused:
        await script.store.set_own(ANNA, "f" * 32, OwnChange(pinned=True))
    assert refused.value.code is Code.CONVERSATION_NOT_FOUND
    await script.store.set_own(CLEO, SYSTEM_CONVERSATION, OwnChange(muted_until_ms=5))
    assert await kept(script, CLEO, SYSTEM_CONVERSATION) == Own(muted_until_ms=5)

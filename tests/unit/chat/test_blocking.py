"""Blocking somebody: what the blocked and the blocker may and hear, with a whole node."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import pytest
from unit.chat.stage import Stage, a_stage
from unit.chat.world import ANNA, BEN, CLEO, fresh_id, text

from hubbub.base.errors import ChatError, Code
from hubbub.chat.contacts import ContactChange, ContactState
from hubbub.chat.model import (
    Body,
    Caller,
    ConversationKind,
    Edit,
    MemberAction,
    MemberChange,
    Pin,
    React,
    Recall,
    Submit,
)
from hubbub.chat.ports import RIGHTS_CHANGED, LoginEnded, MarksMoved, TypingChanged, UserChanged


@pytest.fixture(params=["memory", "sqlite"])
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    async with a_stage(tmp_path / "data" if request.param == "sqlite" else None) as stage:
        yield stage


async def private_chat(stage: Stage, one: str = ANNA, other: str = BEN) -> str:
    return (await stage.node.open_direct(Caller(one), other)).conversation.id


async def block(stage: Stage, who: str, whom: str, blocked: bool = True) -> None:
    await stage.node.arrange_contact(Caller(who), whom, ContactChange(blocked=blocked))


async def refusal(asked: Awaitable[object]) -> tuple[Code, str]:
    with pytest.raises(ChatError) as refused:
        await asked
    return refused.value.code, refused.value.message


async def test_the_blocked_can_neither_send_edit_react_nor_pin_and_is_not_told_why(stage: Stage) -> None:
    chat = await private_chat(stage)
    mine = (await stage.says(BEN, chat)).seq
    key = fresh_id()
    stored = await stage.does(BEN, chat, text("once"), client_id=key)
    await block(stage, ANNA, BEN)
    unexplained = (Code.FORBIDDEN, ChatError(Code.FORBIDDEN).message)
    for action in (text(), Edit(mine, Body(text="new")), React(mine, "👍"), Pin(mine)):
        assert await refusal(stage.does(BEN, chat, action)) == unexplained
    assert (await stage.does(BEN, chat, text("once"), client_id=key)).seq == stored.seq
    await stage.does(BEN, chat, Recall(mine))
    assert (await refusal(stage.says(ANNA, chat)))[0] is Code.FORBIDDEN
    await block(stage, ANNA, BEN, False)
    await stage.says(BEN, chat)
    await stage.says(ANNA, chat)


async def test_the_blocked_cannot_open_a_chat_nor_bring_the_blocker_into_a_group(stage: Stage) -> None:
    await block(stage, ANNA, BEN)
    node, ben = stage.node, Caller(BEN)
    unexplained = (Code.FORBIDDEN, ChatError(Code.FORBIDDEN).message)
    assert await refusal(node.open_direct(ben, ANNA)) == unexplained
    made = node.create_conversation(ben, fresh_id(), ConversationKind.GROUP, title="x", user_ids=[CLEO, ANNA])
    assert await refusal(made) == unexplained
    group = await stage.group(BEN, CLEO)
    added = MemberChange(MemberAction.ADD, (ANNA,))
    assert await refusal(stage.does(BEN, group, added)) == unexplained
    assert (await refusal(node.open_direct(Caller(ANNA), BEN)))[0] is Code.FORBIDDEN
    await private_chat(stage, ANNA, CLEO)
    await private_chat(stage, BEN, CLEO)


async def test_a_message_scheduled_before_the_block_is_refused_when_it_is_due(stage: Stage) -> None:
    chat = await private_chat(stage)
    due = stage.clock.now_ms() + 5_000
    await stage.node.schedule(Caller(BEN), Submit(chat, fresh_id(), text("later")), due)
    await block(stage, ANNA, BEN)
    await stage.node.schedule(Caller(BEN), Submit(chat, fresh_id(), text("later still")), due)
    stage.clock.advance(6)
    await stage.node.scheduler.send_due()
    waiting, _ = await stage.node.scheduled(Caller(BEN), "", 9)
    assert [row.error for row in waiting] == ["forbidden", "forbidden"]
    assert (await stage.node.conversation(Caller(ANNA), chat)).conversation.head == 1


async def test_in_a_group_both_go_on(stage: Stage) -> None:
    group = await stage.group(ANNA, BEN)
    await block(stage, ANNA, BEN)
    seq = (await stage.says(BEN, group)).seq
    await stage.does(ANNA, group, React(seq, "👍"))
    stage.heard.clear()
    await stage.node.set_typing(Caller(BEN), group, True)
    (typing,) = [event for event in stage.heard if isinstance(event, TypingChanged)]
    assert set(typing.audience or ()) == {ANNA, BEN}


async def test_neither_typing_nor_marks_nor_versions_tell_the_blocked(stage: Stage) -> None:
    chat = await private_chat(stage)
    await stage.says(BEN, chat)
    await stage.node.told()
    stage.heard.clear()
    await block(stage, ANNA, BEN)
    await stage.node.set_typing(Caller(ANNA), chat, True)
    await stage.node.set_mark(Caller(ANNA), chat, 2, 2)
    await stage.node.set_mark(Caller(BEN), chat, 2, 2)
    await stage.node.set_typing(Caller(BEN), chat, True)
    await stage.node.told()
    for event in stage.heard:
        if isinstance(event, TypingChanged):
            assert event.audience == (event.user_id,)
        elif isinstance(event, MarksMoved):
            assert event.audience == tuple(mark.user_id for mark in event.marks)
    changed = [event for event in stage.heard if isinstance(event, UserChanged) and event.state.contacts]
    assert {event.user_id for event in changed} == {ANNA}
    assert all(row.blocked for event in changed for row in event.state.contacts)
    assert await stage.node.hiding(Caller(BEN), [ANNA, CLEO]) == [ANNA]
    assert await stage.node.hiding(Caller(ANNA), [BEN]) == []


async def test_the_sockets_of_who_was_blocked_look_again_and_of_nobody_else(stage: Stage) -> None:
    stage.heard.clear()
    await block(stage, ANNA, BEN)
    await block(stage, ANNA, BEN, blocked=False)
    await stage.node.told()
    looks = [event for event in stage.heard if isinstance(event, LoginEnded)]
    assert looks == [LoginEnded(BEN, code=RIGHTS_CHANGED)]


async def test_a_request_reaches_every_device_of_both_and_that_of_the_blocked_nobody(stage: Stage) -> None:
    ben, anna = Caller(BEN), Caller(ANNA)
    stage.heard.clear()
    await stage.node.ask_contact(ben, ANNA, "It is I")
    await stage.node.told()
    told = {event.user_id: event.state.contacts for event in stage.heard if isinstance(event, UserChanged)}
    assert [(row.state, row.note) for row in told[ANNA]] == [(ContactState.ASKING, "It is I")]
    assert [row.state for row in told[BEN]] == [ContactState.ASKED]
    assert (await stage.node.answer_contact(anna, BEN, True)).state is ContactState.ACCEPTED
    await stage.node.remove_contact(anna, BEN)
    await block(stage, ANNA, BEN)
    await stage.node.told()
    stage.heard.clear()
    assert (await stage.node.ask_contact(ben, ANNA, "Again")).state is ContactState.ASKED
    await stage.node.told()
    assert {event.user_id for event in stage.heard if isinstance(event, UserChanged)} == {BEN}
    assert (await refusal(stage.node.ask_contact(ben, BEN, "")))[0] is Code.BAD_REQUEST
    assert (await refusal(stage.node.arrange_contact(ben, ANNA, ContactChange())))[0] is Code.BAD_REQUEST

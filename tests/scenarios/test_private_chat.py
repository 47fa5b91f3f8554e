"""Two people, alone together."""

from __future__ import annotations

import asyncio

import pytest
from support.stage import Stage

from hubbub.client import HubbubError


async def test_two_people_talk(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    await romeo.says(juliet, "Soft!")
    assert await juliet.hears() == ["Soft!"]
    await juliet.says(romeo, "O Romeo, Romeo!")
    assert await romeo.hears() == ["O Romeo, Romeo!"]


async def test_a_chat_opened_from_both_sides_at_once_is_one(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    async with asyncio.TaskGroup() as tasks:
        opened = [
            tasks.create_task(one.client.open_direct(other.user_id))
            for one, other in [(romeo, juliet), (juliet, romeo)] * 5
        ]
    assert len({task.result().id for task in opened}) == 1
    assert {task.result().as_of for task in opened} == {1}


async def test_a_phone_that_slept_catches_up(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    await romeo.says(juliet, "before")
    assert await juliet.hears() == ["before"]
    await juliet.goes_offline()
    await romeo.says(juliet, "Soft!")
    await juliet.returns()
    assert await juliet.hears() == ["Soft!"]
    await juliet.hears_nothing()


async def test_somebody_who_was_never_here_gets_everything_once_in_order_with_the_right_senders(stage: Stage) -> None:
    romeo, nurse = await stage.enter("romeo", "nurse")
    juliet = await stage.registered("juliet")
    for n in range(20):
        sender = (romeo, nurse)[n % 2]
        await sender.says(juliet, f"{sender.name} {n}")
    await juliet.returns()
    heard = await juliet.sees(20)
    for sender in (romeo, nurse):
        theirs = [entry.text for entry in heard if entry.sender_id == sender.user_id]
        assert theirs == [f"{sender.name} {n}" for n in range(20) if (romeo, nurse)[n % 2] is sender]
    await juliet.hears_nothing()
    await juliet.goes_offline()
    await juliet.returns()
    await juliet.hears_nothing()


async def test_many_messages_while_away_arrive_once_and_in_order(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    chat = await romeo.place(juliet)
    await juliet.goes_offline()
    said = [str(n) for n in range(1_500)]
    sending = [romeo.client.send(chat, text) for text in said]
    assert [(await one).seq for one in sending] == list(range(2, 1_502))
    await juliet.returns()
    assert await juliet.hears(1_500) == said
    await juliet.hears_nothing()


async def test_lost_connections_lose_double_and_swap_nothing(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    chat = await romeo.place(juliet)
    sending = []
    for n in range(200):
        sending.append(romeo.client.send(chat, str(n)))
        if n % 40 == 20:
            await asyncio.sleep(0)
            await romeo.loses_the_connection()
        if n % 70 == 35:
            await juliet.loses_the_connection()
            await asyncio.sleep(0.02)
    assert [(await one).seq for one in sending] == list(range(2, 202))
    assert await juliet.hears(200) == [str(n) for n in range(200)]
    await juliet.hears_nothing()


async def test_any_text_arrives_as_it_was_written(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    said = [
        "🎭" * 16_384,
        "שלום מה שלומך",
        "'; DROP TABLE entries; --",
        " spaces \t and\nlines ",
        "你好，世界",
        "e\u0301 \u202etfel ot thgir",
    ]
    for text in said:
        await romeo.says(juliet, text)
    assert await juliet.hears(len(said)) == said


@pytest.mark.parametrize(
    ("text", "code"), [("", "bad_request"), ("a\0b", "bad_request"), ("x" * 65_537, "text_too_long")]
)
async def test_a_text_that_cannot_be_stored_is_refused_and_the_next_is_not(stage: Stage, text: str, code: str) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    with pytest.raises(HubbubError) as refusal:
        await romeo.says(juliet, text)
    assert refusal.value.code == code
    await romeo.says(juliet, "fine")
    assert await juliet.hears() == ["fine"]


async def test_the_same_client_id_is_stored_once_and_other_words_under_it_are_a_conflict(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    first = await romeo.says(juliet, "hi", client_id="5" * 32)
    again = await romeo.says(juliet, "hi", client_id="5" * 32)
    assert (again.seq, again.repeated) == (first.seq, True)
    with pytest.raises(HubbubError) as refusal:
        await romeo.says(juliet, "ho", client_id="5" * 32)
    assert refusal.value.code == "conflict"
    assert await juliet.hears() == ["hi"]
    await juliet.hears_nothing()

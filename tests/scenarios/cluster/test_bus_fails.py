"""The bus dies, pauses or loses messages without a word; the log has them, and everybody gets them in time."""

from __future__ import annotations

import asyncio
import time

import pytest
from support.leaky_bus import LeakyBus
from support.stage import Actor
from support.town import WHOLE_AGAIN_S, Chatter, Ear, Town

from hubbub.base.ids import new_id
from hubbub.chat.model import SMALL_AUDIENCE
from hubbub.client.models import Body, Post
from hubbub.client.translate import write_submit
from hubbub.wire import hubbub_pb2 as pb

pytestmark = pytest.mark.timeout(300)
"""The first of them starts the cluster, which takes its time on a busy machine."""


async def rooms(town: Town, speaker: Actor, listener: Actor) -> list[str]:
    """Return a private chat, a small group and a large one of these two."""
    small = await speaker.gathers("small", listener)
    large = await speaker.gathers("large", listener, *await town.extras(SMALL_AUDIENCE))
    return [await speaker.place(listener), small.id, large.id]


async def test_after_a_restart_of_the_bus_everybody_has_everything_in_five_seconds(town: Town) -> None:
    romeo, juliet = await town.enter("romeo@gateway-1", "juliet@gateway-2")
    places = await rooms(town, romeo, juliet)
    ears = [Ear(juliet, place) for place in places]
    mine = [Ear(romeo, place) for place in places]
    chatters = [Chatter([romeo, juliet], place) for place in places]
    for chatter in chatters:
        await chatter.said(10)
    await town.cluster.stop("bus")
    await asyncio.sleep(3.0)
    await town.cluster.start("bus")
    for chatter in chatters:
        await chatter.said(10)
    for chatter, *hearing in zip(chatters, ears, mine, strict=True):
        seqs = await chatter.stop()
        chatter.assert_everybody_kept_their_order()
        for ear in hearing:
            await ear.has_all(seqs, within_s=WHOLE_AGAIN_S)


async def test_what_was_said_last_before_the_bus_died_is_heard_when_it_is_back(town: Town) -> None:
    romeo, juliet = await town.enter("romeo@gateway-1", "juliet@gateway-2")
    places = await rooms(town, romeo, juliet)
    ears = [Ear(juliet, place) for place in places]
    sent = [romeo.client.send(place, "the last word") for place in places]
    await town.cluster.kill("bus")
    await asyncio.sleep(1.0)
    await town.cluster.start("bus")
    for ear, pending in zip(ears, sent, strict=True):
        await ear.has_all([(await pending).seq], within_s=WHOLE_AGAIN_S)


async def test_one_message_that_the_bus_drops_is_found_without_further_traffic(town: Town, leak: LeakyBus) -> None:
    romeo, juliet = await town.enter("romeo@gateway-1", "juliet@gateway-2")
    for place in await rooms(town, romeo, juliet):
        await romeo.says(place, "heard")
        ear = Ear(juliet, place)
        leak.lost, leak.losing = 0, 1
        said = await romeo.says(place, "lost")
        await ear.has_all([said.seq], within_s=WHOLE_AGAIN_S)
        assert leak.lost == 1


async def test_a_message_dropped_in_the_middle_is_found_by_the_next(town: Town, leak: LeakyBus) -> None:
    romeo, juliet = await town.enter("romeo@gateway-1", "juliet@gateway-2")
    for place in await rooms(town, romeo, juliet):
        await romeo.says(place, "heard")
        ear = Ear(juliet, place)
        leak.losing = 1
        seqs = [(await romeo.says(place, words)).seq for words in ("lost", "heard", "heard")]
        await ear.has_all(seqs, within_s=WHOLE_AGAIN_S)


async def test_seconds_of_silence_on_the_bus_are_found_when_it_speaks_again(town: Town, leak: LeakyBus) -> None:
    romeo, juliet = await town.enter("romeo@gateway-1", "juliet@gateway-2")
    places = await rooms(town, romeo, juliet)
    ears = [Ear(juliet, place) for place in places]
    leak.losing = -1
    seqs = [(await romeo.says(place, "lost")).seq for place in places]
    # Long enough for every repetition of what was lost to be lost as well.
    await asyncio.sleep(4.0)
    leak.losing = 0
    for ear, seq in zip(ears, seqs, strict=True):
        await ear.has_all([seq], within_s=WHOLE_AGAIN_S)


async def test_while_the_bus_is_away_a_gateway_without_chat_answers_unknown_and_one_with_chat_goes_on(
    town: Town,
) -> None:
    cluster = town.cluster
    cluster.add("both-1", "gateway", "chat")
    try:
        await cluster.start("both-1")
        await cluster.wait_ready()
        romeo, juliet, nurse = await town.enter("romeo@both-1", "juliet@both-1", "nurse@gateway-2")
        group = await romeo.gathers("Verona", juliet, nurse)
        near, far = Ear(juliet, group.id), Ear(nurse, group.id)
        await cluster.stop("bus")
        said = await romeo.says(group, "who needs a bus")
        await near.has_all([said.seq])
        words = write_submit(group.id, new_id(), Post(Body("hello?")))
        asked = time.monotonic()
        answer = await nurse.client.ask(pb.ClientFrame(submit=words))
        assert answer.status == pb.SUBMIT_STATUS_UNKNOWN
        assert answer.error.retry
        assert time.monotonic() - asked < 5.0
        pending = nurse.client.send(group.id, "I shall wait")
        await cluster.start("bus")
        heard = [said.seq, (await pending).seq]
        for ear in (near, far):
            await ear.has_all(heard, within_s=WHOLE_AGAIN_S)
    finally:
        await town.close()
        await cluster.stop("both-1")
        del cluster.nodes["both-1"], cluster.members["both-1"]


async def test_answers_that_the_bus_drops_cost_a_wait_and_no_error(town: Town, leak: LeakyBus) -> None:
    romeo, juliet = await town.enter("romeo@gateway-2", "juliet@gateway-1")
    place = await romeo.place(juliet)
    ear = Ear(juliet, place)
    leak.leaks = (b"hubbub.r.",)
    seqs = []
    for number in range(4):
        # Whose answer it is that is lost, this or that of a mark, is chance.
        leak.losing = 1
        asked = time.monotonic()
        seqs.append((await romeo.says(place, f"{number}")).seq)
        assert time.monotonic() - asked < WHOLE_AGAIN_S
    assert leak.lost >= 3
    await ear.has_all(seqs, within_s=WHOLE_AGAIN_S)
    assert ear.texts == [f"{number}" for number in range(4)]

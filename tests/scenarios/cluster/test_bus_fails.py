"""The bus dies, pauses or loses messages without a word; the log has them, and everybody gets them in time."""

from __future__ import annotations

import asyncio

from support.leaky_bus import LeakyBus
from support.stage import Actor
from support.town import WHOLE_AGAIN_S, Chatter, Ear, Town

from hubbub.chat.model import SMALL_AUDIENCE


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

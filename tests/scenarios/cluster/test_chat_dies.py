"""A chat node dies, pauses or leaves under load, and nobody who chats is told."""

from __future__ import annotations

import asyncio
import time

import pytest
from support.clusters import until
from support.stage import Actor
from support.town import WHOLE_AGAIN_S, Chatter, Ear, Town

from hubbub.client import State, StateEvent

pytestmark = pytest.mark.timeout(300)
"""The first of them starts the cluster, which takes its time on a busy machine."""

RESUMED_S = 2.0
"""When a chat node is killed under load, sends resume within this time."""


async def a_crowd(town: Town) -> tuple[list[Actor], str, list[Ear]]:
    """Return eight people on both gateways, and so on both chat nodes, with the group they are in."""
    cast = await town.enter(*(f"player{number}@gateway-{number % 2 + 1}" for number in range(8)))
    group = await cast[0].gathers("The stage", *cast[1:])
    return cast, group.id, [Ear(actor, group.id) for actor in cast]


def connections_lost(cast: list[Actor]) -> list[State]:
    """Return every state a connection gets into from now on."""
    lost: list[State] = []
    for actor in cast:
        actor.client.on(StateEvent, lambda event: lost.append(event.state))
    return lost


async def settled(chatter: Chatter, ears: list[Ear], *, first: int = 2) -> None:
    """End the talk; everybody must have heard all of it, once and in order."""
    seqs = await chatter.stop()
    assert seqs == list(range(first, first + len(seqs)))
    chatter.assert_everybody_kept_their_order()
    for ear in ears:
        await ear.has_all(seqs, within_s=WHOLE_AGAIN_S)
        assert sorted(ear.texts) == sorted(words for *_, words in chatter.accepted)


async def test_killing_a_chat_node_under_load_costs_two_seconds_and_no_error(town: Town) -> None:
    cast, group, ears = await a_crowd(town)
    lost = connections_lost(cast)
    chatter = Chatter(cast, group)
    for name in ("chat-1", "chat-2"):
        await chatter.said(80)
        await town.cluster.kill(name)
        await chatter.said(80)
        await town.cluster.start(name)
        await town.cluster.wait_ready()
    await chatter.said(80)
    await settled(chatter, ears)
    assert chatter.longest_wait_s() < RESUMED_S
    assert lost == []


async def test_a_chat_node_that_pauses_and_comes_back_late_does_no_harm(town: Town) -> None:
    cast, group, ears = await a_crowd(town)
    chatter = Chatter(cast, group)
    for name in ("chat-1", "chat-2"):
        await chatter.said(80)
        await town.cluster.pause(name)
        await chatter.said(160)
        await asyncio.sleep(2.5)
        await town.cluster.resume(name)
        await chatter.said(80)
    await settled(chatter, ears)
    # A process that pauses inside a transaction holds the conversation until the database ends it, after 2 s.
    assert chatter.longest_wait_s() < 2 * RESUMED_S


async def test_a_rolling_restart_of_the_chat_nodes_is_invisible(town: Town) -> None:
    cast, group, ears = await a_crowd(town)
    lost = connections_lost(cast)
    chatter = Chatter(cast, group)
    for name in ("chat-1", "chat-2"):
        await chatter.said(80)
        await town.cluster.restart(name)
        await town.cluster.wait_ready()
        await chatter.said(80)
    await settled(chatter, ears)
    assert chatter.longest_wait_s() < RESUMED_S
    assert lost == []


async def test_without_any_chat_node_messages_wait_and_are_sent_when_one_is_back(town: Town) -> None:
    romeo, juliet = await town.enter("romeo@gateway-1", "juliet@gateway-2")
    place = await romeo.place(juliet)
    ear = Ear(juliet, place)
    await town.cluster.kill("chat-1")
    await town.cluster.kill("chat-2")
    sent = [romeo.client.send(place, f"{number}") for number in range(20)]
    await asyncio.sleep(3.0)
    assert not any(each.done() for each in sent)
    await town.cluster.start("chat-2")
    started = time.monotonic()
    seqs = [(await each).seq for each in sent]
    assert time.monotonic() - started < WHOLE_AGAIN_S
    assert seqs == sorted(seqs)
    await ear.has_all(seqs, within_s=WHOLE_AGAIN_S)
    assert ear.texts == [f"{number}" for number in range(20)]


async def test_what_a_node_committed_and_died_before_telling_is_announced_by_another(town: Town) -> None:
    pairs = [await town.enter(f"speaker{number}@gateway-1", f"listener{number}@gateway-2") for number in range(8)]
    places = [await speaker.place(listener) for speaker, listener in pairs]
    ears = [Ear(listener, place) for (_, listener), place in zip(pairs, places, strict=True)]
    fated = town.cluster.nodes["chat-1"]
    fated.environ["HUBBUB_CHAT_FAULT"] = "exit_before_publish:1"
    await town.cluster.restart("chat-1")
    await town.cluster.wait_ready()
    # Of eight people, some are chat-1's; the first word of theirs that it stores is its last.
    sent = [speaker.client.send(place, "Soft!") for (speaker, _), place in zip(pairs, places, strict=True)]
    accepted = [await each for each in sent]
    await until(lambda: not fated.running, "the death of chat-1")
    assert any(each.repeated for each in accepted), "it died before it stored anything"
    for ear, each in zip(ears, accepted, strict=True):
        await ear.has_all([each.seq], within_s=WHOLE_AGAIN_S)
        assert ear.texts == ["Soft!"]

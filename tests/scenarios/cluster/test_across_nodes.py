"""Whoever is on another gateway, and written by another chat node, hears the same, in the same order."""

from __future__ import annotations

import pytest
from support.stage import Actor
from support.town import Chatter, Ear, Town

from hubbub.base.ids import SYSTEM_CONVERSATION
from hubbub.chat.model import SMALL_AUDIENCE
from hubbub.client import HubbubError, Kind, MemberAction
from hubbub.client.models import TypingEvent

pytestmark = pytest.mark.timeout(300)
"""The first of them starts the cluster, which takes its time on a busy machine."""


async def test_a_private_chat_goes_both_ways_between_gateways(town: Town) -> None:
    romeo, juliet = await town.enter("romeo@gateway-1", "juliet@gateway-2")
    await romeo.says(juliet, "Soft!")
    assert await juliet.hears() == ["Soft!"]
    await juliet.says(romeo, "Ay me!")
    assert await romeo.hears() == ["Ay me!"]
    romeo.client.typing(await romeo.place(juliet))
    typing = await juliet.awaits(lambda event: event if isinstance(event, TypingEvent) else None)
    assert typing.user_id == romeo.user_id


async def test_somebody_with_devices_on_two_gateways_hears_on_both(town: Town) -> None:
    romeo, juliet = await town.enter("romeo@gateway-1", "juliet@gateway-1")
    other = town.twin(juliet, same_device=False)
    other.door = town.door("gateway-2")
    await other.returns()
    await romeo.says(juliet, "Soft!")
    assert await juliet.hears() == await other.hears() == ["Soft!"]


async def test_an_announcement_reaches_everybody_on_every_gateway(town: Town) -> None:
    romeo, juliet = await town.enter("romeo@gateway-1", "juliet@gateway-2")
    prince = await town.prince("gateway-2")
    await prince.says(SYSTEM_CONVERSATION, "A glooming peace")
    for person in (romeo, juliet):
        assert "A glooming peace" in await person.hears(where=SYSTEM_CONVERSATION)


async def test_a_channel_is_heard_on_every_gateway_from_joining_to_leaving(town: Town) -> None:
    romeo, juliet = await town.enter("romeo@gateway-1", "juliet@gateway-2")
    channel = await romeo.client.create_conversation(Kind.CHANNEL, f"square-{romeo.username}")
    await romeo.says(channel, "before")
    await juliet.client.join(channel.id)
    await romeo.says(channel, "during")
    assert await juliet.hears(where=channel) == ["during"]
    await juliet.says(channel, "I hear you")
    assert await romeo.hears(where=channel) == ["I hear you"]
    ear = Ear(juliet, channel.id)
    await juliet.client.leave(channel.id)
    await romeo.says(channel, "after")
    with pytest.raises(HubbubError) as refusal:
        await juliet.says(channel, "still here?")
    assert refusal.value.code == "not_a_member"
    assert ear.texts == []


async def test_order_is_one_for_all_when_both_chat_nodes_write_to_one_conversation(town: Town) -> None:
    names = [f"player{number}@gateway-{number % 2 + 1}" for number in range(8)]
    cast = await town.enter(*names)
    group = await cast[0].gathers("The stage", *cast[1:])
    ears = [Ear(actor, group.id) for actor in cast]
    sent = [(actor, [actor.client.send(group.id, f"{actor.name} {n}") for n in range(15)]) for actor in cast]
    seqs: list[int] = []
    for _, pending in sent:
        mine = [(await one).seq for one in pending]
        assert mine == sorted(mine)
        seqs += mine
    assert sorted(seqs) == list(range(2, 2 + len(seqs)))
    for ear in ears:
        await ear.has_all(seqs)
        assert ear.texts == ears[0].texts


async def test_a_group_that_outgrows_the_small_ones_and_shrinks_again_loses_nothing(town: Town) -> None:
    romeo, juliet, nurse = await town.enter("romeo@gateway-1", "juliet@gateway-2", "nurse@gateway-1")
    extras = await town.extras(SMALL_AUDIENCE)
    few = extras[: SMALL_AUDIENCE - 4]
    many = extras[SMALL_AUDIENCE - 4 :]
    group = await romeo.gathers("Verona", juliet, nurse, *few)
    ears = [Ear(actor, group.id) for actor in (romeo, juliet, nurse)]
    chatter = Chatter([romeo, juliet], group.id)
    changes = []
    for _ in range(3):
        await chatter.said(10)
        grown = await romeo.client.change_members(group.id, MemberAction.ADD, [each.user_id for each in many])
        await chatter.said(10)
        shrunk = await romeo.client.change_members(group.id, MemberAction.REMOVE, [each.user_id for each in many])
        changes += [grown.seq, shrunk.seq]
    await chatter.said(10)
    seqs = sorted([*await chatter.stop(), *changes])
    assert seqs == list(range(2, 2 + len(seqs)))
    for ear in ears:
        await ear.has_all(seqs)


async def test_who_is_removed_on_another_gateway_sees_the_cut_and_nothing_after_it(town: Town) -> None:
    romeo, mercutio, tybalt = await town.enter("romeo@gateway-1", "mercutio@gateway-2", "tybalt@gateway-2")
    for extras in (0, SMALL_AUDIENCE):
        group = await romeo.gathers("Verona", mercutio, tybalt, *await town.extras(extras))
        stays, goes = Ear(mercutio, group.id), Ear(tybalt, group.id)
        chatter = Chatter([romeo, mercutio], group.id, pause_s=0.005)
        await chatter.said(20)
        cut = await romeo.client.change_members(group.id, MemberAction.REMOVE, [tybalt.user_id])
        await chatter.said(40)
        seqs = await chatter.stop()
        await stays.has_all([*seqs, cut.seq])
        await goes.has(lambda ear, cut=cut: cut.seq in ear.seqs, "the cut")  # type: ignore[misc]
        # His own notes come after everything that was on its way to his gateway before.
        await romeo.says(group, "is he gone?")
        await tybalt.says(tybalt, "a plague")
        # The entry that made the group may have been shown before the ear was there.
        assert goes.seqs[-(cut.seq - 1) :] == list(range(2, cut.seq + 1))
        assert goes.seqs[0] in (1, 2)


async def test_who_is_added_while_messages_flow_hears_everything_from_there_on(town: Town) -> None:
    romeo, juliet, nurse = await town.enter("romeo@gateway-1", "juliet@gateway-2", "nurse@gateway-2")
    for extras in (0, SMALL_AUDIENCE):
        group = await romeo.gathers("Verona", juliet, *await town.extras(extras))
        ear = Ear(nurse, group.id)
        chatter = Chatter([romeo, juliet], group.id, pause_s=0.002)
        await chatter.said(20)
        added = await romeo.client.change_members(group.id, MemberAction.ADD, [nurse.user_id])
        await chatter.said(40)
        seqs = await chatter.stop()
        await ear.has_all([added.seq, *(seq for seq in seqs if seq > added.seq)])


async def test_who_joins_a_channel_while_messages_flow_hears_everything_from_there_on(town: Town) -> None:
    romeo, juliet = await town.enter("romeo@gateway-1", "juliet@gateway-2")
    channel = await romeo.client.create_conversation(Kind.CHANNEL, f"square-{romeo.username}")
    ear = Ear(juliet, channel.id)
    chatter = Chatter([romeo], channel.id, pause_s=0.002)
    await chatter.said(20)
    joined = await juliet.client.join(channel.id)
    await chatter.said(40)
    seqs = await chatter.stop()
    await ear.has_all([seq for seq in seqs if seq > joined.as_of])


async def test_marks_of_others_and_ones_own_other_device_travel_between_gateways(town: Town) -> None:
    romeo, juliet = await town.enter("romeo@gateway-1", "juliet@gateway-2")
    said = await romeo.says(juliet, "Soft!")
    place = await romeo.place(juliet)
    await juliet.hears()
    await juliet.client.mark(place, read=said.seq, delivered=said.seq)
    await _read_by(romeo, place, juliet.user_id, said.seq)


async def _read_by(reader: Actor, place: str, user_id: str, seq: int) -> None:
    def wanted(event: object) -> bool | None:
        marks = getattr(event, "marks", ())
        found = any(mark.user_id == user_id and mark.read_seq >= seq for mark in marks)
        return found or None

    await reader.awaits(wanted)

"""Channels, which anybody may join, and announcements, which everybody hears."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.house import PASSWORD, House
from support.stage import Stage

from hubbub.base.ids import GENERAL_CHANNEL, SYSTEM_CONVERSATION
from hubbub.client import HttpApi, HubbubError, Kind, MemberAction
from hubbub.client.models import MemberState


async def test_everybody_is_in_general_from_the_start(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    await romeo.says(GENERAL_CHANNEL, "Verona, hear me")
    assert "Verona, hear me" in await juliet.hears(where=GENERAL_CHANNEL)


async def test_a_channel_is_found_joined_and_left(stage: Stage) -> None:
    romeo, juliet = await stage.enter("romeo", "juliet")
    title = f"square-{romeo.username}"
    channel = await romeo.client.create_conversation(Kind.CHANNEL, title)
    await romeo.says(channel, "before")
    with pytest.raises(HubbubError) as refusal:
        await juliet.says(channel, "may I?")
    assert refusal.value.code == "not_a_member"

    (found,), _ = await juliet.client.channels(title)
    assert (found.id, found.state) == (channel.id, MemberState.NONE)
    joined = await juliet.client.join(found.id)
    assert (joined.state, joined.member_count) == (MemberState.JOINED, 2)
    assert (await juliet.client.join(found.id)).state is MemberState.JOINED
    assert [m.text for m in (await juliet.client.history(channel.id)).messages] == ["before"]
    await romeo.says(channel, "during")
    assert await juliet.hears(where=channel) == ["during"]

    await juliet.client.leave(channel.id)
    await romeo.says(channel, "after")
    await juliet.hears_nothing()
    with pytest.raises(HubbubError) as refusal:
        await juliet.says(channel, "still here?")
    assert refusal.value.code == "not_a_member"


async def test_who_was_banned_from_a_channel_cannot_join_again(stage: Stage) -> None:
    romeo, tybalt = await stage.enter("romeo", "tybalt")
    channel = await romeo.client.create_conversation(Kind.CHANNEL, f"square-{romeo.username}")
    await tybalt.client.join(channel.id)
    await romeo.client.change_members(channel.id, MemberAction.BAN, [tybalt.user_id])
    with pytest.raises(HubbubError) as refusal:
        await tybalt.client.join(channel.id)
    assert refusal.value.code == "banned"
    await romeo.client.change_members(channel.id, MemberAction.UNBAN, [tybalt.user_id])
    assert (await tybalt.client.join(channel.id)).state is MemberState.JOINED


@pytest.fixture
async def court(tmp_path: Path) -> AsyncIterator[Stage]:
    """A stage of its own whose prince is the admin."""
    house = House(tmp_path)
    await house.opens()
    stage = Stage(house, "websocket", tmp_path)
    async with HttpApi(house.http) as http:
        body = {"token": house.setup_token(), "username": stage.username("prince"), "password": PASSWORD, "name": "V"}
        await http.call("POST", "/api/v1/setup", json=body)
    yield stage
    await stage.close()
    assert await house.closes() == 0


async def test_an_announcement_reaches_everybody_online_or_later(court: Stage) -> None:
    prince, juliet = court.known("prince"), (await court.enter("juliet"))[0]
    romeo = await court.registered("romeo")
    await prince.returns()
    await prince.says(SYSTEM_CONVERSATION, "A glooming peace this morning with it brings")
    assert await juliet.hears() == ["A glooming peace this morning with it brings"]
    await romeo.returns()
    assert await romeo.hears() == ["A glooming peace this morning with it brings"]
    for person in (juliet, romeo):
        with pytest.raises(HubbubError) as refusal:
            await person.says(SYSTEM_CONVERSATION, "Hear me instead")
        assert refusal.value.code == "forbidden"
        await person.hears_nothing()

"""Whatever a bus lost is made good for everybody who is here, without further traffic."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import pytest
from support.fake_chat import an_id
from support.gateways import texts, until
from support.quiet import Quiet, a_quiet_house, settle
from support.recorded_link import RecordedLink

from hubbub.base.errors import ChatError, Code
from hubbub.bus.local import LocalBus
from hubbub.chat.model import ConversationKind, Listening, MemberAction

pytestmark = pytest.mark.jumping
"""Nothing here waits: the loop goes to its next timer at once."""

GAP_S = 0.06
"""A little more than `gap_ms`, after which a gap is looked at."""

ROMEO, JULIET = an_id("romeo"), an_id("juliet")
CROWD = [an_id(f"extra{number}") for number in range(20)]


def heard(link: RecordedLink) -> list[str]:
    found = [text for frame in link.frames if frame.HasField("entries") for text in texts(frame.entries)]
    link.frames.clear()
    return found


def heads(link: RecordedLink) -> dict[str, int]:
    return {
        head.conversation_id: head.seq for frame in link.frames if frame.HasField("heads") for head in frame.heads.heads
    }


def versions(link: RecordedLink) -> list[tuple[int, int]]:
    return [
        (frame.user_changed.since_version, frame.user_changed.version)
        for frame in link.frames
        if frame.HasField("user_changed")
    ]


async def lose(house: Quiet) -> None:
    """Let the gateway know that it may have missed something, and wait until it has looked."""
    house.lose_something()
    await until(lambda: house.gateway.holes_mended > 0)
    await settle()


async def test_a_small_conversation_that_went_on_unheard_is_announced_to_its_people() -> None:
    async with a_quiet_house() as house:
        room = house.chat.open_conversation(an_id("verona"), [ROMEO, JULIET])
        quiet = house.chat.open_conversation(an_id("mantua"), [ROMEO])
        romeo, juliet = await house.let_in("romeo/phone"), await house.let_in("juliet/phone")
        await house.chat.say(quiet, "heard")
        await settle()
        house.chat.deaf = True
        lost = await house.chat.say(room, "unheard")
        house.chat.deaf = False
        await lose(house)
        assert heads(romeo) == {room: lost.seq}, "what was heard is not announced again"
        assert heads(juliet) == {room: lost.seq}


async def test_a_large_conversation_that_went_on_unheard_is_fetched_once_for_all() -> None:
    async with a_quiet_house() as house:
        room = house.chat.open_conversation(an_id("market"), [ROMEO, JULIET, *CROWD])
        romeo, juliet = await house.let_in("romeo/phone"), await house.let_in("juliet/phone")
        house.chat.deaf = True
        await house.chat.say(room, "unheard")
        house.chat.deaf = False
        await lose(house)
        await asyncio.sleep(GAP_S)
        await settle()
        assert heard(romeo) == heard(juliet) == ["unheard"]
        assert house.chat.fetches == [(room, 1)]


async def test_everybody_is_told_the_version_of_their_rows() -> None:
    async with a_quiet_house() as house:
        house.chat.versions[ROMEO] = 7
        romeo = await house.let_in("romeo/phone")
        await lose(house)
        assert versions(romeo) == [(7, 7)]


async def test_who_joined_a_channel_unheard_hears_it_from_then_on() -> None:
    async with a_quiet_house() as house:
        room = house.chat.open_conversation(an_id("square"), CROWD, ConversationKind.CHANNEL)
        romeo = await house.let_in("romeo/phone")
        await unheard(house, house.chat.move(room, ROMEO, joins=True))
        await lose(house)
        assert heads(romeo) == {room: 1}
        await house.chat.say(room, "welcome")
        await settle()
        assert heard(romeo) == ["welcome"]


async def test_who_left_a_channel_unheard_hears_nothing_more_of_it() -> None:
    async with a_quiet_house() as house:
        room = house.chat.open_conversation(an_id("square"), [ROMEO, *CROWD], ConversationKind.CHANNEL)
        romeo = await house.let_in("romeo/phone")
        await unheard(house, house.chat.move(room, ROMEO, joins=False))
        await lose(house)
        romeo.frames.clear()
        await house.chat.say(room, "a secret")
        await settle()
        assert heard(romeo) == []


async def test_who_was_removed_unheard_sees_nothing_that_came_after_it() -> None:
    async with a_quiet_house() as house:
        room = house.chat.open_conversation(an_id("market"), [ROMEO, *CROWD])
        romeo = await house.let_in("romeo/phone")
        await unheard(house, house.chat.change(room, MemberAction.REMOVE, ROMEO))
        house.chat.deaf = True
        await house.chat.say(room, "a secret")
        house.chat.deaf = False
        await lose(house)
        await asyncio.sleep(GAP_S)
        await settle()
        assert heard(romeo) == []


async def test_a_login_that_ended_unheard_ends_its_session() -> None:
    async with a_quiet_house() as house:
        romeo, juliet = await house.let_in("romeo/phone"), await house.let_in("juliet/phone")
        house.auth.end(ROMEO)
        await lose(house)
        assert romeo.ended is not None
        assert romeo.ended[1] == "session_ended"
        assert juliet.ended is None


async def test_a_hole_is_looked_after_again_until_the_log_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_quiet_house() as house:
        room = house.chat.open_conversation(an_id("verona"), [ROMEO])
        romeo = await house.let_in("romeo/phone")
        house.chat.deaf = True
        lost = await house.chat.say(room, "unheard")
        asked = 0
        answers = house.chat.listening

        async def away_at_first(user_ids: list[str]) -> list[Listening]:
            nonlocal asked
            asked += 1
            if asked == 1:
                raise ChatError(Code.UNAVAILABLE)
            return await answers(user_ids)

        monkeypatch.setattr(house.chat, "listening", away_at_first)
        await lose(house)
        assert (asked, heads(romeo)) == (2, {room: lost.seq})


async def unheard(house: Quiet, change: Awaitable[object]) -> None:
    """Let something happen whose telling is lost."""
    bus, house.chat.bus = house.chat.bus, LocalBus()
    try:
        await change
    finally:
        house.chat.bus = bus

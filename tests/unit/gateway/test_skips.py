"""A gap too large to fetch is skipped, and whatever it hid, nobody hears too much or too little afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from support.fake_chat import an_id
from support.gateways import texts, until
from support.quiet import Quiet, a_quiet_house, settle
from support.recorded_link import RecordedLink

from hubbub.base.errors import ChatError, Code
from hubbub.bus.local import LocalBus
from hubbub.chat.model import Listening, MemberAction

pytestmark = pytest.mark.jumping
"""Nothing here waits: the loop goes to its next timer at once."""

GAP_S = 0.06
"""A little more than `gap_ms`, after which a gap is looked at."""

ROMEO, JULIET, TYBALT = an_id("romeo"), an_id("juliet"), an_id("tybalt")
CROWD = [an_id(f"extra{number}") for number in range(20)]
ROOM = an_id("market")


def heard(link: RecordedLink) -> list[str]:
    return [text for frame in link.frames if frame.HasField("entries") for text in texts(frame.entries)]


def heads(link: RecordedLink) -> list[int]:
    return [head.seq for frame in link.frames for head in frame.heads.heads if head.conversation_id == ROOM]


@asynccontextmanager
async def a_market() -> AsyncIterator[tuple[Quiet, RecordedLink, RecordedLink, RecordedLink]]:
    async with a_quiet_house(gap_limit=10) as house:
        house.chat.open_conversation(ROOM, [ROMEO, JULIET, TYBALT, *CROWD])
        links = [await house.let_in(f"{name}/phone") for name in ("romeo", "juliet", "tybalt")]
        yield house, links[0], links[1], links[2]


@asynccontextmanager
async def unheard(house: Quiet) -> AsyncIterator[None]:
    """Whatever happens within is told to nobody, and so is a good deal of talk after it."""
    bus, house.chat.bus = house.chat.bus, LocalBus()
    try:
        yield
        for number in range(20):
            await house.chat.say(ROOM, str(number))
    finally:
        house.chat.bus = bus


async def notices(house: Quiet) -> None:
    """Let the gateway learn how far the conversation is."""
    await house.chat.announce(ROOM)
    await asyncio.sleep(GAP_S)
    await settle()


class Truth:
    """The question who hears what: counted, and answered when and how the test wants."""

    def __init__(self, house: Quiet, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = 0
        self.before_answer: Callable[[], Awaitable[object]] | None = None
        self.fails = 0
        self._answers = house.chat.listening
        monkeypatch.setattr(house.chat, "listening", self._listening)

    async def _listening(self, user_ids: list[str]) -> list[Listening]:
        self.asked += 1
        if self.fails:
            self.fails -= 1
            raise ChatError(Code.UNAVAILABLE)
        answer = await self._answers(user_ids)
        if self.before_answer is not None:
            await self.before_answer()
        return answer


async def test_who_was_removed_in_what_was_skipped_hears_nothing_more_and_the_others_do() -> None:
    async with a_market() as (house, romeo, juliet, _):
        async with unheard(house):
            await house.chat.change(ROOM, MemberAction.REMOVE, ROMEO)
        await notices(house)
        await house.chat.say(ROOM, "a secret")
        await settle()
        assert heard(romeo) == []
        assert heads(romeo) == [], "how far it is by now is none of theirs either"
        assert heard(juliet) == ["a secret"]
        assert heads(juliet) == [22]


async def test_who_was_removed_and_came_back_in_what_was_skipped_hears_the_rest() -> None:
    async with a_market() as (house, romeo, _, _):
        async with unheard(house):
            await house.chat.change(ROOM, MemberAction.REMOVE, ROMEO)
            await house.chat.change(ROOM, MemberAction.ADD, ROMEO)
        await notices(house)
        await house.chat.say(ROOM, "welcome back")
        await settle()
        assert heard(romeo) == ["welcome back"]


async def test_what_happens_while_the_log_is_asked_counts_more_than_what_it_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_market() as (house, romeo, juliet, tybalt):
        truth = Truth(house, monkeypatch)

        async def meanwhile() -> None:
            truth.before_answer = None
            await house.chat.say(ROOM, "between")
            await house.chat.change(ROOM, MemberAction.REMOVE, ROMEO)
            await house.chat.say(ROOM, "a secret")
            await house.chat.change(ROOM, MemberAction.ADD, TYBALT)
            await house.chat.say(ROOM, "for two")

        truth.before_answer = meanwhile
        async with unheard(house):
            await house.chat.change(ROOM, MemberAction.REMOVE, TYBALT)
        await notices(house)
        assert "a secret" not in heard(romeo)
        assert "for two" not in heard(romeo)
        assert heard(juliet) == ["between", "a secret", "for two"]
        assert heard(tybalt) == ["for two"]


async def test_nobody_is_let_in_again_or_forgotten_while_the_log_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_market() as (house, romeo, juliet, _):
        truth = Truth(house, monkeypatch)
        truth.fails = 1
        async with unheard(house):
            await house.chat.change(ROOM, MemberAction.REMOVE, ROMEO)
        await notices(house)
        assert truth.asked == 1
        await house.chat.say(ROOM, "a secret")
        await settle()
        assert heard(romeo) == heard(juliet) == []
        await until(lambda: truth.asked == 2)
        await settle()
        assert heads(juliet) == [23], "the head speaks for what was said in the meantime"
        await house.chat.say(ROOM, "another")
        await settle()
        assert heard(romeo) == []
        assert heard(juliet) == ["another"]


async def test_who_goes_and_comes_back_while_the_log_is_asked_hears_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_market() as (house, romeo, _, _):
        truth = Truth(house, monkeypatch)
        links: list[RecordedLink] = []

        async def comes_back() -> None:
            truth.before_answer = None
            romeo.session.lost()
            links.append(await house.let_in_slowly("romeo/phone"))

        truth.before_answer = comes_back
        async with unheard(house):
            pass
        await notices(house)
        await until(lambda: bool(links))
        await settle()
        await house.chat.say(ROOM, "hello again")
        await settle()
        assert heard(links[0]) == ["hello again"]

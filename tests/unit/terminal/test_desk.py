"""What is open at a terminal, without a screen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from support.puppet import DIRECT, JULIET, ROMEO, VERONA, PuppetServer
from support.screens import PuppetDoor, StillClock

from hubbub.terminal.desk import Desk
from hubbub.terminal.people import People


@asynccontextmanager
async def desk_of(puppet: PuppetServer) -> AsyncIterator[Desk]:
    seat = PuppetDoor(puppet).known()
    assert seat is not None
    desk = Desk(seat.client, seat.log, People(seat.client, seat.log), StillClock(), me=ROMEO)
    events = seat.client.events()
    async with seat.client:
        await desk.begin()
        listening = asyncio.get_running_loop().create_task(desk.listen(events))
        try:
            yield desk
        finally:
            listening.cancel()
            await desk.end()


async def until(claim: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not claim():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_the_most_recent_conversation_is_first_and_opened() -> None:
    puppet = PuppetServer()
    puppet.says(VERONA, "newest")
    async with desk_of(puppet) as desk:
        await until(lambda: desk.stretch.loaded)
        assert [place.id for place in desk.listed()] == [VERONA, DIRECT]
        assert desk.here == VERONA
        puppet.says(DIRECT, "newer")
        puppet.says(DIRECT, "newest")
        await until(lambda: desk.listed()[0].id == DIRECT)
        assert (desk.listed()[0].unread, desk.listed()[1].unread) == (2, 1)


async def test_who_comes_back_sees_what_was_said_meanwhile_once_and_in_order() -> None:
    puppet = PuppetServer()
    async with desk_of(puppet) as desk:
        await until(lambda: desk.stretch.loaded)
        desk.open(DIRECT)
        await until(lambda: desk.stretch.loaded)
        puppet.goes_down()
        await until(lambda: desk.away_since_ms)
        for number in range(300):
            puppet.says(DIRECT, f"meanwhile {number}")
        await desk.author.say("in the dark")
        puppet.comes_up()
        await until(lambda: desk.stretch.to_seq == 304)
        assert [item.seq for item in desk.stretch.items] == list(range(1, 305))
        assert desk.waiting_here() == []


async def test_a_group_knows_how_many_have_read() -> None:
    puppet = PuppetServer()
    async with desk_of(puppet) as desk:
        await until(lambda: desk.stretch.loaded)
        desk.open(VERONA)
        await desk.author.say("hear ye")
        await until(lambda: desk.stretch.message(4) is not None)
        message = desk.stretch.message(4)
        assert message is not None
        assert desk.standing(message) == ("sent", 0)
        puppet.reads(VERONA, JULIET)
        await until(lambda: desk.standing(message) == ("read", 1))


async def test_what_was_seen_is_told_once_and_counts_fall() -> None:
    puppet = PuppetServer()
    async with desk_of(puppet) as desk:
        await until(lambda: desk.stretch.loaded)
        desk.open(VERONA)
        puppet.says(VERONA, "one")
        puppet.says(VERONA, "two", mentions=[ROMEO])
        await until(lambda: desk.places[VERONA].unread == 2)
        assert desk.places[VERONA].mentions == 1
        desk.saw(5)
        assert (desk.places[VERONA].unread, desk.places[VERONA].mentions) == (0, 0)
        await until(lambda: puppet.rooms[VERONA].read[ROMEO] == 5)


async def test_a_log_that_begins_anew_shows_nothing_stale() -> None:
    puppet = PuppetServer()
    async with desk_of(puppet) as desk:
        await until(lambda: desk.stretch.loaded)
        desk.open(VERONA)
        await until(lambda: desk.stretch.loaded)
        puppet.goes_down()
        puppet.rooms[VERONA].made_up = 1
        puppet.epoch = "e2"
        puppet.comes_up()
        await until(lambda: desk.online and desk.stretch.loaded and desk.stretch.to_seq == 1)
        assert [item.seq for item in desk.stretch.items] == [1]

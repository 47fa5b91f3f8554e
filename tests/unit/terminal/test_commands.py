"""CIM's commands do what they do in CIM, over the real client and without a screen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from support.puppet import DIRECT, JULIET, VERONA, PuppetServer
from support.screens import PuppetDoor, StillClock

from hubbub.client import HubbubError
from hubbub.client.models import Body, Entry, Post
from hubbub.terminal.auto_reply import AutoReply
from hubbub.terminal.commands import ORDERS, Answer, Clerk
from hubbub.terminal.language import Words
from hubbub.terminal.people import People


@asynccontextmanager
async def clerk_of(puppet: PuppetServer) -> AsyncIterator[Clerk]:
    seat = PuppetDoor(puppet).known()
    assert seat is not None
    await seat.log.open()
    people = People(seat.client, seat.log)
    clock = StillClock()
    clerk = Clerk(
        seat.client,
        seat.log,
        people,
        AutoReply(lambda asked: "away", clock),
        Words("en"),
        clock,
        server=seat.server,
        username="romeo",
    )
    async with seat.client:
        await seat.client.ready()
        await seat.log.note(
            [
                Entry(VERONA, 1, 1000, JULIET, "", Post(Body("Soft! 你好\x1b[31m"))),
                Entry(VERONA, 2, 2000, JULIET, "", Post(Body("no"))),
            ],
            "a" * 32,
        )
        await people.learn([JULIET])
        yield clerk
    await seat.log.close()


@pytest.fixture
def puppet() -> PuppetServer:
    return PuppetServer()


async def obeyed(clerk: Clerk, typed: str) -> Answer:
    answer = await clerk.obey(typed)
    assert answer is not None
    return answer


async def test_each_command_answers(puppet: PuppetServer) -> None:
    async with clerk_of(puppet) as clerk:
        assert (await obeyed(clerk, ":q!")).leave
        assert (await obeyed(clerk, ":olu")).lines == ("juliet", "romeo")
        assert len((await obeyed(clerk, ":all")).lines) == len(ORDERS) + 1
        assert (await obeyed(clerk, ":pu JUL")).lines == ("juliet",)
        assert (await obeyed(clerk, ":pu uliet")).lines == ()
        assert len((await obeyed(clerk, ":emoji")).lines) == len((await obeyed(clerk, ":emoji 2")).lines) == 40
        info = "\n".join((await obeyed(clerk, ":info")).lines)
        assert "romeo" in info
        assert "Verona 0.1 node-1" in info
        assert "Connection: online" in info


async def test_the_local_log_is_searched_by_words_and_what_is_found_is_safe(puppet: PuppetServer) -> None:
    async with clerk_of(puppet) as clerk:
        found = await obeyed(clerk, ":q 你好 soft")
        assert [hit.seq for hit in found.hits] == [1]
        assert "juliet: Soft! 你好␛[31m" in found.lines[0]
        assert "WORDS" in (await obeyed(clerk, ":q")).lines[0]


async def test_what_is_delayed_is_scheduled_on_the_server(puppet: PuppetServer) -> None:
    async with clerk_of(puppet) as clerk:
        with pytest.raises(HubbubError):
            await clerk.obey(":delay good night 10")
        clerk.here = VERONA
        await obeyed(clerk, ":delay good night :moon: 10")
        wish = puppet.asked[-1].schedule
        assert wish.submit.message.body.text.text == "good night 🌙"
        assert wish.due_ms == StillClock().now_ms() + 10_000
        for wrong in (":delay", ":delay 10", ":delay soon later", ":delay x 0", ":delay x 99999999999"):
            assert "SECONDS" in (await obeyed(clerk, wrong)).lines[0]


async def test_auto_reply_is_turned_on_and_off(puppet: PuppetServer) -> None:
    async with clerk_of(puppet) as clerk:
        await obeyed(clerk, ":ai")
        assert clerk.auto.on
        await obeyed(clerk, ":qai")
        assert not clerk.auto.on


async def test_two_semicolons_say_something_in_private(puppet: PuppetServer) -> None:
    async with clerk_of(puppet) as clerk:
        said = await obeyed(clerk, "juliet;;meet me :smile:")
        assert said.opened == DIRECT
        await clerk._client.flush()
        async with asyncio.timeout(5):
            while not puppet.rooms[DIRECT].said:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert puppet.rooms[DIRECT].said[-1].message.body.text.text == "meet me 😄"
        with pytest.raises(HubbubError):
            await clerk.obey("tybalt;;hello")


@pytest.mark.parametrize("typed", [":)", ":smile:", ":query x", "a;b", "::all", ": q x", ":Q!"])
async def test_everything_else_is_sent_as_it_is(puppet: PuppetServer, typed: str) -> None:
    async with clerk_of(puppet) as clerk:
        assert await clerk.obey(typed) is None
        assert clerk.unescaped(typed) == (":all" if typed == "::all" else typed)

"""Listening over HTTP: what is heard, once and in order, by whom, and until when."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.bus_hub import Hub
from support.gateways import until
from unit.auth.people import fast_settings
from unit.rest.hearing import listening
from unit.rest.site import Person, Site, a_site

from hubbub.base.ids import GENERAL_CHANNEL, SYSTEM_CONVERSATION, new_id
from hubbub.bus.local import LocalBus
from hubbub.chat.node import ChatNode
from hubbub.chat.ports import Feed
from hubbub.chat.settings import ChatSettings
from hubbub.rest.app import create_app
from hubbub.rest.events import cursor as event_cursor
from hubbub.rest.events.listeners import Listeners
from hubbub.rest.settings import RestSettings

HOURS = RestSettings(event_longest_s=3600.0, event_page=7)


@pytest.fixture(params=["memory", "sqlite"])
async def either(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Site]:
    async with a_site(tmp_path / "data" if request.param == "sqlite" else None, rest=HOURS) as site:
        yield site


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with a_site(rest=HOURS) as site:
        yield site


async def a_room(romeo: Person, *others: Person) -> str:
    """Return the id of a group."""
    new = {"kind": "group", "title": "Balcony", "user_ids": [one.user_id for one in others]}
    return str((await romeo.does("POST", "/conversations", new))["conversation_id"])


async def says(person: Person, room: str, text: str) -> int:
    return int((await person.does("POST", f"/conversations/{room}/messages", {"text": text}))["seq"])


def texts(entries: list[dict[str, Any]]) -> list[str]:
    return [one["action"]["body"]["text"] for one in entries if one["action"]["type"] == "post"]


async def test_what_happens_is_heard_with_where_to_go_on(either: Site) -> None:
    romeo, juliet = await either.enter("romeo"), await either.enter("juliet")
    room = await a_room(romeo, juliet)
    await says(romeo, room, "before")
    async with listening(either.app, juliet) as hearing:
        hello = await hearing.next()
        assert (hello.name, hello.data["user_id"], hearing.retry_ms) == ("hello", juliet.user_id, 1000)
        assert hearing.headers["content-type"].startswith("text/event-stream")
        assert hearing.headers["cache-control"] == "no-store"
        seq = await says(romeo, room, "But soft!")
        event = await hearing.next()
        assert (event.name, event.data["from_seq"], event.data["to_seq"]) == ("entries", seq, seq)
        assert texts(event.data["entries"]) == ["But soft!"]
        await romeo.does("PATCH", f"/conversations/{room}/messages/{seq}", {"text": "But soft, what light"})
        entries, cursor = await hearing.entries(1)
        assert entries[0]["action"]["type"] == "edit"
    await until(lambda: len(either.listeners) == 0)
    await says(romeo, room, "meanwhile")
    async with listening(either.app, juliet, cursor=cursor) as hearing:
        assert texts((await hearing.entries(1))[0]) == ["meanwhile"]
    # What a browser's EventSource does: its first address, and the id of the last event.
    async with listening(either.app, juliet, cursor=hello.cursor, headers={"Last-Event-ID": cursor}) as hearing:
        assert texts((await hearing.entries(1))[0]) == ["meanwhile"]


async def test_a_stream_that_breaks_in_a_burst_loses_and_doubles_nothing(either: Site) -> None:
    romeo, juliet = await either.enter("romeo"), await either.enter("juliet")
    rooms = [await a_room(romeo, juliet) for _ in range(3)]
    async with listening(either.app, juliet) as hearing:
        cursor = (await hearing.next()).cursor

    async def talk(room: str) -> None:
        for number in range(40):
            await says(romeo, room, f"{number}")

    heard: dict[str, list[int]] = {room: [] for room in rooms}
    async with asyncio.TaskGroup() as talking:
        for room in rooms:
            talking.create_task(talk(room))
        breaks = 0
        while sum(map(len, heard.values())) < 120:
            breaks += 1
            async with listening(either.app, juliet, cursor=cursor) as hearing:
                for _ in range(3):
                    if sum(map(len, heard.values())) == 120:
                        break
                    event = await hearing.next("entries")
                    heard[event.data["conversation_id"]] += [one["seq"] for one in event.data["entries"]]
                    cursor = event.cursor
    assert heard == {room: list(range(2, 42)) for room in rooms}
    assert breaks > 3


async def test_who_is_removed_hears_of_it_and_nothing_after(either: Site) -> None:
    romeo, juliet = await either.enter("romeo"), await either.enter("juliet")
    room = await a_room(romeo, juliet)
    async with listening(either.app, juliet) as live:
        cursor = (await live.next()).cursor
        await says(romeo, room, "stay")
        await romeo.does("DELETE", f"/conversations/{room}/members/{juliet.user_id}")
        await says(romeo, room, "secret")
        other = await a_room(romeo, juliet)
        heard = [await live.next() for _ in range(3)]
        while not (
            heard[-1].name == "user_changed" and heard[-1].data["conversations"][-1]["conversation_id"] == other
        ):
            heard.append(await live.next())
    async with listening(either.app, juliet, cursor=cursor) as late:
        again = [await late.next() for _ in range(3)]
    for events in (heard, again):
        entries = [one for event in events if event.name == "entries" for one in event.data["entries"]]
        inside = [one for one in entries if one["conversation_id"] == room]
        assert [one["action"]["type"] for one in inside] == ["post", "member"]
        assert "secret" not in str(events)
        states = {
            one["conversation_id"]: one["state"]
            for event in events
            if event.name == "user_changed"
            for one in event.data["conversations"]
        }
        assert states[room] == "removed"


async def test_a_new_conversation_begins_with_its_state(either: Site) -> None:
    romeo, juliet = await either.enter("romeo"), await either.enter("juliet")
    async with listening(either.app, juliet) as hearing:
        cursor = (await hearing.next()).cursor
        room = await a_room(romeo, juliet)
        state = await hearing.next("user_changed")
        assert [one["conversation_id"] for one in state.data["conversations"]] == [room]
        await says(romeo, room, "welcome")
        found, _ = await hearing.entries(1, room)
        while not texts(found):
            found = (await hearing.entries(1, room))[0]
        assert texts(found)[-1] == "welcome"
    async with listening(either.app, juliet, cursor=cursor) as hearing:
        await hearing.next("hello")
        state = await hearing.next()
        assert state.data["conversations"][0]["last_message"]["body"]["text"] == "welcome"
        await says(romeo, room, "again")
        assert texts((await hearing.entries(1, room))[0]) == ["again"]


async def test_a_channel_is_heard_from_joining_to_leaving(either: Site) -> None:
    romeo, juliet = await either.enter("romeo"), await either.enter("juliet")
    new = {"kind": "channel", "title": "square"}
    square = str((await romeo.does("POST", "/conversations", new))["conversation_id"])
    async with listening(either.app, juliet) as hearing:
        await hearing.next()
        await says(romeo, GENERAL_CHANNEL, "everybody")
        assert texts((await hearing.entries(1))[0]) == ["everybody"]
        await juliet.does("POST", f"/conversations/{square}/join")
        await hearing.next("user_changed")
        await says(romeo, square, "joined")
        assert texts((await hearing.entries(1, square))[0]) == ["joined"]
        await juliet.does("POST", f"/conversations/{square}/leave")
        left = await hearing.next("user_changed")
        assert left.data["conversations"][0]["state"] == "left"
        await says(romeo, square, "left")
        await says(romeo, GENERAL_CHANNEL, "after")
        event = await hearing.next()
        assert texts(event.data["entries"]) == ["after"]


async def test_announcements_reach_everybody_who_listens(site: Site) -> None:
    prince, juliet = await site.admin(), await site.enter("juliet")
    async with listening(site.app, juliet) as hearing:
        await hearing.next()
        await prince.does("POST", "/announcements", {"text": "A glooming peace"})
        event = await hearing.next("entries")
        assert event.data["conversation_id"] == SYSTEM_CONVERSATION


async def test_a_slow_reader_costs_one_page_and_loses_nothing(site: Site) -> None:
    romeo, juliet = await site.enter("romeo"), await site.enter("juliet")
    room = await a_room(romeo, juliet)
    async with listening(site.app, juliet) as hearing:
        await hearing.next()
        hearing.reads.clear()
        for number in range(200):
            await says(romeo, room, f"{number} " + "x" * 500)
        # One write waits for the reader; everything else is still in the log.
        assert hearing.written == 2
        hearing.reads.set()
        found: list[dict[str, Any]] = []
        while len(found) < 200:
            event = await hearing.next("entries")
            assert len(event.data["entries"]) <= HOURS.event_page
            found += event.data["entries"]
        assert [one["seq"] for one in found] == list(range(2, 202))


async def test_what_the_bus_lost_is_read_from_the_log(site: Site) -> None:
    """The stream's node hears nothing until its bus says that something may be missing."""
    romeo, juliet = await site.enter("romeo"), await site.enter("juliet")
    room = await a_room(romeo, juliet)
    deaf = LocalBus()
    async with a_web_node(site, deaf.feed) as app, listening(app, juliet) as hearing:
        await hearing.next()
        await says(romeo, room, "unheard")
        await romeo.does("DELETE", f"/conversations/{room}/members/{juliet.user_id}")
        deaf.tell_hole()
        assert texts((await hearing.entries(2, room))[0]) == ["unheard"]
        assert (await hearing.next("user_changed")).data["conversations"][0]["state"] == "removed"


@asynccontextmanager
async def a_web_node(site: Site, feed: Callable[..., Feed]) -> AsyncIterator[Any]:
    """Another node with the role `web` over the same services, with an ear of its own on a bus."""
    listeners = Listeners(
        site.chat, site.accounts, lambda hear, on_hole: feed(hear, on_hole=on_hole), site.deps.clock, HOURS
    )
    await listeners.start()
    try:
        yield create_app(dataclasses.replace(site.deps, listeners=listeners, metrics=None))
    finally:
        await listeners.stop()


async def test_a_stream_goes_on_at_another_node(site: Site) -> None:
    """Two `web` nodes and the node that writes are three processes on one bus."""
    romeo, juliet = await site.enter("romeo"), await site.enter("juliet")
    hub = Hub()
    writer = hub.join("chat")
    room = await a_room(romeo, juliet)
    chat = ChatNode(site.store, writer, site.deps.clock, ChatSettings(limits_on=False))
    await chat.start()
    talking = create_app(dataclasses.replace(site.deps, chat=chat, metrics=None))
    here, there = hub.join("web-1"), hub.join("web-2")
    try:
        async with a_web_node(site, here.feed) as one, a_web_node(site, there.feed) as other:
            async with listening(one, juliet) as hearing:
                await hearing.next()
                await post(talking, romeo, room, "first")
                found, cursor = await hearing.entries(1)
                assert texts(found) == ["first"]
            await post(talking, romeo, room, "between")
            async with listening(other, juliet, cursor=cursor) as hearing:
                assert texts((await hearing.entries(1))[0]) == ["between"]
                hub.repeats = True
                await post(talking, romeo, room, "twice on the bus")
                await post(talking, romeo, room, "last")
                found = (await hearing.entries(2))[0]
                assert texts(found) == ["twice on the bus", "last"]
    finally:
        await chat.stop()
        for each in (writer, here, there):
            await each.close()


async def post(app: Any, person: Person, room: str, text: str) -> None:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://hubbub.test") as http:
        path = f"/api/v1/conversations/{room}/messages"
        answer = await http.post(path, json={"text": text}, headers=person.headers)
        assert answer.status_code == 201, answer.text


async def test_a_logout_ends_the_stream(either: Site) -> None:
    juliet = await either.enter("juliet")
    phone = await either.log_in("juliet")
    async with listening(either.app, juliet) as hearing, listening(either.app, phone) as other:
        await hearing.next()
        await other.next()
        await juliet.does("POST", "/me/logout")
        end = await hearing.next("end")
        assert (end.data["code"], end.data["retry"], end.cursor) == ("session_ended", False, "")
        with pytest.raises(EOFError):
            await hearing.next()
        # A login of the same person on another device goes on.
        await phone.does("PATCH", f"/conversations/{GENERAL_CHANNEL}/own", {"pinned": True})
        assert (await other.next()).name == "user_changed"


async def test_a_stream_ends_with_its_token() -> None:
    async with a_site(rest=HOURS, auth=fast_settings(access_token_s=1)) as site:
        juliet = await site.enter("juliet")
        async with listening(site.app, juliet) as hearing:
            await hearing.next()
            end = await hearing.next("end")
            assert end.data["code"] == "token_expired"


async def test_a_node_that_goes_away_says_so_and_takes_no_new_streams(site: Site) -> None:
    juliet = await site.enter("juliet")
    async with listening(site.app, juliet) as hearing:
        await hearing.next()
        site.listeners.drain()
        end = await hearing.next()
        assert (end.name, end.data["code"], end.data["retry"]) == ("end", "going_away", True)
        assert hearing.retry_ms >= 1000
    assert await juliet.is_refused("GET", "/events") == "going_away"


async def test_one_person_has_so_many_streams_and_no_more() -> None:
    few = RestSettings(event_longest_s=3600.0, event_streams_per_user=1, event_streams=2)
    async with a_site(rest=few) as site:
        romeo, juliet, nurse = [await site.enter(name) for name in ("romeo", "juliet", "nurse")]
        async with listening(site.app, juliet) as hearing:
            await hearing.next()
            assert await juliet.is_refused("GET", "/events") == "rate_limited"
            async with listening(site.app, romeo) as other:
                await other.next()
                assert await nurse.is_refused("GET", "/events") == "overloaded"
        await until(lambda: len(site.listeners) == 0)
        async with listening(site.app, juliet) as hearing:
            await hearing.next()


async def test_silence_is_broken_by_comments() -> None:
    often = RestSettings(event_longest_s=3600.0, event_heartbeat_s=0.01)
    async with a_site(rest=often) as site:
        juliet = await site.enter("juliet")
        async with listening(site.app, juliet) as hearing:
            assert (await hearing.next()).data["heartbeat_ms"] == 10
            written = hearing.written
            await until(lambda: hearing.written > written + 3)
            await says(juliet, GENERAL_CHANNEL, "here")
            await hearing.next("entries")
            assert hearing.alive > 2


async def test_a_stream_without_anything_to_say_ends_in_time() -> None:
    async with a_site(rest=RestSettings(event_longest_s=0.0)) as site:
        juliet = await site.enter("juliet")
        async with listening(site.app, juliet) as hearing:
            await hearing.next("hello")
            end = await hearing.next()
            assert (end.name, end.data["code"]) == ("end", "going_away")


async def test_a_cursor_of_another_log_or_person_resets(site: Site) -> None:
    romeo, juliet = await site.enter("romeo"), await site.enter("juliet")
    async with listening(site.app, romeo) as hearing:
        his = (await hearing.next()).cursor
    async with listening(site.app, juliet, cursor=his) as hearing:
        first = await hearing.next()
        assert (first.name, first.data["reason"]) == ("reset", "epoch_changed")
        assert (await hearing.next()).name == "hello"
        await says(romeo, GENERAL_CHANNEL, "on")
        assert texts((await hearing.entries(1))[0]) == ["on"]
    for bad in ("x", "é", "AA", "A" * 200, his[:-3] + "!!!", "____"):
        assert await juliet.is_refused("GET", "/events", params={"cursor": bad}) == "bad_cursor", bad


async def test_a_position_is_no_right(site: Site) -> None:
    romeo, juliet, tybalt = [await site.enter(name) for name in ("romeo", "juliet", "tybalt")]
    room = await a_room(romeo, juliet)
    await says(romeo, room, "secret")
    epoch = await site.chat.epoch()
    forged = event_cursor.write(epoch, tybalt.user_id, event_cursor.Position(0, {room: 0, new_id(): 3}))
    async with listening(site.app, tybalt, cursor=forged) as hearing:
        await hearing.next("hello")
        await says(romeo, GENERAL_CHANNEL, "public")
        found = [await hearing.next("entries")]
        while "public" not in str(found[-1]):
            found.append(await hearing.next("entries"))
        assert "secret" not in str(found)


async def test_a_question_for_the_head_alone_is_answered(site: Site) -> None:
    juliet = await site.enter("juliet")
    async with listening(site.app, juliet, method="HEAD") as hearing:
        with pytest.raises(EOFError):
            await hearing.next()
        assert hearing.status == 200


def test_a_cursor_is_read_as_it_was_written() -> None:
    position = event_cursor.Position(2**40, {new_id(): seq for seq in (0, 1, 127, 128, 2**62)})
    text = event_cursor.write("epoch", "juliet", position)
    assert event_cursor.read(text, "epoch", "juliet") == position
    assert event_cursor.read(text, "other", "juliet") is None
    assert event_cursor.read(text, "epoch", "romeo") is None
    full = event_cursor.Position(1, {new_id(): 100_000 for _ in range(event_cursor.MOST)})
    # The head of a request has 16 KiB.
    assert len(event_cursor.write("epoch", "juliet", full)) < 14_000

"""Entries are shown once and in order, whatever arrives."""

from __future__ import annotations

import asyncio
from pathlib import Path

from unit.client.fake import ROOM, FakeServer, client_of, page, state

from hubbub.client import Client, EntryEvent, MessageEvent, ResetEvent, State, TypingEvent
from hubbub.wire import hubbub_pb2 as pb


async def shown(client: Client, count: int) -> list[int]:
    """Return the seqs of the next entries."""
    stream = client.events()
    seqs: list[int] = []
    async with asyncio.timeout(5):
        async for event in stream:
            if isinstance(event, EntryEvent):
                seqs.append(event.entry.seq)
                if len(seqs) == count:
                    break
    return seqs


async def test_live_entries_are_shown_in_order() -> None:
    server = FakeServer()
    async with client_of(server) as client, asyncio.TaskGroup() as tasks:
        seen = tasks.create_task(shown(client, 3))
        connection = await server.connection()
        await connection.accept(state(as_of=4))
        await client.ready(5)
        assert client.state is State.ONLINE
        connection.push(page([5]))
        connection.push(page([5]))
        connection.push(page([6, 7]))
        assert await seen == [5, 6, 7]
        connection.lose()


async def test_a_gap_is_fetched_once_and_closed() -> None:
    server = FakeServer()
    async with client_of(server) as client, asyncio.TaskGroup() as tasks:
        seen = tasks.create_task(shown(client, 5))
        connection = await server.connection()
        await connection.accept(state(as_of=4))
        await client.ready(5)
        connection.push(page([7]))
        request, wish = await connection.expect("get_entries")
        assert (wish.conversation_id, wish.after_seq) == (ROOM, 4)
        connection.push(page([9]))
        connection.send(request, entry_page=page([5, 6], as_of=9))
        request, wish = await connection.expect("get_entries")
        assert wish.after_seq == 7
        connection.send(request, entry_page=page([8, 9], as_of=9))
        assert await seen == [5, 6, 7, 8, 9]


async def test_a_returning_client_says_what_it_has() -> None:
    server = FakeServer()
    async with client_of(server) as client, asyncio.TaskGroup() as tasks:
        seen = tasks.create_task(shown(client, 3))
        connection = await server.connection()
        await connection.accept(state(as_of=4))
        await client.ready(5)
        connection.push(page([5]))
        connection.lose()
        connection = await server.connection()
        await connection.greet()
        resume = connection.hello.resume
        assert (resume.epoch, resume.user_version) == ("e1", 1)
        assert list(resume.have) == [pb.Head(conversation_id=ROOM, seq=5)]
        connection.push(page([6, 7]))
        connection.send(ready=pb.Ready())
        assert await seen == [5, 6, 7]
        await client.ready(5)


async def test_a_withheld_number_is_passed_over() -> None:
    server = FakeServer()
    async with client_of(server) as client, asyncio.TaskGroup() as tasks:
        seen = tasks.create_task(shown(client, 2))
        connection = await server.connection()
        await connection.accept(state(as_of=4))
        await client.ready(5)
        connection.push(page([5, 7]))
        assert await seen == [5, 7]


async def test_a_reset_of_everything_begins_anew_and_says_so() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        stream = client.events()
        connection = await server.connection()
        await connection.accept(state(as_of=4))
        await client.ready(5)
        connection.push(page([5]))
        connection.lose()

        connection = await server.connection()
        await connection.greet(epoch="e2", version=9)
        assert connection.hello.resume.epoch == "e1"
        connection.send(reset=pb.Reset(epoch="e2", reason="restored"))
        connection.send(ready=pb.Ready())
        await connection.list(state(as_of=2))
        await client.ready(5)
        connection.push(page([3]))
        seqs, resets = [], 0
        async with asyncio.timeout(5):
            async for event in stream:
                resets += isinstance(event, ResetEvent)
                if isinstance(event, EntryEvent):
                    seqs.append((resets, event.entry.seq))
                    if len(seqs) == 2:
                        break
        assert seqs == [(0, 5), (1, 3)]
        await client.ready(5)
        connection.lose()
        connection = await server.connection()
        await connection.greet(epoch="e2", version=9)
        assert list(connection.hello.resume.have) == [pb.Head(conversation_id=ROOM, seq=3)]
        assert connection.hello.resume.user_version == 9


async def test_too_much_is_read_from_the_log_when_that_is_still_possible() -> None:
    server = FakeServer()
    async with client_of(server) as client, asyncio.TaskGroup() as tasks:
        seen = tasks.create_task(shown(client, 3))
        connection = await server.connection()
        await connection.accept(state(as_of=4))
        await client.ready(5)
        connection.push(pb.EntryPage(conversation_id=ROOM, from_seq=8, to_seq=7, as_of=7, reset=True))
        request, wish = await connection.expect("get_entries")
        assert wish.after_seq == 4
        connection.send(request, entry_page=page([5, 6, 7]))
        assert await seen == [5, 6, 7]


async def test_far_too_much_is_passed_over_and_said() -> None:
    server = FakeServer()
    async with client_of(server) as client, asyncio.TaskGroup() as tasks:
        resets: list[str] = []
        client.on(ResetEvent, lambda event: resets.append(event.conversation_id))
        seen = tasks.create_task(shown(client, 1))
        connection = await server.connection()
        await connection.accept(state(as_of=4))
        await client.ready(5)
        head = 5_000_000
        connection.push(pb.EntryPage(conversation_id=ROOM, from_seq=head + 1, to_seq=head, as_of=head, reset=True))
        connection.push(page([head + 1]))
        assert await seen == [head + 1]
        assert resets == [ROOM]


async def test_after_a_resync_heads_and_rows_say_what_to_fetch() -> None:
    server = FakeServer()
    async with client_of(server) as client, asyncio.TaskGroup() as tasks:
        seen = tasks.create_task(shown(client, 2))
        connection = await server.connection()
        await connection.accept(state(as_of=4))
        await client.ready(5)
        connection.send(resync=pb.Resync())
        request, wish = await connection.expect("get_user_state")
        assert wish.since_version == 1
        connection.send(request, user_state=pb.UserState(since_version=1, version=1))
        connection.send(heads=pb.Heads(heads=[pb.Head(conversation_id=ROOM, seq=6)]))
        request, wish = await connection.expect("get_entries")
        assert wish.after_seq == 4
        connection.send(request, entry_page=page([5, 6]))
        assert await seen == [5, 6]


async def test_a_new_conversation_is_shown_from_what_is_unread_in_it() -> None:
    server = FakeServer()
    room = "9" * 32
    async with client_of(server) as client, asyncio.TaskGroup() as tasks:
        seen = tasks.create_task(shown(client, 2))
        connection = await server.connection()
        await connection.accept(state(as_of=4))
        await client.ready(5)
        row = state(room, as_of=9, read=7, version=2, kind=pb.CONVERSATION_KIND_CHANNEL)
        connection.send(user_changed=pb.UserState(since_version=1, version=2, conversations=[row]))
        request, wish = await connection.expect("get_entries")
        assert (wish.conversation_id, wish.after_seq) == (room, 7)
        connection.send(request, entry_page=page([8, 9], room))
        assert await seen == [8, 9]
        assert client.known[room].read_seq == 7


async def test_an_entry_from_an_unknown_place_makes_the_client_ask_for_its_rows() -> None:
    server = FakeServer()
    room = "9" * 32
    async with client_of(server) as client, asyncio.TaskGroup() as tasks:
        seen = tasks.create_task(shown(client, 1))
        connection = await server.connection()
        await connection.accept(state(as_of=4))
        await client.ready(5)
        connection.push(page([8], room))
        request, wish = await connection.expect("get_user_state")
        assert wish.since_version == 1
        row = state(room, as_of=7, read=7, version=2, kind=pb.CONVERSATION_KIND_CHANNEL)
        connection.send(request, user_state=pb.UserState(since_version=1, version=2, conversations=[row]))
        request, wish = await connection.expect("get_entries")
        assert (wish.conversation_id, wish.after_seq) == (room, 7)
        connection.send(request, entry_page=page([8], room))
        assert await seen == [8]


async def test_a_gap_in_versions_is_seen_and_closed() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        connection = await server.connection()
        await connection.accept(state(as_of=4))
        await client.ready(5)
        late = pb.UserState(since_version=4, version=5, conversations=[state(as_of=4, read=4, version=5)])
        connection.send(user_changed=late)
        assert client.known[ROOM].read_seq == 0
        request, wish = await connection.expect("get_user_state")
        assert wish.since_version == 1
        rows = [state(as_of=4, read=4, version=5)]
        connection.send(request, user_state=pb.UserState(since_version=1, version=5, conversations=rows, more=True))
        request, wish = await connection.expect("get_user_state")
        assert wish.since_version == 5
        connection.send(request, user_state=pb.UserState(since_version=5, version=5))
        assert client.known[ROOM].read_seq == 4
        # An older row changes nothing any more.
        connection.send(user_changed=pb.UserState(since_version=1, version=2, conversations=[state(version=2)]))
        assert client.known[ROOM].read_seq == 4


async def test_a_full_stream_holds_memory_and_loses_nothing() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        stream = client.events(limit=10)
        connection = await server.connection()
        await connection.accept(state(as_of=0))
        await client.ready(5)
        for seq in range(1, 1_001):
            connection.push(page([seq]))
        assert stream.full
        assert len(stream) <= 11
        connection.send(typing=pb.Typing(conversation_id=ROOM, user_id="b" * 32, typing=True))
        seqs: list[int] = []

        async def serve_log() -> None:
            while True:
                request, wish = await connection.expect("get_entries")
                last = min(wish.after_seq + 20, 1_000)
                connection.send(request, entry_page=page(range(wish.after_seq + 1, last + 1), as_of=1_000))

        log = asyncio.create_task(serve_log())
        async with asyncio.timeout(10):
            async for event in stream:
                assert not isinstance(event, TypingEvent)
                if isinstance(event, EntryEvent):
                    seqs.append(event.entry.seq)
                    if len(seqs) == 1_000:
                        break
        log.cancel()
        assert seqs == list(range(1, 1_001))


async def test_two_streams_and_a_listener_each_hear_everything() -> None:
    server = FakeServer()
    async with client_of(server) as client, asyncio.TaskGroup() as tasks:
        texts: list[str] = []
        stop = client.on(MessageEvent, lambda event: texts.append(event.text))
        one, two = tasks.create_task(shown(client, 2)), tasks.create_task(shown(client, 2))
        connection = await server.connection()
        await connection.accept(state(as_of=4))
        await client.ready(5)
        connection.push(page([5, 6]))
        assert await one == await two == [5, 6]
        assert texts == ["line 5", "line 6"]
        stop()
        connection.push(page([7]))
        assert texts == ["line 5", "line 6"]


async def test_what_was_dealt_with_is_not_shown_again_after_a_restart(tmp_path: Path) -> None:
    server = FakeServer()
    file = tmp_path / "tail.db"
    async with client_of(server, store=file) as client:
        stream = client.events()
        connection = await server.connection()
        await connection.accept(state(as_of=4))
        await client.ready(5)
        connection.push(page([5, 6, 7]))
        seqs = []
        while (event := stream.take()) is not None:
            if isinstance(event, EntryEvent):
                seqs.append(event.entry.seq)
                if event.entry.seq == 6:
                    # 6 was taken and nothing after it: the program ends before it said that it was done.
                    break
        assert seqs == [5, 6]

    async with client_of(server, store=file) as client, asyncio.TaskGroup() as tasks:
        seen = tasks.create_task(shown(client, 2))
        connection = await server.connection()
        await connection.greet()
        assert list(connection.hello.resume.have) == [pb.Head(conversation_id=ROOM, seq=5)]
        assert client.known[ROOM].id == ROOM
        connection.push(page([6, 7]))
        connection.send(ready=pb.Ready())
        assert await seen == [6, 7]


async def test_another_persons_file_is_begun_anew(tmp_path: Path) -> None:
    server = FakeServer()
    file = tmp_path / "tail.db"
    async with client_of(server, store=file) as client:
        connection = await server.connection()
        await connection.accept(state(as_of=4))
        await client.ready(5)
        client.send(ROOM, "mine")
        await connection.expect("submit")
        await client.close()
    async with client_of(server, store=file) as client:
        connection = await server.connection()
        await connection.greet(user="f" * 32)
        connection.send(ready=pb.Ready())
        await connection.list()
        await client.ready(5)
        assert client.unanswered == 0
        assert client.known == {}


async def test_a_fetch_that_fails_is_tried_again_later_and_one_that_is_refused_is_not() -> None:
    server = FakeServer()
    async with client_of(server) as client, asyncio.TaskGroup() as tasks:
        seen = tasks.create_task(shown(client, 1))
        connection = await server.connection()
        await connection.accept(state(as_of=4))
        await client.ready(5)
        connection.send(heads=pb.Heads(heads=[pb.Head(conversation_id=ROOM, seq=5)]))
        request, _ = await connection.expect("get_entries")
        connection.send(request, error=pb.Error(code="unavailable", retry=True))
        assert connection.frames.empty()
        client.ticked()
        request, _ = await connection.expect("get_entries")
        connection.send(request, entry_page=page([5]))
        assert await seen == [5]
        connection.send(heads=pb.Heads(heads=[pb.Head(conversation_id=ROOM, seq=6)]))
        request, _ = await connection.expect("get_entries")
        connection.send(request, error=pb.Error(code="not_a_member"))
        client.ticked()
        assert connection.frames.empty()
        assert client.caught_up

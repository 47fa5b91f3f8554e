"""Entries are shown once and in order, whatever arrives."""

from __future__ import annotations

import asyncio

from unit.client.fake import ROOM, FakeServer, client_of, page, state

from hubbub.client import Client, EntryEvent, State
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

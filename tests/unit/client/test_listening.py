"""Messages as a stream, what becomes of entries while nobody listens, and when something counts as dealt with."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from unit.client.fake import JULIET, ROMEO, ROOM, FakeServer, client_of, entry, page, state

from hubbub.client import Entry, EntryEvent, HubbubError, MessageEvent, Reminder, ReminderEvent, SignedInEvent
from hubbub.client.events import MessageStream
from hubbub.wire import hubbub_pb2 as pb


async def take(messages: MessageStream, count: int) -> list[Entry]:
    async with asyncio.timeout(5):
        return [await anext(messages) for _ in range(count)]


async def test_messages_are_those_of_others_unless_mine_are_wanted() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        connection = await server.connection()
        await connection.accept(state())
        await client.ready(5)
        theirs, everybodys = client.messages(), client.messages(mine=True)
        mine = entry(1, "mine", sender=ROMEO)
        pin = pb.Entry(conversation_id=ROOM, seq=2, sender_id=JULIET, pin=pb.Pin(target_seq=1, set=True))
        entries = [mine, pin, entry(3, "hers")]
        connection.push(pb.EntryPage(conversation_id=ROOM, from_seq=1, to_seq=3, as_of=3, entries=entries))
        assert [message.text for message in await take(theirs, 1)] == ["hers"]
        assert [message.text for message in await take(everybodys, 2)] == ["mine", "hers"]


async def test_a_stream_ends_with_the_client_and_says_why_if_it_was_not_closed() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        connection = await server.connection()
        await connection.accept(state())
        await client.ready(5)
        messages = client.messages()
        connection.lose(4410, "session_ended")
        with pytest.raises(HubbubError) as end:
            await take(messages, 1)
        assert end.value.code == "session_ended"
    async with client_of(server) as client:
        await (await server.connection()).accept(state())
        messages = client.messages()
    assert [message async for message in messages] == []


async def test_what_comes_before_anybody_listens_waits_in_the_log() -> None:
    server = FakeServer()
    async with client_of(server, unheard="wait") as client:
        connection = await server.connection()
        await connection.accept(state(as_of=4))
        await client.ready(5)
        connection.push(page([5, 6]))
        messages = client.messages()
        request, wish = await connection.expect("get_entries")
        assert wish.after_seq == 4
        connection.send(request, entry_page=page([5, 6]))
        assert [message.seq for message in await take(messages, 2)] == [5, 6]
        connection.push(page([7]))
        assert [message.seq for message in await take(messages, 1)] == [7]


async def test_a_listener_for_messages_is_somebody_who_listens() -> None:
    server = FakeServer()
    heard: list[int] = []
    async with client_of(server, unheard="wait") as client:
        stop = client.on(MessageEvent, lambda event: heard.append(event.entry.seq))
        connection = await server.connection()
        await connection.accept(state())
        await client.ready(5)
        connection.push(page([1]))
        assert heard == [1]
        stop()
        connection.push(page([2]))
        assert heard == [1]


async def test_an_explicit_stream_is_dealt_with_only_when_it_is_said(tmp_path: Path) -> None:
    server = FakeServer()
    async with client_of(server, store=tmp_path / "romeo.db") as client:
        connection = await server.connection()
        await connection.accept(state())
        await client.ready(5)
        messages = client.messages(explicit=True)
        connection.push(page([1, 2, 3, 4]))
        await take(messages, 2)
        messages.done()
        await take(messages, 2)
    async with client_of(server, store=tmp_path / "romeo.db") as client:
        connection = await server.connection()
        await connection.greet()
        assert [(head.conversation_id, head.seq) for head in connection.hello.resume.have] == [(ROOM, 2)]


async def test_what_was_taken_and_not_done_counts_against_the_limit() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        connection = await server.connection()
        await connection.accept(state())
        await client.ready(5)
        events = client.events(4, explicit=True)
        connection.push(page([1, 2, 3, 4]))
        taken = [events.take() for _ in range(4)]
        assert [event.entry.seq for event in taken if isinstance(event, EntryEvent)] == [1, 2, 3, 4]
        connection.push(page([5]))
        assert events.take() is None
        events.done()
        request, wish = await connection.expect("get_entries")
        assert wish.after_seq == 4
        connection.send(request, entry_page=page([5]))
        event = events.take()
        assert isinstance(event, EntryEvent)
        assert event.entry.seq == 5


async def test_a_reply_goes_to_the_thread_of_what_it_answers() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        connection = await server.connection()
        await connection.accept(state())
        await client.ready(5)
        messages = client.messages()
        threaded = entry(2, "in a thread")
        threaded.message.thread_seq = 1
        connection.push(page([1]))
        connection.push(pb.EntryPage(conversation_id=ROOM, from_seq=2, to_seq=2, as_of=2, entries=[threaded]))
        for message, thread in zip(await take(messages, 2), (0, 1), strict=True):
            client.reply(message, "yes")
            _, submit = await connection.expect("submit")
            assert (submit.message.reply_to_seq, submit.message.thread_seq) == (message.seq, thread)


async def test_what_one_is_reminded_of_comes_as_an_event_once() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        connection = await server.connection()
        await connection.accept(state())
        await client.ready(5)
        heard: list[ReminderEvent] = []
        client.on(ReminderEvent, heard.append)
        version = 1
        waits = pb.Reminder(conversation_id=ROOM, seq=5, due_ms=1000, note="answer", version=version + 1)
        due = pb.Reminder(conversation_id=ROOM, seq=5, due_ms=1000, note="answer", due=True, version=version + 2)
        for since, row in ((version, waits), (version + 1, due), (version + 1, due)):
            changed = pb.UserState(since_version=since, version=row.version, reminders=[row])
            connection.send(user_changed=changed)
        asking = asyncio.create_task(client.reminders())
        request, _ = await connection.expect("list_reminders")
        connection.send(request, reminder_page=pb.ReminderPage(reminders=[due]))
        assert await asking == ([Reminder(ROOM, 5, 1000, "answer", True, version + 2)], "")
        assert [(event.reminder.due, event.reminder.version) for event in heard] == [
            (False, version + 1),
            (True, version + 2),
        ]


async def test_a_sign_in_from_a_new_device_comes_as_an_event() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        connection = await server.connection()
        await connection.accept(state())
        await client.ready(5)
        events = client.events()
        new = pb.SignIn(login_id="ab", device_name="Firefox on Linux", address="192.0.2.7", time_ms=1000)
        connection.send(signed_in=new)
        async for event in events:
            if isinstance(event, SignedInEvent):
                assert event == SignedInEvent("ab", "Firefox on Linux", "192.0.2.7", 1000)
                break

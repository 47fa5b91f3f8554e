"""Commands survive connections, refusals and the program itself."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from unit.client.fake import ROOM, FakeServer, client_of, page, state

from hubbub.base.clock import ManualClock
from hubbub.client import HubbubError, State
from hubbub.wire import hubbub_pb2 as pb


async def test_a_command_is_answered_with_its_seq() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        connection = await server.connection()
        await connection.accept(state())
        sending = client.send(ROOM, "Soft!", reply_to=3)
        request, submit = await connection.expect("submit")
        assert submit.message.body.text.text == "Soft!"
        assert submit.message.reply_to_seq == 3
        assert submit.client_id == sending.client_id
        connection.answer(request, submit, 9)
        accepted = await sending
        assert (accepted.seq, accepted.repeated) == (9, False)


async def test_commands_given_before_the_first_connection_wait_for_it() -> None:
    server = FakeServer()
    server.refusing = 2
    async with client_of(server) as client:
        sending = [client.send(ROOM, str(n)) for n in range(3)]
        connection = await server.connection()
        await connection.accept(state())
        for n in range(3):
            request, submit = await connection.expect("submit")
            assert submit.message.body.text.text == str(n)
            connection.answer(request, submit, n + 1)
        assert [(await one).seq for one in sending] == [1, 2, 3]
        assert server.attempts == 3


async def test_a_reconnect_keeps_order_and_client_ids() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        connection = await server.connection()
        await connection.accept(state())
        sending = [client.send(ROOM, str(n)) for n in range(4)]
        first = [(await connection.expect("submit")) for _ in range(4)]
        connection.answer(*first[0], 1)
        connection.lose()
        sending.append(client.send(ROOM, "4"))

        connection = await server.connection()
        await connection.accept()
        again = [(await connection.expect("submit")) for _ in range(4)]
        assert [submit.client_id for _, submit in again] == [one.client_id for one in sending[1:]]
        assert [submit.after for _, submit in again] == [one.client_id for one in sending[:4]]
        for seq, (request, submit) in enumerate(again, start=2):
            connection.answer(request, submit, seq, repeated=seq == 2)
        assert [(await one).seq for one in sending] == [1, 2, 3, 4, 5]
        assert (await sending[1]).repeated


async def test_a_lost_answer_means_the_same_command_again() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        connection = await server.connection()
        await connection.accept(state())
        sending = client.send(ROOM, "once")
        _, before = await connection.expect("submit")
        connection.lose()
        connection = await server.connection()
        await connection.accept()
        request, submit = await connection.expect("submit")
        assert submit == before
        connection.answer(request, submit, 1, repeated=True)
        assert (await sending).repeated


async def test_a_refused_message_takes_those_behind_it_along() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        connection = await server.connection()
        await connection.accept(state())
        sending = [client.send(ROOM, str(n)) for n in range(2)]
        sent = [await connection.expect("submit") for _ in range(2)]
        connection.reject(*sent[0], "not_a_member")
        with pytest.raises(HubbubError) as refusal:
            await sending[0]
        assert refusal.value.code == "not_a_member"
        with pytest.raises(HubbubError) as chained:
            await sending[1]
        assert chained.value.code == "predecessor_missing"
        # The late answer of the second changes nothing.
        connection.reject(*sent[1], "predecessor_missing")
        later = client.send(ROOM, "later")
        request, submit = await connection.expect("submit")
        assert submit.after == ""
        connection.answer(request, submit, 1)
        assert (await later).seq == 1


async def test_the_outbox_survives_a_restart_of_the_program(tmp_path: Path) -> None:
    server = FakeServer()
    file = tmp_path / "romeo.db"
    async with client_of(server, store=file) as client:
        connection = await server.connection()
        await connection.accept(state())
        sending = [client.send(ROOM, str(n)) for n in range(3)]
        before = [(await connection.expect("submit")) for _ in range(3)]
        connection.answer(*before[0], 1)
        assert (await sending[0]).seq == 1
        connection.lose()
        await client.close()
        with pytest.raises(HubbubError) as closed:
            await sending[1]
        assert closed.value.code == "closed"

    async with client_of(server, store=file) as client:
        assert client.unanswered == 2
        connection = await server.connection()
        while connection.ended:
            connection = await server.connection()
        await connection.accept()
        again = [(await connection.expect("submit")) for _ in range(2)]
        assert [submit for _, submit in again] == [submit for _, submit in before[1:]]
        for seq, (request, submit) in enumerate(again, start=2):
            connection.answer(request, submit, seq)
        await client.flush(5)

    async with client_of(server, store=file) as client:
        assert client.unanswered == 0


async def test_the_same_client_id_is_one_command() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        one = client.send(ROOM, "hi", client_id="f" * 32)
        assert client.send(ROOM, "hi", client_id="f" * 32) is one
        with pytest.raises(HubbubError) as refusal:
            client.send(ROOM, "ho", client_id="f" * 32)
        assert refusal.value.code == "conflict"


async def test_a_frame_above_the_servers_limit_is_refused_here() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        connection = await server.connection()
        await connection.accept(state())
        sending = client.send(ROOM, "x" * 300_000)
        with pytest.raises(HubbubError) as refusal:
            await sending
        assert refusal.value.code == "too_large"
        assert client.state is not State.CLOSED


async def test_a_rate_limited_command_waits_as_long_as_the_server_says() -> None:
    server = FakeServer()
    clock = ManualClock()
    async with client_of(server, clock=clock) as client:
        connection = await server.connection()
        await connection.accept(state())
        sending = client.send(ROOM, "patience")
        connection.reject(*(await connection.expect("submit")), "rate_limited", after_ms=20_000)
        clock.advance(19.0)
        client.ticked()
        assert connection.frames.empty()
        clock.advance(21.0)
        client.ticked()
        request, submit = await connection.expect("submit")
        connection.answer(request, submit, 1)
        assert (await sending).seq == 1


async def test_requests_are_asked_again_when_the_connection_is_lost_under_them() -> None:
    server = FakeServer()
    async with client_of(server) as client, asyncio.TaskGroup() as tasks:
        connection = await server.connection()
        await connection.accept(state())
        asking = tasks.create_task(client.users(usernames=["juliet"]))
        await connection.expect("get_users")
        connection.lose()
        connection = await server.connection()
        await connection.accept()
        request, wish = await connection.expect("get_users")
        assert list(wish.usernames) == ["juliet"]
        connection.send(request, user_page=pb.UserPage(users=[pb.User(user_id="b" * 32, username="juliet")]))
        assert [user.username for user in await asking] == ["juliet"]


async def test_a_request_without_a_connection_ends_at_its_deadline() -> None:
    server = FakeServer()
    async with client_of(server, request_timeout_s=0.05) as client:
        with pytest.raises(HubbubError) as late:
            await client.conversations()
        assert late.value.code == "timeout"


async def test_a_connection_that_ends_for_good_reason_refuses_no_command() -> None:
    server = FakeServer()
    async with client_of(server, survives=("session_replaced",)) as client:
        connection = await server.connection()
        await connection.accept(state())
        sending = client.send(ROOM, "once")
        await connection.expect("submit")
        connection.send(error=pb.Error(code="session_replaced"))
        connection.lose(4409, "session_replaced")
        connection = await server.connection()
        await connection.accept()
        request, submit = await connection.expect("submit")
        connection.answer(request, submit, 1)
        assert (await sending).seq == 1


async def test_what_was_received_and_seen_is_merged_before_it_is_told() -> None:
    server = FakeServer()
    async with client_of(server, receipts=True) as client:
        connection = await server.connection()
        await connection.accept(state(as_of=4))
        await client.ready(5)
        connection.push(page([5, 6, 7]))
        client.saw(ROOM, 5)
        client.saw(ROOM, 4)
        client.ticked()
        request, mark = await connection.expect("set_mark")
        assert (mark.read_seq, mark.delivered_seq) == (5, 7)
        client.ticked()
        assert connection.frames.empty()
        connection.send(request, error=pb.Error(code="unavailable", retry=True))
        client.ticked()
        request, again = await connection.expect("set_mark")
        assert again == mark
        connection.send(request, done=pb.Done())
        client.ticked()
        assert connection.frames.empty()


async def test_commands_given_before_the_first_welcome_are_still_on_disk_after_it(tmp_path: Path) -> None:
    server = FakeServer()
    server.refusing = 1
    file = tmp_path / "romeo.db"
    async with client_of(server, store=file) as client:
        client.send(ROOM, "early")
        connection = await server.connection()
        await connection.accept(state())
        _, before = await connection.expect("submit")
        client.ticked()
        await client.close()
    async with client_of(server, store=file) as client:
        await (connection := await server.connection()).accept()
        assert (await connection.expect("submit"))[1] == before
        await client.close()


async def test_a_file_that_cannot_be_used_is_a_clear_error(tmp_path: Path) -> None:
    file = tmp_path / "romeo.db"
    file.write_bytes(b"this is no database, however long one looks at it" * 50)
    with pytest.raises(HubbubError, match=r"romeo\.db cannot be used"):
        async with client_of(FakeServer(), store=file):
            pass

"""Frames inside a session: whole, in pieces, unknown, broken and too many."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fake_chat import an_id
from support.gateways import House, TcpClient, a_house, text_submit, until
from support.raw_socket import RawSocket, frame, hello

from hubbub.base.ids import new_id
from hubbub.chat.ports import StoreUnavailable
from hubbub.wire import hubbub_pb2 as pb
from hubbub.wire.codec import BINARY
from hubbub.wire.framing import with_length

ROMEO, JULIET = an_id("romeo"), an_id("juliet")
TEXT, BINARY_FRAME, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def ping(data: bytes = b"") -> bytes:
    return BINARY.encode(pb.ClientFrame(id=5, ping=pb.Ping(data=data)))


async def inside(house: House) -> RawSocket:
    raw = await RawSocket.upgraded(house.port)
    await raw.enter("romeo/phone")
    return raw


async def test_a_message_in_fragments_with_a_ping_between_them_is_one_frame() -> None:
    async with a_house() as house:
        raw = await inside(house)
        whole = ping(b"in pieces")
        raw.writer.write(frame(BINARY_FRAME, whole[:3], fin=False))
        raw.writer.write(frame(PING, b"between"))
        raw.writer.write(frame(0, whole[3:6], fin=False) + frame(0, whole[6:]))
        assert await raw.frame() == (PONG, b"between")
        assert (await raw.until("pong")).pong.data == b"in pieces"
        await raw.leave()


async def test_empty_fragments_are_no_trouble() -> None:
    async with a_house() as house:
        raw = await inside(house)
        raw.writer.write(frame(BINARY_FRAME, b"", fin=False) + frame(0, b"", fin=False) + frame(0, ping(b"x")))
        assert (await raw.until("pong")).pong.data == b"x"
        await raw.leave()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(BINARY_FRAME, ping(), rsv=0x40), 1002),
        (frame(BINARY_FRAME, ping(), rsv=0x10), 1002),
        (frame(0, ping()), 1002),
        (frame(BINARY_FRAME, b"a", fin=False) + frame(BINARY_FRAME, b"b"), 1002),
        (frame(BINARY_FRAME, ping(), masked=False), 1002),
        (frame(3, b""), 1002),
        (frame(PING, b"x" * 126), 1002),
        (frame(PING, b"x", fin=False), 1002),
        (frame(TEXT, b'{"ping":{}}'), 1007),
        (frame(TEXT, b"a", fin=False) + frame(0, b"b"), 1007),
        (frame(BINARY_FRAME, b"\xff\xff\xff"), 1007),
        (frame(BINARY_FRAME, b"x" * 262_145), 1009),
        (frame(BINARY_FRAME, b"x" * 200_000, fin=False) + frame(0, b"x" * 100_000), 1009),
    ],
)
async def test_a_peer_that_breaks_the_rules_is_told_which(data: bytes, code: int) -> None:
    async with a_house() as house:
        raw = await inside(house)
        raw.writer.write(data)
        assert (await raw.close_code())[0] == code
        raw.writer.write(frame(CLOSE, code.to_bytes(2)))
        assert await raw.ended()
        await raw.leave()
        assert house.gateway.sessions == 0


async def test_a_bad_frame_says_so_before_it_closes() -> None:
    async with a_house() as house:
        raw = await inside(house)
        raw.writer.write(frame(BINARY_FRAME, b"\xff\xff\xff"))
        assert (await raw.until("error")).error.code == "bad_frame"
        assert await raw.close_code() == (1007, "bad_frame")
        await raw.leave()


async def test_bytes_that_are_not_utf8_close_the_json_dialect_with_1007() -> None:
    async with a_house() as house:
        client = await house.enter("romeo", json=True)
        await client.socket.send(b'{"ping":{"data":"\xff"}}', text=True)
        assert await client.closed() == (1007, "bad_frame")


async def test_a_binary_message_on_the_json_dialect_is_a_bad_frame() -> None:
    async with a_house() as house:
        client = await house.enter("romeo", json=True)
        await client.socket.send(ping())
        assert await client.closed() == (1007, "bad_frame")


async def test_a_close_is_answered_with_its_own_code() -> None:
    async with a_house() as house:
        raw = await inside(house)
        raw.writer.write(frame(CLOSE, (4999).to_bytes(2) + b"bye"))
        assert (await raw.close_code())[0] == 4999
        assert await raw.ended()
        await raw.leave()
        raw = await inside(house)
        raw.writer.write(frame(CLOSE, b""))
        assert await raw.frame() == (CLOSE, b"")
        await raw.leave()


async def test_a_peer_that_never_answers_the_close_is_cut_off() -> None:
    async with a_house(close_timeout_s=0.05) as house:
        raw = await RawSocket.upgraded(house.port)
        raw.writer.write(frame(BINARY_FRAME, ping()))
        assert (await raw.close_code())[0] == 4401
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await raw.frame()
        await raw.leave()


@pytest.mark.parametrize("json", [False, True])
async def test_an_unknown_kind_is_answered_and_the_session_stays(json: bool) -> None:
    async with a_house() as house, await house.enter("romeo", json=json) as romeo:
        data = b"\x08\x2a\xfa\x3f\x02\x08\x01" if not json else '{"id":"42","sing":{}}'
        await romeo.socket.send(data)
        assert (await romeo.answer(42)).error.code == "unknown_frame"
        assert (await romeo.ask(ping=pb.Ping())).WhichOneof("body") == "pong"


async def test_unknown_fields_are_ignored() -> None:
    async with a_house() as house, await house.enter("romeo") as romeo:
        await romeo.socket.send(ping(b"x") + b"\xfa\x3f\x05extra")
        assert (await romeo.answer(5)).pong.data == b"x"


async def test_a_request_without_an_id_is_carried_out() -> None:
    async with a_house() as house, await house.enter("romeo") as romeo:
        room = house.chat.open_conversation(an_id("verona"), [ROMEO])
        await romeo.send(pb.ClientFrame(submit=text_submit(room, new_id(), "unnumbered")))
        assert await romeo.hears() == ["unnumbered"]


async def test_a_ping_carries_its_data_back_and_too_much_is_refused() -> None:
    async with a_house() as house, await house.enter("romeo") as romeo:
        pong = await romeo.ask(ping=pb.Ping(data=b"d" * 125))
        assert pong.pong.data == b"d" * 125
        assert pong.pong.server_time_ms > 0
        assert (await romeo.ask(ping=pb.Ping(data=b"d" * 126))).error.code == "bad_request"


async def test_a_submit_that_makes_no_sense_is_rejected_by_name() -> None:
    async with a_house() as house, await house.enter("romeo") as romeo:
        answer = (await romeo.ask(submit=text_submit("nowhere", new_id(), "x"))).submitted
        assert (answer.status, answer.error.code) == (pb.SUBMIT_STATUS_REJECTED, "bad_request")
        answer = (await romeo.ask(submit=pb.Submit(conversation_id=new_id(), client_id=new_id()))).submitted
        assert answer.error.code == "bad_request"
        answer = (await romeo.ask(submit=text_submit(new_id(), new_id(), "x"))).submitted
        assert (answer.status, answer.error.code) == (pb.SUBMIT_STATUS_REJECTED, "conversation_not_found")


async def test_a_submit_whose_outcome_is_late_is_unknown() -> None:
    async with a_house(request_timeout_s=0.1) as house, await house.enter("romeo") as romeo:
        room = house.chat.open_conversation(an_id("verona"), [ROMEO])
        house.chat.hold = asyncio.Event()
        answer = (await romeo.ask(submit=text_submit(room, new_id(), "slow"))).submitted
        assert (answer.status, answer.error.code) == (pb.SUBMIT_STATUS_UNKNOWN, "unknown_outcome")
        house.chat.hold.set()
        assert await romeo.hears() == ["slow"]
        assert (await romeo.ask(ping=pb.Ping())).WhichOneof("body") == "pong"


async def test_what_the_server_cannot_do_is_an_internal_error_without_detail(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    async with a_house() as house, await house.enter("romeo") as romeo:
        answer = await romeo.ask(get_history=pb.GetHistory(conversation_id=new_id()))
        assert answer.error.code == "internal_error"
        assert "fake" not in answer.error.message
        assert (await romeo.ask(ping=pb.Ping())).WhichOneof("body") == "pong"


async def test_a_store_that_does_not_answer_is_told_by_its_code_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: object) -> None:
        raise StoreUnavailable("disk 7 of host db-3")

    async with a_house() as house, await house.enter("romeo") as romeo:
        monkeypatch.setattr(house.chat, "conversations", fails)
        answer = await romeo.ask(list_conversations=pb.ListConversations())
        assert (answer.error.code, answer.error.retry) == ("unavailable", True)
        assert "db-3" not in answer.error.message


async def test_answers_to_pipelined_submits_keep_their_order() -> None:
    async with a_house() as house, await house.enter("romeo") as romeo, await house.enter("juliet") as juliet:
        room = house.chat.open_conversation(an_id("verona"), [ROMEO, JULIET])
        for number in range(50):
            await romeo.tell(submit=text_submit(room, new_id(), str(number)))
        answers: list[int] = []
        pushed: list[int] = []
        heard: list[str] = []
        while len(answers) < 50 or len(pushed) < 50:
            got = await romeo.frame()
            if got.WhichOneof("body") == "submitted":
                answers.append(got.submitted.seq)
            else:
                pushed += [entry.seq for entry in got.entries.entries]
        while len(heard) < 50:
            heard += await juliet.hears()
        assert answers == pushed == list(range(2, 52))
        assert heard == [str(number) for number in range(50)]


async def test_too_many_frames_at_once_are_refused_and_nothing_is_lost() -> None:
    async with a_house(frames_per_s=1.0, frames_burst=3.0) as house, await house.enter("romeo") as romeo:
        room = house.chat.open_conversation(an_id("verona"), [ROMEO])
        answers = [(await romeo.ask(ping=pb.Ping())).WhichOneof("body") for _ in range(4)]
        assert answers == ["pong", "pong", "pong", "error"]
        refused = (await romeo.ask(submit=text_submit(room, new_id(), "fast"))).submitted
        assert (refused.status, refused.error.code) == (pb.SUBMIT_STATUS_REJECTED, "rate_limited")
        assert refused.error.retry
        assert refused.error.retry_after_ms > 0
        assert house.chat.head(room) == 1


async def test_a_session_with_too_many_open_requests_is_not_read_until_some_are_answered() -> None:
    async with a_house(open_requests=4) as house, await house.enter("romeo") as romeo:
        room = house.chat.open_conversation(an_id("verona"), [ROMEO])
        house.chat.hold = asyncio.Event()
        numbers = [await romeo.tell(submit=text_submit(room, new_id(), "x" * 5_000)) for _ in range(200)]
        await until(lambda: len(house.chat._work) >= 4)
        async with await house.enter("juliet") as juliet:
            # The gateway goes on reading: what it would read of romeo it has read by then.
            for _ in range(50):
                assert (await juliet.ask(ping=pb.Ping())).HasField("pong")
        assert len(house.chat._work) < 100
        house.chat.hold.set()
        assert [(await romeo.answer(number)).submitted.seq for number in numbers] == list(range(2, 202))


@settings(max_examples=6, deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=60), st.booleans()), min_size=5, max_size=15))
def test_no_bytes_inside_a_session_do_harm(attacks: list[tuple[bytes, bool]]) -> None:
    async def story() -> None:
        async with a_house(tcp=True) as house, await house.enter("juliet") as juliet:
            for data, json in attacks:
                client = await house.enter("romeo", json=json)
                await client.socket.send(data, text=json)
                tcp = await TcpClient.connect(house.tcp_port)
                await tcp.hello("romeo/tcp")
                tcp.writer.write(data)
                assert (await juliet.ask(ping=pb.Ping())).WhichOneof("body") == "pong"
                client.socket.transport.abort()
                await tcp.leave()

    asyncio.run(story())


async def test_a_tcp_length_over_the_limit_ends_the_connection_with_a_reason() -> None:
    async with a_house(tcp=True) as house:
        tcp = await TcpClient.connect(house.tcp_port)
        await tcp.hello("romeo/tcp")
        tcp.writer.write(with_length(b"x" * 300_000)[:1000])
        assert (await tcp.frame()).error.code == "too_large"
        with pytest.raises(EOFError):
            await tcp.frame()
        await tcp.leave()


async def test_a_tcp_frame_may_come_byte_by_byte() -> None:
    async with a_house(tcp=True) as house:
        tcp = await TcpClient.connect(house.tcp_port)
        await tcp.hello("romeo/tcp")
        for byte in with_length(ping(b"slow")):
            tcp.writer.write(bytes((byte,)))
            await tcp.writer.drain()
            await asyncio.sleep(0)
        assert (await tcp.answer(5)).pong.data == b"slow"
        await tcp.leave()


async def test_a_raw_hello_is_all_it_takes() -> None:
    async with a_house() as house:
        raw = await RawSocket.upgraded(house.port)
        raw.writer.write(hello("romeo/phone", frame_id=77))
        assert (await raw.until("welcome")).reply_to == 77
        await raw.leave()

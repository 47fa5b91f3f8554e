"""The first frame, and everything that can be wrong with it."""

from __future__ import annotations

import asyncio

import pytest
from support.fake_chat import FOR_EVER_MS, an_id
from support.gateways import Client, TcpClient, a_house, text_submit, texts, until
from support.quiet import a_quiet_house, settle
from support.recorded_link import RecordedLink

from hubbub.base.clock import ManualClock
from hubbub.base.ids import SYSTEM_CONVERSATION, new_id
from hubbub.chat.ports import LoginEnded
from hubbub.wire import hubbub_pb2 as pb

ROMEO, JULIET = an_id("romeo"), an_id("juliet")
CROWD = [an_id(f"extra{number}") for number in range(20)]


async def ending(client: Client, **body: object) -> tuple[str, int, str]:
    """Return (error, close code, close reason) after one frame."""
    await client.tell(**body)
    code, reason = await client.closed()
    return await client.last_error(), code, reason


@pytest.mark.parametrize(
    ("hello", "error", "code"),
    [
        (pb.Hello(protocol=2, token="romeo/phone"), "unsupported_protocol", 4406),
        (pb.Hello(protocol=1, token="nonsense"), "bad_token", 4401),
        (pb.Hello(protocol=1, token=""), "bad_token", 4401),
        (pb.Hello(protocol=1, token="romeo/phone/1000"), "token_expired", 4402),
    ],
)
async def test_a_hello_that_is_not_believed_ends_the_connection(hello: pb.Hello, error: str, code: int) -> None:
    async with a_house() as house:
        client = await house.connect()
        assert await ending(client, hello=hello) == (error, code, error)


async def test_a_login_that_was_ended_is_refused() -> None:
    async with a_house() as house:
        house.auth.end(ROMEO)
        client = await house.connect()
        ended = await ending(client, hello=pb.Hello(protocol=1, token="romeo/phone"))
        assert ended == ("session_ended", 4410, "session_ended")


async def test_anything_before_hello_ends_the_connection() -> None:
    async with a_house() as house:
        client = await house.connect()
        assert await ending(client, ping=pb.Ping()) == ("hello_expected", 4401, "hello_expected")
        client = await house.connect()
        await client.socket.send(b"")
        assert await client.closed() == (4401, "hello_expected")


async def test_silence_instead_of_hello_times_out() -> None:
    clock = ManualClock()
    async with a_house(clock=clock, tcp=True) as house:
        client = await house.connect()
        tcp = await TcpClient.connect(house.tcp_port)
        await until(lambda: house.gateway.sessions == 2)
        clock.advance(9.5)
        house.gateway.tick()
        assert house.gateway.sessions == 2
        clock.advance(0.6)
        house.gateway.tick()
        assert await client.closed() == (4408, "hello_timeout")
        assert await client.last_error() == "hello_timeout"
        assert (await tcp.frame()).error.code == "hello_timeout"
        with pytest.raises(EOFError):
            await tcp.frame()
        await tcp.leave()


async def test_a_second_hello_is_refused_and_the_session_stays() -> None:
    async with a_house() as house, await house.enter("romeo") as romeo:
        answer = await romeo.ask(hello=pb.Hello(protocol=1, token="juliet/phone"))
        assert answer.error.code == "bad_request"
        assert (await romeo.ask(ping=pb.Ping(data=b"x"))).pong.data == b"x"


async def test_the_welcome_says_who_and_how() -> None:
    async with a_house() as house:
        client = await house.connect()
        welcome = await client.hello("romeo/phone", heartbeat_ms=500)
        assert (welcome.user_id, welcome.device_id) == (ROMEO, an_id("phone"))
        assert welcome.epoch == house.chat.the_epoch
        assert welcome.heartbeat_ms == 1_000
        assert welcome.token_expires_ms == FOR_EVER_MS
        assert welcome.limits.frame_bytes == 262_144
        await client.leave()


async def test_requests_sent_behind_hello_are_served_in_order_after_it() -> None:
    async with a_house() as house:
        room = house.chat.open_conversation(an_id("verona"), [ROMEO])
        client = await house.connect()
        house.auth.gate = asyncio.Event()
        await client.tell(hello=pb.Hello(protocol=1, token="romeo/phone"))
        for text in ("one", "two", "three"):
            await client.tell(submit=text_submit(room, new_id(), text))
        house.auth.gate.set()
        kinds = [(await client.frame()).WhichOneof("body") for _ in range(2)]
        assert kinds == ["welcome", "ready"]
        assert [(await client.answer(number)).submitted.seq for number in (2, 3, 4)] == [2, 3, 4]
        await client.leave()


async def test_a_login_ended_while_it_is_being_checked_is_noticed() -> None:
    async with a_house() as house:
        house.auth.gate = asyncio.Event()
        client = await house.connect()
        await client.tell(hello=pb.Hello(protocol=1, token="romeo/phone"))
        await until(lambda: house.gateway.people == 1)
        await house.bus.publish([LoginEnded(ROMEO)])
        house.auth.gate.set()
        assert await client.closed() == (4410, "session_ended")
        assert house.gateway.people == 0


async def test_a_returning_client_gets_exactly_what_it_lacks() -> None:
    async with a_house() as house:
        room = house.chat.open_conversation(an_id("verona"), [ROMEO, JULIET])
        other = house.chat.open_conversation(an_id("mantua"), [ROMEO])
        for number in range(4):
            await house.chat.say(room, f"m{number}", JULIET)
        client = await house.connect()
        have = [pb.Head(conversation_id=room, seq=3), pb.Head(conversation_id=other, seq=1)]
        resume = pb.Resume(epoch=house.chat.the_epoch, have=have)
        await client.tell(hello=pb.Hello(protocol=1, token="romeo/phone", resume=resume))
        frames = [await client.frame() for _ in range(3)]
        assert [frame.WhichOneof("body") for frame in frames] == ["welcome", "entries", "ready"]
        assert (frames[1].entries.from_seq, frames[1].entries.to_seq) == (4, 5)
        assert texts(frames[1].entries) == ["m2", "m3"]
        await client.leave()


async def test_what_is_pushed_while_a_client_resumes_comes_once_and_in_order() -> None:
    async with a_house() as house:
        room = house.chat.open_conversation(an_id("verona"), [ROMEO, JULIET])
        house.auth.gate = asyncio.Event()
        client = await house.connect()
        resume = pb.Resume(epoch=house.chat.the_epoch, have=[pb.Head(conversation_id=room, seq=1)])
        await client.tell(hello=pb.Hello(protocol=1, token="romeo/phone", resume=resume))
        await until(lambda: house.gateway.people == 1 and house.auth.checking == 1)
        await house.chat.say(room, "held and resumed", JULIET)
        house.auth.gate.set()
        await client.push("ready")
        await house.chat.say(room, "live", JULIET)
        assert await client.hears() == ["held and resumed"]
        assert await client.hears() == ["live"]
        await client.leave()


async def test_what_is_stored_behind_the_read_of_a_resume_is_pushed_behind_it() -> None:
    async with a_house() as house:
        room = house.chat.open_conversation(an_id("verona"), [ROMEO, JULIET])
        for number in range(2):
            await house.chat.say(room, f"missed {number}", JULIET)

        async def meanwhile() -> None:
            for number in range(2):
                await house.chat.say(room, f"meanwhile {number}", JULIET)

        house.chat.after_resume = meanwhile
        client = await house.connect()
        resume = pb.Resume(epoch=house.chat.the_epoch, have=[pb.Head(conversation_id=room, seq=1)])
        await client.hello("romeo/phone", resume=resume)
        assert await client.hears() == ["missed 0", "missed 1"]
        assert [await client.hears(), await client.hears()] == [["meanwhile 0"], ["meanwhile 1"]]
        await client.leave()


async def test_what_a_large_conversation_got_before_its_feed_was_followed_is_in_the_resume() -> None:
    async with a_quiet_house() as house:
        room = house.chat.open_conversation(an_id("verona"), [ROMEO, JULIET, *CROWD])

        async def meanwhile() -> None:
            house.chat.after_resume = None
            await house.chat.say(room, "before anybody here follows it", JULIET)

        house.chat.after_resume = meanwhile
        link = await house.let_in_slowly("romeo/phone", house.resume({room: 1}))
        await house.chat.say(room, "live", JULIET)
        await settle()
        assert link.texts() == ["before anybody here follows it", "live"]


async def test_what_the_listeners_of_a_feed_got_while_somebody_entered_is_in_the_resume() -> None:
    async with a_quiet_house() as house:
        room = house.chat.open_conversation(an_id("verona"), [ROMEO, JULIET, *CROWD])
        await house.let_in("juliet/phone")

        async def meanwhile() -> None:
            house.chat.after_resume = None
            await house.chat.say(room, "while romeo comes", JULIET)
            await settle()

        house.chat.after_resume = meanwhile
        link = await house.let_in_slowly("romeo/phone", house.resume({room: 1}))
        await house.chat.say(room, "live", JULIET)
        await settle()
        assert link.texts() == ["while romeo comes", "live"]


async def test_the_log_is_asked_once_for_who_comes_into_nothing_new() -> None:
    async with a_quiet_house() as house:
        room = house.chat.open_conversation(an_id("verona"), [ROMEO, JULIET, *CROWD])
        system = await house.chat.say(SYSTEM_CONVERSATION, "long ago")
        await house.let_in("juliet/phone")
        asked = 0

        async def meanwhile() -> None:
            nonlocal asked
            asked += 1
            await house.chat.say(SYSTEM_CONVERSATION, "while romeo comes")
            await settle()

        house.chat.after_resume = meanwhile
        link = await house.let_in_slowly("romeo/phone", house.resume({room: 1, SYSTEM_CONVERSATION: system.seq}))
        assert asked == 1
        assert link.texts() == ["while romeo comes"]


async def test_another_epoch_means_reset_and_nothing_else() -> None:
    async with a_house() as house:
        room = house.chat.open_conversation(an_id("verona"), [ROMEO])
        client = await house.connect()
        resume = pb.Resume(epoch="f" * 32, user_version=9, have=[pb.Head(conversation_id=room, seq=0)])
        await client.tell(hello=pb.Hello(protocol=1, token="romeo/phone", resume=resume))
        frames = [await client.frame() for _ in range(3)]
        assert [frame.WhichOneof("body") for frame in frames] == ["welcome", "reset", "ready"]
        assert frames[1].reset.epoch == house.chat.the_epoch
        await client.leave()


async def test_a_resume_that_names_too_much_is_a_bad_request() -> None:
    async with a_house(resume_have=2) as house:
        client = await house.connect()
        resume = pb.Resume(have=[pb.Head(conversation_id=new_id(), seq=1)] * 3)
        await client.tell(hello=pb.Hello(protocol=1, token="romeo/phone", resume=resume))
        await client.closed()
        assert await client.last_error() == "bad_request"


async def test_a_resume_with_an_id_that_is_none_is_a_bad_request() -> None:
    async with a_house() as house:
        client = await house.connect()
        resume = pb.Resume(epoch=house.chat.the_epoch, have=[pb.Head(conversation_id="x", seq=1)])
        await client.tell(hello=pb.Hello(protocol=1, token="romeo/phone", resume=resume))
        await client.closed()
        assert await client.last_error() == "bad_request"


async def test_a_rush_of_hellos_is_let_in_a_few_at_a_time_and_nobody_is_forgotten() -> None:
    async with a_house(entering=2) as house:
        house.auth.gate = asyncio.Event()
        clients = [await house.connect() for _ in range(6)]
        for number, client in enumerate(clients):
            await client.tell(hello=pb.Hello(protocol=1, token=f"user{number}/phone"))
        await until(lambda: house.auth.checking == 2)
        # Each of them has said hello by the time a seventh, who came after them, was answered.
        late = await house.connect()
        await late.tell(ping=pb.Ping())
        await late.closed()
        assert (house.gateway.people, house.auth.checking) == (2, 2)
        clients[5].socket.transport.abort()
        house.auth.gate.set()
        for client in clients[:5]:
            await client.push("ready")
        await until(lambda: house.gateway.people == 5)
        for client in clients:
            await client.leave()


async def test_a_resume_sends_every_changed_row_page_after_page() -> None:
    async with a_house() as house:
        rooms = [house.chat.open_conversation(an_id(f"room{number}"), [ROMEO]) for number in range(5)]
        for room in rooms:
            await house.chat.move(room, ROMEO, joins=True)
        house.chat.rows_per_page = 2
        client = await house.connect()
        resume = pb.Resume(epoch=house.chat.the_epoch, user_version=1)
        await client.tell(hello=pb.Hello(protocol=1, token="romeo/phone", resume=resume))
        states = [(await client.push("user_changed")).user_changed for _ in range(2)]
        await client.push("ready")
        assert [(state.since_version, state.version, state.more) for state in states] == [(1, 3, True), (3, 5, False)]
        await client.leave()


async def test_a_hello_that_lay_there_while_the_process_stood_still_is_turned_away_to_come_again() -> None:
    async with a_quiet_house() as house:
        house.hands.advance(5)  # and nobody looked at the deadlines meanwhile
        link = RecordedLink(house.gateway)
        link.say(pb.ClientFrame(id=1, hello=pb.Hello(protocol=1, token="romeo/phone")))
        await settle()
        assert link.ended is not None
        assert link.ended[1] == "unavailable"
        # Reading it may have taken another turn than the one that saw how late it is.
        house.gateway.tick()
        link = RecordedLink(house.gateway)
        link.say(pb.ClientFrame(id=1, hello=pb.Hello(protocol=1, token="romeo/phone")))
        await settle()
        assert link.ended is not None
        assert link.ended[1] == "unavailable"
        house.hands.advance(1.5)
        house.gateway.tick()
        link = await house.let_in("romeo/phone")
        assert link.session.came.ms == house.hands.now_ms(), "by which the later of two sessions is known"

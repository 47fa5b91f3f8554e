"""Heartbeats, half-open connections, tokens that end: by a clock of the tests' own."""

from __future__ import annotations

import pytest
from support.fake_chat import an_id
from support.quiet import INTERVAL_S, a_quiet_house, settle

from hubbub.gateway.wheel import Wheel
from hubbub.wire import hubbub_pb2 as pb

ROMEO = an_id("romeo")


async def test_an_idle_client_that_answers_pings_stays() -> None:
    async with a_quiet_house() as house:
        link = await house.let_in("romeo/phone")
        for _ in range(400):
            await house.pass_s(0.5)
            if "ping" in link.kinds():
                link.say(pb.ClientFrame(pong=pb.Pong()))
        assert link.ended is None


async def test_the_server_says_something_in_every_interval() -> None:
    async with a_quiet_house() as house:
        link = await house.let_in("romeo/phone")
        silence = longest = 0.0
        for number in range(300):
            await house.pass_s(0.5)
            silence = 0.0 if link.kinds() else silence + 0.5
            longest = max(longest, silence)
            if number % 3 == 0:
                link.say(pb.ClientFrame(pong=pb.Pong()))
        assert longest <= INTERVAL_S + 1
        assert link.ended is None


@pytest.mark.parametrize("already_s", [0.0, 3.0, 9.5])
async def test_a_half_open_connection_is_found_within_two_intervals(already_s: float) -> None:
    async with a_quiet_house() as house:
        link = await house.let_in("romeo/phone")
        await house.pass_s(already_s)
        link.say(pb.ClientFrame(id=2, ping=pb.Ping()))
        await settle()
        await house.pass_s(INTERVAL_S * 1.5)
        assert link.ended is None
        assert "ping" in link.kinds()
        await house.pass_s(INTERVAL_S * 0.5)
        assert link.ended == (4408, "heartbeat_missed")
        assert link.kinds()[-1] == "error"
        assert house.gateway.sessions == 0


async def test_pushes_to_a_silent_peer_do_not_keep_it_alive() -> None:
    async with a_quiet_house() as house:
        room = house.chat.open_conversation(an_id("verona"), [ROMEO])
        link = await house.let_in("romeo/phone")
        for _ in range(20):
            await house.chat.say(room, "anybody there?")
            await house.pass_s(1)
        assert link.ended == (4408, "heartbeat_missed")


async def test_signs_below_the_frames_count_as_life() -> None:
    async with a_quiet_house() as house:
        link = await house.let_in("romeo/phone")
        for _ in range(10):
            await house.pass_s(5)
            link.session.sign_of_life()
        assert link.ended is None


async def test_a_session_ends_with_its_token() -> None:
    async with a_quiet_house() as house:
        ends_ms = house.hands.now_ms() + 5_000
        link = await house.let_in(f"romeo/phone/{ends_ms}")
        await house.pass_s(4.5)
        assert link.ended is None
        await house.pass_s(1)
        assert link.ended == (4402, "token_expired")


async def test_a_new_token_in_time_carries_the_session_on() -> None:
    async with a_quiet_house() as house:
        link = await house.let_in(f"romeo/phone/{house.hands.now_ms() + 5_000}")
        fresh = f"romeo/phone/{house.hands.now_ms() + 60_000}"
        link.say(pb.ClientFrame(id=2, reauthenticate=pb.Reauthenticate(token=fresh)))
        await settle()
        assert link.kinds() == ["done"]
        await house.pass_s(8)
        assert link.ended is None


@pytest.mark.parametrize(
    ("token", "ended"),
    [
        ("juliet/phone", (4403, "wrong_user")),
        ("romeo/tablet", (4403, "wrong_user")),
        ("nonsense", (4401, "bad_token")),
        ("romeo/phone/1000", (4402, "token_expired")),
    ],
)
async def test_another_token_ends_the_session(token: str, ended: tuple[int, str]) -> None:
    async with a_quiet_house() as house:
        link = await house.let_in("romeo/phone")
        link.say(pb.ClientFrame(id=2, reauthenticate=pb.Reauthenticate(token=token)))
        await settle()
        assert link.frames[-1].reply_to == 2
        assert link.ended == ended


async def test_logging_out_is_answered_and_then_closes_without_a_reason() -> None:
    async with a_quiet_house() as house:
        link = await house.let_in("romeo/phone")
        link.say(pb.ClientFrame(id=2, logout=pb.Logout()))
        await settle()
        assert link.kinds() == ["done"]
        assert link.ended == (1000, "")
        assert [identity.user_id for identity in house.auth.logged_out] == [ROMEO]


def test_the_wheel_gives_each_thing_once_and_soon_after_its_time() -> None:
    wheel: Wheel[str] = Wheel(0.25, 100.0)
    wheel.add("past", 50.0)
    wheel.add("soon", 100.3)
    wheel.add("late", 1000.0)
    assert wheel.due(100.1) == []
    assert wheel.due(100.25) == ["past"]
    assert wheel.due(100.55) == ["soon"]
    assert wheel.due(999.9) == []
    assert wheel.due(5000.0) == ["late"]
    wheel.add("again", 5000.0)
    assert wheel.due(5000.25) == ["again"]

"""Staying connected: states, backoff, heartbeats, tokens, moves, and when to stop."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from support.over_httpx import OverHttpx
from unit.client.fake import FakeServer, Naps, client_of, state

from hubbub.base.clock import ManualClock
from hubbub.client import Client, ExponentialBackoff, HttpApi, HubbubError, KeptLogin, State, Tokens
from hubbub.client.errors import FINAL_CLOSES
from hubbub.wire import hubbub_pb2 as pb


async def until(client: Client, wanted: State) -> None:
    """Wait for a state."""
    async with asyncio.timeout(5):
        async for now in client.states():
            if now is wanted:
                return


@pytest.mark.parametrize(
    ("failures", "asked", "draw", "wait"),
    [
        (1, 0.0, 0.0, 0.0),
        (1, 0.0, 1.0, 0.5),
        (2, 0.0, 1.0, 1.0),
        (3, 0.0, 0.5, 1.0),
        (7, 0.0, 1.0, 30.0),
        (10_000, 0.0, 1.0, 30.0),
        (1, 4.0, 1.0, 4.5),
        (3, 4.0, 0.0, 4.0),
    ],
)
def test_the_ceiling_doubles_and_the_wait_is_drawn_below_it(
    failures: int, asked: float, draw: float, wait: float
) -> None:
    assert ExponentialBackoff(rand=lambda: draw)(failures, asked) == wait


async def test_failures_lengthen_the_wait_and_a_ready_session_forgets_them() -> None:
    server = FakeServer()
    server.refusing = 3
    naps = Naps()
    async with client_of(server, sleep=naps, rand=lambda: 1.0) as client:
        connection = await server.connection()
        await connection.accept()
        await client.ready(5)
        assert naps.taken == [0.5, 1.0, 2.0]
        connection.lose()
        connection = await server.connection()
        await connection.accept()
        await client.ready(5)
        assert naps.taken == [0.5, 1.0, 2.0, 0.5]


async def test_the_states_can_be_followed() -> None:
    server = FakeServer()
    seen: list[State] = []
    async with client_of(server) as client, asyncio.TaskGroup() as tasks:

        async def follow() -> None:
            seen.extend([now async for now in client.states()])

        tasks.create_task(follow())
        connection = await server.connection()
        await connection.greet()
        await until(client, State.SYNCING)
        connection.send(ready=pb.Ready())
        await connection.list()
        await until(client, State.ONLINE)
        connection.lose()
        connection = await server.connection()
        await connection.accept()
        await until(client, State.ONLINE)
        await client.close()
    assert seen[0] is State.CONNECTING
    assert [s for s in seen if s in (State.SYNCING, State.ONLINE, State.CLOSED)][:2] == [State.SYNCING, State.ONLINE]
    assert seen[-1] is State.CLOSED


@pytest.mark.parametrize("close_code", sorted(set(FINAL_CLOSES) - {4401, 4402}))
async def test_a_final_close_code_ends_the_client_and_every_wait(close_code: int) -> None:
    server = FakeServer()
    async with client_of(server) as client:
        connection = await server.connection()
        await connection.accept(state())
        await client.ready(5)
        sending = client.send("c" * 32, "?")
        await connection.expect("submit")
        connection.lose(close_code)
        await until(client, State.CLOSED)
        assert client.error is not None
        assert not client.error.retry
        with pytest.raises(HubbubError):
            await sending
        with pytest.raises(HubbubError):
            await client.conversations()
        with pytest.raises(HubbubError):
            client.send("c" * 32, "again?")
        with pytest.raises(HubbubError):
            await client.ready(5)


@pytest.mark.parametrize("close_code", [1000, 1001, 1006, 1011, 1012, 1013, 4408, 4423, 4429])
async def test_other_closes_are_followed_by_another_connection(close_code: int) -> None:
    server = FakeServer()
    async with client_of(server) as client:
        connection = await server.connection()
        await connection.accept()
        await client.ready(5)
        connection.lose(close_code)
        await (await server.connection()).accept()
        await until(client, State.ONLINE)


async def test_a_final_close_can_be_survived_on_purpose() -> None:
    server = FakeServer()
    async with client_of(server, survives=("session_replaced",)) as client:
        connection = await server.connection()
        await connection.accept()
        await client.ready(5)
        connection.lose(4409, "session_replaced")
        await (await server.connection()).accept()
        await until(client, State.ONLINE)


async def test_a_silent_server_is_pinged_and_then_given_up() -> None:
    server = FakeServer()
    clock = ManualClock()
    async with client_of(server, clock=clock, heartbeat_s=10.0) as client:
        connection = await server.connection()
        await connection.greet(heartbeat_ms=10_000)
        assert connection.hello.heartbeat_ms == 10_000
        connection.send(ready=pb.Ready())
        await connection.list()
        await client.ready(5)
        session = client._upkeep.session
        assert session is not None
        clock.advance(10.0)
        session.tick()
        frame = await asyncio.wait_for(connection.frames.get(), 5)
        assert frame.WhichOneof("body") == "ping"
        clock.advance(5.0)
        connection.send(pong=pb.Pong())
        clock.advance(10.0)
        session.tick()
        assert (await asyncio.wait_for(connection.frames.get(), 5)).WhichOneof("body") == "ping"
        clock.advance(10.0)
        session.tick()
        assert connection.ended
        assert (await session.lost).code == "heartbeat_missed"
        await (await server.connection()).accept()
        await until(client, State.ONLINE)


async def test_a_ping_is_answered_with_its_data() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        connection = await server.connection()
        await connection.accept()
        await client.ready(5)
        connection.send(ping=pb.Ping(data=b"42"))
        frame = await asyncio.wait_for(connection.frames.get(), 5)
        assert frame.pong.data == b"42"


async def test_frames_from_a_newer_server_are_passed_over() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        connection = await server.connection()
        await connection.accept()
        await client.ready(5)
        # Field 99, length-delimited, empty: a push of a kind that does not exist yet.
        connection._receiver.frame_received(b"\x9a\x06\x00")
        assert client.state is State.ONLINE
        connection._receiver.frame_received(b"\xff")
        await (await server.connection()).accept()
        await until(client, State.ONLINE)


async def test_a_client_moves_when_it_is_asked_to() -> None:
    server = FakeServer()
    naps = Naps()
    async with client_of(server, sleep=naps, rand=lambda: 0.25) as client:
        connection = await server.connection()
        await connection.accept()
        await client.ready(5)
        connection.send(goaway=pb.Goaway(reason="drain", within_ms=8_000, url="ws://elsewhere/ws"))
        moved = await server.connection()
        assert moved.address == "ws://elsewhere/ws"
        assert naps.taken[0] == 2.0
        assert connection.ended
        await moved.accept()
        await until(client, State.ONLINE)


class Web:
    """The connect call of a cluster: what it was asked, and the node it names next."""

    def __init__(self, *nodes: str) -> None:
        self.asked: list[list[str]] = []
        self._nodes = iter(nodes)

    def http(self) -> HttpApi:
        return HttpApi("http://fake", transport=OverHttpx(httpx.MockTransport(self._answer)))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(json.loads(request.content or b"{}").get("avoid", []))
        node = next(self._nodes)
        return httpx.Response(200, json={"websocket_url": f"ws://fake/ws/n/{node}", "tcp": "", "node_id": node})


async def test_a_client_whose_node_died_asks_at_once_for_another() -> None:
    server, web = FakeServer(), Web("a", "b", "c", "d")
    async with client_of(server, address="", http=web.http()) as client:
        connection = await server.connection()
        await connection.accept()
        await client.ready(5)
        server.refusing = 1
        connection.lose(1006)
        connection = await server.connection()
        assert connection.address == "ws://fake/ws/n/c"
        await connection.accept()
        await until(client, State.ONLINE)
        connection.lose(1006)
        await (await server.connection()).accept()
    assert web.asked == [[], ["a"], ["a", "b"], ["c"]]


@pytest.mark.parametrize(("close_code", "avoided"), [(1012, ["a"]), (1013, ["a"]), (4408, [])])
async def test_a_node_is_avoided_for_what_another_may_do_better(close_code: int, avoided: list[str]) -> None:
    server, web = FakeServer(), Web("a", "b")
    async with client_of(server, address="", http=web.http()) as client:
        connection = await server.connection()
        await connection.accept()
        await client.ready(5)
        connection.lose(close_code)
        await (await server.connection()).accept()
    assert web.asked == [[], avoided]


async def test_a_client_that_is_sent_away_without_an_address_asks_for_another_node() -> None:
    server, web = FakeServer(), Web("a", "b")
    async with client_of(server, address="", http=web.http()) as client:
        connection = await server.connection()
        await connection.accept()
        await client.ready(5)
        connection.send(goaway=pb.Goaway(reason="draining", within_ms=1_000))
        await (await server.connection()).accept()
        await until(client, State.ONLINE)
    assert web.asked == [[], ["a"]]


class TokenServer:
    """The token endpoint, each refresh token good for one use."""

    def __init__(self) -> None:
        self.given = 0
        self.refused: list[str] = []
        self.spent: list[str] = []

    def http(self) -> HttpApi:
        return HttpApi("http://fake", transport=OverHttpx(httpx.MockTransport(self._answer)))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        form = dict(pair.split("=") for pair in request.content.decode().split("&"))
        token = form.get("refresh_token", "")
        if token in self.spent or token in self.refused:
            body = {"error": "invalid_grant", "error_description": "spent", "code": "session_ended", "retry": False}
            return httpx.Response(400, json=body)
        self.spent.append(token)
        self.given += 1
        body = {"access_token": f"a{self.given}", "refresh_token": f"r{self.given}", "expires_in": 900}
        return httpx.Response(200, json=body)


async def test_a_token_is_renewed_before_it_ends_without_a_new_connection() -> None:
    server, tokens, clock = FakeServer(), TokenServer(), ManualClock()
    kept: list[Tokens] = []
    first = Tokens("a0", 900, "r0")
    login = KeptLogin(clock, tokens=first, obtained_ms=clock.now_ms(), keep=lambda tokens, _: kept.append(tokens))
    naps = Naps()
    blocked = asyncio.Event()

    async def sleep(seconds: float) -> None:
        naps.taken.append(seconds)
        if len(naps.taken) > 1:
            await blocked.wait()

    async with client_of(server, token="", login=login, http=tokens.http(), clock=clock, sleep=sleep) as client:
        connection = await server.connection()
        await connection.greet(expires_ms=1_900_000)
        assert connection.hello.token == "a0"
        connection.send(ready=pb.Ready())
        kinds = {}
        for _ in range(2):
            frame = await connection.next()
            kinds[frame.WhichOneof("body")] = frame
        assert naps.taken[0] == pytest.approx(720.0)
        assert kinds["reauthenticate"].reauthenticate.token == "a1"
        assert [token.refresh_token for token in kept] == ["r1"]
        connection.send(kinds["reauthenticate"].id, done=pb.Done())
        connection.send(kinds["list_conversations"].id, conversation_page=pb.ConversationPage())
        await client.ready(5)


async def test_an_ended_token_is_renewed_and_the_client_comes_back() -> None:
    server, tokens, clock = FakeServer(), TokenServer(), ManualClock()
    login = KeptLogin(clock, tokens=Tokens("a0", 900, "r0"), obtained_ms=clock.now_ms())
    async with client_of(server, token="", login=login, http=tokens.http(), clock=clock) as client:
        connection = await server.connection()
        request, _ = await connection.expect("hello")
        connection.send(request, error=pb.Error(code="token_expired"))
        connection = await server.connection()
        await connection.accept()
        assert connection.hello.token == "a1"
        await client.ready(5)


async def test_a_login_that_ended_ends_the_client() -> None:
    server, tokens, clock = FakeServer(), TokenServer(), ManualClock()
    tokens.refused.append("r0")
    login = KeptLogin(clock, tokens=Tokens("a0", 900, "r0"), obtained_ms=clock.now_ms())
    async with client_of(server, token="", login=login, http=tokens.http(), clock=clock) as client:
        connection = await server.connection()
        request, _ = await connection.expect("hello")
        connection.send(request, error=pb.Error(code="bad_token"))
        with pytest.raises(HubbubError) as ended:
            await client.ready(5)
        assert ended.value.code == "session_ended"
        assert client.state is State.CLOSED


async def test_a_token_that_cannot_be_renewed_is_not_tried_for_ever() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        connection = await server.connection()
        request, _ = await connection.expect("hello")
        connection.send(request, error=pb.Error(code="bad_token"))
        with pytest.raises(HubbubError) as ended:
            await client.ready(5)
        assert ended.value.code == "token_expired"
        assert server.attempts == 1


async def test_two_requests_for_a_token_refresh_it_once() -> None:
    tokens, clock = TokenServer(), ManualClock()
    login = KeptLogin(clock, tokens=Tokens("a0", 900, "r0"), obtained_ms=clock.now_ms() - 900_000)
    async with tokens.http() as http:
        assert await asyncio.gather(*(login.token(http) for _ in range(5))) == ["a1"] * 5
    assert tokens.given == 1


async def test_closing_ends_quickly_whatever_goes_on() -> None:
    server = FakeServer()
    server.refusing = 10**9
    async with client_of(server) as client:
        sending = client.send("c" * 32, "?")
    assert client.state is State.CLOSED
    with pytest.raises(HubbubError) as closed:
        await sending
    assert closed.value.code == "closed"


async def test_a_client_that_is_closed_while_it_is_greeted_lets_go_of_the_connection() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        connection = await server.connection()
        await connection.expect("hello")
        await client.close()
        assert connection.ended

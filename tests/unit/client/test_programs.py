"""A registered program gets tokens by its secret; and when a client connects again is the program's to decide."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qsl

import httpx
from support.over_httpx import OverHttpx
from unit.client.fake import FakeServer, client_of, state

from hubbub.base.clock import ManualClock
from hubbub.client import HttpApi, HubbubError, ProgramLogin, State


class TokenEndpoint:
    """Gives a program one token after another."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []

    def http(self) -> HttpApi:
        return HttpApi("http://fake", transport=OverHttpx(httpx.MockTransport(self._answer)))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(dict(parse_qsl(request.content.decode())))
        return httpx.Response(200, json={"access_token": f"t{len(self.asked)}", "expires_in": 900})


async def test_a_program_asks_again_only_before_its_token_ends_or_when_it_was_refused() -> None:
    endpoint, clock = TokenEndpoint(), ManualClock()
    login = ProgramLogin(clock, client_id="id", client_secret="s&cret", scope="read")
    async with endpoint.http() as http:
        assert [await login.token(http), await login.token(http)] == ["t1", "t1"]
        clock.advance(880)
        assert await login.token(http) == "t2"
        assert set(await asyncio.gather(login.renew(http, "t2"), login.renew(http, "t2"))) == {"t3"}
    assert (
        endpoint.asked
        == [{"grant_type": "client_credentials", "client_id": "id", "client_secret": "s&cret", "scope": "read"}] * 3
    )


async def test_a_client_may_give_up_earlier_than_it_must() -> None:
    server = FakeServer()
    server.refusing = 100
    tried: list[tuple[str, int]] = []

    def reconnect(error: HubbubError, failures: int) -> bool:
        tried.append((error.code, failures))
        return failures < 3

    async with client_of(server, reconnect=reconnect) as client:
        states = [state async for state in client.states()]
        assert states[-1] is State.CLOSED
        assert client.error is not None
        assert client.error.code == "unreachable"
    assert tried == [("unreachable", 1), ("unreachable", 2), ("unreachable", 3)]
    assert server.attempts == 3


async def test_a_client_may_go_on_where_others_end() -> None:
    server = FakeServer()
    async with client_of(server, reconnect=lambda error, failures: True) as client:
        connection = await server.connection()
        await connection.accept(state())
        await client.ready(5)
        connection.lose(4410, "session_ended")
        await (await server.connection()).accept()

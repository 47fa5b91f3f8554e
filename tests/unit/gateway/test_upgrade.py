"""The way onto the WebSocket: what is refused before a session begins, and what must not be."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import websockets
from support.gateways import PATIENCE_S, TcpClient, a_house, until
from support.raw_socket import RawSocket, hello, upgrade_request

from hubbub.gateway.websocket import choose_subprotocol, origin_is_allowed
from hubbub.server.http import serve


async def refused(port: int, request: bytes) -> tuple[int, str]:
    raw = await RawSocket.connect(port)
    raw.writer.write(request)
    status, headers, body = await raw.head()
    assert headers["content-type"] == "application/problem+json"
    assert await raw.ended()
    await raw.leave()
    return status, json.loads(body)["code"]


async def test_an_upgrade_without_a_subprotocol_is_refused_with_a_reason() -> None:
    async with a_house() as house:
        assert await refused(house.port, upgrade_request(subprotocol=None)) == (400, "unsupported_protocol")
        assert await refused(house.port, upgrade_request(subprotocol="chat, mqtt")) == (400, "unsupported_protocol")


async def test_another_path_is_not_found() -> None:
    async with a_house() as house:
        assert await refused(house.port, upgrade_request(path="/socket")) == (404, "not_found")


async def test_a_strange_page_is_refused_and_the_own_page_is_not() -> None:
    async with a_house() as house:
        strange = upgrade_request(headers=("Origin: https://evil.test",))
        assert await refused(house.port, strange) == (403, "bad_origin")
        raw = await RawSocket.connect(house.port)
        raw.writer.write(upgrade_request(headers=("Origin: http://example.test",)))
        assert (await raw.head())[0] == 101
        await raw.leave()


async def test_a_draining_gateway_lets_nobody_in() -> None:
    async with a_house() as house:
        house.gateway.goaway()
        assert await refused(house.port, upgrade_request()) == (503, "going_away")


async def test_connections_that_say_no_hello_take_only_their_own_places() -> None:
    async with a_house(tcp=True, newcomers=1) as house:
        silent = await RawSocket.upgraded(house.port)
        assert await refused(house.port, upgrade_request()) == (503, "overloaded")
        late = await TcpClient.connect(house.tcp_port)
        assert await late.reader.read() == b""
        await late.leave()
        await silent.enter("romeo/phone")
        async with await house.enter("juliet"):
            assert house.gateway.sessions == 2
        await silent.leave()


async def test_a_full_gateway_has_a_place_again_when_somebody_leaves() -> None:
    async with a_house(connections=1) as house:
        async with await house.enter("romeo"):
            assert await refused(house.port, upgrade_request()) == (503, "overloaded")
        await until(lambda: not house.gateway.full)
        async with await house.enter("juliet"):
            pass


async def test_a_socket_may_name_the_node_it_was_sent_to() -> None:
    async with a_house() as house:
        client = await house.connect(path="/ws/n/gateway-1?ticket=old")
        await client.hello("romeo/phone")
        await client.leave()
        assert await refused(house.port, upgrade_request(path="/ws/n/")) == (404, "not_found")


async def test_the_last_places_are_for_clients_that_were_sent_here() -> None:
    async with a_house(connections=8, ticketed=lambda ticket: ticket == "good") as house:
        silent = [await RawSocket.upgraded(house.port) for _ in range(7)]
        for path in ("/ws", "/ws?ticket=bad"):
            assert await refused(house.port, upgrade_request(path=path)) == (503, "overloaded")
        client = await house.connect(path="/ws/n/here?ticket=good")
        await client.hello("romeo/phone")
        assert await refused(house.port, upgrade_request(path="/ws?ticket=good")) == (503, "overloaded")
        await client.leave()
        for raw in silent:
            await raw.leave()


@pytest.mark.parametrize(
    ("origin", "host", "allowed", "may"),
    [
        (None, "chat.test", (), True),
        ("http://chat.test:8080", "chat.test:8080", (), True),
        ("https://Chat.Test", "chat.test", (), True),
        ("http://chat.test:8081", "chat.test:8080", (), False),
        ("https://chat.test.evil.test", "chat.test", (), False),
        ("null", "chat.test", (), False),
        ("", "", (), False),
        ("https://[", "chat.test", (), False),
        ("https://app.test", "chat.test", ("https://app.test",), True),
        ("https://app.test", "chat.test", ("*",), True),
    ],
)
def test_origins_are_compared_whole(origin: str | None, host: str, allowed: tuple[str, ...], may: bool) -> None:
    assert origin_is_allowed(origin, host, allowed) is may


def test_the_first_subprotocol_of_the_client_wins() -> None:
    assert choose_subprotocol(["x, hubbub.v1.json", "hubbub.v1.protobuf"]) == "hubbub.v1.json"
    assert choose_subprotocol([]) is None


async def test_an_upgrade_names_the_chosen_subprotocol() -> None:
    async with a_house() as house:
        client = await house.connect(
            subprotocols=[websockets.Subprotocol("stomp"), websockets.Subprotocol("hubbub.v1.json")], json=True
        )
        assert client.socket.subprotocol == "hubbub.v1.json"
        await client.leave()


async def test_a_browser_that_also_keeps_alive_may_upgrade() -> None:
    async with a_house() as house:
        raw = await RawSocket.connect(house.port)
        raw.writer.write(upgrade_request(connection="keep-alive, Upgrade", headers=("Cookie: a=" + "b" * 3000,)))
        assert (await raw.head())[0] == 101
        await raw.enter("romeo/phone")
        await raw.leave()


async def test_what_follows_the_upgrade_in_one_segment_is_not_lost() -> None:
    async with a_house() as house:
        raw = await RawSocket.connect(house.port)
        raw.writer.write(upgrade_request() + hello("romeo/phone"))
        assert (await raw.head())[0] == 101
        assert (await raw.until("welcome")).reply_to == 1
        await raw.leave()


async def test_an_upgrade_that_comes_in_pieces_is_joined() -> None:
    async with a_house() as house:
        raw = await RawSocket.connect(house.port)
        request = upgrade_request() + hello("romeo/phone")
        for place in range(0, len(request), 7):
            raw.writer.write(request[place : place + 7])
            await raw.writer.drain()
        assert (await raw.head())[0] == 101
        await raw.until("ready")
        await raw.leave()


async def test_a_long_request_head_is_refused() -> None:
    async with a_house() as house:
        raw = await RawSocket.connect(house.port)
        raw.writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X-Long: " + b"x" * 20_000)
        status, _, _ = await raw.head()
        assert status == 431
        await raw.leave()


async def test_a_long_request_head_in_one_piece_is_refused() -> None:
    async with a_house() as house:
        raw = await RawSocket.connect(house.port)
        raw.writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X-Long: " + b"x" * 20_000 + b"\r\n\r\n")
        assert (await raw.head())[0] == 431
        await raw.leave()


async def test_a_request_head_that_never_ends_times_out() -> None:
    async with a_house(head_timeout_s=0.1) as house:
        raw = await RawSocket.connect(house.port)
        raw.writer.write(b"GET / HTTP/1.1\r\nHost:")
        assert (await raw.head())[0] == 408
        await raw.leave()


async def test_a_connection_that_says_nothing_is_closed() -> None:
    async with a_house(head_timeout_s=0.1) as house:
        raw = await RawSocket.connect(house.port)
        assert (await raw.head())[0] == 408
        await raw.leave()


async def test_requests_on_one_connection_are_served_one_after_another() -> None:
    async with a_house(head_timeout_s=0.3) as house:
        raw = await RawSocket.connect(house.port)
        for _ in range(3):
            raw.writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
            assert (await raw.head())[0] == 404
        await raw.leave()


async def test_rubbish_is_a_bad_request() -> None:
    async with a_house() as house:
        raw = await RawSocket.connect(house.port)
        raw.writer.write(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
        assert (await raw.head())[0] == 400
        await raw.leave()


async def test_a_connection_beyond_those_that_may_be_open_is_turned_away() -> None:
    async with a_house(open_at_most=1) as house:
        first = await RawSocket.connect(house.port)
        first.writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await first.head())[0] == 404
        second = await RawSocket.connect(house.port)
        assert (await second.head())[0] == 503
        await second.leave()
        await first.leave()


async def test_a_body_that_never_ends_does_not_keep_an_answered_connection() -> None:
    async with a_house(head_timeout_s=0.1) as house:
        raw = await RawSocket.connect(house.port)
        raw.writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nx")
        assert (await raw.head())[0] == 404
        ending = asyncio.create_task(raw.ended())
        while not ending.done():
            raw.writer.write(b"x")
            await asyncio.sleep(0.02)
        assert isinstance(ending.exception(), ConnectionError) or ending.result()
        await raw.leave()


async def test_an_answer_that_is_never_read_does_not_keep_its_connection() -> None:
    over = asyncio.Event()

    async def much(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(2):
            await send({"type": "http.response.body", "body": bytes(32 << 20), "more_body": True})
        over.set()

    async with serve(much, asyncio.Protocol, graceful_s=1, unread_timeout_s=0.2) as server:
        raw = await RawSocket.connect(server.addresses[0][1])
        raw.writer.transport.pause_reading()  # type: ignore[attr-defined]
        raw.writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        async with asyncio.timeout(PATIENCE_S):
            await over.wait()
        raw.writer.transport.abort()

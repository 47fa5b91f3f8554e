"""Handing messages to push services: only in the public internet, never for long, and no answer is an error."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from hubbub.fetch.network import PublicNetwork
from hubbub.fetch.pusher import HttpPusher
from hubbub.push.ports import Delivery


class Service:
    """A push service that answers as it was told."""

    def __init__(self) -> None:
        self.answer = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
        self.got: list[bytes] = []
        self.silent = asyncio.Event()
        self.silent.set()
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                self.got.append(head + await reader.readexactly(length))
                await self.silent.wait()
                writer.write(self.answer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    @property
    def endpoint(self) -> str:
        return f"http://push.example:{self.port}/v1/abc"


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    made = Service()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.silent.set()
        server.close()


async def home(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def a_pusher(*, inside: bool = True, send_s: float = 5.0) -> HttpPusher:
    network = PublicNetwork(resolve=home, allows=lambda _: True, ports=None) if inside else PublicNetwork(resolve=home)
    return HttpPusher(agent="tests", send_s=send_s, now_s=lambda: 1_000_000.0, network=network)


async def test_a_message_arrives_with_its_headers_and_one_connection_carries_many(service: Service) -> None:
    pusher = a_pusher()
    for body in (b"\x00sealed", b"more"):
        assert await pusher.send(service.endpoint, {"TTL": "5", "Topic": "t"}, body) == Delivery(201)
    await pusher.close()
    assert service.got[0].startswith(b"POST /v1/abc HTTP/1.1\r\n")
    assert b"\r\nttl: 5\r\n" in service.got[0].lower()
    assert [each.endswith(body) for each, body in zip(service.got, (b"\x00sealed", b"more"), strict=True)] == [True] * 2


async def test_a_push_service_within_is_refused_before_anything_is_sent(service: Service) -> None:
    pusher = a_pusher(inside=False)
    for endpoint in (service.endpoint, "https://push.example/v1/abc"):
        assert await pusher.send(endpoint, {}, b"x") == Delivery(0)
    await pusher.close()
    assert service.got == []


@pytest.mark.parametrize(
    ("said", "wait_s"),
    [
        (b"120", 120.0),
        (b"999999999", 3600.0),
        (b"-5", 0.0),
        (b"soon", 0.0),
        (b"Mon, 12 Jan 1970 13:48:20 GMT", 100.0),
        (b"Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
    ],
)
async def test_when_to_come_again_is_understood(service: Service, said: bytes, wait_s: float) -> None:
    service.answer = b"HTTP/1.1 429 Slow\r\nContent-Length: 0\r\nRetry-After: " + said + b"\r\n\r\n"
    pusher = a_pusher()
    assert await pusher.send(service.endpoint, {}, b"x") == Delivery(429, wait_s)
    await pusher.close()


async def test_a_redirect_is_not_followed(service: Service) -> None:
    service.answer = b"HTTP/1.1 307 There\r\nContent-Length: 0\r\nLocation: http://169.254.169.254/\r\n\r\n"
    pusher = a_pusher()
    assert await pusher.send(service.endpoint, {}, b"x") == Delivery(307)
    await pusher.close()
    assert len(service.got) == 1


async def test_a_push_service_that_is_silent_or_talks_nonsense_was_not_reached(service: Service) -> None:
    service.silent.clear()
    pusher = a_pusher(send_s=0.2)
    assert await pusher.send(service.endpoint, {}, b"x") == Delivery(0)
    service.silent.set()
    service.answer = b"no HTTP at all\r\n\r\n"
    assert await pusher.send(service.endpoint, {}, b"x") == Delivery(0)
    assert await pusher.send("http://push.example:1/", {}, b"x") == Delivery(0)
    await pusher.close()

"""What every link promises, over real sockets on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
import uvloop
from websockets.asyncio.server import ServerConnection, serve

from hubbub.client.connection import Link, Tap
from hubbub.client.errors import HubbubError
from hubbub.client.tcp import open_tcp
from hubbub.client.websocket import open_websocket
from hubbub.wire.framing import FrameReader, with_length

SIZES = [0, 1, 125, 126, 127, 65_535, 65_536, 300_000]


class Ear:
    """A receiver that keeps what it hears."""

    def __init__(self) -> None:
        self.frames: asyncio.Queue[bytes] = asyncio.Queue()
        self.lost: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()

    def frame_received(self, data: bytes) -> None:
        self.frames.put_nowait(data)

    def link_lost(self, close_code: int, reason: str) -> None:
        self.lost.set_result((close_code, reason))

    async def hears(self, count: int) -> list[bytes]:
        async with asyncio.timeout(5):
            return [await self.frames.get() for _ in range(count)]

    async def end(self) -> tuple[int, str]:
        async with asyncio.timeout(5):
            return await self.lost


Opener = Callable[[Ear, Tap | None], Awaitable[Link]]


@asynccontextmanager
async def websocket_echo(json: bool) -> AsyncIterator[Opener]:
    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    async with serve(echo, "127.0.0.1", 0, subprotocols=["hubbub.v1.json" if json else "hubbub.v1.protobuf"]) as server:  # type: ignore[list-item]
        port = next(iter(server.sockets)).getsockname()[1]
        yield lambda ear, tap: open_websocket(f"ws://127.0.0.1:{port}/ws", ear, tap, json=json)


@asynccontextmanager
async def tcp_echo() -> AsyncIterator[Opener]:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = FrameReader(1 << 20)
        while data := await reader.read(70_000):
            for frame in frames.feed(data):
                writer.write(with_length(frame))
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield lambda ear, tap: open_tcp(f"127.0.0.1:{port}", ear, tap)
        server.close()


@pytest.fixture(params=["websocket", "websocket-json", "tcp"])
async def opener(request: pytest.FixtureRequest) -> AsyncIterator[Opener]:
    echo = tcp_echo() if request.param == "tcp" else websocket_echo(request.param == "websocket-json")
    async with echo as opener:
        yield opener


async def test_frames_of_every_size_come_back_whole_and_in_order(opener: Opener) -> None:
    ear = Ear()
    link = await opener(ear, None)
    sent = [b"x" * size for size in SIZES]
    for data in sent:
        link.send(data)
    assert await ear.hears(len(sent)) == sent
    link.close()
    await ear.end()


async def test_the_tap_sees_every_frame_before_anybody_else(opener: Opener) -> None:
    tapped: list[tuple[str, bytes]] = []
    times: list[int] = []

    def tap(direction: str, data: bytes, at_ns: int) -> None:
        tapped.append((direction, data))
        times.append(at_ns)

    ear = Ear()
    link = await opener(ear, tap)
    link.send(b"one")
    link.send(b"two")
    await ear.hears(2)
    assert tapped == [("out", b"one"), ("out", b"two"), ("in", b"one"), ("in", b"two")]
    assert times == sorted(times)
    link.abort()
    await ear.end()


async def test_an_aborted_link_reports_its_end_once_and_swallows_later_sends(opener: Opener) -> None:
    ear = Ear()
    link = await opener(ear, None)
    link.abort()
    assert (await ear.end())[0] == 1006
    link.send(b"into the void")
    link.abort()
    link.close()


async def test_fragments_pings_and_close_codes_are_understood() -> None:
    async def speak(connection: ServerConnection) -> None:
        pong = await connection.ping(b"hi")
        await connection.send([b"frag", b"men", b"ted"])
        await connection.send(b"whole")
        await pong
        await connection.close(4409, "session_replaced")

    async with serve(speak, "127.0.0.1", 0, subprotocols=["hubbub.v1.protobuf"]) as server:  # type: ignore[list-item]
        port = next(iter(server.sockets)).getsockname()[1]
        ear = Ear()
        await open_websocket(f"ws://127.0.0.1:{port}/ws", ear)
        assert await ear.hears(2) == [b"fragmented", b"whole"]
        assert await ear.end() == (4409, "session_replaced")


async def test_a_refused_handshake_is_a_clear_error() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 10\r\n\r\nbad_origin")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(HubbubError, match="403"):
            await open_websocket(f"ws://127.0.0.1:{port}/ws", Ear())


async def test_a_server_that_hangs_up_is_lost_with_1006(opener: Opener) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        ear = Ear()
        link = await open_tcp(f"127.0.0.1:{port}", ear)
        link.send(b"?")
        assert (await ear.end())[0] == 1006
        with pytest.raises(HubbubError):
            await open_websocket(f"ws://127.0.0.1:{port}/ws", Ear())


@pytest.mark.parametrize("echo", [tcp_echo, lambda: websocket_echo(False)], ids=["tcp", "websocket"])
def test_a_link_works_on_uvloop_too(echo: Callable[[], AbstractAsyncContextManager[Opener]]) -> None:
    async def plays() -> None:
        async with echo() as opener:
            ear = Ear()
            link = await opener(ear, None)
            link.send(b"hi")
            assert await ear.hears(1) == [b"hi"]
            link.close()
            await ear.end()

    uvloop.run(plays())

"""HTTP/1.1 over real sockets: what is sent, what is read, and how each kind of trouble ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hubbub.client.http1 import Content, Http1, HttpTrouble, NoAddress

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PATIENCE_S = 5.0


class Host:
    """A server that a test writes byte by byte; it counts who connects."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self.connections = 0
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serves(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def host_of(serve: Serve) -> AsyncIterator[Host]:
    host = Host(serve)
    server = await asyncio.start_server(host.serves, "127.0.0.1", 0)
    host.port = server.sockets[0].getsockname()[1]
    async with server:
        yield host


async def head_of(reader: asyncio.StreamReader) -> str:
    return (await reader.readuntil(b"\r\n\r\n")).decode()


async def said(http: Http1, method: str = "GET", path: str = "/", content: Content = None) -> tuple[int, bytes]:
    async with asyncio.timeout(PATIENCE_S), http.call(method, path, {}, content) as answer:
        return answer.status, await answer.read(1000)


@pytest.fixture
async def seen() -> list[str]:
    return []


async def test_one_connection_serves_call_after_call(seen: list[str]) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            seen.append(await head_of(reader))
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")

    async with host_of(serve) as host:
        http = Http1(host.url + "/below/", timeout_s=1)
        assert [await said(http, path="/one?a=b"), await said(http, "POST", "/two")] == [(200, b"hi"), (200, b"hi")]
        await http.close()
    assert host.connections == 1
    assert seen[0].startswith(f"GET /below/one?a=b HTTP/1.1\r\nhost: 127.0.0.1:{host.port}\r\n")
    assert "content-length: 0\r\n" in seen[1]


async def test_calls_at_the_same_time_have_connections_of_their_own() -> None:
    both = asyncio.Barrier(2)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        await both.wait()
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    async with host_of(serve) as host:
        http = Http1(host.url, timeout_s=PATIENCE_S)
        assert set(await asyncio.gather(said(http), said(http))) == {(204, b"")}
        await http.close()


async def test_a_connection_the_server_closed_meanwhile_is_not_used_again() -> None:
    closed = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        writer.close()
        await writer.wait_closed()
        closed.set()

    async with host_of(serve) as host:
        http = Http1(host.url, timeout_s=1)
        for _ in range(2):
            assert await said(http) == (200, b"")
            await asyncio.wait_for(closed.wait(), PATIENCE_S)
            closed.clear()
            await asyncio.sleep(0)
        await http.close()
    assert host.connections == 2


async def test_content_without_a_known_length_goes_in_pieces_and_comes_in_pieces(seen: list[str]) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await head_of(reader))
        seen.append((await reader.readuntil(b"0\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n")

    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b"one", b"two"):
            yield piece

    async with host_of(serve) as host:
        http = Http1(host.url, timeout_s=1)
        assert await said(http, "PUT", content=pieces()) == (200, b"abcd")
        await http.close()
    assert "transfer-encoding: chunked" in seen[0]
    assert seen[1] == "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"


async def test_the_answer_of_a_server_that_hangs_up_on_an_upload_is_read() -> None:
    gone = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno")
        await writer.drain()
        writer.close()
        gone.set()

    async def endless() -> AsyncIterator[bytes]:
        await gone.wait()
        for _ in range(100):
            yield b"x" * 1000
            await asyncio.sleep(0.001)

    async with host_of(serve) as host:
        http = Http1(host.url, timeout_s=1)
        # The reset may overtake the answer; then it is the server that went away, in words.
        with contextlib.suppress(HttpTrouble):
            assert (await said(http, "POST", content=endless()))[0] == 413
        await http.close()


@pytest.mark.parametrize(
    "bytes_sent",
    [
        b"",
        b"not http at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000,
    ],
    ids=["nothing", "nonsense", "half", "an endless header"],
)
async def test_what_is_no_whole_answer_is_trouble(bytes_sent: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(bytes_sent)

    async with host_of(serve) as host:
        http = Http1(host.url, timeout_s=1)
        with pytest.raises(HttpTrouble):
            await said(http)
        await http.close()


async def test_a_silent_server_is_given_up_after_the_deadline() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with host_of(serve) as host:
        http = Http1(host.url, timeout_s=0.05)
        with pytest.raises(HttpTrouble, match="in time"):
            await said(http)
        await http.close()


async def test_an_answer_larger_than_the_reader_takes_is_trouble() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n" + b"x" * 5000)

    async with host_of(serve) as host:
        http = Http1(host.url, timeout_s=1)
        with pytest.raises(HttpTrouble, match="larger than 1000 bytes"):
            await said(http)
        await http.close()


async def test_a_file_that_cannot_be_read_is_not_called_a_server_that_cannot_be_reached(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"first"
        raise PermissionError("the disk is gone")

    async with host_of(serve) as host:
        http = Http1(host.url, timeout_s=1)
        with pytest.raises(PermissionError):
            await said(http, "POST", content=pieces())
        await http.close()


@pytest.mark.parametrize("server", ["", "chat.example", "ftp://chat.example", "http://", "http://[half"])
async def test_what_is_no_address_is_called_so(server: str) -> None:
    with pytest.raises(NoAddress):
        await said(Http1(server, timeout_s=1))


async def test_a_closed_port_is_trouble() -> None:
    async with host_of(lambda reader, writer: asyncio.sleep(0)) as host:
        port = host.port
    with pytest.raises(HttpTrouble):
        await said(Http1(f"http://127.0.0.1:{port}", timeout_s=1))

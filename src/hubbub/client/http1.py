"""HTTP/1.1 over one address: the few calls of a chat client, without an HTTP library's dozen of packages.

The form of messages is h11's work (RFC 9112, sans-I/O); this module moves its bytes over asyncio streams, keeps idle
connections for a moment, and puts a deadline on every wait.  It follows no redirects, knows no proxies and no cookies,
unpacks nothing and never sends a request twice: whoever calls knows what may be repeated.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import urlsplit

import h11

from hubbub.client.connection import tls_context

Content = bytes | AsyncIterator[bytes] | None

IDLE_S: Final = 4.0
"""How long a connection is kept for the next call; below the five seconds after which servers usually close it."""

IDLE_LIMIT: Final = 8
OPEN_LIMIT: Final = 64
"""Calls beyond this many wait for their turn."""

_READ_BYTES: Final = 64 * 1024


class HttpTrouble(Exception):
    """No answer came, or none that is HTTP; the sentence says what happened."""


class _HungUp(HttpTrouble):
    """The connection ended."""


class NoAddress(Exception):
    """What was given as a server is no http:// or https:// address."""


@dataclass(slots=True)
class Answer:
    """The beginning of an answer; `pieces` is its content, to be read once."""

    status: int
    headers: Mapping[str, str]
    """By names in lower case."""
    pieces: AsyncIterator[bytes]

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    async def read(self, limit_bytes: int) -> bytes:
        """Return the whole content.  Raises HttpTrouble when it is larger than that."""
        whole = bytearray()
        async for piece in self.pieces:
            whole += piece
            if len(whole) > limit_bytes:
                raise HttpTrouble(f"the answer is larger than {limit_bytes} bytes")
        return bytes(whole)


class Exchange(Protocol):
    """Makes calls to one server; tests bring their own."""

    def call(
        self, method: str, path: str, headers: Mapping[str, str], content: Content
    ) -> AbstractAsyncContextManager[Answer]:
        """Send one request; the answer can be read inside the context.

        Raises HttpTrouble or NoAddress, also while the answer is read.
        """

    async def close(self) -> None:
        """Close the kept connections."""


@dataclass(slots=True)
class _Line:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    state: h11.Connection
    idle_since: float = 0.0


class Http1:
    """An `Exchange` with the server at a URL, whose path stands before that of each call."""

    def __init__(self, server: str, *, timeout_s: float) -> None:
        """`timeout_s` is how long connecting, and each single read or write, may take."""
        self._server = server
        self._timeout_s = timeout_s
        self._tls: ssl.SSLContext | None = None
        self._idle: list[_Line] = []
        self._open = asyncio.Semaphore(OPEN_LIMIT)

    @asynccontextmanager
    async def call(self, method: str, path: str, headers: Mapping[str, str], content: Content) -> AsyncIterator[Answer]:
        """Send one request; the answer can be read inside the context."""
        host, port, tls, prefix = self._address()
        async with self._open:
            line = await self._connect(host, port, tls)
            try:
                request = _request(method, prefix + path, self._host(), headers, content)
                answer = await self._ask(line, request, content)
                yield answer
            except BaseException:
                line.writer.transport.abort()
                raise
            self._put_back(line)

    async def close(self) -> None:
        """Close the kept connections."""
        idle, self._idle = self._idle, []
        for line in idle:
            line.writer.transport.abort()
        # The event loop closes the sockets one turn later.
        await asyncio.sleep(0)

    # ------------------------------------------------------------ connections

    def _address(self) -> tuple[str, int, bool, str]:
        try:
            parts = urlsplit(self._server)
            tls = parts.scheme == "https"
            port = parts.port or (443 if tls else 80)
        except ValueError as exc:
            raise NoAddress(str(exc)) from exc
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise NoAddress(self._server)
        return parts.hostname, port, tls, parts.path.rstrip("/")

    def _host(self) -> str:
        return urlsplit(self._server).netloc.rpartition("@")[2]

    async def _connect(self, host: str, port: int, tls: bool) -> _Line:
        """Return a connection: one that was kept, or a new one."""
        now = asyncio.get_running_loop().time()
        while self._idle:
            line = self._idle.pop()
            # What the server said meanwhile can only be that it closes.
            fresh = now - line.idle_since < IDLE_S and not line.reader.at_eof() and not line.writer.is_closing()
            if fresh:
                return line
            line.writer.transport.abort()
        if tls and self._tls is None:
            # Made late: loading certificates takes longer than a whole connection to a local server.
            self._tls = tls_context()
        with _Troubles():
            async with asyncio.timeout(self._timeout_s):
                reader, writer = await asyncio.open_connection(host, port, ssl=self._tls if tls else None)
        return _Line(reader, writer, h11.Connection(h11.CLIENT, max_incomplete_event_size=_READ_BYTES))

    def _put_back(self, line: _Line) -> None:
        state = line.state
        if state.our_state is h11.DONE and state.their_state is h11.DONE and len(self._idle) < IDLE_LIMIT:
            state.start_next_cycle()
            line.idle_since = asyncio.get_running_loop().time()
            self._idle.append(line)
        else:
            line.writer.transport.abort()

    # ------------------------------------------------------------ one exchange

    async def _ask(self, line: _Line, request: h11.Request, content: Content) -> Answer:
        try:
            await self._write(line, request)
            if isinstance(content, bytes):
                await self._write(line, h11.Data(content))
            elif content is not None:
                async for piece in content:
                    await self._write(line, h11.Data(piece))
            await self._write(line, h11.EndOfMessage())
        except _HungUp:
            # A server that refuses what is being sent answers and hangs up; its answer is worth reading.
            line.state.send_failed()
        while True:
            event = await self._next(line)
            if isinstance(event, h11.Response):
                headers = {name.decode("ascii"): value.decode("latin-1") for name, value in event.headers}
                return Answer(event.status_code, headers, self._pieces(line))

    async def _pieces(self, line: _Line) -> AsyncIterator[bytes]:
        while not isinstance(event := await self._next(line), h11.EndOfMessage):
            if isinstance(event, h11.Data):
                yield bytes(event.data)

    async def _write(self, line: _Line, event: h11.Event) -> None:
        with _Troubles():
            data = line.state.send(event)
            if data:
                line.writer.write(data)
                async with asyncio.timeout(self._timeout_s):
                    await line.writer.drain()

    async def _next(self, line: _Line) -> h11.Event:
        with _Troubles():
            while (event := line.state.next_event()) is h11.NEED_DATA:
                async with asyncio.timeout(self._timeout_s):
                    line.state.receive_data(await line.reader.read(_READ_BYTES))
        if isinstance(event, h11.ConnectionClosed):
            raise HttpTrouble("the server hung up")
        assert isinstance(event, h11.Event), "nothing is asked after the end of an answer"
        return event


class _Troubles:
    """Translates what sockets and h11 raise, once."""

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: object) -> None:
        if isinstance(exc, TimeoutError):
            raise HttpTrouble("no answer in time") from exc
        if isinstance(exc, ConnectionError):
            raise _HungUp(str(exc) or "the server hung up") from exc
        if isinstance(exc, OSError | h11.ProtocolError):
            raise HttpTrouble(str(exc) or type(exc).__name__) from exc


def _request(method: str, target: str, host: str, headers: Mapping[str, str], content: Content) -> h11.Request:
    sent = {"host": host, "accept": "*/*", **headers}
    if isinstance(content, bytes):
        sent["content-length"] = str(len(content))
    elif content is not None:
        sent["transfer-encoding"] = "chunked"
    elif method not in ("GET", "HEAD"):
        sent["content-length"] = "0"
    return h11.Request(method=method, target=target, headers=list(sent.items()))

"""Connections that a check may misuse: whole frames, or bytes that are none, over each transport.

A wire knows no rule.  It carries what it is given, and tells how the connection ended.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from hubbub.wire.codec import BINARY, JSON, Codec
from hubbub.wire.framing import FrameReader, with_length

OPEN_S: Final = 10.0
FRAME_BYTES: Final = 16 * 1024 * 1024


class Kind(StrEnum):
    """The three transports of section 3."""

    BINARY = "websocket"
    JSON = "websocket-json"
    TCP = "tcp"

    @property
    def codec(self) -> Codec:
        return JSON if self is Kind.JSON else BINARY


@dataclass(frozen=True, slots=True)
class End:
    """How a connection ended: a WebSocket's close code and reason; 1006 and nothing where no close frame came."""

    code: int = 1006
    reason: str = ""


class Refused(Exception):
    """The connection was turned away before it began."""

    def __init__(self, status: int, body: bytes = b"") -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.body = body


class Wire(Protocol):
    """One open connection."""

    async def send(self, data: bytes | str) -> None:
        """Send one frame, as binary or as text; after the end it does nothing."""

    async def send_pieces(self, data: bytes) -> None:
        """Send one frame in several pieces."""

    async def receive(self) -> bytes | End:
        """Return the next frame, or how the connection ended."""

    async def close(self) -> None: ...


class WebSocketWire:
    """A wire over a WebSocket."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    @property
    def subprotocol(self) -> str:
        return str(self._socket.subprotocol or "")

    async def send(self, data: bytes | str) -> None:
        try:
            await self._socket.send(data)
        except ConnectionClosed:
            pass

    async def send_pieces(self, data: bytes) -> None:
        """Send one message in fragments, with a control frame between them."""
        pieces = [data[:3], data[3:7], data[7:]]
        if self._socket.subprotocol == JSON.subprotocol:
            await self._socket.send([piece.decode() for piece in pieces])
        else:
            await self._socket.send(pieces)

    async def ping(self) -> None:
        """Send a WebSocket ping and wait for its pong."""
        await (await self._socket.ping())

    async def receive(self) -> bytes | End:
        try:
            data = await self._socket.recv()
        except ConnectionClosed as closed:
            received = closed.rcvd
            return End(received.code, received.reason) if received is not None else End()
        return data.encode() if isinstance(data, str) else data

    async def close(self) -> None:
        await self._socket.close()


class TcpWire:
    """A wire over TCP; the server's frames are cut out here, the client's bytes may be anything."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._frames = FrameReader(FRAME_BYTES)
        self._ready: list[bytes] = []

    async def send(self, data: bytes | str) -> None:
        await self.send_raw(with_length(data.encode() if isinstance(data, str) else data))

    async def send_pieces(self, data: bytes) -> None:
        """Send one frame byte by byte."""
        for byte in with_length(data):
            await self.send_raw(bytes((byte,)))

    async def send_raw(self, data: bytes) -> None:
        """Send bytes that need not be a frame."""
        try:
            self._writer.write(data)
            await self._writer.drain()
        except ConnectionError:
            pass

    async def receive(self) -> bytes | End:
        while not self._ready:
            try:
                data = await self._reader.read(65536)
            except ConnectionError:
                return End()
            if not data:
                return End()
            self._ready += self._frames.feed(data)
        return self._ready.pop(0)

    async def close(self) -> None:
        self._writer.close()
        await asyncio.gather(self._writer.wait_closed(), return_exceptions=True)


async def open_websocket(url: str, subprotocols: list[str], *, origin: str = "") -> WebSocketWire:
    """Open a WebSocket.  Raises Refused, OSError or TimeoutError."""
    options: dict[str, Any] = {"origin": origin} if origin else {}
    try:
        socket = await connect(
            url,
            subprotocols=[Subprotocol(name) for name in subprotocols] or None,
            compression=None,
            ping_interval=None,
            open_timeout=OPEN_S,
            close_timeout=1.0,
            max_size=FRAME_BYTES,
            proxy=None,
            **options,
        )
    except InvalidStatus as refused:
        raise Refused(refused.response.status_code, bytes(refused.response.body or b"")) from refused
    except InvalidHandshake as refused:
        raise Refused(0) from refused
    return WebSocketWire(socket)


async def open_tcp(address: str) -> TcpWire:
    """Open a TCP connection to host:port.  Raises OSError or TimeoutError."""
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    async with asyncio.timeout(OPEN_S):
        return TcpWire(*await asyncio.open_connection(host.strip("[]"), int(port)))

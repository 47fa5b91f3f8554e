"""Raw TCP connections: protobuf frames behind a varint length, with or without TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence
from typing import cast

from hubbub.gateway.encoding import Encoding
from hubbub.gateway.gateway import Gateway
from hubbub.gateway.session import Session
from hubbub.wire.framing import FrameReader


class TcpLink(asyncio.Protocol):
    """The link of one TCP connection."""

    __slots__ = ("_closing", "_cut", "_ended", "_gateway", "_reader", "_session", "_transport")

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._reader = FrameReader(gateway.settings.frame_bytes)
        self._closing = False
        self._cut: asyncio.TimerHandle | None = None
        self._ended: asyncio.Future[None] | None = None

    # ------------------------------------------------------------ from the loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        high = self._gateway.settings.outbox_bytes
        self._transport.set_write_buffer_limits(high=high, low=high // 4)
        if self._gateway.draining or self._gateway.full:
            # Without a word: waiting until a flood has read why would keep what turning it away is to save.
            self._closing = True
            self._transport.close()
        self._session: Session = self._gateway.open(self, Encoding.TCP)

    def data_received(self, data: bytes) -> None:
        if self._closing:
            return
        session = self._session
        for frame in self._reader.feed(data):
            session.receive(frame)
        if self._reader.error is not None:
            session.end(self._reader.error.code, message=self._reader.error.message)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._closing = True
        if self._cut is not None:
            self._cut.cancel()
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)
        self._session.lost()

    def pause_writing(self) -> None:
        self._session.stalled()

    def resume_writing(self) -> None:
        self._session.drained()

    # ------------------------------------------------------------ from the session

    def write(self, frames: Sequence[bytes]) -> None:
        if not self._closing:
            self._transport.write(frames[0] if len(frames) == 1 else b"".join(frames))

    def buffered(self) -> int:
        return self._transport.get_write_buffer_size()

    def pause_reading(self) -> None:
        if not self._closing and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if not self._closing and not self._transport.is_closing():
            self._transport.resume_reading()

    def close(self, code: int, reason: str) -> None:
        """End the connection; the error frame before it was the reason.

        Our side is shut first and the peer's rest read and dropped, because closing with unread data would reset the
        connection and could take the reason with it.
        """
        if self._closing or self._transport.is_closing():
            return
        self._closing = True
        if self._transport.can_write_eof():
            self._transport.resume_reading()
            self._transport.write_eof()
        else:
            self._transport.close()
        self._cut = asyncio.get_running_loop().call_later(self._gateway.settings.close_timeout_s, self.abort)

    def abort(self) -> None:
        self._closing = True
        self._transport.abort()

    async def closed(self) -> None:
        if not self._transport.is_closing():
            if self._ended is None:
                self._ended = asyncio.get_running_loop().create_future()
            await self._ended


async def serve_tcp(
    gateway: Gateway, sock: socket.socket, *, tls: ssl.SSLContext | None = None, backlog: int = 2048
) -> asyncio.Server:
    """Serve TCP clients on a bound socket.

    Close the returned server before the gateway is stopped.
    """
    return await asyncio.get_running_loop().create_server(
        lambda: TcpLink(gateway),
        sock=sock,
        ssl=tls,
        backlog=backlog,
        ssl_handshake_timeout=gateway.settings.hello_timeout_s if tls is not None else None,
    )

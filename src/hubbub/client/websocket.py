"""Frames over a WebSocket, one message each.

The handshake, control frames, fragments and everything unusual go through the sans-I/O core of `websockets`.  Whole
data messages, which are nearly all of the traffic, are cut out of the buffer and masked here: that is ten times
cheaper, and safe because both sides only ever switch at the end of a frame.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import struct
from typing import Final

from websockets.client import ClientProtocol
from websockets.frames import DATA_OPCODES, CloseCode, Frame, Opcode
from websockets.protocol import OPEN
from websockets.speedups import apply_mask
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from hubbub.client.connection import MAX_FRAME_BYTES, Link, Receiver, StreamLink, Tap
from hubbub.client.errors import NORMAL, UNREACHABLE, HubbubError

BINARY: Final = Subprotocol("hubbub.v1.protobuf")
JSON: Final = Subprotocol("hubbub.v1.json")

MAX_HEAD_BYTES: Final = 65536
"""The longest answer to a handshake."""

_FIN: Final = 0x80


class WebSocketLink(StreamLink):
    """A link over a WebSocket."""

    def __init__(self, url: str, subprotocol: Subprotocol, receiver: Receiver, tap: Tap | None) -> None:
        super().__init__(receiver, tap)
        self._core = ClientProtocol(parse_uri(url), subprotocols=[subprotocol], max_size=MAX_FRAME_BYTES)
        self._data_byte = _FIN | (Opcode.TEXT if subprotocol == JSON else Opcode.BINARY)
        self._opened = False
        self._buffer = b""
        self._fragments: list[bytes] = []
        self.opened: asyncio.Future[None] = self._loop.create_future()
        """Done when the handshake succeeded; fails with HubbubError."""

    # ------------------------------------------------------------ out

    def send(self, data: bytes) -> None:
        """Write one frame; after the end it does nothing."""
        if self._ended or self._core.state is not OPEN:
            return
        self.saw_out(data)
        size = len(data)
        # RFC 6455 section 5.1: a client MUST mask all frames that it sends to the server.
        key = os.urandom(4)
        if size < 126:
            head = bytes((self._data_byte, 0x80 | size))
        elif size < 65536:
            head = struct.pack("!BBH", self._data_byte, 0x80 | 126, size)
        else:
            head = struct.pack("!BBQ", self._data_byte, 0x80 | 127, size)
        self.write(head + key + apply_mask(data, key))

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Send a close frame; the peer's answer ends the link."""
        if self._core.state is OPEN:
            self._core.send_close(code, reason)
            self._write_core()
        else:
            self.abort()

    # ------------------------------------------------------------ in

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._core.send_request(self._core.connect())
        self._write_core()

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        if not self._opened:
            buffer = self._handshake(buffer)
        start, end = 0, len(buffer)
        while end - start >= 2 and not self._ended:
            size = buffer[start + 1]
            body = start + 2
            if size == 126:
                if end < body + 2:
                    break
                size = int.from_bytes(buffer[body : body + 2], "big")
                body += 2
            elif size == 127:
                if end < body + 8:
                    break
                size = int.from_bytes(buffer[body : body + 8], "big")
                body += 8
            elif size > 127:
                # RFC 6455 section 5.1: a server MUST NOT mask.  The core knows how to say so.
                self._core_received(buffer[start:])
                return
            if size > MAX_FRAME_BYTES:
                self._core.fail(CloseCode.MESSAGE_TOO_BIG)
                self._write_core()
                self._finish_writing()
                return
            if end < body + size:
                break
            frame_start, start = start, body + size
            if buffer[frame_start] == self._data_byte and not self._fragments and self._core.state is OPEN:
                self.deliver(buffer[body:start])
            else:
                self._core_received(buffer[frame_start:start])
        self._buffer = buffer[start:]

    def eof_received(self) -> bool:
        self._core.receive_eof()
        self._write_core()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(HubbubError(UNREACHABLE, "The server hung up during the handshake.", retry=True))
        super().connection_lost(exc)

    def _handshake(self, buffer: bytes) -> bytes:
        """Read the answer to the handshake; return the frames behind it."""
        head, blank, rest = buffer.partition(b"\r\n\r\n")
        if not blank and self._core.handshake_exc is None and len(head) < MAX_HEAD_BYTES:
            return buffer
        self._core_received(head + blank)
        if self._core.state is OPEN:
            self._opened = True
            self.opened.set_result(None)
            return rest
        self._core_received(rest)
        failure = self._core.handshake_exc or "no answer"
        if not self.opened.done():
            self.opened.set_exception(HubbubError(UNREACHABLE, f"The handshake was refused: {failure}", retry=True))
        self.abort()
        return b""

    def _core_received(self, data: bytes) -> None:
        """Give the core whole frames, so that it never holds a part of one."""
        self._core.receive_data(data)
        for event in self._core.events_received():
            if not isinstance(event, Frame):
                continue
            if event.opcode in DATA_OPCODES:
                self._fragments.append(bytes(event.data))
                if event.fin:
                    whole, self._fragments = b"".join(self._fragments), []
                    self.deliver(whole)
            elif event.opcode is Opcode.CLOSE and self._core.close_rcvd is not None:
                self._close_code, self._close_reason = self._core.close_rcvd.code, self._core.close_rcvd.reason
        self._write_core()
        if self._opened and self._core.close_expected():
            self._finish_writing()

    def _write_core(self) -> None:
        for data in self._core.data_to_send():
            if data:
                self.write(data)


async def open_websocket(
    url: str,
    receiver: Receiver,
    tap: Tap | None = None,
    *,
    json: bool = False,
    tls: ssl.SSLContext | None = None,
    timeout_s: float = 10,
) -> Link:
    """Connect to a ws:// or wss:// address and shake hands.

    Raises OSError, TimeoutError, or HubbubError when the handshake is refused.
    """
    target = parse_uri(url)
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(timeout_s):
        _, link = await loop.create_connection(
            lambda: WebSocketLink(url, JSON if json else BINARY, receiver, tap),
            target.host,
            target.port,
            ssl=tls if target.secure else None,
        )
        try:
            await link.opened
        except BaseException:
            link.abort()
            raise
    return link

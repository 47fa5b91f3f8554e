"""Frames over a plain TCP stream: each is preceded by its length as a varint.

There is no close handshake: an error frame says why, then the stream ends.
"""

from __future__ import annotations

import asyncio
import ssl
from urllib.parse import urlsplit

from hubbub.client.connection import MAX_FRAME_BYTES, Link, Receiver, StreamLink, Tap
from hubbub.client.errors import NORMAL, UNREACHABLE, HubbubError
from hubbub.wire.framing import FrameReader, with_length


class TcpLink(StreamLink):
    """A link over TCP, optionally inside TLS."""

    def __init__(self, receiver: Receiver, tap: Tap | None) -> None:
        super().__init__(receiver, tap)
        self._frames = FrameReader(MAX_FRAME_BYTES)

    def send(self, data: bytes) -> None:
        """Write one frame; after the end it does nothing."""
        if not self._ended:
            self.saw_out(data)
            self.write(with_length(data))

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Finish writing and hang up."""
        self._close_code, self._close_reason = code, reason
        self._finish_writing()

    def data_received(self, data: bytes) -> None:
        for frame in self._frames.feed(data):
            self.deliver(frame)
        if self._frames.error is not None:
            self.abort()


async def open_tcp(
    address: str,
    receiver: Receiver,
    tap: Tap | None = None,
    *,
    tls: ssl.SSLContext | None = None,
    timeout_s: float = 10,
) -> Link:
    """Connect to `host:port`, or to `tcp://host:port`.

    Raises OSError, TimeoutError, or HubbubError for something that is no address.
    """
    parts = urlsplit(address if "//" in address else f"//{address}")
    host, port = parts.hostname, parts.port
    if host is None or port is None:
        raise HubbubError(UNREACHABLE, f"{address} is not host:port.")
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(timeout_s):
        _, link = await loop.create_connection(lambda: TcpLink(receiver, tap), host, port, ssl=tls)
    return link

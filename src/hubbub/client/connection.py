"""One connection to a server, whatever it runs over: frames out, frames in, and why it ended.

A `Link` carries whole frames and knows nothing of what they say.  It calls its `Receiver` straight from the event
loop's read callback (no task and no queue per frame, so one process can drive hundreds of busy clients), and it writes
everything sent in one turn of the loop at once.  A tap sees each frame's bytes before anything looks at them, so that a
checker can record what really came.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Final, Literal, Protocol, cast

from hubbub.client.errors import ABNORMAL, NORMAL

Direction = Literal["in", "out"]
Tap = Callable[[Direction, bytes, int], None]
"""Called with the direction, one frame's bytes and `time.monotonic_ns()`, before the frame is decoded or sent."""

MAX_FRAME_BYTES: Final = 16 * 1024 * 1024
"""The largest frame a client takes from a server."""


class Transport(StrEnum):
    """How frames travel."""

    WEBSOCKET = "websocket"
    WEBSOCKET_JSON = "websocket-json"
    TCP = "tcp"


class Receiver(Protocol):
    """Who hears a link.  Both methods are called in the event loop and never block."""

    def frame_received(self, data: bytes) -> None: ...

    def link_lost(self, close_code: int, reason: str) -> None:
        """The end, called once; 1006 when the peer said nothing."""


class Link(Protocol):
    """An open connection."""

    def send(self, data: bytes) -> None:
        """Write one frame; after the end it does nothing."""

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Say goodbye; `link_lost` follows when the peer agrees, or after `abort`."""

    def abort(self) -> None:
        """Drop the connection now."""


class Connector(Protocol):
    """Opens a link to an address; tests and load generators bring their own."""

    async def __call__(self, address: str, receiver: Receiver, tap: Tap | None) -> Link:
        """Raises OSError, TimeoutError or HubbubError."""


class StreamLink(asyncio.Protocol):
    """What every link over a byte stream shares: one write a turn, one report of the end."""

    def __init__(self, receiver: Receiver, tap: Tap | None) -> None:
        self._receiver = receiver
        self._tap = tap
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._pending: list[bytes] = []
        self._ended = False
        self._close_code = ABNORMAL
        self._close_reason = ""

    # ------------------------------------------------------------ for subclasses

    def write(self, data: bytes) -> None:
        """Add bytes to what this turn of the loop writes."""
        if not self._pending:
            self._loop.call_soon(self._flush)
        self._pending.append(data)

    def saw_out(self, data: bytes) -> None:
        """Show the tap a frame that is about to be sent."""
        if self._tap is not None:
            self._tap("out", data, time.monotonic_ns())

    def deliver(self, data: bytes) -> None:
        """Hand one received frame on."""
        if self._tap is not None:
            self._tap("in", data, time.monotonic_ns())
        self._receiver.frame_received(data)

    def end(self, code: int, reason: str) -> None:
        """Report the end, the first time only."""
        if not self._ended:
            self._ended = True
            self._receiver.link_lost(code, reason)

    @property
    def ended(self) -> bool:
        return self._ended

    # ------------------------------------------------------------ asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods of one, and are none.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._pending.clear()
        self.end(self._close_code, self._close_reason)

    def abort(self) -> None:
        """Drop the connection now."""
        if self._transport is not None:
            self._transport.abort()

    def _flush(self) -> None:
        pending, self._pending = self._pending, []
        if self._transport is not None and pending:
            self._transport.write(pending[0] if len(pending) == 1 else b"".join(pending))

    def _finish_writing(self) -> None:
        self._flush()
        if self._transport is not None:
            self._transport.close()


def tls_context(verify: bool = True) -> ssl.SSLContext:
    """Return the context for encrypted addresses."""
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context

"""One connection's conversation with the server: requests and answers, pushes, heartbeats.

It decodes each frame once, hands an answer to whoever asked and a push to its owner, all inside the read callback.  It
ends exactly once, with the error that says why.  What outlives a connection (order, outbox, cursors) is not its affair.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from hubbub.base.clock import Clock
from hubbub.base.error_table import Code
from hubbub.base.errors import ChatError
from hubbub.client.connection import Link
from hubbub.client.errors import ABNORMAL, HubbubError, from_close, from_wire
from hubbub.wire import hubbub_pb2 as pb
from hubbub.wire.codec import FRAME_BYTES, Codec, UnknownFrame

Answer = Callable[[Any], None]
"""Gets the body of the answering frame, or a HubbubError."""

Push = Callable[[str, Any], None]
"""Gets the name and the body of a frame nobody asked for."""

TICK_S: Final = 1.0
"""How often deadlines and heartbeats are looked at."""

DEFAULT_HEARTBEAT_S: Final = 25.0


class Session:
    """Speaks over one link.  Made before the link, so that it can be the link's receiver."""

    def __init__(self, codec: Codec, clock: Clock, push: Push, *, heartbeat_s: float = DEFAULT_HEARTBEAT_S) -> None:
        self._codec = codec
        self._clock = clock
        self._push = push
        self._link: Link | None = None
        self._next_id = 0
        self._waiting: dict[int, tuple[Answer, float]] = {}
        self._heard = clock.monotonic()
        self._spoke = self._heard
        self._said: HubbubError | None = None
        """The last error frame that answered nothing: why the connection is about to end."""
        self.heartbeat_s = heartbeat_s
        self.limit_bytes = FRAME_BYTES
        self.established = False
        """Whether the hello was accepted; until then every refusal is about the connection itself."""
        self.lost: asyncio.Future[HubbubError] = asyncio.get_running_loop().create_future()
        """Done, with the reason as its result, when the connection has ended."""

    def attach(self, link: Link) -> None:
        """Begin to speak over a link that was opened with this session as its receiver."""
        self._link = link
        self._heard = self._spoke = self._clock.monotonic()

    def welcome(self, welcome: pb.Welcome) -> None:
        """Take what the server decided for this session."""
        self.established = True
        if welcome.heartbeat_ms:
            self.heartbeat_s = welcome.heartbeat_ms / 1000
        self.limit_bytes = welcome.limits.frame_bytes or self.limit_bytes

    # ------------------------------------------------------------ requests

    @property
    def open_requests(self) -> int:
        return len(self._waiting)

    def request(self, frame: pb.ClientFrame, answer: Answer, *, timeout_s: float = 10.0) -> None:
        """Send a request; `answer` is called once: with the answer, a refusal, `timeout`, or the loss of the link.

        Raises HubbubError when the frame cannot be encoded.
        """
        self._next_id += 1
        frame.id = self._next_id
        try:
            data = self._codec.encode(frame)
        except ValueError as exc:
            raise HubbubError(Code.BAD_REQUEST, f"The frame cannot be encoded: {exc}") from exc
        if len(data) > self.limit_bytes:
            raise HubbubError(Code.TOO_LARGE)
        if self._link is None or self.lost.done():
            answer(self._loss())
            return
        now = self._clock.monotonic()
        self._waiting[frame.id] = (answer, now + timeout_s)
        self._spoke = now
        self._link.send(data)

    async def ask(self, frame: pb.ClientFrame, *, timeout_s: float = 10.0) -> Any:
        """Send a request and return the body of its answer.

        Raises HubbubError.
        """
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def answered(body: Any) -> None:
            if not future.done():
                future.set_result(body)

        self.request(frame, answered, timeout_s=timeout_s)
        body = await future
        if isinstance(body, HubbubError):
            raise body
        return body

    def tell(self, frame: pb.ClientFrame) -> None:
        """Send a frame that needs no answer."""
        if self._link is not None and not self.lost.done():
            self._spoke = self._clock.monotonic()
            self._link.send(self._codec.encode(frame))

    def close(self) -> None:
        """Begin to say goodbye; `lost` follows."""
        if self._link is not None:
            self._link.close()

    def abort(self, error: HubbubError | None = None) -> None:
        """Drop the connection now, for `error`."""
        self._end(error or self._loss())
        if self._link is not None:
            self._link.abort()

    # ------------------------------------------------------------ what the link reports

    def frame_received(self, data: bytes) -> None:
        self._heard = self._clock.monotonic()
        try:
            frame, kind = self._codec.decode_server(data)
        except UnknownFrame as unknown:
            # A newer server's push is none of our business; an answer must not leave its asker waiting.
            self._answer(unknown.frame_id, HubbubError(Code.UNKNOWN_FRAME))
            return
        except ChatError as exc:
            self.abort(HubbubError(exc.code, "The server sent a frame that cannot be read.", retry=True))
            return
        body = getattr(frame, kind)
        if frame.reply_to:
            if kind == "error":
                body = from_wire(body)
                if not self.established:
                    self._said = body
            self._answer(frame.reply_to, body)
        elif kind == "ping":
            self.tell(pb.ClientFrame(pong=pb.Pong(data=body.data)))
        elif kind == "error":
            self._said = from_wire(body)
        elif kind != "pong":
            self._push(kind, body)

    def link_lost(self, close_code: int, reason: str) -> None:
        self._end(self._said or from_close(close_code, reason))

    def _answer(self, request_id: int, body: Any) -> None:
        waiting = self._waiting.pop(request_id, None)
        if waiting is not None:
            waiting[0](body)

    def _end(self, error: HubbubError) -> None:
        if self.lost.done():
            return
        self.lost.set_result(error)
        waiting, self._waiting = self._waiting, {}
        for answer, _ in waiting.values():
            answer(error)

    def _loss(self) -> HubbubError:
        return self.lost.result() if self.lost.done() else from_close(ABNORMAL, "")

    # ------------------------------------------------------------ time

    def tick(self) -> None:
        """Look at deadlines and heartbeats; called every `TICK_S` or so."""
        now = self._clock.monotonic()
        for request_id, (answer, deadline) in list(self._waiting.items()):
            if now >= deadline:
                del self._waiting[request_id]
                answer(HubbubError(Code.TIMEOUT))
        if now - self._heard >= 2 * self.heartbeat_s:
            # protocol.md 4.11: nothing for two intervals means that the connection is dead, whatever TCP believes.
            self.abort(HubbubError(Code.HEARTBEAT_MISSED, "The server stopped answering."))
        elif now - self._spoke >= self.heartbeat_s:
            self.tell(pb.ClientFrame(ping=pb.Ping()))

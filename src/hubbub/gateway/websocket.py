"""WebSocket connections, by picows behind uvicorn's HTTP port.

uvicorn reads the upgrade request and hands it on; picows answers it and cuts frames; what RFC 6455 leaves to the
application (fragments, reserved bits, closing) is here.  Frames to clients arrive ready made and go straight to the
transport.  Nothing that identifies a person is read from the request: the token comes with hello.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import msgspec
from multidict import CIMultiDict
from picows import WSAutoPingStrategy, WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, WSUpgradeResponse
from picows.common import WSUpgradeResponseWithListener
from picows.picows import WSProtocol  # type: ignore[attr-defined]

from hubbub.base.errors import TABLE, Code
from hubbub.cluster.tickets import is_socket_path, ticket_in
from hubbub.gateway.encoding import Encoding
from hubbub.gateway.gateway import Gateway
from hubbub.gateway.session import Session
from hubbub.wire.codec import SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON
from hubbub.wire.framing import OPCODE_CLOSE, OPCODE_PONG, websocket_close, websocket_message

_ENCODINGS = {SUBPROTOCOL_BINARY: Encoding.WS_BINARY, SUBPROTOCOL_JSON: Encoding.WS_JSON}

_PROTOCOL_ERROR = 1002

_READ_BUFFER_BYTES = 2048

# Not a Logger: picows would make a child of it for every connection.
_log: Any = logging.LoggerAdapter(logging.getLogger("picows"), {})
logging.getLogger("picows").setLevel(logging.WARNING)


class SocketLink(WSListener):
    """The link of one WebSocket."""

    __slots__ = (
        "_closing",
        "_cut",
        "_encoding",
        "_ended",
        "_gateway",
        "_parts",
        "_session",
        "_transport",
        "_write",
    )

    def __init__(self, gateway: Gateway, encoding: Encoding) -> None:
        self._gateway = gateway
        self._encoding = encoding
        self._closing = False
        self._parts: bytearray | None = None
        self._cut: asyncio.TimerHandle | None = None
        self._ended: asyncio.Future[None] | None = None

    # ------------------------------------------------------------ from picows

    def on_ws_connected(self, transport: WSTransport) -> None:
        stream = self._transport = transport.underlying_transport
        self._write = stream.write
        high = self._gateway.settings.outbox_bytes
        stream.set_write_buffer_limits(high=high, low=high // 4)
        # The request and its answer live as long as the connection; their headers need not.
        transport.request.headers = transport.response.headers = CIMultiDict()
        self._session: Session = self._gateway.open(self, self._encoding)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if self._closing:
            if kind == WSMsgType.CLOSE:
                self._transport.close()
            return
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            # RFC 6455 section 5.2: reserved bits MUST be 0 unless an extension is negotiated; none is.
            self._break()
            return
        if kind == (WSMsgType.TEXT if self._encoding == Encoding.WS_JSON else WSMsgType.BINARY):
            if self._parts is not None:
                self._break()
            elif frame.fin:
                self._session.receive(frame.get_payload_as_bytes())
            else:
                self._parts = bytearray(frame.get_payload_as_bytes())
        elif kind == WSMsgType.CONTINUATION:
            self._continue(frame)
        elif kind == WSMsgType.PING:
            # Section 5.5.2: an endpoint MUST send a Pong frame in response, with the same application data.
            self._session.sign_of_life()
            self._session.write(websocket_message(OPCODE_PONG, frame.get_payload_as_bytes()))
        elif kind == WSMsgType.PONG:
            self._session.sign_of_life()
        elif kind == WSMsgType.CLOSE:
            self._answer_close(frame.get_payload_as_bytes()[:2])
        else:
            self._session.end(Code.BAD_FRAME)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
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
            self._write(frames[0] if len(frames) == 1 else b"".join(frames))

    def buffered(self) -> int:
        return self._transport.get_write_buffer_size()

    def pause_reading(self) -> None:
        if not self._closing and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if not self._closing and not self._transport.is_closing():
            self._transport.resume_reading()

    def close(self, code: int, reason: str) -> None:
        """Send a close frame and wait for the peer's; cut the connection if none comes."""
        if self._closing or self._transport.is_closing():
            return
        self._closing = True
        self._write(websocket_close(code, reason))
        # Section 7.1.1: the server closes first, but only once the peer had its chance to read why.
        self._transport.resume_reading()
        self._cut = asyncio.get_running_loop().call_later(self._gateway.settings.close_timeout_s, self.abort)

    def abort(self) -> None:
        self._closing = True
        self._transport.abort()

    async def closed(self) -> None:
        if not self._transport.is_closing():
            if self._ended is None:
                self._ended = asyncio.get_running_loop().create_future()
            await self._ended

    # ------------------------------------------------------------ RFC 6455

    def _continue(self, frame: WSFrame) -> None:
        """Join a fragment (section 5.4); the whole has the limit of a single frame."""
        parts = self._parts
        if parts is None:
            self._break()
            return
        if len(parts) + frame.payload_size > self._gateway.settings.frame_bytes:
            self._session.end(Code.TOO_LARGE)
            return
        parts += frame.get_payload_as_bytes()
        if frame.fin:
            self._parts = None
            self._session.receive(bytes(parts))

    def _answer_close(self, code: bytes) -> None:
        """Answer the peer's close frame with its own code (section 5.5.1) and let go."""
        self._session.flush()
        self._closing = True
        self._write(websocket_message(OPCODE_CLOSE, code))
        self._transport.close()
        self._session.lost()

    def _break(self) -> None:
        """Fail the connection: the peer does not keep to RFC 6455."""
        self._session.flush()
        self.close(_PROTOCOL_ERROR, "protocol_error")
        self._session.lost()


# ---------------------------------------------------------------- the upgrade


def refusal(status: HTTPStatus, code: Code) -> WSUpgradeResponseWithListener:
    """Return an answer that refuses the upgrade, with the error as a body."""
    body = {"code": code.value, "title": TABLE[code].en, "status": int(status), "retry": TABLE[code].retry}
    response = WSUpgradeResponse.create_error_response(
        status, msgspec.json.encode(body), {"Content-Type": "application/problem+json"}
    )
    return WSUpgradeResponseWithListener(response, None)


def origin_is_allowed(origin: str | None, host: str, allowed: Sequence[str]) -> bool:
    """Whether a page of this origin may connect: no page, the server's own, or one that was named."""
    if origin is None or "*" in allowed or origin in allowed:
        return True
    try:
        return urlsplit(origin).netloc.lower() == host.lower() != ""
    except ValueError:
        return False


def choose_subprotocol(offers: Sequence[str]) -> str | None:
    """Return the first of the client's subprotocols that is spoken here."""
    for offer in offers:
        for name in offer.split(","):
            if name.strip() in _ENCODINGS:
                return name.strip()
    return None


def protocol_class(gateway: Gateway, *, ticketed: Callable[[str], bool] | None = None) -> type[asyncio.BaseProtocol]:
    """Return what uvicorn takes as `ws`: a protocol whose sessions belong to this gateway.

    `ticketed` says whether a ticket is good, where tickets are given; who has one gets in before others.
    """
    settings = gateway.settings

    def upgrade(request: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
        try:
            return decide(request)
        except Exception:
            # picows would send the text of an exception to the client.
            _log.exception("an upgrade failed")
            return refusal(HTTPStatus.INTERNAL_SERVER_ERROR, Code.INTERNAL_ERROR)

    def decide(request: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
        headers = request.headers
        path, _, query = request.path.decode("latin-1").partition("?")
        if not is_socket_path(path):
            return refusal(HTTPStatus.NOT_FOUND, Code.NOT_FOUND)
        if not origin_is_allowed(headers.get("Origin"), headers.get("Host", ""), settings.origins):
            return refusal(HTTPStatus.FORBIDDEN, Code.BAD_ORIGIN)
        subprotocol = choose_subprotocol(headers.getall("Sec-WebSocket-Protocol", []))
        if subprotocol is None:
            return refusal(HTTPStatus.BAD_REQUEST, Code.UNSUPPORTED_PROTOCOL)
        if gateway.draining:
            return refusal(HTTPStatus.SERVICE_UNAVAILABLE, Code.GOING_AWAY)
        if gateway.full or (ticketed is not None and gateway.crowded and not ticketed(ticket_in(query))):
            return refusal(HTTPStatus.SERVICE_UNAVAILABLE, Code.OVERLOADED)
        response = WSUpgradeResponse.create_101_response({"Sec-WebSocket-Protocol": subprotocol})
        return WSUpgradeResponseWithListener(response, SocketLink(gateway, _ENCODINGS[subprotocol]))

    class GatewayProtocol(WSProtocol):  # type: ignore[misc]
        """One connection, handed over by uvicorn with its upgrade request."""

        __slots__ = ()

        def __init__(self, config: Any, server_state: Any, app_state: Any, _loop: Any = None) -> None:
            super().__init__(
                None,
                None,
                False,
                upgrade,
                _log,
                True,
                settings.hello_timeout_s,
                False,
                0,
                0,
                WSAutoPingStrategy.PING_WHEN_IDLE,
                False,
                settings.frame_bytes,
                None,
                _READ_BUFFER_BYTES,
            )

        def data_received(self, data: bytes) -> None:
            """Take what uvicorn had read already."""
            rest = memoryview(data)
            while rest:
                room = self.get_buffer(len(rest))
                size = min(len(room), len(rest))
                room[:size] = rest[:size]
                self.buffer_updated(size)
                rest = rest[size:]

    return GatewayProtocol

"""The HTTP and WebSocket port: uvicorn, with the gaps closed that it leaves to its user.

The gaps are in its HTTP protocol (no limit on the bytes or the time of a request head, none on how many connections are
open or on how long a peer may leave a body unfinished or an answer unread, and what follows an upgrade request in the
same segment is lost) and in its server (it takes the process's signals for itself).  Connections that became WebSockets
belong to the gateway and are closed by it; this module prints nothing and installs no handler.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl as ssl_module
from collections.abc import AsyncIterator, Generator
from typing import Any

import httptools
import msgspec
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from hubbub.base.errors import ChatError, Code
from hubbub.rest.problems import PROBLEM_TYPE, problem_of

_KEPT = frozenset(
    {b"host", b"upgrade", b"origin", b"sec-websocket-key", b"sec-websocket-version", b"sec-websocket-protocol"}
)
"""Headers of an upgrade that anybody reads; the others, cookies above all, would only grow a buffer that stays."""


class HeadProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with limits on connections and on a request's head, and upgrades that lose nothing."""

    head_bytes = 16 * 1024
    head_timeout_s = 10.0
    open_at_most = 4_096
    unread_timeout_s = 30.0

    _in_head = True
    _read_bytes = 0
    _head_timer: asyncio.TimerHandle | None = None
    _unread_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.open_at_most:
            self._refuse(503, b"Service Unavailable", Code.OVERLOADED)
            return
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self._stop_unread_timer()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        # Runs on when the connection is closed meanwhile: closing waits for ever for a peer that does not read.
        self._unread_timer = self.loop.call_later(self.unread_timeout_s, self.transport.abort)

    def resume_writing(self) -> None:
        self._stop_unread_timer()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self._in_head:
            self._read_bytes += len(data)
            if self._head_timer is None:
                self._await_head()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._should_upgrade():
                self._upgrade(data[upgrade.args[0] :])
            else:
                self._unsupported_upgrade_warning()
            return
        except httptools.HttpParserError:
            if not self.transport.is_closing():
                self._refuse(400, b"Bad Request", Code.BAD_REQUEST)
            return
        # Judged after parsing: a request whose body came along with its head is not a long head.
        if self._in_head and self._read_bytes > self.head_bytes:
            self._refuse(431, b"Request Header Fields Too Large", Code.HEADER_TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._read_bytes = 0
        self._stop_timer()
        if sum(len(name) + len(value) for name, value in self.headers) + len(self.url) > self.head_bytes:
            self._refuse(431, b"Request Header Fields Too Large", Code.HEADER_TOO_LARGE)
            raise _Refused
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._stop_timer()
        self._in_head = True

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._in_head and self.cycle.response_complete and self._head_timer is None:
            # Answered before its body was here; what is left of it has as long as a head.
            self._await_head()

    def timeout_keep_alive_handler(self) -> None:
        # Not `close`, which would wait for a peer that has not read its answer.
        self.transport.abort()

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self.head_timeout_s, self._head_overdue)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_overdue(self) -> None:
        self._head_timer = None
        if not self._in_head:
            self.transport.abort()
        elif not self.transport.is_closing():
            self._refuse(408, b"Request Timeout", Code.TIMEOUT)

    def _stop_unread_timer(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None

    def _refuse(self, status: int, phrase: bytes, code: Code) -> None:
        problem = msgspec.structs.replace(problem_of(ChatError(code)), status=status)
        body = msgspec.json.encode(problem)
        self.transport.write(
            b"HTTP/1.1 %d %s\r\ncontent-type: %s\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s"
            % (status, phrase, PROBLEM_TYPE.encode(), len(body), body)
        )
        self.transport.close()

    def _upgrade(self, rest: bytes) -> None:
        """Hand the connection to the WebSocket protocol, with its request and whatever came after it."""
        self._stop_timer()
        self._stop_unread_timer()
        self.connections.discard(self)
        # One value for Connection: browsers also send "keep-alive, Upgrade".
        head = [self.scope["method"].encode(), b" ", self.url, b" HTTP/1.1\r\nconnection: Upgrade\r\n"]
        for name, value in self.headers:
            if name in _KEPT:
                head += [name, b": ", value, b"\r\n"]
        head.append(b"\r\n")
        ws: Any = self.ws_protocol_class
        protocol = ws(config=self.config, server_state=self.server_state, app_state=self.app_state)
        transport = self.transport
        protocol.connection_made(transport)
        protocol.data_received(b"".join(head))
        transport.set_protocol(protocol)
        if rest and not transport.is_closing():
            protocol.data_received(rest)
        # This object and its parser refer to each other; let them go now rather than with the next collection.
        self.parser = self.flow = self.cycle = None  # type: ignore[assignment]


class _Refused(Exception):
    """Ends the parsing of a request that was answered already."""


class _Server(uvicorn.Server):
    """uvicorn's server without its hands on the process's signals."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class HttpServer:
    """One listening HTTP port, from start to stop.

    `app` is the ASGI application; `ws_protocol_class` takes over upgrades, which are ordinary requests without one.
    Start it within a running loop; `stop` stops listening, lets open requests finish and returns.
    """

    def __init__(
        self,
        app: Any,
        ws_protocol_class: type[asyncio.BaseProtocol] | None,
        *,
        sockets: list[socket.socket],
        head_bytes: int = 16 * 1024,
        head_timeout_s: float = 10.0,
        open_at_most: int = 4_096,
        unread_timeout_s: float = 30.0,
        graceful_s: float = 5.0,
        lifespan: bool = False,
        tls: ssl_module.SSLContext | None = None,
        forwarded_allow_ips: str | None = None,
    ) -> None:
        bounds = {
            "head_bytes": head_bytes,
            "head_timeout_s": head_timeout_s,
            "open_at_most": open_at_most,
            "unread_timeout_s": unread_timeout_s,
        }
        http = type("BoundHead", (HeadProtocol,), bounds)
        config = uvicorn.Config(
            app,
            http=http,
            ws=ws_protocol_class or "none",  # type: ignore[arg-type]
            lifespan="on" if lifespan else "off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=max(1, int(graceful_s)),
            timeout_keep_alive=60,
            proxy_headers=forwarded_allow_ips is not None,
            forwarded_allow_ips=forwarded_allow_ips,
        )
        config.load()
        if tls is not None:
            config.ssl = tls
        self._server = _Server(config)
        self._sockets = sockets
        self._serving: asyncio.Task[None] | None = None

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Where it listens: (host, port), with the port that was bound."""
        return [each.getsockname()[:2] for each in self._sockets]

    async def start(self) -> None:
        """Listen; returns once connections are accepted.  Raises what stood in the way."""
        self._serving = asyncio.create_task(self._server.serve(sockets=self._sockets))
        listening = asyncio.create_task(self._server.listening.wait())
        await asyncio.wait({self._serving, listening}, return_when=asyncio.FIRST_COMPLETED)
        listening.cancel()
        if self._serving.done():
            self._serving.result()
            raise RuntimeError("the HTTP server ended while starting")

    async def stop(self, graceful_s: float | None = None) -> None:
        """Stop listening and wait for open requests, at most so long or else as long as it was made for."""
        if self._serving is None:
            return
        if graceful_s is not None:
            self._server.config.timeout_graceful_shutdown = max(1, int(graceful_s))
        self._server.should_exit = True
        await self._serving

    def stop_listening(self) -> None:
        """Accept no new connections; those that are open go on."""
        for server in self._server.servers:
            server.close()


def bind(host: str, port: int, *, backlog: int = 2048) -> socket.socket:
    """Return a listening socket; port 0 takes a free one.  Raises OSError."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(backlog)
        bound.setblocking(False)
    except BaseException:
        bound.close()
        raise
    return bound


@contextlib.asynccontextmanager
async def serve(
    app: Any,
    ws_protocol_class: type[asyncio.BaseProtocol],
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    sockets: list[socket.socket] | None = None,
    **options: Any,
) -> AsyncIterator[HttpServer]:
    """Listen while the block runs.  `options` are those of `HttpServer`.

    Leaving the block stops listening and waits for open requests; WebSockets must have been closed by then, which is
    what `Gateway.stop` does.
    """
    server = HttpServer(app, ws_protocol_class, sockets=sockets or [bind(host, port)], **options)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()

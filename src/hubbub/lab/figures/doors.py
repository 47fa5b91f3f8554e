"""Asking a server where to connect, in the loop that carries the load.

Clients are machines of their own: however many ask at once, none waits for another here.  So there is a connection for
everybody who asks at the same time, and it is kept for whoever asks next.  It is HTTP/1.1 as far as this one question
needs it: an answer has a Content-Length, or ends with its connection.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from hubbub.lab.load.sockets import RECEIVE_BYTES, Loop

TIMEOUT_S = 10.0


class Door(msgspec.Struct):
    """Where to connect; without an address, why there is none."""

    node_id: str = ""
    websocket_url: str = ""
    why: str = ""
    wait_s: float = 0.0
    """How long the server asked to wait."""


Then = Callable[[Door], None]


class Answer(NamedTuple):
    """A whole answer, as far as it matters here."""

    status: int
    wait_s: float
    keeps: bool
    """Whether the connection may be used again."""
    body: bytes


class Doors:
    """Asks `POST /api/v1/connect` of a server, by http://HOST:PORT."""

    def __init__(self, loop: Loop, server: str) -> None:
        parts = urlsplit(server)
        assert parts.hostname is not None
        self._loop = loop
        self._netloc = parts.netloc
        self.address = (parts.hostname, parts.port or 80)
        self.idle: list[_Line] = []

    def ask(self, token: str, avoid: Sequence[str], then: Then) -> None:
        """Ask for a node; `then` is called in a later turn of the loop."""
        body = msgspec.json.encode({"avoid": avoid})
        request = (
            f"POST /api/v1/connect HTTP/1.1\r\nHost: {self._netloc}\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        self.send(request, then)

    def send(self, request: bytes, then: Then, *, fresh: bool = False) -> None:
        """Send a request on a connection that is kept, or on a new one."""
        line = self.idle.pop() if self.idle and not fresh else None
        if line is None:
            try:
                line = _Line(self, self._loop)
            except OSError as problem:
                door = Door(why=f"{type(problem).__name__}: {problem}")
                self._loop.later(0.0, lambda: then(door))
                return
        line.ask(request, then)

    def close(self) -> None:
        """Hang up where nobody waits for an answer."""
        for line in list(self.idle):
            line.close()


class _Line:
    """One connection, with one request at a time."""

    def __init__(self, doors: Doors, loop: Loop) -> None:
        self.closed = ""
        self._doors = doors
        self._loop = loop
        self._sock = socket.create_connection(doors.address, timeout=TIMEOUT_S)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock.setblocking(False)
        self.fd = self._sock.fileno()
        self._request = b""
        self._then: Then | None = None
        self._asked_at = 0.0
        self._answered = 0
        self._unsent = b""
        self._came = b""
        loop.add(self)

    def ask(self, request: bytes, then: Then) -> None:
        self._request = self._unsent = request
        self._then, self._came = then, b""
        asked_at = self._asked_at = time.monotonic()
        self._loop.later(TIMEOUT_S, lambda: self._late(asked_at))
        self.flush()

    def close(self) -> None:
        """Hang up."""
        self._end("closed here")

    # ------------------------------------------------------------ for the loop

    def flush(self) -> None:
        """Write what the kernel takes."""
        if self.closed or not self._unsent:
            return
        try:
            self._unsent = self._unsent[self._sock.send(self._unsent) :]
        except BlockingIOError:
            pass
        except OSError as problem:
            self._end(str(problem))
            return
        self._loop.watch_writing(self, bool(self._unsent))

    def writable(self) -> None:
        """The kernel takes more again."""
        self.flush()

    def readable(self) -> None:
        """Read; a whole answer is handed on."""
        try:
            data = self._sock.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError as problem:
            self._end(str(problem))
            return
        self._came += data
        try:
            answer = whole_answer(self._came, ended=not data)
        except ValueError as problem:
            self._end(str(problem))
            return
        if answer is None or self._then is None:
            if not data or self._then is None:
                self._end("the server hung up")
            return
        then, self._then = self._then, None
        self._answered += 1
        if answer.keeps and data:
            self._doors.idle.append(self)
        else:
            self._end("the server hung up")
        then(_door(answer))

    # ------------------------------------------------------------ its end

    def _late(self, asked_at: float) -> None:
        if self._then is not None and self._asked_at == asked_at:
            self._end(f"no answer within {TIMEOUT_S:g} s")

    def _end(self, why: str) -> None:
        if self.closed:
            return
        self.closed = why
        self._loop.remove(self)
        self._sock.close()
        if self in self._doors.idle:
            self._doors.idle.remove(self)
        then, self._then = self._then, None
        if then is None:
            return
        if self._answered and not self._came and time.monotonic() - self._asked_at < TIMEOUT_S:
            # A connection that was kept may have been closed meanwhile: once more on a new one.
            self._doors.send(self._request, then, fresh=True)
        else:
            door = Door(why=why)
            self._loop.later(0.0, lambda: then(door))


def whole_answer(data: bytes, *, ended: bool) -> Answer | None:
    """Return the answer in `data` if it is all there; `ended` tells that nothing more comes.  Raises ValueError."""
    head, blank, body = data.partition(b"\r\n\r\n")
    if not blank:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = int(headers["content-length"]) if "content-length" in headers else None
    if (len(body) < length) if length is not None else not ended:
        return None
    keeps = length is not None and headers.get("connection", "").lower() != "close"
    return Answer(int(first.split(" ", 2)[1]), float(headers.get("retry-after") or 0), keeps, body[:length])


def _door(answer: Answer) -> Door:
    if answer.status != 200:
        return Door(why=f"HTTP {answer.status}", wait_s=answer.wait_s)
    try:
        return msgspec.json.decode(answer.body, type=Door)
    except msgspec.DecodeError as problem:
        return Door(why=str(problem))

"""Plain sockets under one epoll, and frames cut out of what they bring.

The SDK costs more per message than a server may spend on it, so a load generator that used it would measure itself.
This is the cheapest client that still speaks the protocol: no tasks, no futures, one callback per frame.  It believes
the server (no check of handshake keys or reserved bits): the conformance tests do that.
"""

from __future__ import annotations

import heapq
import itertools
import select
import socket
import time
from collections.abc import Callable
from typing import Protocol
from urllib.parse import urlsplit

from google.protobuf import json_format

from hubbub.wire import hubbub_pb2 as pb

RECEIVE_BYTES = 65536
_CLOSE, _PING = 0x8, 0x9


class Lost(Exception):
    """The server ended a connection that was still needed."""


class Line(Protocol):
    """A connection as a loop sees it."""

    fd: int
    closed: str
    """Why it ended; empty while it is open."""

    def flush(self) -> None: ...

    def writable(self) -> None: ...

    def readable(self) -> None: ...

    def close(self) -> None: ...


class Link:
    """One connection: frames in by `on_payload`, frames out by `send`."""

    def __init__(self, loop: Loop, address: str, transport: str) -> None:
        """Connect to a ws:// URL or to host:port; `transport` is "ws", "json" or "tcp"."""
        parts = urlsplit(address if "//" in address else f"tcp://{address}")
        self.loop = loop
        self.transport = transport
        self.received_bytes = 0
        self.opened_ns = 0
        """When the server had taken the upgrade."""
        self.closed = ""
        """Why it ended; empty while it is open."""
        self.on_payload: Callable[[bytes], None] = lambda payload: None
        self.on_lost: Callable[[], None] = lambda: None
        self._buffer = b""
        self._out: list[bytes] = []
        self._unsent = b""
        self._opening = transport != "tcp"
        assert parts.hostname is not None
        self.sock = socket.create_connection((parts.hostname, parts.port or 80), timeout=10)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.setblocking(False)
        self.fd = self.sock.fileno()
        if self._opening:
            dialect = "hubbub.v1.json" if transport == "json" else "hubbub.v1.protobuf"
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            self._out.append(
                f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Key: aHVidWIgbG9hZCB0ZXN0IQ==\r\nSec-WebSocket-Version: 13\r\n"
                f"Sec-WebSocket-Protocol: {dialect}\r\n\r\n".encode()
            )
        loop.add(self)

    # -------------------------------------------------------------- out

    def send(self, payload: bytes) -> None:
        """Queue one frame; it leaves with the others of this turn."""
        if not self._out:
            self.loop.dirty.append(self)
        size = len(payload)
        if self.transport == "tcp":
            self._out.append(varint(size) + payload)
            return
        first = 0x81 if self.transport == "json" else 0x82
        # A mask of four zeros is a valid one, and costs nothing to apply.
        if size < 126:
            self._out.append(bytes((first, 0x80 | size, 0, 0, 0, 0)) + payload)
        elif size < 65536:
            self._out.append(bytes((first, 0xFE)) + size.to_bytes(2, "big") + b"\0\0\0\0" + payload)
        else:
            self._out.append(bytes((first, 0xFF)) + size.to_bytes(8, "big") + b"\0\0\0\0" + payload)

    def send_frame(self, frame: pb.ClientFrame) -> None:
        """Queue a frame in the connection's dialect."""
        if self.transport == "json":
            self.send(json_format.MessageToJson(frame, indent=None).encode())
        else:
            self.send(frame.SerializeToString())

    def flush(self) -> None:
        """Write what was queued; what the kernel does not take waits for `writable`."""
        data = self._out[0] if len(self._out) == 1 and not self._unsent else self._unsent + b"".join(self._out)
        self._out.clear()
        self._unsent = b""
        if self.closed or not data:
            return
        try:
            sent = self.sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self.lost(str(error))
            return
        if sent < len(data):
            self._unsent = data[sent:]
            self.loop.watch_writing(self, True)

    def writable(self) -> None:
        """The kernel takes more again."""
        self.loop.watch_writing(self, False)
        self.flush()

    def close(self) -> None:
        """Hang up without a word, as a machine that loses power does."""
        if not self.closed:
            self._forget("closed here")

    def lost(self, why: str) -> None:
        """The other side ended it: `Loop.turn` raises Lost."""
        if not self.closed:
            self._forget(why or "closed")
            self.loop.casualties.append(self.closed)

    def _forget(self, why: str) -> None:
        self.closed = why
        self.loop.remove(self)
        self.sock.close()
        self.on_lost()

    # -------------------------------------------------------------- in

    def readable(self) -> None:
        try:
            data = self.sock.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self.lost(str(error))
            return
        if not data:
            self.lost("the server hung up")
            return
        self.received_bytes += len(data)
        self.receive(data)

    def receive(self, data: bytes) -> None:
        """Cut the stream into frames and hand them on."""
        if self._buffer:
            data = self._buffer + data
            self._buffer = b""
        if self._opening:
            data = self._handshake(data)
        start, end = 0, len(data)
        tcp = self.transport == "tcp"
        while start < end:
            span = length_frame(data, start, end) if tcp else message_frame(data, start, end)
            if span is None:
                self._buffer = data[start:]
                return
            body, after = span
            if tcp or data[start] in (0x81, 0x82):
                self.on_payload(data[body:after])
            else:
                self._control(data[start] & 0x0F, data[body:after])
            start = after
            if self.closed:
                return

    def _handshake(self, data: bytes) -> bytes:
        head, blank, rest = data.partition(b"\r\n\r\n")
        if not blank:
            self._buffer = data
            return b""
        status = head.split(b"\r\n", 1)[0].decode("latin-1")
        if " 101 " not in status + " ":
            self.lost(f"the handshake was refused: {status}")
            return b""
        self._opening = False
        self.opened_ns = time.monotonic_ns()
        return rest

    def _control(self, opcode: int, body: bytes) -> None:
        if opcode == _CLOSE:
            code = int.from_bytes(body[:2], "big")
            self.lost(f"closed by the server with {code} {body[2:].decode('utf-8', 'replace')}")
        elif opcode == _PING:
            if not self._out:
                self.loop.dirty.append(self)
            self._out.append(bytes((0x8A, 0x80 | len(body), 0, 0, 0, 0)) + body)


def message_frame(data: bytes, start: int, end: int) -> tuple[int, int] | None:
    """Return where the body of the unmasked WebSocket frame at `start` begins and ends; None when it is cut off."""
    if end - start < 2:
        return None
    size, body = data[start + 1], start + 2
    if size == 126:
        size, body = int.from_bytes(data[body : body + 2], "big"), body + 2
    elif size == 127:
        size, body = int.from_bytes(data[body : body + 8], "big"), body + 8
    return (body, body + size) if body + size <= end else None


def length_frame(data: bytes, start: int, end: int) -> tuple[int, int] | None:
    """Return where the body of the length-prefixed frame at `start` begins and ends; None when it is cut off."""
    size = shift = 0
    at = start
    while at < end:
        byte = data[at]
        at += 1
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return (at, at + size) if at + size <= end else None
    return None


def varint(number: int) -> bytes:
    """Return `number` as a protobuf varint."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


class Loop:
    """All connections of one load process."""

    def __init__(self) -> None:
        self.epoll = select.epoll()
        self.links: dict[int, Line] = {}
        self.dirty: list[Line] = []
        self.casualties: list[str] = []
        """Why connections ended that nobody here closed."""
        self.patient = False
        """Whether connections may end: then each link's `on_lost` is told, and nothing is raised."""
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call it in a while, in some turn."""
        heapq.heappush(self._due, (time.monotonic() + seconds, next(self._numbers), call))

    def add(self, link: Line) -> None:
        self.links[link.fd] = link
        self.epoll.register(link.fd, select.EPOLLIN)
        self.dirty.append(link)

    def remove(self, link: Line) -> None:
        if self.links.pop(link.fd, None) is not None:
            self.epoll.unregister(link.fd)

    def watch_writing(self, link: Line, wanted: bool) -> None:
        """Have `writable` called when the kernel takes more of this one, or no longer."""
        if link.fd in self.links:
            self.epoll.modify(link.fd, select.EPOLLIN | (select.EPOLLOUT if wanted else 0))

    def turn(self, timeout_s: float) -> None:
        """Do what is due, write what is queued, wait for something to read, and read it.

        Raises Lost when a connection ended.
        """
        if self._due:
            now = time.monotonic()
            while self._due and self._due[0][0] <= now:
                heapq.heappop(self._due)[2]()
            if self._due:
                timeout_s = min(timeout_s, max(0.0, self._due[0][0] - now))
        self.flush()
        for fd, mask in self.epoll.poll(timeout_s):
            link = self.links.get(fd)
            if link is None:
                continue
            if mask & select.EPOLLOUT:
                link.writable()
            if mask & ~select.EPOLLOUT and not link.closed:
                link.readable()
        self.flush()
        if self.patient:
            self.casualties.clear()
        elif self.casualties:
            raise Lost(f"{len(self.casualties)} connections ended; the first: {self.casualties[0]}")

    def run_for(self, seconds: float) -> None:
        """Turn for a while, whatever comes."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            self.turn(left)

    def flush(self) -> None:
        """Write what is queued."""
        while self.dirty:
            dirty, self.dirty = self.dirty, []
            for link in dirty:
                link.flush()

    def until(self, done: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Turn until `done`.  Raises TimeoutError naming what was waited for."""
        deadline = time.monotonic() + timeout_s
        while not done():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} took longer than {timeout_s:g} s")
            self.turn(0.05)

    def close(self) -> None:
        """Drop every connection."""
        for link in list(self.links.values()):
            link.close()
        self.epoll.close()

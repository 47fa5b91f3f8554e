"""A wire between two processes that can be cut, slowed, torn and made to leak.

A node reaches its bus and its database, and the edge reaches the node, through one of these.  A cut wire carries
nothing and says nothing, as a network does: what was sent waits, and arrives when it is whole again unless an end gave
up meanwhile.  A torn one resets its connections.  A leaking one loses single messages of NATS on their way to the node,
without a word to anybody; it reads just enough of that protocol to know where a message ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import Callable, Coroutine
from typing import Self

CHUNK_BYTES = 64 * 1024

Leak = Callable[[bytes], bool]
"""Whether a message with this subject is lost."""


class Wire:
    """Listens on a free port of 127.0.0.1 and carries to one address."""

    def __init__(self, host: str, port: int, *, of_nats: bool = False, dice: random.Random | None = None) -> None:
        """`of_nats`: it carries the protocol of NATS, and so can lose single messages."""
        self._of_nats = of_nats
        self._to = (host, port)
        self._dice = dice or random.Random(0)
        self._server: asyncio.Server | None = None
        self._whole = asyncio.Event()
        self._whole.set()
        self._strands: set[asyncio.Task[None]] = set()
        self._ends: set[asyncio.StreamWriter] = set()
        self._torn = 0
        self.delay_s = 0.0
        """Every piece takes so long, up to twice as long by chance; order is kept."""
        self.leaks: Leak | None = None
        self.lost = 0
        """Messages that leaked."""
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.mend()
        # Whoever was accepted a moment ago becomes a strand first; what is reset is gone a turn later.
        await asyncio.sleep(0)
        while self._strands:
            self.tear()
            await asyncio.wait(self._strands, timeout=1)
        await asyncio.sleep(0)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Carry nothing from now on; connections stay, and nobody is told."""
        self._whole.clear()

    def mend(self) -> None:
        """Carry again, what waited first."""
        self._whole.set()

    def tear(self) -> None:
        """Reset every connection."""
        self._torn += 1
        for end in self._ends:
            _reset(end)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        strand = asyncio.current_task()
        assert strand is not None
        self._strands.add(strand)
        torn = self._torn
        ends = {writer}
        self._ends.add(writer)
        try:
            await self._whole.wait()
            # Never cancelled: a connection that is made in that moment would belong to nobody.
            back, onward = await asyncio.open_connection(*self._to)
            ends.add(onward)
            self._ends.add(onward)
            if torn == self._torn:
                ways = [self._carry(reader, onward, None)]
                ways.append(self._carry(back, writer, _Messages() if self._of_nats else None))
                await self._either(ways)
        except OSError:
            pass  # The other end is away, which the peer sees by the reset below.
        finally:
            self._strands.discard(strand)
            self._ends -= ends
            for end in ends:
                _reset(end)

    @staticmethod
    async def _either(ways: list[Coroutine[None, None, None]]) -> None:
        """Carry both ways until one of them ends."""
        tasks = [asyncio.ensure_future(way) for way in ways]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, messages: _Messages | None
    ) -> None:
        while data := await reader.read(CHUNK_BYTES):
            if self.delay_s:
                await asyncio.sleep(self.delay_s * (1 + self._dice.random()))
            await self._whole.wait()
            if messages is not None:
                data = self._leaked(messages, data)
            writer.write(data)
            await writer.drain()

    def _leaked(self, messages: _Messages, data: bytes) -> bytes:
        kept = bytearray()
        for subject, piece in messages.feed(data):
            if subject and self.leaks is not None and self.leaks(subject):
                self.lost += 1
            else:
                kept += piece
        return bytes(kept)


def _reset(end: asyncio.StreamWriter) -> None:
    """Close a connection so that its peer sees it reset, and not ended in order."""
    if not end.transport.is_closing():
        # The peer may have closed it in this very turn.
        with contextlib.suppress(OSError):
            sock = end.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.transport.abort()


class _Messages:
    """Cuts what a NATS server sends into messages and everything else (NATS client protocol: MSG, HMSG)."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """Return (subject, bytes) of whole messages, and ("", bytes) of all other whole lines, in order."""
        data = self._rest + data
        found: list[tuple[bytes, bytes]] = []
        at = 0
        while (end := data.find(b"\r\n", at)) >= 0:
            words = data[at:end].split()
            after, subject = end + 2, b""
            if words and words[0] in (b"MSG", b"HMSG"):
                after, subject = after + int(words[-1]) + 2, words[1]
                if after > len(data):
                    break
            found.append((subject, data[at:after]))
            at = after
        self._rest = data[at:]
        return found

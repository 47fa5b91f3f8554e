"""A wire to a NATS server that loses messages on purpose and says nothing.

It reads the server's side of the protocol (docs.nats.io, "Client Protocol") just far enough to know where one message
ends: what is lost is whole messages about people and conversations, and the connection never notices.  It runs in a
thread of its own, so that it outlives the loop of a single test.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

EVENTS = (b"hubbub.u.", b"hubbub.c.", b"hubbub.all")
START_S = 10.0


class LeakyBus:
    """Stands between one process and the bus server."""

    def __init__(self, port: int) -> None:
        """`port` is the server's."""
        self._upstream = port
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leaky bus", daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.leaks: tuple[bytes, ...] = EVENTS
        """What is lost: messages whose subject begins like this."""
        self.losing = 0
        """How many of the next messages are lost; negative: all."""
        self.lost = 0
        """How many were."""

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def open(self) -> None:
        """Begin to listen."""
        self._thread.start()
        assert self._listening.wait(START_S)

    def close(self) -> None:
        """Cut every wire."""
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(START_S)

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        await self._ended.wait()
        server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # Transports close in the next turn of the loop.
        await asyncio.sleep(0.05)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._connected(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = [writer]
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._upstream)
            ends.append(up_writer)
            async with asyncio.TaskGroup() as both:
                both.create_task(_copy(reader, up_writer))
                both.create_task(self._sift(up_reader, writer))
        except* (OSError, EOFError):
            pass
        finally:
            for end in ends:
                end.transport.abort()
                with suppress(OSError):
                    await end.wait_closed()

    async def _sift(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            line = await reader.readline()
            if not line:
                raise EOFError
            words = line.split()
            body = b""
            if words and words[0] in (b"MSG", b"HMSG"):
                body = await reader.readexactly(int(words[-1]) + 2)
                if self.losing and words[1].startswith(self.leaks):
                    self.losing -= 1
                    self.lost += 1
                    continue
            writer.write(line + body)
            await writer.drain()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    raise EOFError

"""A wire to a server that can be cut at a moment of the test's choosing."""

from __future__ import annotations

import asyncio
import re
from typing import Self
from urllib.parse import urlsplit

__all__ = ["CuttingWire"]


class CuttingWire:
    """Stands before the server of a URL, and cuts a connection once the client has said what a pattern finds.

    The server hears them and answers; the answer is lost.
    """

    def __init__(self, url: str, *, after: bytes) -> None:
        self._target = urlsplit(url)
        self._after = re.compile(after)
        self._armed = False
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        who = self._target.netloc.rpartition("@")[0]
        self.url = self._target._replace(netloc=f"{who}@127.0.0.1:{port}").geturl()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut_all()
        await self._server.wait_closed()

    def cut_next(self) -> None:
        """Cut the next connection that says it."""
        self._armed = True

    def cut_all(self) -> None:
        """Cut every connection that is open now."""
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(self._target.hostname, self._target.port)
        ends = {writer, up_writer}
        self._writers |= ends
        deaf = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._up(reader, up_writer, deaf))
                both.create_task(self._down(up_reader, writer, deaf))
        except* OSError:
            pass
        finally:
            self._writers -= ends
            for end in ends:
                end.transport.abort()

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, deaf: asyncio.Event) -> None:
        while said := await reader.read(65536):
            if self._armed and self._after.search(said):
                self._armed = False
                deaf.set()
            writer.write(said)
            await writer.drain()
        raise ConnectionResetError

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, deaf: asyncio.Event) -> None:
        while (said := await reader.read(65536)) and not deaf.is_set():
            writer.write(said)
            await writer.drain()
        raise ConnectionResetError

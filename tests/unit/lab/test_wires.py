"""A wire does to what it carries what it says, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hubbub.lab.faults.wires import Wire

PATIENCE_S = 5.0


class Ends:
    """Both ends of a wire."""

    def __init__(
        self, wire: Wire, here: tuple[asyncio.StreamReader, asyncio.StreamWriter], there: asyncio.StreamWriter
    ) -> None:
        self.wire = wire
        self.reader, self.writer = here
        self.there = there

    async def hears(self, count: int) -> bytes:
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.readexactly(count)


@asynccontextmanager
async def a_wire(*, of_nats: bool = False) -> AsyncIterator[Ends]:
    """A wire with one connection through it."""
    arrived: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.set_result(writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with Wire("127.0.0.1", port, of_nats=of_nats) as wire:
        here = await asyncio.open_connection("127.0.0.1", wire.port)
        async with asyncio.timeout(PATIENCE_S):
            there = await arrived
        try:
            yield Ends(wire, here, there)
        finally:
            for writer in (here[1], there):
                writer.transport.abort()
            server.close()


async def test_a_whole_wire_carries_any_bytes() -> None:
    async with a_wire() as ends:
        ends.there.write(b"\x00MSG no line end")
        assert await ends.hears(16) == b"\x00MSG no line end"


async def test_what_is_sent_over_a_cut_wire_arrives_when_it_is_whole_again() -> None:
    async with a_wire() as ends:
        ends.wire.cut()
        ends.there.write(b"late")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await ends.reader.read(1)
        ends.wire.mend()
        assert await ends.hears(4) == b"late"


async def test_a_torn_wire_resets_both_ends() -> None:
    async with a_wire() as ends:
        ends.wire.tear()
        with pytest.raises(ConnectionResetError):
            async with asyncio.timeout(PATIENCE_S):
                await ends.reader.read(1)


async def test_a_leaking_wire_loses_whole_messages_and_keeps_everything_around_them() -> None:
    async with a_wire(of_nats=True) as ends:
        ends.wire.leaks = lambda subject: subject == b"lost"
        lost = b"MSG lost 2 3\r\nabc\r\nHMSG lost 2 12 14\r\nNATS/1.0\r\n\r\nab\r\n"
        stream = b"PING\r\nMSG kept 1 5\r\na\r\nbc\r\n" + lost + b"PONG\r\n"
        for at in range(0, len(stream), 7):  # in pieces that end anywhere
            ends.there.write(stream[at : at + 7])
            await ends.there.drain()
            await asyncio.sleep(0)
        kept = b"PING\r\nMSG kept 1 5\r\na\r\nbc\r\nPONG\r\n"
        assert await ends.hears(len(kept)) == kept
        assert ends.wire.lost == 2

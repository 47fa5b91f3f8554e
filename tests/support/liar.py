"""A server broken on purpose: a WebSocket proxy that changes, doubles, drops or swaps what the real one says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Self

from websockets.asyncio.client import connect
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from hubbub.wire import hubbub_pb2 as pb
from hubbub.wire.codec import BINARY, SUBPROTOCOL_BINARY

__all__ = ["Liar"]

Down = Callable[[pb.ServerFrame], Iterable[pb.ServerFrame]]
Up = Callable[[pb.ClientFrame], Iterable[pb.ClientFrame]]


class Liar:
    """Stands before the WebSocket of a server; it speaks the binary dialect."""

    def __init__(
        self,
        target: str,
        *,
        down: Down = lambda frame: (frame,),
        up: Up = lambda frame: (frame,),
        closes: Callable[[int], int] = lambda code: code,
    ) -> None:
        """`down` and `up` map one frame to those that go on instead; `closes` changes the close code."""
        self._target = target
        self._down = down
        self._up = up
        self._closes = closes
        self._server: Server | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await serve(
            self._serve,
            "127.0.0.1",
            0,
            subprotocols=[Subprotocol(SUBPROTOCOL_BINARY)],
            compression=None,
            ping_interval=None,
            max_size=None,
        )
        self.url = f"ws://127.0.0.1:{next(iter(self._server.sockets)).getsockname()[1]}/ws"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, client: ServerConnection) -> None:
        async with connect(
            self._target,
            subprotocols=[Subprotocol(SUBPROTOCOL_BINARY)],
            compression=None,
            ping_interval=None,
            max_size=None,
            proxy=None,
        ) as server:

            async def up() -> None:
                try:
                    async for data in client:
                        assert isinstance(data, bytes)
                        for frame in self._up(BINARY.decode_client(data)[0]):
                            await server.send(BINARY.encode(frame))
                except ConnectionClosed:
                    pass
                await server.close()

            sending = asyncio.create_task(up())
            try:
                async for data in server:
                    assert isinstance(data, bytes)
                    for frame in self._down(BINARY.decode_server(data)[0]):
                        await client.send(BINARY.encode(frame))
            except ConnectionClosed:
                pass
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
            received = server.close_code
            if received is not None and received not in (1005, 1006):
                await client.close(self._closes(received), server.close_reason or "")

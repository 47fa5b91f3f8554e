"""The calls of the SDK answered by an httpx transport: a function of the test, or an application without a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx

from hubbub.client.http1 import Answer, Content, HttpTrouble

__all__ = ["OverHttpx"]


class OverHttpx:
    """An `Exchange` with the server of one URL."""

    def __init__(self, transport: httpx.AsyncBaseTransport, server: str = "http://fake") -> None:
        self._transport = transport
        self._server = server

    @asynccontextmanager
    async def call(self, method: str, path: str, headers: Mapping[str, str], content: Content) -> AsyncIterator[Answer]:
        request = httpx.Request(method, self._server + path, headers=dict(headers), content=content)
        try:
            answer = await self._transport.handle_async_request(request)
            body = await answer.aread()
        except httpx.TransportError as error:
            raise HttpTrouble(str(error)) from error

        async def pieces() -> AsyncIterator[bytes]:
            yield body

        yield Answer(answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, pieces())

    async def close(self) -> None:
        return

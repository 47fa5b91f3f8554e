"""The short start: connect, be online, and miss nothing while the program gets ready to listen.

    async with connect("http://127.0.0.1:8080", username="echo", password="...") as client:
        async for message in client.messages():
            await client.reply(message, message.text)

A `Client` that is entered works at once and without a network; `connect` waits until it is online.  Until the program
listens for the first time, what arrives waits in the log instead of passing unheard.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypedDict, Unpack

from hubbub.base.clock import Clock
from hubbub.client.backoff import Backoff, Reconnect
from hubbub.client.client import Client
from hubbub.client.connection import Connector, Transport
from hubbub.client.events import Unheard
from hubbub.client.feed import Since
from hubbub.client.http import HttpApi
from hubbub.client.login import Login
from hubbub.client.store import Store

DEFAULT_SERVER = "http://127.0.0.1:8080"


class Options(TypedDict, total=False):
    """What `Client` takes beside the server, by the same names and with the same meanings."""

    token: str
    username: str
    password: str
    device_id: str
    client_id: str
    client_secret: str
    login: Login | None
    store: str | Path | Store | None
    keep_messages: bool
    transport: Transport | str
    address: str
    since: Since
    name: str
    heartbeat_s: float
    request_timeout_s: float
    send_timeout_s: float | None
    outbox_limit: int
    backoff: Backoff | None
    reconnect: Reconnect
    unheard: Unheard
    clock: Clock | None
    receipts: bool
    survives: Collection[str]
    connector: Connector | None
    http: HttpApi | None


@asynccontextmanager
async def connect(
    server: str = DEFAULT_SERVER, *, timeout: float | None = 30.0, **options: Unpack[Options]
) -> AsyncIterator[Client]:
    """Give a client that is online; leaving the context closes it, after the answers to what was sent.

    Raises HubbubError: why it cannot be, or `timeout` after that many seconds.
    """
    options.setdefault("unheard", "wait")
    async with Client(server, **options) as client:
        await client.ready(timeout)
        yield client

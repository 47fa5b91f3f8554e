"""A server's life: open, listen, let others send people, say where, serve until told to stop, close in order.

Stopping tells the others first, then clients to move, then closes sockets with a code that says "come back", then lets
commands that are under way become durable, and only then gives the lease and the data folder free.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import resource
import signal
import socket
import ssl
import sys
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
import structlog
import uvloop

import hubbub
from hubbub.auth.setup_link import setup_link, write_setup_link
from hubbub.base import log
from hubbub.base.clock import SystemClock
from hubbub.base.settings import SettingsError
from hubbub.chat.ports import StoreUnavailable
from hubbub.cluster.model import ROLES
from hubbub.gateway.tcp import serve_tcp
from hubbub.gateway.websocket import protocol_class
from hubbub.server.advertised import LOOPBACK, advertised
from hubbub.server.ground import CannotServe
from hubbub.server.http import HttpServer, bind
from hubbub.server.settings import Address, ServerSettings
from hubbub.server.wiring import Reachable, Server, build

ADDRESS_FILE = "server.json"
"""In the data folder while the server listens: {"http": URL, "tcp": HOST:PORT or "", "pid": N}."""

T = TypeVar("T")

_logger = structlog.stdlib.get_logger("hubbub.server")


class Ports(NamedTuple):
    """The listening sockets, taken before the server is built."""

    http: socket.socket
    tcp: socket.socket | None


def run(settings: ServerSettings) -> None:
    """Serve until SIGTERM or SIGINT.  Raises CannotServe."""
    log.configure(form=settings.log_format, level=settings.log_level)
    allow_open_files()
    # The writing thread gives the interpreter up often and must get it back soon; the default of 5 ms is an age.
    sys.setswitchinterval(0.0005)
    # Entries and frames hold no cycles; collecting less often leaves the time to them.
    gc.set_threshold(50_000, 20, 50)
    uvloop.run(_serve(settings))


def allow_open_files() -> None:
    """Use all the open files the system grants: each connection is one, and the usual first limit is 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        # Not everywhere may the soft limit be as high as an unlimited hard one.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def _serve(settings: ServerSettings) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    while not stopping.is_set():
        settings = await _life(settings, stopping)


async def _life(settings: ServerSettings, stopping: asyncio.Event) -> ServerSettings:
    """Serve until told to stop, or until what this process holds is void; then everything begins anew.

    Returns the settings for the next life, on the same ports.
    """
    ending = asyncio.Event()

    def again(reason: str) -> None:
        _logger.error("beginning anew", reason=reason)
        ending.set()

    async with AsyncExitStack() as stack:
        reachable = Reachable()
        try:
            ports = await _bind(settings, reachable, stack)
            server = await _unless((stopping, ending), build(settings, SystemClock(), reachable, stack, again))
            if server is None:
                return settings
            await _listen(settings, server, ports, stack)
            await server.serve()
        except StoreUnavailable as problem:
            # Only the classes made for it speak to operators in their sentence; the others carry theirs as detail.
            plain = type(problem) is StoreUnavailable
            raise CannotServe(f"the database does not answer: {problem!r}" if plain else str(problem)) from problem
        except OSError as problem:
            raise CannotServe(f"cannot listen on {settings.listen}: {problem.strerror or problem}") from problem
        server.nodes.on_drain(stopping.set)
        await _announce(settings, server, reachable)
        stack.callback((Path(settings.data) / ADDRESS_FILE).unlink, missing_ok=True)
        gc.collect()
        gc.freeze()
        await _first(stopping, ending)
        _logger.info("stopping", connections=server.gateway.sessions if server.gateway else 0)
        # Also before beginning anew: meanwhile nobody should be sent here.
        await server.drain()
        if stopping.is_set() and settings.bus:
            # The edge and the other nodes are told; what they had sent here already is still answered.
            await asyncio.sleep(settings.notice_s)
    return msgspec.structs.replace(
        settings, listen=reachable.listen, listen_tcp=reachable.listen_tcp if settings.listen_tcp else ""
    )


async def _first(*events: asyncio.Event) -> None:
    """Wait until one of them is set."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()


async def _unless(told: Sequence[asyncio.Event], work: Coroutine[Any, Any, T]) -> T | None:
    """Do the work, or give it up when one of these happens: a node may wait long for the others."""
    task, first = asyncio.ensure_future(work), asyncio.ensure_future(_first(*told))
    try:
        await asyncio.wait((task, first), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        return None
    finally:
        first.cancel()
        task.cancel()
        await asyncio.wait((task, first))


async def _bind(settings: ServerSettings, reachable: Reachable, stack: AsyncExitStack) -> Ports:
    """Take the ports before anything else, so that a node can say where it is before it serves."""
    where = Address.parse(settings.listen, setting="listen")
    http = bind(where.host, where.port)
    stack.callback(http.close)
    bound = Address(*http.getsockname()[:2])
    reachable.listen = str(bound)
    reachable.local_url = f"http://{Address(LOOPBACK.get(bound.host, bound.host), bound.port)}"
    reachable.public_url = settings.public_url.rstrip("/") or reachable.local_url
    tcp: socket.socket | None = None
    bound_tcp: Address | None = None
    if settings.listen_tcp and settings.does("gateway"):
        where = Address.parse(settings.listen_tcp, setting="listen_tcp")
        tcp = bind(where.host, where.port)
        stack.callback(tcp.close)
        bound_tcp = Address(*tcp.getsockname()[:2])
        reachable.listen_tcp = str(bound_tcp)
    reachable.http, reachable.tcp = await advertised(settings, bound, bound_tcp)
    return Ports(http, tcp)


async def _listen(settings: ServerSettings, server: Server, ports: Ports, stack: AsyncExitStack) -> None:
    """Serve the ports; what `stack` closes first is closed first."""
    gateway = server.gateway
    http = HttpServer(
        server.app,
        protocol_class(gateway, ticketed=server.ticketed) if gateway else None,
        sockets=[ports.http],
        head_bytes=settings.header_bytes,
        head_timeout_s=settings.header_timeout_s,
        open_at_most=settings.http_connections,
        forwarded_allow_ips=settings.trusted_proxies or None,
    )
    await http.start()

    async def stop_http() -> None:
        await http.stop(server.live.current.drain_s)

    stack.push_async_callback(stop_http)
    if server.listeners is not None:
        # Streams of events are requests, and would be waited for.
        stack.callback(server.listeners.drain)
    if gateway is None:
        stack.callback(http.stop_listening)
        return
    if ports.tcp is not None:
        tcp = await serve_tcp(gateway, ports.tcp, tls=_tls(settings))
        stack.callback(tcp.close)

    # Clients move while both ports still answer; nobody new is let in meanwhile.
    async def stop_gateway() -> None:
        await gateway.stop(server.live.current.drain_s)

    stack.push_async_callback(stop_gateway)
    stack.callback(http.stop_listening)


def _tls(settings: ServerSettings) -> ssl.SSLContext | None:
    if not settings.tcp_certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.tcp_certificate, settings.tcp_key)
    except OSError as problem:
        raise SettingsError(f"settings tcp_certificate and tcp_key: {problem}") from problem
    return context


async def _announce(settings: ServerSettings, server: Server, reachable: Reachable) -> None:
    """Say where the server is: to programs in a file, to people on the terminal."""
    data = Path(settings.data)
    lines = [f"Hubbub {hubbub.__version__} is at {reachable.public_url} (HTTP, WebSocket)"]
    if reachable.tcp:
        lines[0] += f" and {settings.public_tcp or reachable.tcp} (TCP)"
    lines[0] += f", with its data in {data}"
    if set(settings.roles) != set(ROLES):
        lines[0] = (
            f"Hubbub {hubbub.__version__}: {settings.node_name} ({', '.join(settings.roles)}) is at {reachable.http}"
        )
    if settings.does("web") and (token := await server.accounts.setup_token(server.setup_secret)) is not None:
        link = setup_link(reachable.public_url, token)
        write_setup_link(data, link)
        lines += ["Make the first admin with this link, which works once:", f"  {link}"]
    # Last of the files: who sees it may look for the others.
    fresh = data / f".{ADDRESS_FILE}.{os.getpid()}"
    fresh.write_bytes(
        msgspec.json.encode({"http": reachable.local_url, "tcp": reachable.tcp, "pid": os.getpid()}) + b"\n"
    )
    fresh.replace(data / ADDRESS_FILE)
    print(*lines, sep="\n", flush=True)  # noqa: T201
    _logger.info("serving", http=reachable.public_url, tcp=reachable.tcp, node=settings.node_name)

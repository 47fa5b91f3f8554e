"""A server's life: open, listen, say where, serve until told to stop, close in order.

Stopping tells clients to move first, then closes sockets with a code that says "come back", then lets commands that
are under way become durable, and only then gives the data folder free.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import resource
import signal
import ssl
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import structlog
import uvloop

import hubbub
from hubbub.auth.setup_link import setup_link, write_setup_link
from hubbub.base import log
from hubbub.base.clock import SystemClock
from hubbub.base.settings import SettingsError
from hubbub.chat.ports import StoreUnavailable
from hubbub.gateway.tcp import serve_tcp
from hubbub.gateway.websocket import protocol_class
from hubbub.server.http import HttpServer, bind
from hubbub.server.settings import Address, ServerSettings
from hubbub.server.wiring import Reachable, Server, build

ADDRESS_FILE = "server.json"
"""In the data folder while the server listens: {"http": URL, "tcp": HOST:PORT or "", "pid": N}."""

_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""How to reach a server from its own machine that listens on every address."""

_logger = structlog.stdlib.get_logger("hubbub.server")


class CannotServe(Exception):
    """Something outside the program stands in the way; the sentence says what."""


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
    async with AsyncExitStack() as stack:
        reachable = Reachable()
        try:
            server = await build(settings, SystemClock(), reachable, stack)
            await _listen(settings, server, reachable, stack)
        except StoreUnavailable as problem:
            raise CannotServe(str(problem)) from problem
        except OSError as problem:
            raise CannotServe(f"cannot listen on {settings.listen}: {problem.strerror or problem}") from problem
        await _announce(settings, server, reachable)
        stack.callback((Path(settings.data) / ADDRESS_FILE).unlink, missing_ok=True)
        gc.collect()
        gc.freeze()
        await stopping.wait()
        _logger.info("stopping", connections=server.gateway.sessions)


async def _listen(settings: ServerSettings, server: Server, reachable: Reachable, stack: AsyncExitStack) -> None:
    """Open the ports; what `stack` closes first is closed first."""
    where = Address.parse(settings.listen, setting="listen")
    http = HttpServer(
        server.app,
        protocol_class(server.gateway),
        sockets=[bind(where.host, where.port)],
        head_bytes=settings.header_bytes,
        head_timeout_s=settings.header_timeout_s,
        open_at_most=settings.http_connections,
        graceful_s=settings.drain_s,
        forwarded_allow_ips=settings.trusted_proxies or None,
    )
    host, port = http.addresses[0]
    reachable.local_url = f"http://{Address(_LOOPBACK.get(host, host), port)}"
    reachable.public_url = settings.public_url.rstrip("/") or reachable.local_url
    await http.start()
    stack.push_async_callback(http.stop)
    if settings.listen_tcp:
        where = Address.parse(settings.listen_tcp, setting="listen_tcp")
        tcp = await serve_tcp(server.gateway, where.host, where.port, tls=_tls(settings))
        host, port = tcp.sockets[0].getsockname()[:2]
        reachable.tcp = str(Address(host, port))
        stack.callback(tcp.close)
    # Clients move while both ports still answer; nobody new is let in meanwhile.
    stack.push_async_callback(server.gateway.stop, settings.drain_s)
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
        lines[0] += f" and {reachable.tcp} (TCP)"
    lines[0] += f", with its data in {data}"
    if (token := await server.accounts.setup_token()) is not None:
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
    _logger.info("serving", http=reachable.public_url, tcp=reachable.tcp, node=server.node_id)

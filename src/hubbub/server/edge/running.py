"""An edge's life: know the nodes, put HAProxy or nginx in front of them, follow, and end in order."""

from __future__ import annotations

import asyncio
import resource
import shutil
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import structlog

from hubbub.base import log
from hubbub.base.clock import SystemClock
from hubbub.base.settings import SettingsError
from hubbub.client.login import Login
from hubbub.server.edge import haproxy, nginx
from hubbub.server.edge.haproxy import NODES_MAP, HaproxyOptions
from hubbub.server.edge.haproxy_edge import CommandMaster, HaproxyEdge
from hubbub.server.edge.keeper import Edge, Keeper, Registry
from hubbub.server.edge.nginx import NginxOptions
from hubbub.server.edge.nginx_edge import NginxEdge
from hubbub.server.edge.opening import open_registry
from hubbub.server.edge.plan import Plan, plan
from hubbub.server.edge.process import CannotRun, HaproxyProcess
from hubbub.server.edge.registry import RememberedRegistry
from hubbub.server.edge.runtime import AdminSocket, socket_path
from hubbub.server.edge.served import ServedRegistry
from hubbub.server.settings import ServerSettings

_logger = structlog.stdlib.get_logger("hubbub.edge")

_FILES_BESIDE = 1_000
"""Open files that are no client's: health checks, listeners, HAProxy's own."""
_CONNECTIONS = 50_000
"""As many as a gateway takes, unless fewer files may be open."""


class EdgeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What both kinds of edge are told."""

    server: ServerSettings
    """Where the cluster is, and how to log; the rest of it is a node's."""
    folder: Path
    """Files of this edge: the admin socket, the map, the nodes known last."""
    servers: tuple[str, ...] = ()
    """Addresses of web nodes to ask instead of the database."""
    login: Login | None = None
    """An admin's, for these."""


def haproxy_text(settings: EdgeSettings, options: HaproxyOptions) -> str:
    """Return the configuration for the nodes of this moment.  Raises RegistryAway, ValueError."""
    haproxy.render(Plan(), options)
    return haproxy.render(asyncio.run(_plan_now(settings)), options)


def nginx_text(settings: EdgeSettings, options: NginxOptions) -> str:
    """Return the configuration for the nodes of this moment.  Raises RegistryAway, ValueError."""
    nginx.render(Plan(), options)
    return nginx.render(asyncio.run(_plan_now(settings)), options)


def run_haproxy(settings: EdgeSettings, options: HaproxyOptions, binary: str, grace_s: float) -> None:
    """Own an HAProxy until SIGTERM or SIGINT.  Raises CannotRun, ValueError."""
    haproxy.render(Plan(), options)
    program = _found(binary)
    _make_folder(settings.folder)
    file = settings.folder.resolve() / "haproxy.cfg"
    options = msgspec.structs.replace(
        options,
        admin_socket=socket_path(settings.folder),
        map_file=str(file.with_name(NODES_MAP)),
        connections=options.connections or _affordable(),
    )
    admin = AdminSocket(options.admin_socket)
    process = HaproxyProcess(program, file, admin, grace_s=grace_s)
    edge = HaproxyEdge(file, options, admin, process)

    async def begin(known: Plan, stack: AsyncExitStack) -> None:
        edge.write(known)
        # Before it starts: whatever stops the start stops what was started.
        stack.push_async_callback(process.stop)
        await process.start()
        where = f"{'https' if options.certificate else 'http'}://{options.listen}"
        print(f"The edge is at {where}", flush=True)  # noqa: T201

    asyncio.run(_run(settings, edge, begin))


def drive_haproxy(settings: EdgeSettings, options: HaproxyOptions, file: Path, reload: str) -> None:
    """Drive the HAProxy that answers on `options.admin_socket` until SIGTERM or SIGINT.  Raises ValueError."""
    haproxy.render(Plan(), options)
    _make_folder(settings.folder)
    options = msgspec.structs.replace(options, map_file=str(settings.folder.resolve() / NODES_MAP))
    admin = AdminSocket(options.admin_socket)
    asyncio.run(_run(settings, HaproxyEdge(file, options, admin, CommandMaster(reload, admin)), _begin_nothing))


def drive_nginx(settings: EdgeSettings, options: NginxOptions, file: Path, reload: str) -> None:
    """Keep nginx's configuration in `file` until SIGTERM or SIGINT.  Raises ValueError."""
    nginx.render(Plan(), options)
    _make_folder(settings.folder)
    asyncio.run(_run(settings, NginxEdge(file, options, CommandMaster(reload)), _begin_nothing))


async def _begin_nothing(known: Plan, stack: AsyncExitStack) -> None:
    return None


async def _run(settings: EdgeSettings, edge: Edge, begin: Callable[[Plan, AsyncExitStack], Awaitable[None]]) -> None:
    log.configure(form=settings.server.log_format, level=settings.server.log_level)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with AsyncExitStack() as stack:
        registry = _registry(settings)
        stack.push_async_callback(registry.close)
        keeper = Keeper(registry, edge)
        await begin(await keeper.resolved(plan(registry.kept())), stack)
        keeping = asyncio.create_task(keeper.run(), name="edge")
        stack.push_async_callback(_end, keeping)
        told = asyncio.create_task(stopping.wait())
        await asyncio.wait((keeping, told), return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        if keeping.done():
            keeping.result()
        _logger.info("stopping")


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait((task,))


def _registry(settings: EdgeSettings) -> RememberedRegistry:
    async def open_one(parts: AsyncExitStack) -> Registry:
        return await _open(settings, settings.server.bus, parts)

    return RememberedRegistry(open_one, settings.folder / "nodes.json", SystemClock())


async def _open(settings: EdgeSettings, bus: str, parts: AsyncExitStack) -> Registry:
    if settings.login is not None:
        return ServedRegistry(settings.servers, settings.login, parts)
    server = settings.server
    return await open_registry(server.database, bus, server.cluster, SystemClock(), parts)


async def _plan_now(settings: EdgeSettings) -> Plan:
    async with AsyncExitStack() as parts:
        # The rows alone: who waits for a text does not wait for heartbeats.
        registry = await _open(settings, "", parts)
        return plan(await registry.nodes())


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as problem:
        raise SettingsError(f"the folder {folder} cannot be made: {problem.strerror or problem}") from problem


def _found(binary: str) -> str:
    # A service's PATH may lack the folders of administration.
    for path in (None, "/usr/sbin:/usr/local/sbin"):
        if found := shutil.which(binary, path=path):
            return found
    raise CannotRun(f"{binary} is not on this machine: apt-get install haproxy")


def _affordable() -> int:
    """How many connections there are files for: each is one to the client and one to a node."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        return _CONNECTIONS
    return max(100, min(_CONNECTIONS, (hard - _FILES_BESIDE) // 2))

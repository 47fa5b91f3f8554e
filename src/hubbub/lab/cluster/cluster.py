"""Start, harm and end the processes of one cluster.

Every process is a member with a name: `bus`, `database`, `edge`, `gateway-1` ….  Whoever harms one on purpose says so
here, and it stays as it was left; one that ends by itself, or by somebody's hand, is an accident, and is started again
after a pause where that is wanted, as a service manager would.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import httpx

from hubbub.lab.cluster.edge import Edge
from hubbub.lab.cluster.node import Node
from hubbub.lab.cluster.plan import ClusterPlan
from hubbub.lab.servers import MariaDbServer, NatsServer, PostgresServer, RedisServer, Server, ServerFailed
from hubbub.server.edge.runtime import NotRunning
from hubbub.server.settings import Address

T = TypeVar("T")

STANDARD = ClusterPlan()
READY_S = 60.0
LOOK_S = 0.2
"""How often somebody looks whether all members run."""

_logger = logging.getLogger("hubbub.lab.cluster")


def _log_event(name: str, what: str) -> None:
    _logger.info("%s %s", name, what)


class Cluster:
    """The members of one cluster, built but not started; `async with` starts and ends them all."""

    def __init__(
        self,
        folder: Path,
        plan: ClusterPlan = STANDARD,
        *,
        database: PostgresServer | MariaDbServer | None = None,
        bus: NatsServer | RedisServer | None = None,
        environ: Mapping[str, str] = {},
        restart_after_s: float | None = None,
        on_event: Callable[[str, str], None] = _log_event,
    ) -> None:
        """`database` and `bus` are servers set up otherwise than the plan's would be; they end with the cluster.

        `environ` holds settings of every node, as variables; a node's own are `nodes[name].environ`.

        `restart_after_s` is the pause before a member that had an accident is started again; None leaves it alone.
        `on_event` hears of accidents and returns: the member's name, and what became of it.
        """
        self.folder = folder.absolute()
        self.plan = plan
        self.restart_after_s = restart_after_s
        self.exits: dict[str, int] = {}
        """How members ended that were stopped in order."""
        self.bus = bus or plan.bus_server(self.folder)
        self.database = database or plan.database_server(self.folder)
        self.members: dict[str, Server] = {"bus": self.bus, "database": self.database}
        self.nodes: dict[str, Node] = {}
        stands_on = {"HUBBUB_DATABASE": self.database.url, "HUBBUB_BUS": self.bus.url}
        shared = {"HUBBUB_TRUSTED_PROXIES": "127.0.0.1", "HUBBUB_FILES_STORE": str(self.folder / "files")}
        self._environ = {**stands_on, **shared, **environ}
        self.edge: Edge | None = None
        """None in a cluster without one."""
        if plan.edge:
            listen = Address.parse(plan.listen, setting="listen")
            tcp = Address.parse(plan.listen_tcp, setting="listen_tcp")
            self.edge = self.members["edge"] = Edge(self.folder / "edge", listen, tcp, stands_on)
            self._environ.setdefault("HUBBUB_PUBLIC_URL", self.edge.url)
            self._environ.setdefault("HUBBUB_PUBLIC_TCP", self.edge.tcp)
        self._on_event = on_event
        self._wanted: set[str] = set()
        """Members that run as far as anybody here wants."""
        # Its own threads: everything is started at once, and whoever drives the cluster uses the others.
        self._threads = ThreadPoolExecutor(32, thread_name_prefix="cluster")
        self._watch: asyncio.Task[None] | None = None
        self._returning: dict[str, asyncio.Task[None]] = {}
        for name, role in plan.nodes():
            self.add(name, role)
        for name, member in self.members.items():
            member.log_file = self.folder / "logs" / f"{name}.log"

    # ------------------------------------------------------------ what it is

    @property
    def url(self) -> str:
        """The one address for everybody."""
        return self.edge.url if self.edge is not None else self.nodes["web-1"].url

    @property
    def tcp(self) -> str:
        """The same for raw TCP, host:port."""
        return self.edge.tcp if self.edge is not None else self.nodes["gateway-1"].tcp

    def names(self, role: str) -> list[str]:
        """Return the names of the nodes with a role."""
        return [name for name, node in self.nodes.items() if role in node.roles]

    def log(self, name: str) -> str:
        """Return what a member printed."""
        return self.members[name].log()

    @property
    def setup_token(self) -> str | None:
        """The token of the one-time set-up link, while it was not used."""
        return next((token for node in self.nodes.values() if (token := node.setup_token) is not None), None)

    def add(self, name: str, *roles: str, environ: Mapping[str, str] = {}) -> Node:
        """Add a node, which is not started yet."""
        node = Node(name, roles, self.folder / name, {**self._environ, **environ})
        node.log_file = self.folder / "logs" / f"{name}.log"
        self.nodes[name] = self.members[name] = node
        return node

    # ------------------------------------------------------------ all of it

    async def open(self) -> None:
        """Start all members and return once they are ready.  Raises ServerFailed, MissingProgram."""
        await self._each(("bus", "database"), self.start)
        first, *others = self.nodes
        # The first makes the tables; the others would only wait for it.
        await self.start(first)
        await self._each((*others, *(["edge"] if self.edge else [])), self.start)
        await self.wait_ready()

    async def close(self) -> None:
        """End all members in order: clients are told first, and what they wrote is stored before the database goes."""
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.cancel()
            await asyncio.wait((watch,))
        outside = [name for name, node in self.nodes.items() if {"gateway", "web"} & set(node.roles)]
        inside = [name for name in self.nodes if name not in outside]
        for group in (outside, inside, ["edge"] if self.edge else [], ["bus", "database"]):
            await self._each(group, self.stop)
        for member in self.members.values():
            member.close()
        self._threads.shutdown(wait=False)

    async def wait_ready(self) -> None:
        """Return once every node that runs says it is ready, through the edge too.  Raises ServerFailed."""
        async with httpx.AsyncClient(timeout=2, trust_env=False) as http:
            for name in (*self.nodes, *(["edge"] if self.edge else [])):
                if name in self._wanted:
                    await self._wait_ready(http, name)
        if self.edge is not None and "edge" in self._wanted:
            await self._wait_followed(self.edge)

    async def __aenter__(self) -> Self:
        try:
            await self.open()
        except BaseException:
            await self.kill_all()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # ------------------------------------------------------------ one of it

    async def start(self, name: str) -> None:
        """Start a member and return once it answers; nothing happens while it runs."""
        await self._in_thread(self.members[name].start)
        self._wanted.add(name)
        if self._watch is None:
            self._watch = asyncio.create_task(self._watch_all(), name="cluster watch")

    async def stop(self, name: str) -> int:
        """Let a member end in order; return its exit code."""
        await self._want_no_more(name)
        ran = self.members[name].running
        code = await self._in_thread(self.members[name].stop)
        if ran:
            self.exits[name] = code
        return code

    async def restart(self, name: str) -> None:
        """Stop a member in order and start it again."""
        await self.stop(name)
        await self.start(name)

    async def kill(self, name: str) -> None:
        """End a member as a power cut would; it stays away until it is started."""
        await self._want_no_more(name)
        await self._in_thread(self.members[name].kill)

    async def pause(self, name: str) -> None:
        """Stop a member where it stands; whoever is connected to it hears nothing."""
        await self._in_thread(self.members[name].pause)

    async def resume(self, name: str) -> None:
        """Let a paused member go on."""
        await self._in_thread(self.members[name].resume)

    async def kill_all(self) -> None:
        """End everything at once."""
        await self._each(list(self.members), self.kill)
        await self.close()

    # ------------------------------------------------------------ accidents

    async def _want_no_more(self, name: str) -> None:
        """Let it stay away, and give up whoever would bring it back."""
        self._wanted.discard(name)
        if (returning := self._returning.get(name)) is not None:
            returning.cancel()
            await asyncio.wait((returning,))

    async def _watch_all(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            for name in sorted(self._wanted):
                if not self.members[name].running:
                    self._wanted.discard(name)
                    self._accident(name)

    def _accident(self, name: str) -> None:
        code = self.members[name].returncode
        self._on_event(name, _end(code))
        # Who left in order (`hubbub drain`) is not called back.
        if self.restart_after_s is not None and code != 0:
            task = asyncio.create_task(self._return(name, self.restart_after_s), name=f"return of {name}")
            self._returning[name] = task
            task.add_done_callback(lambda _: self._returning.pop(name, None))

    async def _return(self, name: str, pause_s: float) -> None:
        while True:
            await asyncio.sleep(pause_s)
            try:
                await self.start(name)
            except ServerFailed as failure:
                self._on_event(name, failure.what)
                continue
            self._on_event(name, f"runs again, pid {self.members[name].pid}")
            return

    # ------------------------------------------------------------ inside

    async def _in_thread(self, act: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, act)

    @staticmethod
    async def _each(names: Iterable[str], act: Callable[[str], Coroutine[object, object, object]]) -> None:
        """Do something to several members at once; raise the first failure once all are done."""
        results = await asyncio.gather(*map(act, names), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _wait_ready(self, http: httpx.AsyncClient, name: str) -> None:
        said = ""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(READY_S):
                while True:
                    try:
                        answer = await http.get(f"{self.members[name].url}/healthz")
                    except httpx.TransportError as problem:
                        said = str(problem)
                    else:
                        if answer.status_code == 200:
                            return
                        said = answer.text
                    await asyncio.sleep(0.05)
        raise ServerFailed(name, f"was not ready within {READY_S:g} s: {said}", self.log(name)[-3000:])

    async def _wait_followed(self, edge: Edge) -> None:
        """Return once the edge sends people to every gateway that runs."""
        missing: set[str] = set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(READY_S):
                while True:
                    with contextlib.suppress(NotRunning):
                        missing = self._wanted & set(self.names("gateway")) - await edge.gateways()
                        if not missing:
                            return
                    await asyncio.sleep(0.05)
        raise ServerFailed("edge", f"sent nobody to {sorted(missing)} within {READY_S:g} s", self.log("edge")[-3000:])


def _end(code: int | None) -> str:
    """Say how a member ended that nobody here had asked to."""
    if code == 0:
        return "left in order, and stays away"
    if code is None:
        return "ended"
    return f"ended by signal {-code}" if code < 0 else f"ended with exit code {code}"

"""Keep an edge as the registry says, for as long as it runs.

The registry may be away (a database that restarts, a bus that is cut): the edge goes on with the nodes it knew last,
and its own health checks.  What is not true of the edge at one look is put right at the next, so nothing here
remembers what it did.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address
from typing import Protocol

import msgspec

from hubbub.cluster.model import NodeView
from hubbub.server.edge.plan import Place, Plan, plan
from hubbub.server.edge.process import CannotRun
from hubbub.server.edge.runtime import NotRunning

_log = logging.getLogger("hubbub.edge")

_RESOLVE_S = 2.0


class RegistryAway(Exception):
    """The nodes cannot be read now; the sentence says why."""


class Registry(Protocol):
    """Where the nodes are known."""

    async def nodes(self) -> Sequence[NodeView]:
        """Return every node as it is now.  Raises RegistryAway."""

    async def changed(self, timeout_s: float) -> None:
        """Return when something may have changed, or after this time."""


class Edge(Protocol):
    """What stands at the public address."""

    async def apply(self, wanted: Plan) -> None:
        """Make it so; nothing happens when it is so already.  Raises CannotRun, NotRunning."""


Resolve = Callable[[str], Awaitable[Sequence[str]]]


async def ask_the_system(name: str) -> Sequence[str]:
    """Return the addresses of a host, at least one, IPv4 first.  Raises OSError."""
    rows = await asyncio.get_running_loop().getaddrinfo(name, None)
    return sorted({str(row[4][0]) for row in rows}, key=lambda host: (":" in host, host))


class Keeper:
    """Reads the registry, and has the edge follow."""

    def __init__(
        self, registry: Registry, edge: Edge, *, every_s: float = 1.0, resolve: Resolve = ask_the_system
    ) -> None:
        self._registry = registry
        self._edge = edge
        self._every_s = every_s
        self._ask = resolve
        self._stepping = asyncio.Lock()
        self._views: Sequence[NodeView] | None = None
        """None until the registry was read once: knowing nothing is not knowing that there is nobody."""
        self._hosts: dict[str, str] = {}
        self._trouble: dict[str, str] = {}

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            try:
                await self.step()
                await self._registry.changed(self._every_s)
            except Exception:
                # Whatever one look stumbles over, an edge that follows no more is worse.
                _log.exception("a look at the nodes failed and is tried again")
                await asyncio.sleep(self._every_s)

    async def step(self) -> None:
        """Look once, and do what there is to do."""
        async with self._stepping:
            await self._step()

    async def _step(self) -> None:
        try:
            self._views = await self._registry.nodes()
            self._well("registry", "the nodes can be read again")
        except RegistryAway as problem:
            self._ill("registry", f"the nodes cannot be read, going on with those known: {problem}")
        if self._views is None:
            return
        wanted = await self.resolved(plan(self._views))
        try:
            await self._edge.apply(wanted)
            self._well("edge", "the edge follows again")
        except (CannotRun, NotRunning, ValueError, OSError) as problem:
            self._ill("edge", f"the edge does not follow: {problem}")

    async def resolved(self, wanted: Plan) -> Plan:
        """Put addresses in the place of names; a name that leads nowhere keeps what it led to, or has no place."""
        names = {place.host for pool in (wanted.web, wanted.sockets, wanted.streams) for place in pool}
        found = dict(zip(names, await asyncio.gather(*map(self._resolve, names)), strict=True))

        def pool(places: Sequence[Place]) -> tuple[Place, ...]:
            return tuple(msgspec.structs.replace(each, host=found[each.host]) for each in places if found[each.host])

        self._hosts = {name: host for name, host in found.items() if host}
        return msgspec.structs.replace(
            wanted, web=pool(wanted.web), sockets=pool(wanted.sockets), streams=pool(wanted.streams)
        )

    async def _resolve(self, name: str) -> str:
        with contextlib.suppress(ValueError):
            return str(ip_address(name))
        known = self._hosts.get(name, "")
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(_RESOLVE_S):
                hosts = await self._ask(name)
            return known if known in hosts else hosts[0]
        return known

    def _ill(self, what: str, sentence: str) -> None:
        """Say it once, not at every look."""
        if self._trouble.get(what) != sentence:
            _log.warning("%s", sentence)
        self._trouble[what] = sentence

    def _well(self, what: str, sentence: str) -> None:
        if self._trouble.pop(what, None) is not None:
            _log.info("%s", sentence)

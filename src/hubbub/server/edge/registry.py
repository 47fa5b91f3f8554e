"""Follow the nodes of a cluster without being one of them.

The rows say who lives, heartbeats on the bus say so sooner; both are weighed by the same roster that every node has.
Without a bus the rows alone are read, more often.  While the database is away what is heard still counts.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

import msgspec

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError
from hubbub.chat.ports import StoreError
from hubbub.cluster.model import Leased, NodeLoad, NodeRecord, NodeState, NodeView
from hubbub.cluster.nodes import SUBJECT
from hubbub.cluster.ports import Signals
from hubbub.cluster.roster import News, Roster
from hubbub.cluster.settings import ClusterSettings
from hubbub.server.edge.files import read, replace
from hubbub.server.edge.keeper import Registry, RegistryAway

_log = logging.getLogger("hubbub.edge")

_OPEN_S = 10.0
_AGAIN_S = 2.0

_decode = msgspec.json.Decoder(News).decode


class Rows(Protocol):
    """The part of `cluster.ports.NodeStore` that is read."""

    async def nodes(self) -> list[Leased]: ...


class ClusterRegistry:
    """The nodes as the database's rows tell of them and, once it listens, their heartbeats."""

    def __init__(self, store: Rows, clock: Clock, settings: ClusterSettings) -> None:
        self._store = store
        self._signals: Signals | None = None
        self._clock = clock
        self._settings = settings
        self._roster = Roster(clock, settings)
        self._read_at = -math.inf
        self._asked_bus_at = -math.inf
        self._known = False
        self._trouble = False
        self._moved = asyncio.Event()
        self._shown: list[tuple[NodeRecord, NodeState]] = []
        self._over = ""

    async def listen(self, signals: Signals) -> Callable[[], None]:
        """Hear heartbeats from now on; what is returned ends that."""
        end = await signals.listen(SUBJECT, self._hear)
        self._signals = signals
        return end

    def end(self, reason: str) -> None:
        """Be of no use any more: what was opened belongs to another log than the cluster's."""
        self._over = reason
        self._moved.set()

    async def nodes(self) -> Sequence[NodeView]:
        """Return the nodes, reading the rows if it is time to.  Raises RegistryAway before they were read once."""
        if self._over:
            raise RegistryOver(self._over)
        self._moved.clear()
        now = self._clock.monotonic()
        every_s = self._settings.look_s if self._signals is not None else self._settings.heartbeat_s
        if self._roster.stale or now - self._read_at >= every_s:
            await self._read(now)
        if self._signals is not None and now - self._asked_bus_at >= self._settings.heartbeat_s:
            self._asked_bus_at = now
            if await self._signals.reachable():
                self._roster.bus_answered(now)
        views = self._roster.view()
        self._shown = _shown(views)
        return views

    async def changed(self, timeout_s: float) -> None:
        """Return when a heartbeat told something new, or after this time."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._moved.wait()
        except TimeoutError:
            return
        self._moved.clear()

    async def _read(self, now: float) -> None:
        self._read_at = now
        try:
            rows = await self._store.nodes()
        except ChatError as problem:
            if not self._known:
                raise RegistryAway(operators_words(problem)) from None
            if not self._trouble:
                _log.warning(
                    "the rows of the nodes cannot be read: %s; what is heard counts on", operators_words(problem)
                )
            self._trouble = True
            return
        if self._trouble:
            _log.info("the rows of the nodes can be read again")
        self._known, self._trouble = True, False
        self._roster.read(rows, now)

    def _hear(self, payload: bytes) -> None:
        try:
            self._roster.hear(_decode(payload))
        except msgspec.DecodeError:
            return
        if self._roster.stale or _shown(self._roster.view()) != self._shown:
            self._moved.set()


def operators_words(problem: ChatError) -> str:
    """Return what an operator may know: a store keeps from peers which database it is and what it said."""
    if isinstance(problem, StoreError) and type(problem).__str__ is ChatError.__str__:
        return "; ".join(map(str, problem.detail)) or str(problem)
    return str(problem)


def _shown(views: Sequence[NodeView]) -> list[tuple[NodeRecord, NodeState]]:
    """Return what an edge goes by; ages and loads are not among it."""
    return sorted(((view.record, view.state) for view in views), key=lambda each: each[0].incarnation)


class RegistryOver(RegistryAway):
    """This registry will not come back: open another one."""


class _Kept(msgspec.Struct, frozen=True):
    record: NodeRecord
    state: NodeState


class RememberedRegistry:
    """A registry that may not be there yet, and what it said when it was.

    The nodes known last are kept in a file: an edge that starts while the database is away serves with them.
    """

    def __init__(self, open_one: Callable[[AsyncExitStack], Awaitable[Registry]], file: Path, clock: Clock) -> None:
        """`open_one` opens a registry whose parts the stack closes; it raises RegistryAway."""
        self._open = open_one
        self._file = file
        self._clock = clock
        self._registry: Registry | None = None
        self._parts = AsyncExitStack()
        self._try_at = -math.inf
        self._reason = ""
        self._forgetful = False
        """What is in the file is old, and that was said."""

    async def nodes(self) -> Sequence[NodeView]:
        """Return the nodes; those of the file until they can be read.  Raises RegistryAway."""
        try:
            registry = self._registry or await self._opened()
            views = await registry.nodes()
        except RegistryOver:
            await self.close()
            raise
        kept = [_Kept(view.record, view.state) for view in views if view.state is not NodeState.DEAD]
        try:
            replace(self._file, msgspec.json.encode(kept).decode())
        except OSError as problem:
            if not self._forgetful:
                _log.warning("the nodes cannot be remembered: %s", problem)
            self._forgetful = True
        return views

    def kept(self) -> list[NodeView]:
        """Return the nodes of the file; none when there is no such file or it makes no sense."""
        try:
            kept = msgspec.json.decode(read(self._file) or "[]", type=list[_Kept])
        except msgspec.DecodeError:
            return []
        return [NodeView(each.record, each.state, NodeLoad(), math.inf, 0.0) for each in kept]

    async def changed(self, timeout_s: float) -> None:
        if self._registry is None:
            await asyncio.sleep(timeout_s)
        else:
            await self._registry.changed(timeout_s)

    async def close(self) -> None:
        """Close what was opened."""
        self._registry = None
        await self._parts.aclose()
        self._parts = AsyncExitStack()

    async def _opened(self) -> Registry:
        now = self._clock.monotonic()
        if now < self._try_at:
            raise RegistryAway(self._reason)
        try:
            async with asyncio.timeout(_OPEN_S):
                self._registry = await self._open(self._parts)
        except (RegistryAway, TimeoutError) as problem:
            await self.close()
            self._reason = str(problem) or "no answer in time"
            self._try_at = self._clock.monotonic() + _AGAIN_S
            raise RegistryAway(self._reason) from None
        return self._registry

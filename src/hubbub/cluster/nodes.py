"""This process among the nodes: it says that it lives, sees who else does, and helps to bury the dead.

Four duties, each a step of its own so that none can hold up another: renewing the lease in the database, beating on the
bus, reading the rows, and noticing what time alone changed.  A database that is away ends nothing here: the lease is
renewed when it is back.  Only a row that says this incarnation is dead does; then everything it held is void, and the
process goes on under a new incarnation.  Users of the list never wait and never ask a database: they get the list that
is in memory, and are called when it changes.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Hashable
from contextlib import AsyncExitStack

import msgspec

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import new_id
from hubbub.base.loops import Loop
from hubbub.cluster.model import NodeLoad, NodeRecord, NodeState, NodeView
from hubbub.cluster.ports import NodeStore, Signals
from hubbub.cluster.roster import Beat, Bye, News, Over, Roster
from hubbub.cluster.settings import ClusterSettings

SUBJECT = "nodes"
_LEVEL_SUBJECT = "level"

_RETRY_S = 1.0
"""How long after a failed renewal the next one is tried."""

_SOLE_LEASE_S = 86_400.0
_SOLE_LOOK_S = 30.0

_LEAVE_S = 3.0
"""How long the database is given when this node stops; after that the lease ends by itself."""

_log = logging.getLogger(__name__)
_decode = msgspec.json.Decoder(News).decode
_encode = msgspec.json.encode
_replace = msgspec.structs.replace


class Nodes:
    """The membership of one process, and its view of the others."""

    def __init__(
        self,
        record: NodeRecord,
        store: NodeStore,
        signals: Signals,
        clock: Clock,
        settings: ClusterSettings,
        *,
        load: Callable[[], NodeLoad] = NodeLoad,
        sole: bool = False,
    ) -> None:
        """`load` says how busy this process is, once for each heartbeat.

        `sole`: no other process can have this database open.
        """
        self._record = record
        self._store = store
        self._signals = signals
        self._clock = clock
        self._measure = load
        self._load = NodeLoad()
        self._beat_at = clock.monotonic()
        self._sole = sole
        # Nobody can outlive or bury who is alone, so there is no need to write to its disk every few seconds.
        self._lease_s = _SOLE_LEASE_S if sole else settings.lease_s
        self._roster = Roster(clock, settings)
        self._entered = False
        self._offered = not record.starting
        self._lease_at = -math.inf
        """When the renewal began that succeeded last."""
        self._renew_at = 0.0
        self._renewal_fails = False
        self._drain_told = False
        self._level = 1
        self._buried: set[str] = set()
        """Those this process declared dead itself and has yet to clean up after."""
        self._shown: Hashable = None
        self._changed: list[Callable[[], None]] = []
        self._sweepers: list[Callable[[NodeRecord], Awaitable[None]]] = []
        self._drain_asked: list[Callable[[], None]] = []
        self._voided: list[Callable[[NodeRecord, NodeRecord], Awaitable[None]]] = []
        self._void: NodeRecord | None = None
        """What this node was before it was declared dead, until everybody here has let go of it."""
        self._reviving = asyncio.Lock()
        self._ears = AsyncExitStack()
        self._loops = (
            Loop("keeping the lease", self.keep_lease, every_s=settings.heartbeat_s),
            Loop("the heartbeat", self.beat, every_s=settings.heartbeat_s),
            Loop("watching the nodes", self.look, every_s=_SOLE_LOOK_S if sole else settings.look_s),
        )
        self._keeping, self._beating, self._watching = self._loops

    # ------------------------------------------------------------ callbacks

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call it, in the event loop, whenever a node came, went, or has another state or record."""
        self._changed.append(callback)

    def on_dead(self, sweep: Callable[[NodeRecord], Awaitable[None]]) -> None:
        """Have it clean up what an incarnation held that is over.

        It is called by whoever declared the death, and by others should that one not finish; so it may run twice or at
        two nodes at once, and must not mind.  While it fails it is called again.
        """
        self._sweepers.append(sweep)

    def on_drain(self, callback: Callable[[], None]) -> None:
        """Call it once when an operator wants this node to drain and end, which may have been before this."""
        self._drain_asked.append(callback)
        if self._drain_told:
            callback()

    def on_declared_dead(self, callback: Callable[[NodeRecord, NodeRecord], Awaitable[None]]) -> None:
        """Call it with the old and the new record when this node was declared dead: whatever it held is void."""
        self._voided.append(callback)

    # ------------------------------------------------------------ what is known

    @property
    def record(self) -> NodeRecord:
        """What this node says of itself; its incarnation changes when it was declared dead."""
        return self._record

    @property
    def incarnation(self) -> str:
        """The incarnation of this process now."""
        return self._record.incarnation

    @property
    def entered(self) -> bool:
        """Whether the rows know this incarnation as living, as far as this process has heard."""
        return self._entered

    @property
    def offered(self) -> bool:
        """Whether the others were told that this node listens; once they were it stays so."""
        return self._offered

    def view(self) -> list[NodeView]:
        """Return every node by name, this one and the dead of the last hour included."""
        state = NodeState.DRAINING if self._record.draining else NodeState.UP
        if not self._entered:
            state = NodeState.SUSPECT
        now = self._clock.monotonic()
        me = NodeView(self._record, state, self._load, now - self._beat_at, self._lease_at + self._lease_s - now)
        return sorted([me, *self._roster.view()], key=lambda node: (node.record.node_id, node.record.incarnation))

    def live(self, role: str) -> list[NodeView]:
        """Return the nodes with this role that may be given something new, by name."""
        return [node for node in self.view() if node.state is NodeState.UP and role in node.record.roles]

    @property
    def level(self) -> int:
        """The level up to which entry kinds and bus fields may be written, as it was read last.

        It only rises, so what this says is never too much.
        """
        return self._level

    # ------------------------------------------------------------ life

    async def start(self) -> None:
        """Enter, and keep at it until `stop`.  Raises ChatError(CONFLICT) when a living node has the name."""
        await self.enter()
        for loop in self._loops:
            loop.start()

    async def enter(self) -> None:
        """Take the name, learn who is there and tell them; without the loops that `start` adds.

        A predecessor that crashed holds the name until its lease ends, which is waited for.
        """
        holder = 0
        tries_end = self._clock.monotonic() + 2 * self._lease_s
        while True:
            began = self._clock.monotonic()
            try:
                await self._store.enter(self._record, self._lease_s, sole=self._sole)
                break
            except ChatError as refused:
                if refused.code is not Code.CONFLICT:
                    raise
                seen = await self._holder_until_ms()
                # Whoever renews is alive; there is nothing to wait for.
                if (holder and seen not in (0, holder)) or self._clock.monotonic() > tries_end:
                    name = self._record.node_id
                    raise ChatError(Code.CONFLICT, f"A living node is called {name}; give this one another.") from None
                if not holder:
                    _log.warning("waiting for the lease of the node called %s before us", self._record.node_id)
                holder = seen or holder
                await asyncio.sleep(self._lease_s / 20)
        self._is_in(began)
        self._ears.callback(await self._signals.listen(SUBJECT, self._hear))
        self._ears.callback(await self._signals.listen(_LEVEL_SUBJECT, self._wake_watching))
        await self._listen_for_drain()
        await self.look()
        await self.beat()

    async def serve(self) -> None:
        """Be offered to others from now on: what was starting listens."""
        if self._record.starting:
            self._change(draining=False)
            # The row before the word: who begins to listen too late for the one is in time to read the other.
            await self.renew()
            await self.beat()
            self._offered = True

    async def drain(self) -> None:
        """Take nobody new from now on, and have everybody know."""
        if self._record.starting or not self._record.draining:
            self._change(draining=True)
            self._renew_at = 0.0
            self._keeping.wake()
            await self.beat()

    async def stop(self) -> None:
        """Say bye and end the lease.  What this node held must have been let go of before."""
        for loop in self._loops:
            await loop.stop()
        await self._ears.aclose()
        if not self._entered:
            return
        self._entered = False
        await self._signals.signal(SUBJECT, _encode(Bye(self.incarnation)))
        try:
            async with asyncio.timeout(_LEAVE_S):
                await self._store.leave(self.incarnation)
        except (ChatError, TimeoutError) as problem:
            _log.warning("the lease of this node is left to end by itself: %r", problem)

    async def ask_drain(self, node_id: str) -> NodeView:
        """Ask a node, which may be this one, to drain and end.  Raises ChatError(NOT_FOUND) when none lives."""
        for node in self.view():
            if node.record.node_id == node_id and node.state is not NodeState.DEAD:
                if not await self._store.ask_drain(node.record.incarnation):
                    break
                # Only so that it looks at once: the wish is in its row.
                await self._signals.signal(_drain_subject(node.record.incarnation), b"")
                return node
        raise ChatError(Code.NOT_FOUND, f"There is no living node called {node_id}.")

    async def raise_level(self, to: int = 0) -> int:
        """Let everybody write what nodes of this level understand; 0: the highest that all of them do.

        Returns the level that holds now.  There is no way back.  Raises ChatError(CONFLICT), naming who is in the way.
        """
        level, behind = await self._store.raise_level(to)
        if behind:
            named = ", ".join(f"{node.node_id} ({node.version or 'unknown'}, level {node.level})" for node in behind)
            raise ChatError(Code.CONFLICT, f"Not every node understands level {to}: {named}.")
        if to and level > to:
            raise ChatError(Code.CONFLICT, f"The cluster is at level {level} already, and a level never falls.")
        self._level = level
        await self._signals.signal(_LEVEL_SUBJECT, b"")
        return level

    # ------------------------------------------------------------ steps

    async def keep_lease(self) -> None:
        """Renew the lease if it is time to."""
        if self._clock.monotonic() >= self._renew_at:
            await self.renew()

    async def renew(self) -> None:
        """Renew the lease now, or enter anew when that is still to be done."""
        began, incarnation = self._clock.monotonic(), self.incarnation
        if not self._entered:
            await self._revive(incarnation)
            return
        self._renew_at = began + _RETRY_S
        try:
            alive = await self._store.renew(self._record, self._lease_s)
        except ChatError as problem:
            if not self._renewal_fails:
                _log.warning("the lease cannot be renewed and is tried again: %r", problem)
            self._renewal_fails = True
            return
        if self._renewal_fails:
            _log.info("the lease is renewed again")
        self._renewal_fails = False
        if alive:
            self._is_in(began)
        else:
            await self._revive(incarnation)

    async def beat(self) -> None:
        """Tell the others that this node is there, and notice whether the bus is."""
        if self._entered:
            self._load, self._beat_at = self._measure(), self._clock.monotonic()
            await self._signals.signal(SUBJECT, _encode(Beat(self._record, self._load)))
            asked_at = self._clock.monotonic()
            if await self._signals.reachable():
                self._roster.bus_answered(asked_at)
        self.tick()

    async def look(self) -> None:
        """Read the rows; declare dead whose lease ended, and clean up after who is over."""
        asked_at = self._clock.monotonic()
        try:
            rows = await self._store.nodes()
            self._level = max(self._level, await self._store.level())
        except ChatError:
            # The lease says so in the log; the heartbeats go on telling who is there.
            self.tick()
            return
        mine = next((row for row in rows if row.record.incarnation == self.incarnation), None)
        self._roster.read([row for row in rows if row is not mine], asked_at)
        for incarnation in self._roster.lapsed():
            await self._bury(incarnation)
        self.tick()
        if mine is not None and mine.drain_asked and not self._drain_told:
            self._drain_told = True
            for callback in self._drain_asked:
                callback()
        if self._entered and (mine is None or mine.over):
            # A row that is missing may have been read before it was written; the renewal knows.
            await self.renew()
        await self._sweep()

    def tick(self) -> None:
        """Tell the listeners if anything is other than when they were told last."""
        shown = tuple((node.record, node.state) for node in self.view())
        if shown != self._shown:
            self._shown = shown
            self._tell()
        if self._roster.stale:
            self._watching.wake()

    # ------------------------------------------------------------ within

    def _hear(self, payload: bytes) -> None:
        try:
            news = _decode(payload)
        except msgspec.DecodeError:
            _log.warning("a heartbeat cannot be read, and is ignored")
            return
        if isinstance(news, Over) and news.incarnation == self.incarnation:
            self._renew_at = 0.0
            self._keeping.wake()
        elif not (isinstance(news, Beat) and news.record.incarnation == self.incarnation):
            self._roster.hear(news)
            self.tick()

    def _tell(self) -> None:
        for callback in self._changed:
            try:
                callback()
            except Exception:
                # One listener's fault must not keep the others from knowing.
                _log.exception("a listener failed on a change of the nodes")

    def _change(self, *, draining: bool) -> None:
        revision = self._record.revision + 1
        self._record = _replace(self._record, draining=draining, starting=False, revision=revision)

    def _is_in(self, began: float) -> None:
        self._entered = True
        self._lease_at = began
        self._renew_at = began + self._lease_s / 3

    async def _holder_until_ms(self) -> int:
        for row in await self._store.nodes():
            if row.record.node_id == self._record.node_id and not row.over:
                return row.until_ms
        return 0

    async def _listen_for_drain(self) -> None:
        self._ears.callback(await self._signals.listen(_drain_subject(self.incarnation), self._wake_watching))

    def _wake_watching(self, _: bytes) -> None:
        self._watching.wake()

    async def _revive(self, incarnation: str) -> None:
        """Go on under a new incarnation: this one was declared dead.  Idempotent for each incarnation."""
        async with self._reviving:
            if self._entered and self.incarnation != incarnation:
                return
            if self._entered:
                self._entered = False
                self._void = self._record
                self._record = _replace(self._record, incarnation=new_id(), started_ms=self._clock.now_ms())
                _log.error("this node was declared dead; it goes on as %s", self.incarnation)
            if self._void is not None:
                for callback in self._voided:
                    await callback(self._void, self._record)
                self._void = None
                await self._listen_for_drain()
            began = self._clock.monotonic()
            self._renew_at = began + _RETRY_S
            try:
                await self._store.enter(self._record, self._lease_s, sole=self._sole)
            except ChatError as problem:
                _log.warning("this node cannot enter and tries again: %r", problem)
                return
            self._is_in(began)
        await self.beat()

    async def _bury(self, incarnation: str) -> None:
        try:
            won = await self._store.declare_dead(incarnation)
        except ChatError:
            # Whether it was declared is in its row, and so is that nobody has cleaned up.
            return
        self._roster.stale = True
        if won:
            _log.warning("node %s was declared dead", incarnation)
            self._buried.add(incarnation)
            await self._signals.signal(SUBJECT, _encode(Over(incarnation)))

    async def _sweep(self) -> None:
        """Clean up after those this process declared dead, and after others that nobody has for a while."""
        if not self._sweepers and not self._sole:
            # Others know how to; who is alone and was given nothing to do has nothing to clean up.
            return
        waited = {record.incarnation for record in self._roster.unswept(self._lease_s)}
        for record in self._roster.unswept(0.0):
            mine = record.incarnation in self._buried or record.node_id == self._record.node_id or self._sole
            if not mine and record.incarnation not in waited:
                continue
            try:
                for sweep in self._sweepers:
                    await sweep(record)
                await self._store.swept(record.incarnation)
            except ChatError as problem:
                _log.warning("what node %s held is yet to be cleaned up: %r", record.node_id, problem)
                return
            self._buried.discard(record.incarnation)


def _drain_subject(incarnation: str) -> str:
    return f"drain.{incarnation}"

"""The cluster's roll: which sessions are open anywhere, beyond the seats of this process.

Rows are the truth and signals only make it fast.  Sessions are written behind their backs, in batches, never one
transaction per connection; what a database that is away does not take is kept and tried again, and no socket closes for
it.  Whoever watches somebody listens first and reads then, and reads again when a signal says that rows changed.  This
module has no seats; it calls whoever has.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import islice
from typing import Protocol

from hubbub.base.buckets import bucket_of
from hubbub.base.errors import ChatError
from hubbub.base.loops import Loop
from hubbub.cluster.model import NO_TIME, Came, Departure, NodeRecord, SessionRow
from hubbub.cluster.ports import SessionStore, Signals
from hubbub.cluster.slots import Holders, Slots

_AT_ONCE = 500
"""Rows per transaction, and people per question and signal."""

_PAUSE_S = 1.0
"""How long after a failure the database is left alone."""

_STOP_S = 3.0
"""How long the last rows are given; after that they are void with the lease."""

_log = logging.getLogger(__name__)


class Seats(Holders, Protocol):
    """The seats of this process, and who is watched from them."""

    def watches(self, user_id: str) -> bool:
        """Whether anybody here wants to hear of this person."""

    async def look(self, user_ids: Sequence[str]) -> None:
        """Read the presence of these people and tell who watches them.  Raises ChatError."""


class Roll:
    """Reads and writes the sessions of all nodes for one of them, for as long as its incarnation lives."""

    def __init__(
        self,
        store: SessionStore,
        signals: Signals,
        *,
        node_id: str,
        incarnation: str,
        buckets: int,
        gather_s: float = 0.2,
        look_s: float = 0.05,
        check_s: float = 10.0,
        ask_s: float = 0.5,
    ) -> None:
        """`gather_s` and `look_s`: how long a change waits for others before it is written, and before it is read.

        `check_s`: how often slots are looked at.  `ask_s`: how long a newcomer waits for the answer whether the session
        in its way is still there.
        """
        self._store = store
        self._signals = signals
        self._node_id = node_id
        self._incarnation = incarnation
        self._buckets = buckets
        self._seats: Seats | None = None
        self._added: dict[str, SessionRow] = {}
        self._ended: dict[str, Departure] = {}
        self._freed: dict[str, str] = {}
        self._changed: set[str] = set()
        self._cared: Counter[int] = Counter()
        """By bucket: how many people are watched here."""
        self._ears: dict[int, asyncio.Future[Callable[[], None]]] = {}
        self.slots = Slots(store, signals, incarnation, self.free, ask_s=ask_s)
        self._writing = Loop("writing sessions", self._patiently(self.write), gather_s=gather_s)
        self._looking = Loop("reading presence", self._patiently(self.look), gather_s=look_s)
        self._checking = Loop("checking slots", self._patiently(self.slots.check), every_s=check_s)

    # ------------------------------------------------------------ life

    def attach(self, seats: Seats) -> None:
        """Say who has the seats; before `start`."""
        self._seats = self.slots.holders = seats

    async def start(self) -> None:
        """Listen for kicks, and begin to write."""
        await self.slots.hear()
        for loop in (self._writing, self._looking, self._checking):
            loop.start()

    async def stop(self) -> None:
        """Write what is left and listen no more; call it after the last session has left."""
        await self._checking.stop()
        await self._looking.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_S):
                await self._writing.finish()
        self.slots.close()
        await asyncio.gather(*self._ears.values(), return_exceptions=True)
        self._cared.clear()
        self.let_go()

    def _patiently(self, step: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """Return a step that leaves a database alone for a while that does not answer, and says so once."""
        failing = False

        async def try_it() -> None:
            nonlocal failing
            try:
                await step()
            except ChatError as problem:
                if not failing:
                    _log.warning("the rows of sessions are out of reach and are tried again: %r", problem)
                failing = True
                await asyncio.sleep(_PAUSE_S)
                self._writing.wake()
                self._looking.wake()
            else:
                failing = False

        return try_it

    # ------------------------------------------------------------ rows

    @property
    def unwritten(self) -> int:
        """How many comings and goings wait to be written.

        There are never more than there were sessions: without a database nobody new gets in.
        """
        return len(self._added) + len(self._ended) + len(self._freed)

    def row(self, session_id: str, user_id: str, device_id: str, came: Came = NO_TIME) -> SessionRow:
        """Return the row of a session of this node."""
        about = (came.ms, came.run, came.attempt)
        return SessionRow(session_id, user_id, device_id, self._node_id, self._incarnation, *about)

    def enter(self, row: SessionRow) -> None:
        """Have a session written."""
        self._added[row.session_id] = row
        self._writing.wake()

    def leave(self, ended: Departure) -> None:
        """Have a session's row and slot deleted."""
        self._added.pop(ended.session_id, None)
        self._ended[ended.session_id] = ended
        self._writing.wake()

    def free(self, user_id: str, session_id: str) -> None:
        """Have a slot given up whose session never sat."""
        self._freed[session_id] = user_id
        self._writing.wake()

    async def write(self) -> None:
        """Write what came since; what the database does not take is kept.  Raises ChatError."""
        while some := list(islice(self._added.values(), _AT_ONCE)):
            await self._store.add(some)
            for row in some:
                self._added.pop(row.session_id, None)
            await self._say(row.user_id for row in some)
            await self._oust_twins(some)
        while ended := list(islice(self._ended.values(), _AT_ONCE)):
            await self._store.remove(ended)
            for one in ended:
                self._ended.pop(one.session_id, None)
            await self._say(one.user_id for one in ended)
        while freed := list(islice(self._freed.items(), _AT_ONCE)):
            await self._store.free_slots([(user_id, session_id) for session_id, user_id in freed])
            for session_id, _ in freed:
                self._freed.pop(session_id, None)

    async def _oust_twins(self, added: Sequence[SessionRow]) -> None:
        """A device replaces itself: end the older of two sessions of one device at two nodes.

        Older is who said hello first; not who was stored first, for a node whose database was out of reach stores late.
        Of two that come at once at least one node sees both rows, and whoever sees them means the same one.  A session
        that has ended meanwhile replaces nobody.
        """
        mine = self._incarnation
        found = await self._store.sessions_of([row.user_id for row in added])
        stored = {row.session_id: row for row in found}
        # The last of them here has replaced the others here.
        here = [row.session_id for row in added if row.session_id not in self._ended]
        came = {(stored[one].user_id, stored[one].device_id): stored[one] for one in here if one in stored}
        for other in found:
            own = came.get((other.user_id, other.device_id))
            if own is not None and other.incarnation != mine:
                await self.slots.kick(other if own.replaces(other) else own)

    async def node_died(self, record: NodeRecord) -> None:
        """Delete the sessions of an incarnation that is over, and tell who watches its people.  Raises ChatError."""
        await sweep_sessions(self._store, record, tell=self._say)

    # ------------------------------------------------------------ questions

    async def elsewhere(self, user_ids: Sequence[str]) -> set[str]:
        """Return which of these people have a session at another node.  Raises ChatError."""
        mine = self._incarnation
        return {row.user_id for row in await self._store.sessions_of(user_ids) if row.incarnation != mine}

    async def departures(self, user_ids: Sequence[str]) -> dict[str, Departure]:
        """Return how these people left last.  Raises ChatError."""
        return {one.user_id: one for one in await self._store.departures(user_ids)}

    async def online_after(self, user_id: str, limit: int) -> list[str]:
        """Return people with a session anywhere, by user id, beginning after the one given.  Raises ChatError."""
        return await self._store.online_after(user_id, limit)

    async def seat_of(self, user_id: str, device_id: str) -> str:
        """Return the incarnation that has the session of this device, or "".  Raises ChatError."""
        rows = [row for row in await self._store.sessions_of([user_id]) if row.device_id == device_id]
        latest = None
        for row in rows:
            latest = row if latest is None or row.replaces(latest) else latest
        return latest.incarnation if latest is not None else ""

    # ------------------------------------------------------------ changes

    def care(self, came: Iterable[str], went: Iterable[str]) -> None:
        """Learn for whom else, and for whom no longer, somebody here wants to hear."""
        self._cared.update(bucket_of(user_id, self._buckets) for user_id in came)
        self._cared.subtract(bucket_of(user_id, self._buckets) for user_id in went)

    async def listen(self, user_ids: Iterable[str]) -> None:
        """Wait until it is noticed when sessions of these people come or go; what is read after it misses nothing."""
        wanted = {bucket_of(user_id, self._buckets) for user_id in user_ids}
        for bucket in wanted - self._ears.keys():
            hearing = self._signals.listen(f"presence.{bucket}", self._heard)
            self._ears[bucket] = asyncio.ensure_future(hearing)
        try:
            # Not cancelled with one who waits: others may wait for the same.
            await asyncio.gather(*(asyncio.shield(self._ears[bucket]) for bucket in wanted))
        finally:
            for bucket in wanted & self._ears.keys():
                ear = self._ears[bucket]
                if ear.done() and (ear.cancelled() or ear.exception() is not None):
                    del self._ears[bucket]

    def let_go(self) -> None:
        """Listen no more where nobody is cared for."""
        for bucket in [each for each, ear in self._ears.items() if self._cared[each] <= 0 and ear.done()]:
            ear = self._ears.pop(bucket)
            if not ear.cancelled() and ear.exception() is None:
                ear.result()()

    def changed(self, user_ids: Iterable[str]) -> None:
        """Have the presence of those of these people who are watched here read soon."""
        if self._seats is not None:
            self._changed.update(filter(self._seats.watches, user_ids))
        if self._changed:
            self._looking.wake()

    async def look(self) -> None:
        """Have read what changed; what the database does not answer is asked again.  Raises ChatError."""
        while self._changed and self._seats is not None:
            some = [self._changed.pop() for _ in range(min(len(self._changed), _AT_ONCE))]
            try:
                await self._seats.look(some)
            except BaseException:
                self._changed.update(some)
                raise

    async def _say(self, user_ids: Iterable[str]) -> None:
        """Tell every node, this one too, that sessions of these people came or went."""
        people = sorted(set(user_ids))
        self.changed(people)  # Also without a bus.
        by_bucket: dict[int, list[bytes]] = {}
        for user_id in people:
            by_bucket.setdefault(bucket_of(user_id, self._buckets), []).append(bytes.fromhex(user_id))
        for bucket, ids in by_bucket.items():
            await self._signals.signal(f"presence.{bucket}", b"".join(ids))

    def _heard(self, payload: bytes) -> None:
        self.changed(payload[at : at + 16].hex() for at in range(0, len(payload) - 15, 16))


async def _nobody(user_ids: Iterable[str]) -> None:
    return None


async def sweep_sessions(
    store: SessionStore, record: NodeRecord, *, tell: Callable[[Iterable[str]], Awaitable[None]] = _nobody
) -> None:
    """Delete the sessions of an incarnation that is over, and tell of their people.

    May run twice, and at several nodes at once.  Raises ChatError.
    """
    while rows := await store.sweep(record.incarnation, _AT_ONCE):
        await tell(row.user_id for row in rows)

"""What this process knows of every node, made of rows that were read and heartbeats that were heard.

Two witnesses speak of each node.  A heartbeat is fast and may be lost; a row is slow and final.  The roster weighs
them: who is heard is up, who is silent while the bus answers is suspect, and dead is only who a row says is dead.  Ages
are by this process's monotonic clock alone, whatever the calendars of the others say.  It does no I/O.

When the bus itself is away everybody is silent, which says nothing about anybody: silence is therefore counted up to
the last moment the bus answered, and anew once it is back.  Meanwhile a node falls only with its lease.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from hubbub.base.clock import Clock
from hubbub.cluster.model import Leased, NodeLoad, NodeRecord, NodeState, NodeView
from hubbub.cluster.settings import ClusterSettings


class Beat(msgspec.Struct, frozen=True, tag="beat"):
    """A node is there, and this is how it is."""

    record: NodeRecord
    load: NodeLoad


class Bye(msgspec.Struct, frozen=True, tag="bye"):
    """A node stops in order and has let go of everything."""

    incarnation: str


class Over(msgspec.Struct, frozen=True, tag="over"):
    """A node was declared dead; the rows say so."""

    incarnation: str


News = Beat | Bye | Over
"""What travels as signal `nodes`."""


@dataclass(slots=True)
class _Known:
    record: NodeRecord
    since: float
    """When this process learned of it."""
    load: NodeLoad = field(default_factory=NodeLoad)
    heard_at: float = -math.inf
    left_s: float = math.inf
    until_ms: int = 0
    unchanged_since: float = math.inf
    """Since when the rows, read without a break, have shown that end of its lease."""
    gone: bool = False
    """It said bye, left, or another incarnation has its name."""
    dead: bool = False
    over_since: float = math.inf
    swept: bool = False


class Roster:
    """Every node but this one."""

    def __init__(self, clock: Clock, settings: ClusterSettings) -> None:
        self._clock = clock
        self._settings = settings
        self._nodes: dict[str, _Known] = {}
        self._bus_at = -math.inf
        """When the bus answered last."""
        self._bus_since = -math.inf
        """From when on silence counts: it has answered without a break since."""
        self._read_at = -math.inf
        self.stale = False
        """Something was heard that the rows should explain."""

    # ------------------------------------------------------------ learning

    def hear(self, news: News) -> None:
        """Take in what was heard of another node."""
        match news:
            case Beat(record=record):
                node = self._nodes.get(record.incarnation)
                if node is None:
                    node = self._nodes[record.incarnation] = _Known(record, self._clock.monotonic())
                    self._retire(record)
                    self.stale = True
                if not (node.dead or node.gone):
                    node.load, node.heard_at = news.load, self._clock.monotonic()
                    if record.revision >= node.record.revision:
                        node.record = record
            case Bye(incarnation=incarnation):
                if incarnation in self._nodes:
                    self._nodes[incarnation].gone = True
                self.stale = True
            case Over():
                self.stale = True

    def read(self, rows: Sequence[Leased], asked_at: float) -> None:
        """Take in the rows of the others as they were read by a question asked at that moment."""
        now = self._clock.monotonic()
        # After a break (the database was away, or this process stood still) nothing is known of what was renewed
        # within it: everybody gets the time to renew that a lease gives.
        anew = asked_at - self._read_at > self._settings.lease_s / 2
        self._read_at = asked_at
        self.stale = False
        for row in rows:
            record = row.record
            node = self._nodes.get(record.incarnation)
            if node is None:
                node = self._nodes[record.incarnation] = _Known(record, now)
            # A node that drains says so before it writes its row: what is read since may be the older of the two.
            if record.revision >= node.record.revision:
                node.record = record
            if anew or row.until_ms != node.until_ms:
                node.unchanged_since = asked_at
            node.left_s, node.until_ms = row.left_s, row.until_ms
            if row.over and node.over_since == math.inf:
                node.over_since = now
            node.dead, node.gone, node.swept = row.dead, node.gone or row.left, row.swept
        listed = {row.record.incarnation for row in rows}
        for incarnation, node in list(self._nodes.items()):
            if incarnation not in listed and node.heard_at < asked_at and node.since < asked_at:
                del self._nodes[incarnation]

    def bus_answered(self, asked_at: float) -> None:
        """Note that the bus answered a question asked at that moment, after handing over what it had."""
        if math.isfinite(self._bus_at) and asked_at - self._bus_at > 2 * self._settings.heartbeat_s:
            # The others may take a moment longer to find back to it.
            self._bus_since = asked_at + self._settings.suspect_s
        self._bus_at = asked_at

    def _retire(self, newer: NodeRecord) -> None:
        """Whoever enters under a name has seen to it that the incarnation before is over."""
        for node in self._nodes.values():
            if node.record.node_id == newer.node_id and node.record.incarnation != newer.incarnation:
                node.gone = True

    # ------------------------------------------------------------ answering

    def view(self) -> list[NodeView]:
        """Return how the others are now; those that stopped in order are not among them."""
        now = self._clock.monotonic()
        return [
            NodeView(node.record, self._state(node, now), node.load, now - node.heard_at, node.left_s)
            for node in self._nodes.values()
            if node.dead or not node.gone
        ]

    def lapsed(self) -> list[str]:
        """Return whom this process may try to declare dead.

        Its lease must have ended by the database's clock, and nobody renewed it during the whole time of a lease in
        which this process could read the rows: after a database was away all leases have ended, and mean nothing.
        """
        now = self._clock.monotonic()
        return [
            incarnation
            for incarnation, node in self._nodes.items()
            if not (node.dead or node.gone)
            and node.left_s <= 0
            and self._read_at - node.unchanged_since >= self._settings.lease_s
            and self._state(node, now) is NodeState.SUSPECT
        ]

    def unswept(self, older_s: float) -> list[NodeRecord]:
        """Return those that are over since so long for this process, and that nobody has cleaned up after."""
        now = self._clock.monotonic()
        return [node.record for node in self._nodes.values() if not node.swept and now - node.over_since >= older_s]

    def _state(self, node: _Known, now: float) -> NodeState:
        if node.dead:
            return NodeState.DEAD
        heard = now - node.heard_at <= self._settings.suspect_s
        silent_s = self._bus_at - max(node.heard_at, node.since, self._bus_since)
        if not heard and (node.left_s <= 0 or silent_s > self._settings.suspect_s):
            return NodeState.SUSPECT
        return NodeState.DRAINING if node.record.draining else NodeState.UP

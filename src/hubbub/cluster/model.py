"""The nouns of a cluster: nodes, how they are, and what they hold.

A node has a name that stays and an incarnation that is new with each start, and new again after it was declared dead.
Whatever a node holds (sockets, seats, locks) is held by an incarnation, and is void once that one's lease is gone.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

ROLES = ("web", "gateway", "chat", "worker")
"""What a process can do; `hubbub serve` does all of it unless told otherwise."""


LEVEL = 1
"""The highest level of entry kinds and bus fields that this program understands.

Whoever adds a kind or a field that older nodes must not meet raises it by one, and writes the kind only where
`Nodes.level` is at least that.
"""


class TooOld(Exception):
    """The cluster writes what this program does not understand."""

    def __init__(self, *, own: int, cluster: int) -> None:
        super().__init__(own, cluster)
        self.own = own
        self.cluster = cluster

    def __str__(self) -> str:
        return (
            f"this cluster is at level {self.cluster}, and this version understands what is written up to level"
            f" {self.own}: start a newer one"
        )


class NodeState(StrEnum):
    """What others think of a node."""

    UP = "up"
    DRAINING = "draining"
    """It serves whom it has and takes nobody new."""
    SUSPECT = "suspect"
    """Its heartbeats stopped and its lease still runs: it gets nothing new, and nobody buries it."""
    DEAD = "dead"
    """Its lease ended and somebody declared so; what it held is void."""


class NodeRecord(msgspec.Struct, frozen=True):
    """What a node says of itself; it changes only with a new incarnation, but for whether it takes new ones."""

    node_id: str
    """The operator's name for it, such as `gateway-1`; unique among the living."""
    incarnation: str
    roles: tuple[str, ...]
    http: str = ""
    """host:port where its HTTP and WebSocket port is reached from inside the cluster; empty: none."""
    tcp: str = ""
    """host:port of its raw TCP port; empty: none."""
    version: str = ""
    level: int = 1
    """The highest level of entry kinds and bus fields it understands."""
    weight: float = 1.0
    """How much it takes compared with others, for assignment."""
    started_ms: int = 0
    """By its own clock; to be shown, never compared."""
    draining: bool = False
    """It takes nobody new."""
    starting: bool = False
    """It does not listen yet.  Such a node says that it is draining, too, which is all that matters to others."""
    revision: int = 0
    """Counts what it said of itself: of two records of one incarnation the higher is the newer."""


class NodeLoad(msgspec.Struct, frozen=True):
    """How busy a node is; sent with every heartbeat."""

    sessions: int = 0
    users: int = 0
    acked_per_s: float = 0.0
    delivered_per_s: float = 0.0
    cpu: float = 0.0
    """Share of one core, 1.0 being all of it."""
    rss_mib: float = 0.0
    pending: int = 0
    """Commands and calls that wait."""


class NodeView(msgspec.Struct, frozen=True):
    """A node as this process sees it now."""

    record: NodeRecord
    state: NodeState
    load: NodeLoad
    heard_s: float
    """Seconds since its last heartbeat by this process's monotonic clock; infinite when none was heard."""
    lease_s: float
    """Seconds its lease still ran, by the database's clock, when it was read last."""


class Leased(msgspec.Struct, frozen=True):
    """A node's row: its record, and how long its lease still runs by the database's clock."""

    record: NodeRecord
    left_s: float
    """Negative once it lapsed."""
    until_ms: int
    """When it ends, by the database's clock: to see whether it was renewed, and never to be compared with a clock."""
    dead: bool = False
    """Somebody declared so."""
    left: bool = False
    """It stopped in order."""
    swept: bool = False
    """It is over, and what it held was cleaned up."""
    drain_asked: bool = False
    """Somebody wants it to drain and end."""

    @property
    def over(self) -> bool:
        """Whether what it held is void."""
        return self.dead or self.left


class Lock(msgspec.Struct, frozen=True):
    """A lock that was got.  Whoever writes under it passes the token on, and the lower of two tokens is refused."""

    name: str
    token: int
    """Greater than every token this lock ever gave out."""
    lease_s: float


class Held(msgspec.Struct, frozen=True):
    """A lock that another has."""

    left_s: float
    """How long the other's lease still runs by the database's clock, if it is not made longer."""


class ConfigVersion(msgspec.Struct, frozen=True):
    """One version of the live configuration."""

    version: int
    values: dict[str, object]
    """Dotted key to value; keys that are absent have their default."""
    author: str
    made_ms: int
    note: str = ""


class Came(msgspec.Struct, frozen=True):
    """When a session's peer said hello, by what can be known of it."""

    ms: int = 0
    """By the clock all nodes share."""
    run: str = ""
    """The run of the client program that said it; empty: it did not say."""
    attempt: int = 0
    """Counts the hellos of that run."""

    def after(self, other: Came) -> bool:
        """Whether this hello was said later.

        Of one run the client knows by itself: its hello may lie in a connection that it gave up, and be read after the
        one it said next.
        """
        if self.run and self.run == other.run and self.attempt != other.attempt:
            return self.attempt > other.attempt
        return self.ms > other.ms

    def given_up_for(self, other: Came) -> bool:
        """Whether the client that said this hello has said that other one since, by its own count."""
        return bool(self.run) and self.run == other.run and self.attempt < other.attempt


NO_TIME = Came()


class SessionRow(msgspec.Struct, frozen=True):
    """An open session, void once its incarnation is over."""

    session_id: str
    user_id: str
    device_id: str
    node_id: str
    incarnation: str
    since_ms: int = 0
    """When its peer said hello, by the clock all nodes share; 0: whenever it is stored."""
    run: str = ""
    attempt: int = 0
    """See `Came`."""

    @property
    def came(self) -> Came:
        return Came(self.since_ms, self.run, self.attempt)

    def replaces(self, other: SessionRow) -> bool:
        """Whether this is the later of two sessions of one device; exactly one of the two is."""
        if self.came.after(other.came) or other.came.after(self.came):
            return self.came.after(other.came)
        return self.session_id > other.session_id


def may_take(row: SessionRow, holder: SessionRow, expect: str | None) -> bool:
    """Whether a session may take a person's slot from one that lives.

    `expect`: the session it knows to hold the slot and to be gone; None: whoever holds it.
    """
    if holder.device_id == row.device_id:
        # A device replaces itself, but not by what it said before.
        return not row.came.given_up_for(holder.came)
    return expect in (None, holder.session_id)


class Departure(msgspec.Struct, frozen=True):
    """How a session ended."""

    session_id: str
    user_id: str
    dropped: bool
    """The connection ended otherwise than by logging out."""
    at_ms: int


class Slot(msgspec.Struct, frozen=True):
    """What came of taking somebody's one slot."""

    taken: bool
    holder: SessionRow | None = None
    """Taken: whom it was taken from, if anybody.  Not taken: who keeps it."""

"""What a cluster needs from the world: rows with leases on the database's clock, and a way to wave at the others.

Correctness rests on the rows alone.  Signals only make things fast: every one of them may be lost, late or double, and
whoever acts on one reads the rows again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from hubbub.cluster.model import ConfigVersion, Departure, Held, Leased, Lock, NodeRecord, SessionRow, Slot


class Signals(Protocol):
    """Short messages to whoever listens, at most once."""

    async def signal(self, subject: str, payload: bytes) -> None:
        """Send to every listener of `subject` (letters, digits, `-`, `_`, `.`), this process included.

        Best effort: it raises nothing when the bus is away.
        """

    async def listen(self, subject: str, handler: Callable[[bytes], None]) -> Callable[[], None]:
        """Call `handler` in the event loop with every payload sent from now on; what is returned ends that.

        Listening is kept over reconnects.
        """

    async def reachable(self) -> bool:
        """Whether the bus answers: a round trip over the connection that the listeners hear by (NATS: a flush).

        What others sent before it began has reached the listeners when it returns True.  False when the bus is away
        or takes longer than a second; it raises nothing.
        """


class NodeStore(Protocol):
    """The rows of nodes.  All times are the database's.

    What a row says of an incarnation only goes one way: living, then over (it left, or was declared dead), then swept
    (what it held was cleaned up), then forgotten an hour later.
    """

    async def enter(self, record: NodeRecord, lease_s: float, *, sole: bool = False) -> None:
        """Insert this incarnation with a lease.  An earlier one of the same name whose lease lapsed is declared dead.

        Raises ChatError(CONFLICT) while another incarnation of the same name is alive.  `sole`: the caller knows to be
        the only process on this database, so that whatever else is in the rows is declared dead, lapsed or not.
        Raises TooOld for one that does not understand the cluster's level.  Idempotent.
        """

    async def renew(self, record: NodeRecord, lease_s: float) -> bool:
        """Renew the lease, lapsed or not, and store the record; False when the incarnation is over or unknown."""

    async def leave(self, incarnation: str) -> None:
        """End an incarnation that stops in order.  Idempotent."""

    async def nodes(self) -> list[Leased]:
        """Return every row, those that are over since less than an hour included, by name."""

    async def declare_dead(self, incarnation: str) -> bool:
        """Declare it dead if its lease has lapsed by the database's clock; True for the one caller that did."""

    async def swept(self, incarnation: str) -> None:
        """Note that what an incarnation held was cleaned up after it was over.  Idempotent."""

    async def ask_drain(self, incarnation: str) -> bool:
        """Note that it should drain and end; False when it is over or unknown."""

    async def level(self) -> int:
        """Return the level up to which entry kinds and bus fields may be written; 1 until it was raised."""

    async def raise_level(self, to: int) -> tuple[int, list[NodeRecord]]:
        """Raise the level to `to`, or to the highest that every living node understands when it is 0.

        Returns the level that holds now, and the living nodes that do not understand `to`: then nothing changed.  Of a
        node that enters meanwhile either its row is seen here, or it sees the new level.  It never falls.
        """

    async def forget(self, under: Lock) -> None:
        """Delete the rows of those that are swept and over since an hour.

        Raises LockLost, and deletes nothing, when somebody has taken the lock since `under`.
        """


class ConfigStore(Protocol):
    """The live configuration and its history."""

    async def current(self) -> ConfigVersion:
        """Return the newest version; version 0 with no values when nothing was ever set."""

    async def change(self, expect: int, values: Mapping[str, object], author: str, note: str = "") -> ConfigVersion:
        """Store the next version.  Raises ChatError(CONFLICT) when the newest is not `expect` any more."""

    async def history(self, before: int, limit: int) -> list[ConfigVersion]:
        """Return versions below `before` (0: all), newest first."""

    async def version(self, version: int) -> ConfigVersion | None:
        """Return that version; None when there is none."""


class LockStore(Protocol):
    """Locks as leases with fencing tokens, on the database's clock."""

    async def acquire(self, name: str, owner: str, lease_s: float) -> Lock | Held:
        """Take the lock if it is free, lapsed or already this owner's; Held while it is another's."""

    async def extend(self, lock: Lock, owner: str, lease_s: float) -> bool:
        """Make it run longer, lapsed or not; False when somebody else has had it since."""

    async def release(self, lock: Lock, owner: str) -> None:
        """Give it free; nothing happens when it was lost."""


class SessionStore(Protocol):
    """Open sessions, how people left last, and the slots of the login policies that allow one session.

    A session counts while its incarnation is not over, lapsed lease or not: a database that was away must not make
    everybody look gone, and whoever declares a node dead sweeps its rows.  A slot is held only while the lease runs:
    it must not keep anybody out longer than that.
    """

    async def add(self, rows: Sequence[SessionRow]) -> None:
        """Insert those that are not there yet; a `since_ms` of 0 becomes the database's time."""

    async def remove(self, ended: Sequence[Departure]) -> None:
        """Delete sessions with the slots they hold, and remember how their people left.  Idempotent."""

    async def sessions_of(self, user_ids: Sequence[str]) -> list[SessionRow]:
        """Return the sessions of these people that count."""

    async def departures(self, user_ids: Sequence[str]) -> list[Departure]:
        """Return how these people left last, whether or not they came back; who never left is absent."""

    async def online_after(self, user_id: str, limit: int) -> list[str]:
        """Return people with a session that counts, by user id, beginning after the one given."""

    async def sweep(self, incarnation: str, limit: int) -> list[SessionRow]:
        """Delete up to `limit` sessions of an incarnation that is over, with their slots, and return them.

        Their people are remembered as dropped.  Of racing callers each row goes to one.  Empty only when none is left;
        always for an incarnation that lives.
        """

    async def drop_strays(self, under: Lock) -> None:
        """Delete what belongs to incarnations nobody remembers.

        Raises LockLost, and deletes nothing, when somebody has taken the lock since `under`.
        """

    async def take_slot(self, row: SessionRow, expect: str | None = "") -> Slot:
        """Put `row` into its person's slot if that is free, its own, or held by `expect` or by nobody who counts.

        Nobody who counts is a session whose incarnation's lease has lapsed, and one of the same device.  `expect` None:
        whoever holds it.
        """

    async def free_slots(self, held: Sequence[tuple[str, str]]) -> None:
        """Free the slots of these (user, session) pairs that are held by just that session."""

    async def slots(self, user_ids: Sequence[str]) -> list[SessionRow]:
        """Return who holds the slots of these people."""

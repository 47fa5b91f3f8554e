"""What a cluster needs from the world: rows with leases on the database's clock, and a way to wave at the others.

Correctness rests on the rows alone.  Signals only make things fast: every one of them may be lost, late or double, and
whoever acts on one reads the rows again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from hubbub.cluster.model import ConfigVersion, Held, Leased, Lock, NodeRecord, SessionRow


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
        Idempotent.
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
    """Open sessions and the slots of login policies."""

    async def add(self, rows: Sequence[SessionRow]) -> None: ...

    async def remove(self, session_ids: Sequence[str]) -> None: ...

    async def sessions_of(self, user_ids: Sequence[str]) -> list[SessionRow]:
        """Return the sessions of these people whose incarnation lives."""

    async def online_after(self, user_id: str, limit: int) -> list[str]:
        """Return people with a living session, by user id, beginning after the one given."""

    async def sweep(self, incarnation: str, limit: int) -> list[SessionRow]:
        """Delete and return up to `limit` sessions of a dead incarnation; of racing callers each row goes to one."""

    async def take_slot(self, row: SessionRow, expect: str) -> SessionRow | None:
        """Put `row` into its person's slot if the session there is `expect` ("" for none) or its incarnation is gone.

        Returns None when it was taken, else the session that holds the slot.
        """

    async def free_slot(self, user_id: str, session_id: str) -> None: ...

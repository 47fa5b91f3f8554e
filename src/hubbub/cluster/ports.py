"""What a cluster needs from the world: rows with leases on the database's clock, and a way to wave at the others.

Correctness rests on the rows alone.  Signals only make things fast: every one of them may be lost, late or double, and
whoever acts on one reads the rows again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from hubbub.cluster.model import ConfigVersion, Leased, Lock, NodeRecord, SessionRow


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


class NodeStore(Protocol):
    """The rows of nodes.  All times are the database's."""

    async def enter(self, record: NodeRecord, lease_s: float) -> None:
        """Insert this incarnation with a lease.  An earlier one of the same name whose lease lapsed is declared dead.

        Raises ChatError(CONFLICT) while another incarnation of the same name is alive.
        """

    async def renew(self, record: NodeRecord, lease_s: float) -> bool:
        """Renew the lease, lapsed or not, and store `draining`; False when the incarnation was declared dead."""

    async def leave(self, incarnation: str) -> None:
        """Remove a node that stops in order.  Idempotent."""

    async def nodes(self) -> list[Leased]:
        """Return every row, the dead ones of the last hour included, by name."""

    async def declare_dead(self, incarnation: str) -> bool:
        """Declare it dead if its lease has lapsed by the database's clock; True for the one caller that did."""


class ConfigStore(Protocol):
    """The live configuration and its history."""

    async def current(self) -> ConfigVersion:
        """Return the newest version; version 0 with no values when nothing was ever set."""

    async def change(self, expect: int, values: Mapping[str, object], author: str, note: str = "") -> ConfigVersion:
        """Store the next version.  Raises ChatError(CONFLICT) when the newest is not `expect` any more."""

    async def history(self, before: int, limit: int) -> list[ConfigVersion]:
        """Return versions below `before` (0: all), newest first."""

    async def version(self, version: int) -> ConfigVersion | None: ...


class LockStore(Protocol):
    """Locks as leases with fencing tokens, on the database's clock."""

    async def acquire(self, name: str, owner: str, lease_s: float) -> Lock | None:
        """Take the lock if it is free, lapsed or already this owner's; None while another holds it."""

    async def extend(self, lock: Lock, owner: str, lease_s: float) -> bool:
        """Make it run longer; False when it was lost."""

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

"""What the stores need of a database: functions of a connection, each run in one transaction.

A store is a class of small methods that hand plain functions to `write` and `read`.  The functions are the same on
every database; who runs them where (a thread with SQLite, a connection to a server) is the database's business, and
where databases differ in their statements the functions ask its `dialect`.  This module runs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from hubbub.base.clock import Clock
from hubbub.storage.dialects import Dialect

T = TypeVar("T")


class Database(Protocol):
    """An open database."""

    @property
    def clock(self) -> Clock:
        """The clock of this process."""

    @property
    def dialect(self) -> Dialect:
        """The statements of this sort of database."""

    @property
    def epoch(self) -> str:
        """The log epoch: another value means another log, and nothing read from the old one can be trusted."""

    @property
    def shared(self) -> bool:
        """Whether other processes may write at the same time."""

    async def write(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` in a transaction and commit it durably.

        Each statement sees what was committed when it began, so what must not change while it is looked at is locked
        first.  Any error rolls back; the database's own come as StoreError, all others unchanged.  Nothing is stored
        then, except with OutcomeUnknown.  Cancelling takes back what has not begun; what has begun ends on its own.
        """

    async def read(self, fn: Callable[[Connection], T], *, single: bool = False) -> T:
        """Run `fn` over one snapshot; it cannot write.

        `single`: it is one SELECT, which has a snapshot of its own, so nothing needs to be begun and ended around it.
        """

    def now_ms(self, conn: Connection) -> int:
        """Return the time of the one clock that all who use this database share."""

    async def close(self) -> None:
        """Let what runs end, refuse what comes, and let go of the database."""

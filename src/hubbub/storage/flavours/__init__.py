"""How each sort of database server is spoken to, besides its statements.

A flavour knows how to connect, how a transaction begins and ends, which settings of the server would break the promise
"acknowledged means stored", and what its driver's errors mean.  It keeps no connection and runs no transaction: that is
the same for all of them.
"""

from __future__ import annotations

from typing import Any, Protocol

from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine

from hubbub.chat.ports import StoreError
from hubbub.storage.dialects import Dialect
from hubbub.storage.failures import UnsafeDatabase

LOCK_S = 1.0
"""A statement that waits longer for a lock gives up: whoever holds it is stuck."""

PAUSE_S = 2.0
"""A transaction whose process says nothing for so long is ended by the server, so that it holds nobody up."""

STATEMENT_S = 10.0
"""No statement runs longer."""

CONNECT_S = 5.0
"""A server that does not answer a new connection for so long is not there."""


class Flavour(Protocol):
    """One sort of database server.  `driver` is the connection of its asyncio driver."""

    dialect: Dialect

    def engine(self, url: URL) -> AsyncEngine:
        """Return an engine without a pool, in autocommit, whose connections have the time limits above."""

    async def prepare(self, driver: Any, *, reading: bool) -> None:
        """Ready a fresh connection for transactions of one sort."""

    async def begin(self, driver: Any, *, reading: bool) -> None:
        """Begin a transaction: a writing one at READ COMMITTED, a reading one over one snapshot that cannot write."""

    async def commit(self, driver: Any) -> None:
        """Commit; returns only if it did."""

    async def rollback(self, driver: Any) -> None: ...

    def is_closed(self, driver: Any) -> bool:
        """Whether it is known that the connection has ended.  Asks nobody."""

    def let_go(self, driver: Any) -> None:
        """End the connection at once, whatever it is doing."""

    def dangers(self, conn: Connection) -> list[UnsafeDatabase]:
        """Return what would lose or spoil what was acknowledged."""

    def now_ms(self, conn: Connection) -> int:
        """Return the server's time, as it passes also within a transaction."""

    def lock_schema(self, conn: Connection) -> None:
        """Wait until nobody else changes the tables; the lock ends with the connection at the latest.

        It is called in a transaction, and lifts the time limits of its connection, which serves for nothing else.
        """

    def translate(self, error: BaseException) -> StoreError | None:
        """Return what a failed transaction means, or None for an error that is not the database's.

        Whoever calls it has not said COMMIT: whatever is returned, nothing was stored.
        """

    def is_certain(self, error: BaseException) -> bool:
        """Whether the server itself said that a COMMIT failed, so that nothing was stored."""

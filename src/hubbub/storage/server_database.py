"""A database on a server that many processes share.

The stores' functions are run over an asyncio driver: SQLAlchemy lets a plain function wait inside, so they are the same
as for SQLite.  Reading and writing have connections of their own, so that no crowd of readers keeps the one transaction
waiting that everybody's messages are in.  Opening brings the tables up to date, one process at a time, and refuses a
server whose settings would break the promise "acknowledged means stored", unless it is told to put up with it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine

from hubbub.base.clock import Clock
from hubbub.base.ids import new_id
from hubbub.storage import migrations
from hubbub.storage.connections import Connections
from hubbub.storage.examining import Examined, examine
from hubbub.storage.failures import HalfGrown, OlderSchema
from hubbub.storage.flavours import CONNECT_S, Flavour
from hubbub.storage.meta import GROWING, agree, read

T = TypeVar("T")

_log = logging.getLogger(__name__)

DEADLINE_S = 15.0
"""So long a transaction may take before its caller is told that it failed, or that nobody knows."""

_UPGRADE_S = 600.0
"""So long the tables may take to be brought up to date, by this process or another."""


class ServerDatabase:
    """A `Database` that other processes use as well."""

    shared = True

    def __init__(
        self,
        engine: AsyncEngine,
        flavour: Flavour,
        *,
        writers: int,
        readers: int,
        clock: Clock,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        """Use `open` instead."""
        self.clock = clock
        self.dialect = flavour.dialect
        self.epoch = ""
        self._engine = engine
        self._flavour = flavour
        self._writing = Connections(
            engine, flavour, reading=False, count=writers, waiting_limit=512, wait_s=10.0, deadline_s=deadline_s
        )
        self._reading = Connections(
            engine, flavour, reading=True, count=readers, waiting_limit=4096, wait_s=10.0, deadline_s=deadline_s
        )

    @classmethod
    async def open(
        cls,
        url: URL,
        flavour: Flavour,
        *,
        clock: Clock,
        writers: int = 4,
        readers: int = 4,
        migrate: bool = True,
        accept_unsafe: bool = False,
        growing: bool = False,
        deadline_s: float = DEADLINE_S,
    ) -> ServerDatabase:
        """Connect, and bring the tables up to date if `migrate`; await it, and `close` when done.

        `deadline_s` bounds each transaction.
        With `growing` also one into which data is being moved.  Raises HalfGrown, NewerSchema, OlderSchema,
        UnsafeDatabase or another StoreUnavailable.
        """
        engine = flavour.engine(url)
        database = cls(engine, flavour, writers=writers, readers=readers, clock=clock, deadline_s=deadline_s)
        try:
            for danger in await database.read(flavour.dangers):
                if not accept_unsafe:
                    raise danger
                _log.warning("UNSAFE, and accepted as the settings say: %s", danger)
            await database._prepare(migrate)
            database.epoch = await database.write(lambda conn: agree(conn, flavour.dialect, "epoch", new_id()))
            if not growing and await database.read(lambda conn: read(conn, GROWING)) is not None:
                raise HalfGrown()
        except BaseException:
            await database.close()
            raise
        return database

    @classmethod
    async def examine(cls, url: URL, flavour: Flavour, *, clock: Clock) -> Examined:
        """Look at a database without changing anything."""
        database = cls(flavour.engine(url), flavour, writers=1, readers=1, clock=clock)
        try:
            return await database.read(lambda conn: examine(conn, flavour.dangers(conn)))
        finally:
            await database.close()

    async def write(self, fn: Callable[[Connection], T]) -> T:
        return await self._writing.run(fn)

    async def read(self, fn: Callable[[Connection], T], *, single: bool = False) -> T:
        return await self._reading.run(fn, single=single)

    def now_ms(self, conn: Connection) -> int:
        return self._flavour.now_ms(conn)

    async def close(self) -> None:
        await self._reading.close()
        await self._writing.close()
        await self._engine.dispose()

    async def _prepare(self, migrate: bool) -> None:
        found = await self.read(migrations.revision)
        if migrations.suits(found):
            return
        if not migrate:
            raise OlderSchema(found or "none", migrations.HEAD)
        alone = Connections(
            self._engine,
            self._flavour,
            reading=False,
            count=1,
            waiting_limit=1,
            wait_s=CONNECT_S,
            deadline_s=_UPGRADE_S,
        )
        try:
            await alone.run(self._upgrade)
        finally:
            await alone.close()

    def _upgrade(self, conn: Connection) -> None:
        self._flavour.lock_schema(conn)
        migrations.upgrade(conn)

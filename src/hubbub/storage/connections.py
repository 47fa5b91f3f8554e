"""A few connections to a database server that run transactions.

The number of connections is bounded, and so is the number of those who wait for one: past it they hear `StoreBusy` at
once.  A transaction runs in a task of its own, so that a caller who gives up does not cut it in half.  However it ends,
its connection is clean afterwards or closed: any error is followed by an explicit ROLLBACK, and a connection whose
state cannot be known is let go of.  Nothing is ever run again here but the BEGIN of a connection that died unused.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from hubbub.chat.ports import OutcomeUnknown, StoreBusy, StoreError, StoreUnavailable
from hubbub.storage.flavours import CONNECT_S, PAUSE_S, Flavour

T = TypeVar("T")

_log = logging.getLogger(__name__)

_FAREWELL_S = 2.0
"""So long a connection may take to roll back, or to close."""


@dataclass(slots=True, eq=False)
class _Link:
    """A connection, and the driver's own object under it."""

    conn: AsyncConnection
    driver: Any


class Connections:
    """Runs transactions of one sort, reading or writing, over at most `count` connections."""

    def __init__(
        self,
        engine: AsyncEngine,
        flavour: Flavour,
        *,
        reading: bool,
        count: int,
        waiting_limit: int,
        wait_s: float,
        deadline_s: float,
    ) -> None:
        """`wait_s` bounds the wait for a connection, `deadline_s` a transaction from its BEGIN to its end."""
        self._engine = engine
        self._flavour = flavour
        self._reading = reading
        self._waiting_limit = waiting_limit
        self._wait_s = wait_s
        self._deadline_s = deadline_s
        self._slots = asyncio.Semaphore(count)
        self._inside = 0
        self._idle: list[_Link] = []
        self._running: set[asyncio.Task[Any]] = set()
        self._closed = False

    async def run(self, fn: Callable[[Connection], T], *, single: bool = False) -> T:
        """Run `fn` in a transaction and return what it returns.

        With `single` it is one SELECT that needs none, and is asked again when its connection had died unused.
        Cancelling drops what has not begun; what has begun ends on its own.
        """
        if self._closed:
            raise StoreUnavailable("the database is closed")
        if self._inside >= self._waiting_limit:
            raise StoreBusy("too many transactions wait")
        self._inside += 1
        try:
            async with asyncio.timeout(self._wait_s):
                await self._slots.acquire()
        except BaseException as error:
            self._inside -= 1
            if isinstance(error, TimeoutError):
                raise StoreBusy("the transaction waited too long") from None
            raise
        work = self._question(fn) if single and self._reading else self._transaction(fn)
        task = asyncio.get_running_loop().create_task(work, name="database transaction")
        self._running.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Let what runs end, refuse what comes, and close the connections."""
        self._closed = True
        while self._running:
            await asyncio.wait(self._running, timeout=self._deadline_s + _FAREWELL_S)
        while self._idle:
            await self._discard(self._idle.pop())

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        self._inside -= 1
        self._slots.release()
        if not task.cancelled():
            # Whoever waited may have left.
            task.exception()

    # ------------------------------------------------------------ one transaction

    async def _transaction(self, fn: Callable[[Connection], T]) -> T:
        began = asyncio.get_running_loop().time()
        link: _Link | None = None
        committing = False
        try:
            async with asyncio.timeout(self._deadline_s):
                link = await self._begin()
                result = await link.conn.run_sync(_inside, fn)
                committing = not self._reading
                await self._flavour.commit(link.driver)
        except BaseException as error:
            lost = link is not None and self._flavour.is_closed(link.driver)
            if link is not None:
                await self._clean(link, error)
            known = self._meaning(error, committing=committing)
            paused = asyncio.get_running_loop().time() - began >= PAUSE_S
            if lost and paused and not committing and isinstance(known, StoreUnavailable):
                # The server ended a transaction that had fallen silent, as it does when this process is paused.
                known = StoreBusy("the transaction was paused too long")
            if known is None or known is error:
                raise
            raise known from error
        self._idle.append(link)
        return result

    async def _question(self, fn: Callable[[Connection], T]) -> T:
        """Run a single SELECT, which is a transaction by itself: two trips to the server less."""
        try:
            async with asyncio.timeout(self._deadline_s):
                while True:
                    link, fresh = await self._take()
                    try:
                        result = await link.conn.run_sync(_inside, fn)
                    except BaseException as error:
                        died = self._flavour.is_closed(link.driver) and not fresh and isinstance(error, Exception)
                        await self._clean(link, error)
                        if died:
                            continue
                        raise
                    self._idle.append(link)
                    return result
        except BaseException as error:
            known = self._meaning(error, committing=False)
            if known is None or known is error:
                raise
            raise known from error

    async def _take(self) -> tuple[_Link, bool]:
        """Return a connection, and whether it was made just now."""
        while self._idle:
            link = self._idle.pop()
            if not self._flavour.is_closed(link.driver):
                return link, False
            await self._discard(link)
        return await self._connect(), True

    async def _begin(self) -> _Link:
        """Return a connection with a transaction begun."""
        while True:
            link, fresh = await self._take()
            try:
                await self._flavour.begin(link.driver, reading=self._reading)
            except BaseException as error:
                await self._discard(link)
                if fresh or not isinstance(error, Exception):
                    raise
                # It died while nobody used it, and nothing has begun: another one will do.
                continue
            return link

    async def _connect(self) -> _Link:
        try:
            async with asyncio.timeout(CONNECT_S):
                conn = await self._engine.connect()
                raw = await conn.get_raw_connection()
                link = _Link(conn, raw.driver_connection)
                try:
                    await self._flavour.prepare(link.driver, reading=self._reading)
                except BaseException:
                    await self._discard(link)
                    raise
        except TimeoutError:
            raise StoreUnavailable("the database server does not answer") from None
        return link

    def _meaning(self, error: BaseException, *, committing: bool) -> StoreError | None:
        if committing:
            known = self._flavour.translate(error)
            if known is not None and self._flavour.is_certain(error):
                return known
            return OutcomeUnknown(repr(error))
        if isinstance(error, TimeoutError):
            return StoreUnavailable("the transaction took too long")
        return self._flavour.translate(error)

    async def _clean(self, link: _Link, error: BaseException) -> None:
        """Roll back, and keep the connection if that worked and nothing else is in doubt."""
        known = self._flavour.translate(error)
        in_doubt = isinstance(error, TimeoutError | asyncio.CancelledError) or isinstance(known, StoreUnavailable)
        if not in_doubt and not link.conn.invalidated and not self._flavour.is_closed(link.driver):
            try:
                async with asyncio.timeout(_FAREWELL_S):
                    await self._flavour.rollback(link.driver)
            except Exception as problem:
                _log.debug("a connection could not roll back: %r", problem)
            else:
                self._idle.append(link)
                return
        await self._discard(link)

    async def _discard(self, link: _Link) -> None:
        self._flavour.let_go(link.driver)
        try:
            async with asyncio.timeout(_FAREWELL_S):
                await link.conn.invalidate()
                await link.conn.close()
        except (SQLAlchemyError, OSError, TimeoutError) as problem:
            # It was broken, and is let go of all the same.
            _log.debug("a connection could not be closed: %r", problem)


def _inside(conn: Connection, fn: Callable[[Connection], T]) -> T:
    # In autocommit this says nothing to the server; it frames what SQLAlchemy believes.
    with conn.begin():
        return fn(conn)

"""Threads that run transactions, so that the event loop never waits for a disk.

SQLite is a library that blocks its caller.  Each lane is one thread with one connection; a transaction is one function
that crosses into a lane and back once, however many statements it runs.  A lane takes jobs from a queue it may share
with others of its sort.  The queue is bounded: when it is full the caller hears `StoreBusy` at once, which it may pass
on as "try again" instead of holding ever more work.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from hubbub.chat.ports import OutcomeUnknown, StoreBusy, StoreUnavailable

T = TypeVar("T")

Transaction = Callable[[Connection, Callable[[Connection], Any]], Any]
"""Runs a function in a transaction of the connection, ends it, and raises StoreError for the database's errors."""


class _Job(Generic[T]):
    """One function on its way through a lane."""

    __slots__ = ("_claims", "done", "driver", "fn", "loop")

    def __init__(self, fn: Callable[[Connection], T], loop: asyncio.AbstractEventLoop) -> None:
        self.fn = fn
        self.loop = loop
        self.done: asyncio.Future[T] = loop.create_future()
        self.driver: sqlite3.Connection | None = None
        self._claims = [True]

    def claim(self) -> bool:
        """Take the job, to run it or to drop it; only the first caller of any thread gets it."""
        try:
            return self._claims.pop()  # list.pop is atomic
        except IndexError:
            return False

    def finish(self, result: Any, error: BaseException | None) -> None:
        """Hand the outcome to whoever still waits.  Runs in the event loop."""
        if self.done.done():
            return
        if error is None:
            self.done.set_result(result)
        else:
            self.done.set_exception(error)


class Lanes:
    """A few threads that share one bounded queue of transactions."""

    def __init__(
        self,
        name: str,
        count: int,
        connect: Callable[[], Connection],
        transaction: Transaction,
        *,
        waiting_limit: int,
        deadline_s: float,
        interrupt: bool,
    ) -> None:
        """Prepare the lanes; `interrupt` says whether a job past its deadline may be stopped half-way."""
        self._connect = connect
        self._transaction = transaction
        self._waiting_limit = waiting_limit
        self._deadline_s = deadline_s
        self._interrupt = interrupt
        self._jobs: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._inside = 0
        self._closed = True
        self._threads = [
            threading.Thread(target=self._serve, name=f"hubbub-{name}-{number}", daemon=True) for number in range(count)
        ]

    def start(self) -> None:
        self._closed = False
        for thread in self._threads:
            thread.start()

    async def run(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` in a transaction on one of the threads and return what it returns.

        Cancelling drops a job that has not begun; one that has begun ends on its own.
        """
        if self._closed:
            raise StoreUnavailable("the database is closed")
        if self._inside >= self._waiting_limit:
            raise StoreBusy("too many transactions wait")
        job = _Job(fn, asyncio.get_running_loop())
        self._inside += 1
        self._jobs.put(job)
        try:
            async with asyncio.timeout(self._deadline_s):
                return await job.done
        except TimeoutError:
            if job.claim():
                raise StoreBusy("the transaction waited too long") from None
            if not self._interrupt:
                raise OutcomeUnknown("the transaction takes too long") from None
            if job.driver is not None:
                job.driver.interrupt()
            raise StoreUnavailable("the transaction took too long") from None
        finally:
            job.claim()
            self._inside -= 1

    async def close(self) -> None:
        """Let what waits end, refuse what comes, and end the threads."""
        if self._closed:
            return
        self._closed = True
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join, self._deadline_s)

    def _serve(self) -> None:
        conn: Connection | None = None
        while (job := self._jobs.get()) is not None:
            if not job.claim():
                continue
            result: Any = None
            failure: BaseException | None = None
            try:
                if conn is None:
                    conn = self._connect()
                job.driver = cast(sqlite3.Connection, conn.connection.driver_connection)
                result = self._transaction(conn, job.fn)
            except BaseException as error:  # the waiting caller is the one to handle it
                failure = error
                in_doubt = isinstance(error, OutcomeUnknown | StoreUnavailable)
                if conn is not None and (in_doubt or conn.in_transaction() or conn.invalidated):
                    # What state this connection is in cannot be known: the next job gets a fresh one.
                    _discard(conn)
                    conn = None
            job.driver = None
            try:
                job.loop.call_soon_threadsafe(job.finish, result, failure)
            except RuntimeError:
                # The loop of the caller has ended, and with it everybody who could have waited.
                pass
            del job, result, failure
        if conn is not None:
            _discard(conn)


def _discard(conn: Connection) -> None:
    try:
        conn.invalidate()
        conn.close()
    except SQLAlchemyError:
        # It was broken, and is let go of all the same.
        pass

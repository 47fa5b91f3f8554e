"""Run a small transaction again when it met another one, and let it know who acts.

Two transactions that want the same rows in another order are a deadlock, of which a database lets one through and tells
the other that nothing was stored.  For a transaction that is safe to run again this is no error but a moment's wait.
It runs in another thread than its caller, so who acts, which the audit log wants to know, goes with the connection.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection

from hubbub.auth.audit import NOBODY, By, acting
from hubbub.chat.ports import StoreBusy
from hubbub.storage.database import Database

T = TypeVar("T")

_TRIES = 6
_PAUSE_S = 0.01
_ACTING = "hubbub.acting"


async def write_again(db: Database, fn: Callable[[Connection], T]) -> T:
    """Run `fn` as `Database.write` does, and again while it meets others; the last StoreBusy comes through."""
    who = acting()

    def work(conn: Connection) -> T:
        info = conn.info
        info[_ACTING] = who
        try:
            return fn(conn)
        finally:
            # The connection is used again, for somebody else.
            info.pop(_ACTING, None)

    for number in range(1, _TRIES):
        try:
            return await db.write(work)
        except StoreBusy:
            # Each waits a while of its own, so that those who met do not meet again.
            await asyncio.sleep(random.uniform(0.2, 1.0) * _PAUSE_S * number * number)
    return await db.write(work)


def acting_in(conn: Connection) -> By:
    """Return who does what this transaction does."""
    who: By = conn.info.get(_ACTING, NOBODY)
    return who

"""Run a small transaction again when it met another one.

Two transactions that want the same rows in another order are a deadlock, of which a database lets one through and tells
the other that nothing was stored.  For a transaction that is safe to run again this is no error but a moment's wait.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection

from hubbub.chat.ports import StoreBusy
from hubbub.storage.database import Database

T = TypeVar("T")

_TRIES = 6
_PAUSE_S = 0.01


async def write_again(db: Database, fn: Callable[[Connection], T]) -> T:
    """Run `fn` as `Database.write` does, and again while it meets others; the last StoreBusy comes through."""
    for number in range(1, _TRIES):
        try:
            return await db.write(fn)
        except StoreBusy:
            # Each waits a while of its own, so that those who met do not meet again.
            await asyncio.sleep(random.uniform(0.2, 1.0) * _PAUSE_S * number * number)
    return await db.write(fn)

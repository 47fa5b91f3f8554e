"""Counts of wrong passwords, among the steps on the way to a sign-in, which are gone by themselves as well."""

from __future__ import annotations

import json

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from hubbub.auth.limits import Curve, Failed
from hubbub.storage.again import write_again
from hubbub.storage.database import Database
from hubbub.storage.tables.factor import steps

__all__ = ["SqlFailures"]

_KIND = "failures"
_TRIES = 3


class SqlFailures:
    """A `FailureStore` on a `Database`."""

    _db: Database

    async def failures(self, key_hash: bytes) -> Failed | None:
        return await self._db.read(lambda conn: _failed(conn, key_hash))

    async def count_failure(self, key_hash: bytes, curve: Curve, now_ms: int) -> Failed:
        this = steps.c.step_hash == key_hash

        def work(conn: Connection) -> Failed:
            before = _failed(conn, key_hash, lock=True)
            failed = curve.next(before, now_ms)
            values = {"data": json.dumps(failed), "expires_ms": failed.until_ms + curve.longest_ms}
            if before is not None:
                conn.execute(update(steps).where(this).values(values))
            else:
                # Whoever adds one takes away those that mean nothing any more.
                conn.execute(delete(steps).where(steps.c.kind == _KIND, steps.c.expires_ms < now_ms))
                conn.execute(insert(steps), [{**values, "step_hash": key_hash, "kind": _KIND, "user_id": None}])
            return failed

        for _ in range(_TRIES):
            try:
                return await write_again(self._db, work)
            except IntegrityError:
                # Another one was first; this one counts beside it.
                continue
        return await write_again(self._db, work)

    async def forget_failures(self, key_hash: bytes) -> None:
        gone = delete(steps).where(steps.c.step_hash == key_hash)
        await write_again(self._db, lambda conn: conn.execute(gone).rowcount)


def _failed(conn: Connection, key_hash: bytes, *, lock: bool = False) -> Failed | None:
    found = select(steps.c.data).where(steps.c.step_hash == key_hash)
    row = conn.execute(found.with_for_update() if lock else found).one_or_none()
    return None if row is None else Failed(*json.loads(row.data))

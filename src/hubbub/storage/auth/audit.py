"""The audit log in the database.

`note` is what other stores call as the last thing in their transactions: it locks the one row that knows the newest
entry, so that writers on all nodes follow each other, and whoever waits for it holds nothing others still want.  It
costs three statements.  Who acts comes with the transaction, put there by `write_again`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, insert, or_, select, update

from hubbub.auth.audit import ORIGIN, AuditEntry, By, Deed, Head, chained
from hubbub.storage.again import acting_in, write_again
from hubbub.storage.database import Database
from hubbub.storage.tables.audit import audit_entries, audit_head

__all__ = ["SqlAudit", "note"]

_ENTRY = [audit_entries.c[name] for name in AuditEntry.__struct_fields__]
_HEAD: Select[Any] = select(audit_head.c.seq, audit_head.c.time_ms, audit_head.c.hash).where(audit_head.c.id == 1)


def note(db: Database, conn: Connection, deeds: Sequence[Deed], who: By | None = None) -> None:
    """Remember what this transaction does; call it last, because every other writer waits from here on.

    `who` is for transactions that `write_again` does not run.
    """
    if not deeds:
        return
    entries = chained(_locked_head(db, conn), who or acting_in(conn), deeds, db.now_ms(conn))
    conn.execute(insert(audit_entries), [msgspec.structs.asdict(entry) for entry in entries])
    last = entries[-1]
    newest = {"seq": last.seq, "time_ms": last.time_ms, "hash": last.hash}
    conn.execute(update(audit_head).where(audit_head.c.id == 1).values(newest))


class SqlAudit:
    """An `AuditLog` on a `Database`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def record(self, deed: Deed) -> None:
        await write_again(self._db, lambda conn: note(self._db, conn, [deed]))

    async def page(
        self,
        *,
        beyond: int | None = None,
        oldest_first: bool = False,
        limit: int,
        act: str = "",
        user_id: str = "",
        target: str = "",
    ) -> list[AuditEntry]:
        seq = audit_entries.c.seq
        found = select(*_ENTRY).order_by(seq if oldest_first else seq.desc()).limit(limit)
        if beyond is not None:
            found = found.where(seq > beyond if oldest_first else seq < beyond)
        if act:
            kind = audit_entries.c.act.startswith(f"{act}.", autoescape=True)
            found = found.where(or_(audit_entries.c.act == act, kind))
        if user_id:
            found = found.where(audit_entries.c.user_id == user_id)
        if target:
            found = found.where(audit_entries.c.target == target)
        return await self._db.read(lambda conn: [AuditEntry(*row) for row in conn.execute(found)])

    async def head(self) -> Head:
        row = await self._db.read(lambda conn: conn.execute(_HEAD).one_or_none())
        return ORIGIN if row is None else Head(*row)


def _locked_head(db: Database, conn: Connection) -> Head:
    """Return the newest entry's row, inserting it the first time."""
    row = conn.execute(_HEAD.with_for_update()).one_or_none()
    if row is None:
        # Of two nodes that write the very first entry one waits here for the other's commit.
        db.dialect.insert_new(conn, audit_head, [{"id": 1, "seq": 0, "time_ms": 0, "hash": ORIGIN.hash}])
        row = conn.execute(_HEAD.with_for_update()).one()
    return Head(*row)

"""Values that all processes on one database agree on, whoever comes first."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from hubbub.storage.dialects import Dialect
from hubbub.storage.tables.chat import meta

BUS_SECRET = "bus.secret"
"""What proves messages on the bus, in hex."""

MOVED = "moved_to"
"""The address of the database that a data folder's rows were moved to; it serves nobody any more."""

GROWING = "growing_from"
"""The epoch of the log whose rows are being moved into this database; it serves nobody yet."""


def read(conn: Connection, key: str) -> str | None:
    """Return the stored value, or None."""
    return conn.execute(select(meta.c.value).where(meta.c.key == key)).scalar_one_or_none()


def put(conn: Connection, key: str, value: str | None) -> None:
    """Set the value, or remove it."""
    conn.execute(delete(meta).where(meta.c.key == key))
    if value is not None:
        conn.execute(insert(meta), {"key": key, "value": value})


def agree(conn: Connection, dialect: Dialect, key: str, proposal: str) -> str:
    """Return the stored value, which is `proposal` if there was none; of several who propose, one wins for all."""
    found = read(conn, key)
    if found is None:
        dialect.insert_new(conn, meta, [{"key": key, "value": proposal}])
        found = read(conn, key)
        assert found is not None
    return found


def read_epoch(conn: Connection) -> str:
    """Return the epoch of the log that is in the database now."""
    return str(conn.execute(select(meta.c.value).where(meta.c.key == "epoch")).scalar_one())

"""Values that all processes on one database agree on, whoever comes first."""

from __future__ import annotations

from sqlalchemy import Connection, select

from hubbub.storage.dialects import Dialect
from hubbub.storage.tables import meta


def agree(conn: Connection, dialect: Dialect, key: str, proposal: str) -> str:
    """Return the stored value, which is `proposal` if there was none; of several who propose, one wins for all."""
    statement = select(meta.c.value).where(meta.c.key == key)
    found = conn.execute(statement).scalar_one_or_none()
    if found is None:
        dialect.insert_new(conn, meta, [{"key": key, "value": proposal}])
        found = conn.execute(statement).scalar_one()
    return str(found)


def read_epoch(conn: Connection) -> str:
    """Return the epoch of the log that is in the database now."""
    return str(conn.execute(select(meta.c.value).where(meta.c.key == "epoch")).scalar_one())

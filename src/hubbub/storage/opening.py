"""Opening the database that the settings name: the data folder's own, or one on a server."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from hubbub.base.clock import Clock
from hubbub.storage.database import Database
from hubbub.storage.failures import DatabaseUnusable
from hubbub.storage.flavours import Flavour
from hubbub.storage.server_database import ServerDatabase
from hubbub.storage.sqlite_database import SqliteDatabase


async def open_database(
    url: str,
    folder: Path,
    *,
    clock: Clock,
    readers: int = 2,
    writers: int = 4,
    migrate: bool = True,
    accept_unsafe: bool = False,
) -> Database:
    """Open the database at `url`, postgresql://user:password@host:port/name or mysql://…; empty: the data folder's.

    `readers` and `writers` are connections of this process at most; the data folder has one writer.  The tables are
    brought up to date first if `migrate`, which the data folder's always are.  `accept_unsafe` serves from a server
    that may lose what it acknowledged, and says so in the log.

    Raises a StoreUnavailable whose text is for the operator.
    """
    if not url:
        return await SqliteDatabase.open(folder, readers=readers, clock=clock)
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise DatabaseUnusable("its address is not of the form postgresql://user:password@host:port/name") from None
    return await ServerDatabase.open(
        parsed,
        _flavour(parsed),
        clock=clock,
        readers=readers,
        writers=writers,
        migrate=migrate,
        accept_unsafe=accept_unsafe,
    )


def _flavour(url: URL) -> Flavour:
    # Imported when it is asked for: nobody needs the drivers of the others.
    if url.get_backend_name() in ("postgresql", "postgres"):
        from hubbub.storage.flavours.postgresql import Postgresql

        return Postgresql()
    if url.get_backend_name() in ("mysql", "mariadb"):
        from hubbub.storage.flavours.mysql import MySql

        return MySql()
    raise DatabaseUnusable(f"nothing here speaks {url.get_backend_name()}: use postgresql:// or mysql://")

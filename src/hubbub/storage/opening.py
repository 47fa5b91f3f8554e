"""Opening the database that the settings name: the data folder's own, or one on a server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from hubbub.base.clock import Clock
from hubbub.storage.database import Database
from hubbub.storage.examining import Examined
from hubbub.storage.failures import DatabaseUnusable
from hubbub.storage.sqlite_database import SqliteDatabase, examine_folder

if TYPE_CHECKING:
    from hubbub.storage.flavours import Flavour


async def open_database(
    url: str,
    folder: Path,
    *,
    clock: Clock,
    readers: int = 2,
    writers: int = 4,
    migrate: bool = True,
    accept_unsafe: bool = False,
    growing: bool = False,
) -> Database:
    """Open the database at `url`, postgresql://user:password@host:port/name or mysql://…; empty: the data folder's.

    `readers` and `writers` are connections of this process at most; the data folder has one writer.  The tables are
    brought up to date first if `migrate`, which the data folder's always are.  `accept_unsafe` serves from a server
    that may lose what it acknowledged, and says so in the log; `growing` opens also one that is still being filled from
    a data folder.

    Raises a StoreUnavailable whose text is for the operator.
    """
    if not url:
        return await SqliteDatabase.open(folder, readers=readers, clock=clock)
    # An embedded server needs none of it, and starts sooner and smaller without.
    from hubbub.storage.server_database import ServerDatabase

    parsed = _parse(url)
    return await ServerDatabase.open(
        parsed,
        _flavour(parsed),
        clock=clock,
        readers=readers,
        writers=writers,
        migrate=migrate,
        accept_unsafe=accept_unsafe,
        growing=growing,
    )


async def examine_database(url: str, folder: Path, *, clock: Clock) -> Examined:
    """Look at the database without changing anything, also while a server has it open.  Raises StoreUnavailable."""
    if not url:
        return await asyncio.to_thread(examine_folder, folder)
    from hubbub.storage.server_database import ServerDatabase

    parsed = _parse(url)
    return await ServerDatabase.examine(parsed, _flavour(parsed), clock=clock)


def without_secrets(url: str) -> str:
    """Return the address as it may be shown and stored, without user and password."""
    full = _parse(url)
    return URL.create(full.drivername, host=full.host, port=full.port, database=full.database).render_as_string()


def _parse(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError:
        raise DatabaseUnusable("its address is not of the form postgresql://user:password@host:port/name") from None


def _flavour(url: URL) -> Flavour:
    # Imported when it is asked for: nobody needs the drivers of the others.
    if url.get_backend_name() in ("postgresql", "postgres"):
        from hubbub.storage.flavours.postgresql import Postgresql

        return Postgresql()
    if url.get_backend_name() in ("mysql", "mariadb"):
        from hubbub.storage.flavours.mysql import MySql

        return MySql()
    raise DatabaseUnusable(f"nothing here speaks {url.get_backend_name()}: use postgresql:// or mysql://")

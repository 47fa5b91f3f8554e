"""What can be said of a database without serving from it: its version, its schema, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection, text

from hubbub.storage import migrations
from hubbub.storage.failures import UnsafeDatabase
from hubbub.storage.meta import GROWING, MOVED, read

__all__ = ["Examined", "examine"]


class Examined(msgspec.Struct, frozen=True):
    """A database as it is now."""

    kind: str
    """`sqlite`, `postgresql` or `mysql`."""
    version: str
    """As the server calls itself."""
    revision: str | None
    """The schema; None: there are no tables."""
    wanted: str
    """The schema this program needs."""
    dangers: tuple[str, ...]
    """What would lose or spoil what it acknowledged, in sentences."""
    epoch: str | None
    moved_to: str | None
    """Where its data went."""
    growing: bool
    """Whether data is being moved into it."""

    @property
    def ready(self) -> bool:
        """Whether a server would serve from it as it is."""
        return migrations.suits(self.revision) and not (self.dangers or self.moved_to or self.growing)


def examine(conn: Connection, dangers: Iterable[UnsafeDatabase]) -> Examined:
    """Look at a database through a connection."""
    kind = conn.dialect.name
    version = conn.execute(text("SELECT sqlite_version()" if kind == "sqlite" else "SELECT version()")).scalar_one()
    revision = migrations.revision(conn)
    epoch, moved_to, growing = (read(conn, key) if revision else None for key in ("epoch", MOVED, GROWING))
    return Examined(
        kind, str(version), revision, migrations.HEAD, tuple(map(str, dangers)), epoch, moved_to, growing is not None
    )

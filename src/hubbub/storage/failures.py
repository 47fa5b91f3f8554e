"""What went wrong in the database, said in the words of the ports.

Drivers report errors in a dozen classes.  Callers act on five: the data cannot be stored, the outcome is unknown, try
again, the disk is full, the database does not answer.  The translation happens once, where a transaction ends.
"""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import final

from sqlalchemy.exc import DBAPIError, StatementError

from hubbub.chat.ports import DataRefused, OutcomeUnknown, StoreBusy, StoreError, StoreFull, StoreUnavailable

_SPARE_BYTES = 1 << 20
"""With less than this free, a failed write is taken for a full disk."""

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT}
_DATA = {sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE}


@final
class FolderInUse(StoreUnavailable):
    """Another server has this data folder open."""

    def __init__(self, folder: Path, holder: str) -> None:
        super().__init__(folder, holder)
        self.folder = folder
        self.holder = holder

    def __str__(self) -> str:
        return f"the data folder {self.folder} is in use by another server (process {self.holder or 'unknown'})"


@final
class FolderUnusable(StoreUnavailable):
    """The data folder or the database in it cannot be opened."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(folder, reason)
        self.folder = folder
        self.reason = reason

    def __str__(self) -> str:
        return f"the data folder {self.folder} cannot be opened: {self.reason}"


@final
class NewerSchema(StoreUnavailable):
    """The tables were made by a newer version of this program."""

    def __init__(self, revision: str) -> None:
        super().__init__(revision)
        self.revision = revision

    def __str__(self) -> str:
        return f"the database was made by a newer version of hubbub (schema {self.revision})"


@final
class OlderSchema(StoreUnavailable):
    """The tables are not yet what this program needs, and it was told not to change them."""

    def __init__(self, found: str, wanted: str) -> None:
        super().__init__(found, wanted)
        self.found = found
        self.wanted = wanted

    def __str__(self) -> str:
        return f"the database has schema {self.found} and {self.wanted} is needed: run hubbub db upgrade"


@final
class DatabaseUnusable(StoreUnavailable):
    """The database server cannot be used as it is named in the settings."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"the database cannot be used: {self.reason}"


@final
class FolderMoved(StoreUnavailable):
    """What was in the data folder has gone on elsewhere since."""

    def __init__(self, folder: Path, to: str) -> None:
        super().__init__(folder, to)
        self.folder = folder
        self.to = to

    def __str__(self) -> str:
        return (
            f"the data in {self.folder} was moved to {self.to}: serve from there, or, if nothing was written there yet,"
            " take the mark away with hubbub grow --undo"
        )


@final
class HalfGrown(StoreUnavailable):
    """Not all of the data that is being moved into this database has arrived."""

    def __str__(self) -> str:
        return (
            "the data of one machine is being moved into this database: finish it with hubbub grow --resume, or empty"
            " the database"
        )


@final
class UnsafeDatabase(StoreUnavailable):
    """The database would not keep what it acknowledged."""

    def __init__(self, setting: str, found: str, wanted: str) -> None:
        super().__init__(setting, found, wanted)
        self.setting = setting
        self.found = found
        self.wanted = wanted

    def __str__(self) -> str:
        return f"the database has {self.setting} = {self.found}, and {self.wanted} is needed to keep what it commits"


def translate(error: BaseException, folder: Path) -> StoreError | None:
    """Return what a failed transaction means, or None for an error that is not the database's.

    Whoever calls it has rolled back: whatever is returned, nothing was stored.
    """
    if isinstance(error, StoreError):
        return error
    cause: BaseException | None = error
    if isinstance(error, DBAPIError | StatementError):
        cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return _of_sqlite(cause, folder)
    if isinstance(cause, UnicodeError | OverflowError):
        return DataRefused(type(cause).__name__)
    if isinstance(error, StatementError):
        # A value that its column's type refuses, before the driver saw it.
        return DataRefused(type(cause).__name__)
    return None


def translate_commit(error: BaseException, folder: Path) -> StoreError:
    """Return what a failed COMMIT means.

    A full disk and a lock leave nothing behind.  After anything else the commit record may or may not have reached the
    disk, which only a later look at the keys can tell.
    """
    known = translate(error, folder)
    if isinstance(known, StoreFull | StoreBusy):
        return known
    return OutcomeUnknown(str(error))


def _of_sqlite(error: sqlite3.Error, folder: Path) -> StoreError:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is None:
        if "closed" in str(error):
            return StoreUnavailable(str(error))
        # Raised by the module and not by SQLite: a value it cannot bind.
        return DataRefused(str(error))
    primary = code & 0xFF
    if primary == sqlite3.SQLITE_FULL:
        return StoreFull(str(error))
    if primary in _BUSY:
        return StoreBusy(str(error))
    if primary in _DATA:
        return DataRefused(str(error))
    if primary == sqlite3.SQLITE_IOERR and shutil.disk_usage(folder).free < _SPARE_BYTES:
        return StoreFull(str(error))
    return StoreUnavailable(str(error))

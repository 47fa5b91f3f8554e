"""Moving the data of one machine into a database on a server, and proving that all of it is there.

Every table is read in the order of its key and inserted in chunks; an interrupted move goes on after the last key that
arrived.  Then both sides are read again and compared row by row, as the values the stores work with.  Until that has
succeeded the target is marked as half grown, and no server serves from it; before the mark is taken away the source is
marked as moved, so that there is no moment in which two logs could grow apart.  The target's log has an epoch of its
own: who knew the old one begins anew.  Nothing else of the source is changed.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar, final

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, Table, and_, func, or_, select, text, tuple_

from hubbub.base.ids import new_id
from hubbub.chat.ports import OutcomeUnknown, StoreBusy
from hubbub.storage import migrations as migrations  # importing fills the metadata
from hubbub.storage.database import Database
from hubbub.storage.meta import GROWING, MOVED, put, read
from hubbub.storage.sqlite_database import SqliteDatabase
from hubbub.storage.tables.chat import meta
from hubbub.storage.tables.schema import metadata

__all__ = ["CannotGrow", "Grown", "Moved", "grow", "take_back"]

T = TypeVar("T")

_ROWS = 500
"""So many rows are read at once."""
_BYTES = 2 << 20
"""So much is inserted at once, which every server takes."""
_TRIES = 5
_PAUSE_S = 0.2
_OF_THE_MOVE = {"epoch", MOVED, GROWING}
"""Values of the place itself, which do not move."""

Row = tuple[Any, ...]
Report = Callable[[str, str, int, int], None]
"""Is told what is done ("copying", "comparing"), with which table, how many rows of it are done, and of how many."""


@final
class CannotGrow(Exception):
    """The move is refused, or has failed; the sentence says why."""


class Moved(msgspec.Struct, frozen=True):
    """One table that is the same on both sides."""

    name: str
    rows: int
    digest: str
    """SHA-256 over all its rows in the order of their keys."""


class Grown(msgspec.Struct, frozen=True):
    """A move that was completed and verified."""

    to: str
    epoch: str
    """The epoch of the log in the target."""
    tables: tuple[Moved, ...]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)


async def grow(source: SqliteDatabase, target: Database, *, to: str, resume: bool, report: Report) -> Grown:
    """Move everything, compare it, and hand over from the source to the target, whose address without secrets is `to`.

    Both were opened as half moved.  Raises CannotGrow or a StoreError; a move that was begun can then be resumed.
    """
    await _begin(source, target, resume=resume)
    tables = metadata.sorted_tables
    for table in tables:
        await _copy(source, target, table, report)
    moved = tuple([await _compare(source, target, table, report) for table in tables])
    numbers = await source.read(_last_numbers)
    await _surely(target, lambda conn: _number_on(conn, numbers))
    epoch = new_id()
    # In this order: the old log ends before the new one can begin.
    await source.write(lambda conn: put(conn, MOVED, to))
    await _surely(target, lambda conn: _hand_over(conn, epoch))
    return Grown(to, epoch, moved)


def _hand_over(conn: Connection, epoch: str) -> None:
    put(conn, "epoch", epoch)
    put(conn, GROWING, None)


async def take_back(source: SqliteDatabase) -> str | None:
    """Let the source serve again; return where its data had gone, or None if it had not."""
    to = await source.read(lambda conn: read(conn, MOVED))
    await source.write(lambda conn: put(conn, MOVED, None))
    return to


async def _begin(source: SqliteDatabase, target: Database, *, resume: bool) -> None:
    moved_to = await source.read(lambda conn: read(conn, MOVED))
    growing = await target.read(lambda conn: read(conn, GROWING))
    if growing is not None and growing != source.epoch:
        raise CannotGrow("The data of another data folder is being moved into that database.")
    if growing is None and moved_to is not None:
        raise CannotGrow(f"The data in {source.folder} was moved to {moved_to} already.")
    if growing is not None:
        if not resume:
            raise CannotGrow(
                "An earlier move into that database did not end: go on with --resume, or empty the database."
            )
        return

    def mark(conn: Connection) -> None:
        for table in metadata.sorted_tables:
            if conn.execute(_moving(select(table), table).limit(1)).first() is not None:
                raise CannotGrow(f"That database is not empty: its table {table.name} has rows.")
        put(conn, GROWING, source.epoch)

    await target.write(mark)


async def _copy(source: Database, target: Database, table: Table, report: Report) -> None:
    names = [column.name for column in table.columns]
    count = await source.read(lambda conn: _count(conn, table))
    done = await target.read(lambda conn: _count(conn, table))
    after = await target.read(lambda conn: _last_key(conn, table))
    report("copying", table.name, done, count)
    while rows := await source.read(partial(_after, table, after)):
        for part in _parts(rows):
            values = [dict(zip(names, row, strict=True)) for row in part]
            await _surely(target, lambda conn, values=values: target.dialect.insert_new(conn, table, values))  # type: ignore[misc]
            done += len(part)
            report("copying", table.name, done, count)
        after = _key(table, rows[-1])


async def _compare(source: Database, target: Database, table: Table, report: Report) -> Moved:
    count = await source.read(lambda conn: _count(conn, table))
    report("comparing", table.name, 0, count)
    ours, theirs = hashlib.sha256(), hashlib.sha256()
    done, after = 0, None
    while True:
        here, there = await asyncio.gather(*[side.read(partial(_after, table, after)) for side in (source, target)])
        if here != there:
            raise CannotGrow(_difference(table, here, there))
        if not here:
            break
        for digest, rows in ((ours, here), (theirs, there)):
            for row in rows:
                digest.update(msgspec.msgpack.encode(row))
        done += len(here)
        after = _key(table, here[-1])
        report("comparing", table.name, done, count)
    if done != count or ours.digest() != theirs.digest():
        raise CannotGrow(f"The table {table.name} is not the same on both sides.")
    return Moved(table.name, done, ours.hexdigest())


def _difference(table: Table, here: Sequence[Row], there: Sequence[Row]) -> str:
    known, arrived = ({_key(table, row): row for row in rows} for rows in (here, there))
    keys = [key for key in (*known, *arrived) if known.get(key) != arrived.get(key)]
    what = "misses" if keys[0] not in arrived else "has" if keys[0] not in known else "differs in"
    return (
        f"After the move the table {table.name} {what} the row {keys[0]!r}: the data folder or the database has changed"
        " meanwhile. Empty the database and begin again."
    )


# ---------------------------------------------------------------- rows


def _moving(statement: Select[Any], table: Table) -> Select[Any]:
    return statement.where(meta.c.key.not_in(_OF_THE_MOVE)) if table is meta else statement


def _count(conn: Connection, table: Table) -> int:
    return int(conn.execute(_moving(select(func.count()).select_from(table), table)).scalar_one())


def _key(table: Table, row: Row) -> Row:
    return tuple(row[place] for place, column in enumerate(table.columns) if column.primary_key)


def _last_key(conn: Connection, table: Table) -> Row | None:
    newest = [column.desc() for column in table.primary_key]
    row = conn.execute(_moving(select(table), table).order_by(*newest).limit(1)).first()
    return None if row is None else _key(table, tuple(row))


def _after(table: Table, key: Row | None, conn: Connection) -> list[Row]:
    """Return the next rows in the order of the key."""
    statement = _moving(select(table), table).order_by(*table.primary_key).limit(_ROWS)
    if key is not None:
        statement = statement.where(_beyond(conn, list(table.primary_key), key))
    return [tuple(row) for row in conn.execute(statement)]


def _beyond(conn: Connection, columns: list[Any], key: Row) -> ColumnElement[bool]:
    if conn.dialect.name not in ("mysql", "mariadb"):
        return tuple_(*columns) > tuple_(*key, types=[column.type for column in columns])
    # MySQL compares rows as well, but finds them by an index only when it is spelt out.
    return or_(
        *[
            and_(*[columns[at] == key[at] for at in range(place)], columns[place] > key[place])
            for place in range(len(columns))
        ]
    )


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Cut rows so that each part has a bounded number of bytes, or one row."""
    begin = size = 0
    for place, row in enumerate(rows):
        weight = sum(len(value) for value in row if isinstance(value, bytes | str))
        if place > begin and size + weight > _BYTES:
            yield rows[begin:place]
            begin, size = place, 0
        size += weight
    yield rows[begin:]


async def _surely(target: Database, fn: Callable[[Connection], T]) -> T:
    """Write what does no harm when it is written twice."""
    for left in reversed(range(_TRIES)):
        try:
            return await target.write(fn)
        except (StoreBusy, OutcomeUnknown):
            if not left:
                raise
            await asyncio.sleep(_PAUSE_S)
    raise AssertionError("unreachable")


# ---------------------------------------------------------------- numbers given out by the database


def _last_numbers(conn: Connection) -> dict[str, int]:
    """Return the highest number ever given out, by table."""
    found = conn.execute(text("SELECT name, seq FROM sqlite_sequence"))
    return {name: seq for name, seq in found if name in metadata.tables and seq > 0}


def _number_on(conn: Connection, numbers: dict[str, int]) -> None:
    """Let the next numbers be higher than those."""
    for name, last in numbers.items():
        column = metadata.tables[name].autoincrement_column
        assert column is not None
        if conn.dialect.name == "postgresql":
            serial = text("SELECT setval(pg_get_serial_sequence(:table, :column), :last)")
            conn.execute(serial, {"table": name, "column": column.name, "last": last})
        else:
            conn.exec_driver_sql(f"ALTER TABLE {name} AUTO_INCREMENT = {int(last) + 1}")

"""Old and new programs on one database: steps of the schema only add (docs/decisions/0016)."""

from __future__ import annotations

import importlib
import io
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from contracts.every_question import ask_everything
from contracts.script import Script
from sqlalchemy import Column, Connection, MetaData, Table, create_engine, delete, insert, inspect, select, text, update
from sqlalchemy.types import Boolean, Integer, LargeBinary
from support.databases import DATABASES, UrlOf

from hubbub.base.clock import ManualClock
from hubbub.base.ids import new_id
from hubbub.storage import migrations
from hubbub.storage.chat.store import SqlStore
from hubbub.storage.database import Database
from hubbub.storage.failures import NewerSchema
from hubbub.storage.opening import open_database
from hubbub.storage.tables.schema import Id, metadata

STEPS = sorted(path.stem for path in (Path(migrations.__file__).parent / "versions").glob("r*.py"))

_TABLE = re.compile(r"CREATE TABLE (\w+) \(")
_INDEX = re.compile(r"CREATE (UNIQUE )?INDEX \w+ ON (\w+) ")
_COLUMN = re.compile(r"ALTER TABLE \w+ ADD COLUMN ")


def said(step: Any) -> list[str]:
    """Return the statements of one step."""
    written = io.StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": written, "target_metadata": metadata}
    )
    with Operations.context(context):
        step.upgrade()
    return [" ".join(statement.split()) for statement in written.getvalue().split(";") if statement.strip()]


def refused(statements: list[str]) -> list[str]:
    """Return those that the version before might stumble over."""
    made = {found[1] for statement in statements if (found := _TABLE.match(statement))}
    bad = []
    for statement in statements:
        index = _INDEX.match(statement)
        if _TABLE.match(statement):
            continue
        if _COLUMN.match(statement) and ("NOT NULL" not in statement or "DEFAULT" in statement):
            continue
        if index and (index[2] in made or not index[1]):
            continue
        bad.append(statement)
    return bad


@pytest.mark.parametrize("name", STEPS)
def test_steps_only_add(name: str) -> None:
    statements = said(importlib.import_module(f"hubbub.storage.migrations.versions.{name}"))
    assert statements
    assert refused(statements) == []


def test_what_takes_something_away_is_noticed() -> None:
    harmless = ["ALTER TABLE a ADD COLUMN b BIGINT", "ALTER TABLE a ADD COLUMN b BIGINT DEFAULT '0' NOT NULL"]
    assert refused(harmless) == []
    harmful = [
        "ALTER TABLE a ADD COLUMN b BIGINT NOT NULL",
        "ALTER TABLE a DROP COLUMN b",
        "ALTER TABLE a ALTER COLUMN b TYPE TEXT",
        "ALTER TABLE a RENAME b TO c",
        "CREATE UNIQUE INDEX a_b ON a (b)",
        "DROP INDEX a_b",
        "DROP TABLE a",
        "UPDATE a SET b = 1",
    ]
    assert refused(harmful) == harmful
    assert refused(["CREATE TABLE a ( b BIGINT NOT NULL )", "CREATE UNIQUE INDEX a_b ON a (b)"]) == []


@pytest.fixture(params=DATABASES)
async def url(request: pytest.FixtureRequest, new_database: UrlOf) -> str:
    return "" if request.param == "sqlite" else new_database(request.param)


@pytest.fixture
async def db(url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Database]:
    """Fresh tables of their own, because they are changed."""
    database = await open_database(url, tmp_path, clock=clock, accept_unsafe=True)
    yield database
    await database.close()


def add_what_is_allowed(conn: Connection) -> None:
    """Add to every table all that a later version may."""
    integer = "BIGINT" if conn.dialect.name != "sqlite" else "INTEGER"
    for table in metadata.sorted_tables:
        quoted = conn.dialect.identifier_preparer.format_table(table)
        conn.execute(text(f"ALTER TABLE {quoted} ADD COLUMN a_later_one {integer}"))
        conn.execute(text(f"ALTER TABLE {quoted} ADD COLUMN a_later_two {integer} DEFAULT 7 NOT NULL"))
        conn.execute(text(f"CREATE INDEX ix_{table.name}_later ON {quoted} (a_later_one, a_later_two)"))
    conn.execute(text(f"CREATE TABLE a_later_table (id {integer} PRIMARY KEY)"))
    conn.execute(text("UPDATE alembic_version SET version_num = '0999'"))


async def test_this_program_runs_on_tables_to_which_a_later_one_has_added(
    db: Database, url: str, tmp_path: Path, clock: ManualClock
) -> None:
    await db.write(add_what_is_allowed)
    await db.close()
    for _ in range(2):
        later = await open_database(url, tmp_path, clock=clock, accept_unsafe=True)
        try:
            script = Script(SqlStore(later), clock, later)
            if not await later.read(lambda conn: conn.execute(text("SELECT count(*) FROM entries")).scalar_one()):
                await ask_everything(script)
            added = "SELECT count(*) FROM entries WHERE a_later_two = 7 AND a_later_one IS NULL"
            assert await later.read(lambda conn: conn.execute(text(added)).scalar_one()) > 10  # noqa: B023
        finally:
            await later.close()


async def test_tables_that_have_lost_something_are_refused(
    db: Database, url: str, tmp_path: Path, clock: ManualClock
) -> None:
    await db.write(lambda conn: conn.execute(text("UPDATE alembic_version SET version_num = '1001'")))
    await db.close()
    with pytest.raises(NewerSchema, match="newer"):
        await open_database(url, tmp_path, clock=clock, accept_unsafe=True)


def first_tables() -> list[Table]:
    """Return the tables as a program of the first version knows them."""
    engine = create_engine("sqlite://")
    with engine.begin() as conn, Operations.context(MigrationContext.configure(conn)):
        importlib.import_module(f"hubbub.storage.migrations.versions.{STEPS[0]}").upgrade()
        known = {name: [column["name"] for column in inspect(conn).get_columns(name)] for name in _names(conn)}
    engine.dispose()
    old = MetaData()
    return [
        Table(
            name,
            old,
            *[
                Column(column, now.type, primary_key=now.primary_key, nullable=now.nullable, autoincrement=False)
                for column in columns
                for now in [metadata.tables[name].c[column]]
            ],
        )
        for name, columns in known.items()
    ]


def _names(conn: Connection) -> list[str]:
    return inspect(conn).get_table_names()


def _value(column: Column[Any]) -> Any:
    if isinstance(column.type, Id):
        return new_id()
    if isinstance(column.type, LargeBinary):
        return b"12345678"
    if isinstance(column.type, Boolean):
        return True
    return 5 if isinstance(column.type, Integer) else "text"


async def test_rows_of_the_first_version_live_on_the_newest_tables(db: Database) -> None:
    tables = first_tables()
    assert {"entries", "members", "users", "outbox"} <= {table.name for table in tables}

    def live(conn: Connection) -> None:
        for table in tables:
            row = {column.name: _value(column) for column in table.columns}
            mine = [column == row[column.name] for column in table.primary_key]
            conn.execute(insert(table), [row])
            assert dict(conn.execute(select(table).where(*mine)).one()._mapping) == row
            other = {column.name: _value(column) for column in table.columns if not column.primary_key}
            if other:
                conn.execute(update(table).where(*mine).values(other))
            assert conn.execute(delete(table).where(*mine)).rowcount == 1

    await db.write(live)

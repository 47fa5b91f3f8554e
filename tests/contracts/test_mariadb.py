"""What only MariaDB makes hard: its locks, its idea of equal text, its settings and its error numbers."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from contracts.every_question import ask_everything
from contracts.script import ANNA, BEN, CLEO, DORA, Script, an_id
from sqlalchemy import (
    Boolean,
    Connection,
    Engine,
    Integer,
    SmallInteger,
    Table,
    event,
    insert,
    select,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.util import await_

from hubbub.base.clock import ManualClock
from hubbub.chat.model import (
    ConversationChange,
    ConversationKind,
    Mark,
    UserRow,
)
from hubbub.chat.ports import (
    Changes,
    DataRefused,
    Facts,
    Needs,
    StoreBusy,
    StoreFull,
    StoreUnavailable,
)
from hubbub.lab.servers import MariaDbServer
from hubbub.storage.chat.store import SqlStore
from hubbub.storage.database import Database
from hubbub.storage.failures import DatabaseUnusable, NewerSchema, UnsafeDatabase
from hubbub.storage.flavours.mysql import MySql
from hubbub.storage.opening import open_database
from hubbub.storage.tables.chat import meta
from hubbub.storage.tables.schema import Id, metadata

DEADLINE_S = 15.0


@contextlib.asynccontextmanager
async def node(url: str) -> AsyncIterator[Script]:
    """One process of a cluster, as far as storage goes."""
    clock = ManualClock()
    database = await open_database(url, Path("unused"), clock=clock)
    try:
        yield Script(SqlStore(database), clock, database)
    finally:
        await database.close()


@pytest.fixture
async def two(mariadb_url: str) -> AsyncIterator[tuple[Script, Script]]:
    async with node(mariadb_url) as one, node(mariadb_url) as other:
        yield one, other


@pytest.fixture
async def one(mariadb_url: str) -> AsyncIterator[Script]:
    async with node(mariadb_url) as script:
        yield script


@pytest.fixture
async def db(one: Script) -> Database:
    return the_database(one)


def the_database(script: Script) -> Database:
    assert script.db is not None
    return script.db


# ---------------------------------------------------------------- locks


async def test_random_batches_of_three_nodes_meet_no_deadlock(mariadb_url: str, mariadb_server: MariaDbServer) -> None:
    async def deadlocks() -> int:
        told = await asyncio.to_thread(mariadb_server.query, "SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'")
        return int(told.split()[-1])

    before = await deadlocks()
    dice = random.Random(5)
    async with node(mariadb_url) as one, node(mariadb_url) as two, node(mariadb_url) as three:
        stages = [await one.make(ANNA, BEN, CLEO, DORA) for _ in range(6)]

        async def act(script: Script, seed: int) -> None:
            dice = random.Random(seed)
            for _ in range(20):
                stage, who = dice.choice(stages), dice.choice([ANNA, BEN, CLEO, DORA])
                other = dice.choice([ANNA, BEN, CLEO, DORA])
                marks = [(name, Mark(who, 1, 1)) for name in dice.sample(stages, 3)]
                doing: list[Callable[[], Awaitable[object]]] = [
                    lambda: script.say(stage, who, mentions=(other,)),  # noqa: B023
                    lambda: script.react(stage, who, 1, dice.choice("👍👎"), dice.random() < 0.6),  # noqa: B023
                    lambda: script.touch(*[(name, who) for name in dice.sample(stages, 2)]),  # noqa: B023
                    lambda: script.store.set_marks(marks),  # noqa: B023
                    lambda: script.store.hide(who, stage, 1),  # noqa: B023
                    lambda: script.edit(stage, who, 2, "new", mentions=(other,)),  # noqa: B023
                ]
                try:
                    await dice.choice(doing)()
                except (StoreBusy, KeyError):
                    # A lock that was long in coming; or there is no second entry yet to edit.
                    continue

        async with asyncio.TaskGroup() as acting:
            for script in (one, two, three) * 3:
                acting.create_task(act(script, dice.randrange(1000)))
        for stage in stages:
            page = await one.store.entries_for_all(stage, 0, 1000)
            assert [entry.seq for entry in page.entries] == list(range(1, page.to_seq + 1))
    assert await deadlocks() == before


# ---------------------------------------------------------------- text


async def test_text_of_many_emoji_survives(one: Script) -> None:
    stage = await one.make(ANNA, BEN)
    long = "😀" * 20_000
    await one.say(stage, ANNA, long)
    await one.change(stage, ANNA, ConversationChange(announcement=long, title="标题 😀"))
    assert await one.texts(BEN, stage) == [long]
    facts = await one.facts(Needs(conversations={stage}))
    assert (facts.conversations[stage].announcement, facts.conversations[stage].title) == (long, "标题 😀")


async def test_quotes_backslashes_and_percents_are_only_text(one: Script) -> None:
    stage = await one.make(ANNA, BEN)
    odd = r"""'; DROP TABLE entries; -- \' \\ %s %(a)s %% " ` \0 \n"""
    await one.say(stage, ANNA, odd)
    await one.say(stage, ANNA, odd + "\0\n\r\x1a")
    await one.change(stage, ANNA, ConversationChange(title=odd))
    assert await one.texts(BEN, stage) == [odd, odd + "\0\n\r\x1a"]
    assert (await one.facts(Needs(conversations={stage}))).conversations[stage].title == odd


async def test_reactions_that_only_look_alike_are_different(one: Script) -> None:
    stage = await one.make(ANNA, BEN)
    alike = ["e", "E", "é", "e ", " e", "👍", "👍🏽", "ｅ", "ß", "ss"]
    for emoji in alike:
        await one.react(stage, BEN, 1, emoji)
    kept = await the_database(one).read(lambda conn: conn.execute(text("SELECT emoji FROM reactions")).scalars().all())
    assert sorted(kept) == sorted(alike)


async def test_names_are_equal_only_byte_for_byte(one: Script) -> None:
    names = ["anna", "ànna", "anna ", "ａnna", "𝐚nna", "an na"]
    for name in names:
        await one.there_is(UserRow(an_id(), name))
    found = await one.store.users([], names[:3])
    assert sorted(row.username for row in found) == sorted(names[:3])


async def test_channels_come_in_the_order_of_their_letters_as_on_every_database(one: Script) -> None:
    titles = ["Zebra", "apfel", "Äpfel", "äpfel 2", "Чат", "频道", "apfel 2", "😀"]
    for title in titles:
        await one.make(ANNA, kind=ConversationKind.CHANNEL, title=title)
    page, _ = await one.store.channels(BEN, "", "", 20)
    assert [state.conversation.title for state in page] == sorted(titles, key=str.casefold)


# ---------------------------------------------------------------- what goes wrong


async def test_a_key_too_long_is_refused_as_data_and_stores_nothing(db: Database) -> None:
    for value in ("x" * 300, "\udc80"):
        row = {"key": "a", "value": value}
        with pytest.raises(DataRefused):
            await db.write(lambda conn, row=row: conn.execute(insert(meta), row))  # type: ignore[misc]
    with pytest.raises(DataRefused):
        await db.write(lambda conn: conn.execute(text("UPDATE outbox SET created_ms = :n"), {"n": 2**80}))
    assert await db.read(_keys) == ["epoch"]


def _keys(conn: Connection) -> list[str]:
    return list(conn.execute(select(meta.c.key)).scalars())


async def test_each_statement_of_a_writing_transaction_sees_what_was_committed_before_it(
    two: tuple[Script, Script],
) -> None:
    one, other = two
    stage = await one.make(ANNA, BEN)
    began, go_on = asyncio.Event(), asyncio.Event()

    def look_twice(conn: Connection) -> list[int]:
        counts = []
        for _ in range(2):
            counts.append(conn.execute(text("SELECT count(*) FROM entries")).scalar_one())
            began.set()
            await_(go_on.wait())
        return counts

    looking = asyncio.create_task(the_database(one).write(look_twice))
    await began.wait()
    await other.say(stage, ANNA)
    go_on.set()
    assert await looking == [1, 2]


async def test_a_lock_that_is_not_given_is_busy(two: tuple[Script, Script]) -> None:
    one, other = two
    stage = await one.make(ANNA, BEN)
    holding, go_on = asyncio.Event(), asyncio.Event()

    def hold(facts: Facts) -> Changes:
        holding.set()
        await_(go_on.wait())
        return Changes()

    holder = asyncio.create_task(one.store.commit(Needs(conversations={stage}), hold))
    await holding.wait()
    with pytest.raises(StoreBusy):
        await other.say(stage, ANNA)
    go_on.set()
    await holder
    assert await other.say(stage, ANNA) == 2


async def test_a_deadlock_is_busy_and_takes_everything_back(two: tuple[Script, Script]) -> None:
    rows = [{"key": name, "value": "0"} for name in "ab"]
    await the_database(two[0]).write(lambda conn: conn.execute(insert(meta), rows))
    both = asyncio.Barrier(2)

    async def cross(script: Script, first: str, second: str) -> None:
        def work(conn: Connection) -> None:
            raise_ = text("UPDATE meta SET value = value + 1 WHERE `key` = :name")
            conn.execute(raise_, {"name": first})
            await_(both.wait())
            conn.execute(raise_, {"name": second})

        await the_database(script).write(work)

    outcomes = await asyncio.gather(cross(two[0], "a", "b"), cross(two[1], "b", "a"), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [StoreBusy]
    values = text("SELECT value FROM meta WHERE `key` IN ('a', 'b')")
    assert await the_database(two[0]).read(lambda conn: conn.execute(values).scalars().all()) == ["1", "1"]


async def test_a_transaction_that_swallows_a_deadlock_is_not_called_committed(two: tuple[Script, Script]) -> None:
    rows = [{"key": name, "value": "0"} for name in "ab"]
    await the_database(two[0]).write(lambda conn: conn.execute(insert(meta), rows))
    both = asyncio.Barrier(2)

    async def cross(script: Script, first: str, second: str) -> None:
        def work(conn: Connection) -> None:
            raise_ = text("UPDATE meta SET value = value + 1 WHERE `key` = :name")
            conn.execute(raise_, {"name": first})
            await_(both.wait())
            # What no store may do.
            with contextlib.suppress(DBAPIError):
                conn.execute(raise_, {"name": second})

        await the_database(script).write(work)

    outcomes = await asyncio.gather(cross(two[0], "a", "b"), cross(two[1], "b", "a"), return_exceptions=True)
    assert len([outcome for outcome in outcomes if isinstance(outcome, Exception)]) == 1


async def test_a_connection_lost_in_a_transaction_stores_nothing_and_is_replaced(one: Script) -> None:
    def die(conn: Connection) -> None:
        conn.execute(insert(meta), {"key": "a", "value": "b"})
        conn.execute(text("KILL CONNECTION_ID()"))

    with pytest.raises(StoreUnavailable):
        await the_database(one).write(die)
    assert await the_database(one).read(_keys) == ["epoch"]
    stage = await one.make(ANNA, BEN)
    assert await one.say(stage, ANNA) == 2


@pytest.mark.parametrize(
    ("number", "told", "kind"),
    [
        (1213, "Deadlock found", StoreBusy),
        (1205, "Lock wait timeout exceeded", StoreBusy),
        (1062, "Duplicate entry 'a' for key 'PRIMARY'", StoreBusy),
        (1062, "Duplicate entry 'a' for key 'uq_entries_key'", DataRefused),
        (1406, "Data too long", DataRefused),
        (1153, "Got a packet bigger than 'max_allowed_packet' bytes", DataRefused),
        (1021, "Disk full", StoreFull),
        (1114, "The table 'entries' is full", StoreFull),
        (1030, 'Got error 28 "No space left on device" from storage engine InnoDB', StoreFull),
        (1290, "The MariaDB server is running with the --read-only option", StoreUnavailable),
        (1969, "Query execution was interrupted (max_statement_time exceeded)", StoreUnavailable),
        (2013, "Lost connection to MySQL server during query", StoreUnavailable),
        (1045, "Access denied", DatabaseUnusable),
    ],
)
def test_the_numbers_of_the_server_are_told_in_the_words_of_the_ports(number: int, told: str, kind: type) -> None:
    from asyncmy.errors import OperationalError

    assert type(MySql().translate(OperationalError(number, told))) is kind
    assert MySql().translate(KeyError("not the database's")) is None


# ---------------------------------------------------------------- opening


@pytest.mark.parametrize(
    ("setting", "unsafe", "safe"),
    [
        ("innodb_flush_log_at_trx_commit", "2", "1"),
        ("max_allowed_packet", "1048576", "16777216"),
    ],
)
async def test_a_server_that_would_lose_what_it_commits_is_refused(
    mariadb_url: str, mariadb_server: MariaDbServer, setting: str, unsafe: str, safe: str
) -> None:
    await asyncio.to_thread(mariadb_server.query, f"SET GLOBAL {setting} = {unsafe}")
    try:
        with pytest.raises(UnsafeDatabase, match=setting):
            await open_database(mariadb_url, Path("unused"), clock=ManualClock())
        accepted = await open_database(mariadb_url, Path("unused"), clock=ManualClock(), accept_unsafe=True)
        await accepted.close()
    finally:
        await asyncio.to_thread(mariadb_server.query, f"SET GLOBAL {setting} = {safe}")


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE hidden ENGINE = Aria",
        "ALTER TABLE users MODIFY username VARCHAR(64) CHARACTER SET latin1 NOT NULL",
        "ALTER TABLE users MODIFY username_key VARCHAR(128) COLLATE utf8mb4_general_ci NOT NULL",
    ],
)
async def test_tables_that_would_spoil_what_they_keep_are_refused(mariadb_url: str, change: str) -> None:
    database = await open_database(mariadb_url, Path("unused"), clock=ManualClock())
    await database.write(lambda conn: conn.execute(text(change)))
    await database.close()
    with pytest.raises(UnsafeDatabase):
        await open_database(mariadb_url, Path("unused"), clock=ManualClock())


async def test_a_wrong_address_is_said_plainly(mariadb_url: str) -> None:
    right = make_url(mariadb_url)
    for wrong in (right.set(password="wrong"), right.set(database="nowhere")):
        url = wrong.render_as_string(hide_password=False)
        with pytest.raises(DatabaseUnusable):
            await open_database(url, Path("unused"), clock=ManualClock())
    with pytest.raises(StoreUnavailable):
        await open_database("mysql://hubbub:hubbub@127.0.0.1:1/hubbub", Path("unused"), clock=ManualClock())


async def test_a_schema_of_a_newer_program_is_refused_untouched(mariadb_url: str) -> None:
    database = await open_database(mariadb_url, Path("unused"), clock=ManualClock())
    await database.write(lambda conn: conn.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    await database.close()
    for _ in range(2):
        with pytest.raises(NewerSchema):
            await open_database(mariadb_url, Path("unused"), clock=ManualClock())


async def test_tables_made_by_migrations_are_those_the_metadata_would_make(
    mariadb_url: str, mariadb_server: MariaDbServer
) -> None:
    database = await open_database(mariadb_url, Path("unused"), clock=ManualClock())
    other_url = await asyncio.to_thread(mariadb_server.new_database)
    other = create_async_engine(make_url(other_url).set(drivername="mysql+asyncmy"))

    def layout(conn: Connection) -> set[str]:
        names = conn.execute(text("SHOW TABLES")).scalars().all()
        made = [conn.execute(text(f"SHOW CREATE TABLE `{name}`")).one()[1] for name in names]
        return {" ".join(sorted(sql.split("\n"))).replace(",", "") for sql in made if "alembic_version" not in sql}

    try:
        async with other.begin() as conn:
            await conn.run_sync(metadata.create_all)
            wanted = await conn.run_sync(layout)
        found = await database.read(layout)
        assert len(found) > 15
        assert found == wanted
    finally:
        await other.dispose()
        await database.close()


async def test_no_statement_walks_a_table(one: Script) -> None:
    said: dict[str, Any] = {}

    def note(conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool) -> None:
        said.setdefault(statement, parameters[0] if executemany else parameters)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        await ask_everything(one)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    database = the_database(one)
    for table in metadata.sorted_tables:
        # A table of few rows is walked whatever indexes it has.
        await database.write(lambda conn, table=table: _fill(conn, table))  # type: ignore[misc]
        await database.write(lambda conn, table=table: conn.execute(text(f"ANALYZE TABLE `{table.name}`")).all())  # type: ignore[misc]

    def explain(conn: Connection) -> list[tuple[str, str, str]]:
        steps: list[tuple[str, str, str]] = []
        for statement, given in said.items():
            if statement.startswith(("SELECT", "UPDATE", "DELETE", "(SELECT")):
                plain = {"no_parameters": not given}
                plan = conn.exec_driver_sql(f"EXPLAIN {statement}", given or None, execution_options=plain)
                steps += [(row.table or "", row.type or "", statement) for row in plan]
        return steps

    steps = await database.write(explain)
    assert len(steps) > 60
    walked = [step for step in steps if step[1] in ("ALL", "index") and not step[0].startswith("<")]
    assert walked == []


def _fill(conn: Connection, table: Table) -> None:
    values: list[str] = []
    unique = {list(index.columns)[-1] for index in table.indexes if index.unique}
    for column in table.columns:
        if isinstance(column.type, Id):
            # Three hundred of each, ten rows for each of the first.
            alone = (len(table.primary_key) == 1 and column.primary_key) or column in unique
            number = "seq" if alone else "seq DIV 10" if not values else "seq % 300"
            values.append(f"UNHEX(MD5(CONCAT('{column.name}', {number})))")
        elif isinstance(column.type, Boolean):
            values.append("seq % 2")
        elif isinstance(column.type, SmallInteger):
            values.append("seq" if column.primary_key else "1 + seq % 9")
        elif isinstance(column.type, Integer):
            values.append("seq + 100")
        else:
            values.append("CONCAT('t', seq)")
    names = ", ".join(f"`{column.name}`" for column in table.columns)
    conn.execute(text(f"INSERT INTO `{table.name}` ({names}) SELECT {', '.join(values)} FROM seq_1_to_3000"))

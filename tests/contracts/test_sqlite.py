"""What only the embedded database promises: its folder, its file, its disk and its schema."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from contracts.every_question import ask_everything
from contracts.script import ANNA, BEN, Script, an_id
from sqlalchemy import Connection, create_engine, select, text

from hubbub.base.clock import ManualClock
from hubbub.chat.model import (
    Body,
    Entry,
    Mark,
    Post,
)
from hubbub.chat.ports import (
    Changes,
    DataRefused,
    Facts,
    Needs,
    NewEntry,
    OutcomeUnknown,
    StoreBusy,
    StoreFull,
    StoreUnavailable,
)
from hubbub.storage import migrations
from hubbub.storage.chat.store import SqlStore
from hubbub.storage.checkpoints import FALLBACK_FRAMES
from hubbub.storage.failures import FolderInUse, FolderUnusable, NewerSchema
from hubbub.storage.folder import LOCK_NAME
from hubbub.storage.sqlite_database import FILE_NAME, SqliteDatabase
from hubbub.storage.tables.chat import entries, meta
from hubbub.storage.tables.schema import metadata


async def opened(folder: Path, clock: ManualClock) -> tuple[SqliteDatabase, Script]:
    database = await SqliteDatabase.open(folder, clock=clock)
    return database, Script(SqlStore(database), clock, database)


async def test_a_second_server_on_the_same_folder_is_refused(tmp_path: Path, clock: ManualClock) -> None:
    first, script = await opened(tmp_path, clock)
    with pytest.raises(FolderInUse) as refused:
        await SqliteDatabase.open(tmp_path, clock=clock)
    assert str(tmp_path) in str(refused.value)
    stage = await script.make(ANNA, BEN)
    assert await script.say(stage, ANNA) == 2
    await first.close()
    second = await SqliteDatabase.open(tmp_path, clock=clock)
    await second.close()


async def test_a_folder_that_cannot_be_opened_is_said_plainly(tmp_path: Path, clock: ManualClock) -> None:
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / FILE_NAME).write_text("no database " * 100)
    for name in ("file", "odd"):
        with pytest.raises(FolderUnusable, match="cannot be opened"):
            await SqliteDatabase.open(tmp_path / name, clock=clock)


async def test_nobody_else_reads_the_files_whatever_folder_they_are_in(tmp_path: Path, clock: ManualClock) -> None:
    database = await SqliteDatabase.open(tmp_path, clock=clock)
    await database.read(lambda conn: conn.scalar(text("SELECT count(*) FROM meta")))
    files = {name: os.stat(tmp_path / name).st_mode & 0o777 for name in os.listdir(tmp_path)}
    await database.close()
    assert files.keys() >= {"hubbub.sqlite3", "hubbub.sqlite3-wal", "hubbub.sqlite3-shm"}
    assert set(files.values()) == {0o600}


async def test_reopening_keeps_everything(tmp_path: Path, clock: ManualClock) -> None:
    database, script = await opened(tmp_path, clock)
    stage = await script.make(ANNA, BEN)
    await script.say(stage, ANNA, "still here", mentions=(BEN,))
    await script.react(stage, BEN, 2, "👍")
    await script.store.set_marks([(stage, Mark(BEN, 1, 1))])
    epoch = await script.store.epoch()
    before = await script.store.user_state(BEN, 0, 10)
    await database.close()
    database, script = await opened(tmp_path, clock)
    try:
        assert await script.store.epoch() == epoch
        assert await script.store.user_state(BEN, 0, 10) == before
        assert await script.texts(BEN, stage) == ["still here"]
        assert await script.say(stage, ANNA) == 4
    finally:
        await database.close()


async def test_closing_leaves_the_log_copied_and_the_folder_free(tmp_path: Path, clock: ManualClock) -> None:
    database, script = await opened(tmp_path, clock)
    stage = await script.make(ANNA, BEN)
    for _ in range(3):
        await _say_many(script, stage, 1500)
    await database.close()
    assert set(await asyncio.to_thread(os.listdir, tmp_path)) == {LOCK_NAME, FILE_NAME}
    database, script = await opened(tmp_path, clock)
    assert await script.store.heads([stage]) == {stage: 4501}
    await database.close()


async def test_the_write_ahead_log_stays_bounded_under_load(tmp_path: Path, clock: ManualClock) -> None:
    database, script = await opened(tmp_path, clock)
    try:
        stage = await script.make(ANNA, BEN)
        longest = 0
        for _ in range(25):
            await _say_many(script, stage, 2000)
            longest = max(longest, (tmp_path / f"{FILE_NAME}-wal").stat().st_size)
        assert longest < FALLBACK_FRAMES * 4096
    finally:
        await database.close()


async def _say_many(script: Script, id_: str, count: int) -> None:
    def plan(facts: Facts) -> Changes:
        row = facts.conversations[id_]
        new = []
        for _ in range(count):
            row.head += 1
            new.append(NewEntry(Entry(id_, row.head, 1, ANNA, an_id(), Post(Body(text="x" * 900))), bytes(8), True))
        return Changes(entries=new, conversations=[row])

    await script.store.commit(Needs(conversations={id_}), plan)


async def test_another_folder_has_another_epoch(tmp_path: Path, clock: ManualClock) -> None:
    epochs = set()
    for name in ("one", "two"):
        database = await SqliteDatabase.open(tmp_path / name, clock=clock)
        epochs.add(database.epoch)
        await database.close()
    assert len(epochs) == 2


async def test_a_closed_database_says_so(tmp_path: Path, clock: ManualClock) -> None:
    database, script = await opened(tmp_path, clock)
    await database.close()
    await database.close()
    with pytest.raises(StoreUnavailable):
        await script.make(ANNA)


async def test_a_full_disk_is_said_and_the_server_goes_on(db: SqliteDatabase, clock: ManualClock) -> None:
    script = Script(SqlStore(db), clock, db)
    stage = await script.make(ANNA, BEN)

    def allow(conn: Connection, more: int) -> None:
        # The limit belongs to the connection, and the connection to the writing thread.
        used = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
        conn.exec_driver_sql(f"PRAGMA max_page_count = {used + more}")

    async def fill() -> None:
        while True:
            await script.say(stage, ANNA, "x" * 3000)

    await db.write(lambda conn: allow(conn, 2))
    with pytest.raises(StoreFull):
        await fill()
    with pytest.raises(StoreFull):
        await script.say(stage, ANNA, "x" * 30_000)
    head = (await script.store.heads([stage]))[stage]
    assert len(await script.texts(BEN, stage)) == head - 1
    await db.write(lambda conn: allow(conn, 1000))
    assert await script.say(stage, ANNA, "room again") == head + 1
    assert (await script.texts(BEN, stage))[-1] == "room again"


async def test_what_was_committed_is_read_by_the_very_next_read(db: SqliteDatabase, clock: ManualClock) -> None:
    script = Script(SqlStore(db), clock, db)
    stage = await script.make(ANNA, BEN)
    for n in range(2, 30):
        await script.say(stage, ANNA)
        heads = await asyncio.gather(*[script.store.heads([stage]) for _ in range(4)])
        assert heads == [{stage: n}] * 4


async def test_a_read_sees_one_snapshot_while_others_write(db: SqliteDatabase, clock: ManualClock) -> None:
    script = Script(SqlStore(db), clock, db)
    stage = await script.make(ANNA, BEN)
    began, go_on = threading.Event(), threading.Event()

    def read(conn: Connection) -> list[int]:
        counts = []
        for _ in range(2):
            counts.append(len(conn.execute(select(entries.c.seq)).all()))
            began.set()
            assert go_on.wait(5)
        return counts

    reading = asyncio.create_task(db.read(read))
    assert await asyncio.to_thread(began.wait, 5)
    await script.say(stage, ANNA)
    go_on.set()
    assert await reading == [1, 1]


async def test_a_reader_cannot_write(db: SqliteDatabase) -> None:
    with pytest.raises(StoreUnavailable):
        await db.read(lambda conn: conn.execute(text("INSERT INTO meta VALUES ('a', 'b')")))
    assert await db.read(lambda conn: conn.execute(select(meta.c.key)).scalars().all()) == ["epoch"]


async def test_an_error_rolls_back_and_the_next_transaction_is_fine(db: SqliteDatabase) -> None:
    def insert_twice(conn: Connection) -> None:
        conn.execute(text("INSERT INTO meta VALUES ('a', 'b')"))
        conn.execute(text("INSERT INTO meta VALUES ('a', 'c')"))

    def insert_and_raise(conn: Connection) -> None:
        conn.execute(text("INSERT INTO meta VALUES ('a', 'b')"))
        raise KeyError("mine")

    with pytest.raises(DataRefused):
        await db.write(insert_twice)
    with pytest.raises(KeyError, match="mine"):
        await db.write(insert_and_raise)
    await db.write(lambda conn: conn.execute(text("INSERT INTO meta VALUES ('z', 'y')")))
    assert await db.read(lambda conn: set(conn.execute(select(meta.c.key)).scalars())) == {"epoch", "z"}


async def test_a_number_beyond_the_database_is_refused_as_data(db: SqliteDatabase) -> None:
    with pytest.raises(DataRefused):
        await db.write(lambda conn: conn.execute(text("SELECT :number"), {"number": 2**63}))


async def test_a_lock_held_from_outside_is_busy_and_passes(db: SqliteDatabase) -> None:
    outside = create_engine(f"sqlite:///{db.folder / FILE_NAME}")
    with outside.connect() as other:
        other.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy):
            await db.write(lambda conn: None)
        other.rollback()
    outside.dispose()
    await db.write(lambda conn: None)


async def test_a_commit_that_fails_half_way_has_an_unknown_outcome(db: SqliteDatabase, clock: ManualClock) -> None:
    def work(conn: Connection) -> None:
        conn.execute(text("INSERT INTO meta VALUES ('a', 'b')"))
        # The connection breaks under the COMMIT.
        driver = conn.connection.driver_connection
        assert driver is not None
        driver.close()

    with pytest.raises(OutcomeUnknown):
        await db.write(work)
    script = Script(SqlStore(db), clock, db)
    stage = await script.make(ANNA, BEN)
    assert await script.say(stage, ANNA) == 2


async def test_a_queue_that_is_full_is_busy_at_once(db: SqliteDatabase) -> None:
    hold = threading.Event()
    first = asyncio.create_task(db.write(lambda conn: hold.wait(5)))
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(db.write(lambda conn: None)) for _ in range(2000)]
    await asyncio.sleep(0)
    hold.set()
    outcomes = await asyncio.gather(first, *waiting, return_exceptions=True)
    busy = [outcome for outcome in outcomes if isinstance(outcome, StoreBusy)]
    assert 0 < len(busy) < 2000
    assert len(busy) + outcomes.count(None) + 1 == 2001


async def test_who_gives_up_waiting_has_written_nothing(db: SqliteDatabase) -> None:
    hold = threading.Event()
    first = asyncio.create_task(db.write(lambda conn: hold.wait(5)))
    await asyncio.sleep(0)
    second = asyncio.create_task(db.write(lambda conn: conn.execute(text("INSERT INTO meta VALUES ('a', 'b')"))))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    hold.set()
    await first
    assert await db.read(lambda conn: conn.execute(select(meta.c.key)).scalars().all()) == ["epoch"]


# ---------------------------------------------------------------- the schema


async def test_the_migrated_schema_is_the_metadata(db: SqliteDatabase) -> None:
    def compare(conn: Connection) -> list[object]:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    assert await db.read(compare) == []


async def test_tables_made_by_migrations_are_those_the_metadata_would_make(db: SqliteDatabase) -> None:
    def layout(conn: Connection) -> set[tuple[str, str]]:
        found = conn.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        named = [(name, sql) for name, sql in found if not name.startswith(("sqlite_", "alembic_"))]
        return {(name, "".join(sql.split())) for name, sql in named}

    engine = create_engine("sqlite://")
    with engine.begin() as conn:
        metadata.create_all(conn)
        wanted = layout(conn)
    engine.dispose()
    assert await db.read(layout) == wanted


async def test_a_schema_of_a_newer_program_is_refused_untouched(tmp_path: Path, clock: ManualClock) -> None:
    database = await SqliteDatabase.open(tmp_path, clock=clock)
    await database.write(lambda conn: conn.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    await database.close()
    for _ in range(2):
        with pytest.raises(NewerSchema, match="newer"):
            await SqliteDatabase.open(tmp_path, clock=clock)


def test_the_newest_revision_is_the_head() -> None:
    names = sorted(path.stem for path in (Path(migrations.__file__).parent / "versions").glob("r*.py"))
    assert names[-1].startswith(f"r{migrations.HEAD}_")


async def test_no_statement_walks_a_table(tmp_path: Path, clock: ManualClock) -> None:
    database = await SqliteDatabase.open(tmp_path, readers=1, clock=clock)
    script = Script(SqlStore(database), clock, database)
    said: list[str] = []

    def listen(conn: Connection) -> None:
        driver = conn.connection.driver_connection
        assert driver is not None
        driver.set_trace_callback(said.append)

    def explain(conn: Connection) -> list[tuple[str, str]]:
        driver = conn.connection.driver_connection
        assert driver is not None
        driver.set_trace_callback(None)
        statements = [sql for sql in said if sql.startswith(("SELECT", "WITH", "UPDATE", "DELETE"))]
        return [(row[3], sql) for sql in statements for row in driver.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()]

    try:
        await database.write(listen)
        await database.read(listen)
        await ask_everything(script)
        steps = await database.write(explain)
    finally:
        await database.close()
    # k, p, h and v are lists of values given with the statement; the outbox is emptied as fast as it fills.
    lists = {"k", "p", "h", "v", "outbox"}
    scans = [(step.split()[1], step, sql) for step, sql in steps if step.startswith("SCAN")]
    walked = [scan for scan in scans if scan[0] not in lists and "CONSTANT" not in scan[1] and scan[0][0] != "("]
    assert len(steps) > 100
    assert walked == []


async def test_a_retry_after_an_unknown_outcome_finds_its_key(db: SqliteDatabase, clock: ManualClock) -> None:
    script = Script(SqlStore(db), clock, db)
    stage = await script.make(ANNA, BEN)
    client_id = "a" * 32
    first, _ = await script.act(stage, ANNA, Post(Body(text="once")), client_id=client_id)
    again, _ = await script.act(stage, ANNA, Post(Body(text="once")), client_id=client_id)
    assert first == again
    assert await script.texts(BEN, stage) == ["once"]

"""What only the embedded database promises: its folder, its file, its disk and its schema."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from contracts.script import ANNA, BEN, Script
from sqlalchemy import Connection, create_engine, select, text

from hubbub.base.clock import ManualClock
from hubbub.chat.model import Body, Mark, Post
from hubbub.chat.ports import DataRefused, OutcomeUnknown, StoreBusy, StoreFull, StoreUnavailable
from hubbub.storage import migrations
from hubbub.storage.database import FILE_NAME, Database
from hubbub.storage.failures import FolderInUse, NewerSchema
from hubbub.storage.schema import metadata
from hubbub.storage.sql_store import SqlStore
from hubbub.storage.tables import entries, meta


async def opened(folder: Path, clock: ManualClock) -> tuple[Database, Script]:
    database = await Database.open(folder, clock=clock)
    return database, Script(SqlStore(database), clock, database)


async def test_a_second_server_on_the_same_folder_is_refused(tmp_path: Path, clock: ManualClock) -> None:
    first, script = await opened(tmp_path, clock)
    with pytest.raises(FolderInUse) as refused:
        await Database.open(tmp_path, clock=clock)
    assert str(tmp_path) in str(refused.value)
    stage = await script.make(ANNA, BEN)
    assert await script.say(stage, ANNA) == 2
    await first.close()
    second = await Database.open(tmp_path, clock=clock)
    await second.close()


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


async def test_another_folder_has_another_epoch(tmp_path: Path, clock: ManualClock) -> None:
    epochs = set()
    for name in ("one", "two"):
        database = await Database.open(tmp_path / name, clock=clock)
        epochs.add(database.epoch)
        await database.close()
    assert len(epochs) == 2


async def test_a_closed_database_says_so(tmp_path: Path, clock: ManualClock) -> None:
    database, script = await opened(tmp_path, clock)
    await database.close()
    await database.close()
    with pytest.raises(StoreUnavailable):
        await script.make(ANNA)


async def test_a_full_disk_is_said_and_the_server_goes_on(db: Database, clock: ManualClock) -> None:
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


async def test_what_was_committed_is_read_by_the_very_next_read(db: Database, clock: ManualClock) -> None:
    script = Script(SqlStore(db), clock, db)
    stage = await script.make(ANNA, BEN)
    for n in range(2, 30):
        await script.say(stage, ANNA)
        heads = await asyncio.gather(*[script.store.heads([stage]) for _ in range(4)])
        assert heads == [{stage: n}] * 4


async def test_a_read_sees_one_snapshot_while_others_write(db: Database, clock: ManualClock) -> None:
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


async def test_a_reader_cannot_write(db: Database) -> None:
    with pytest.raises(StoreUnavailable):
        await db.read(lambda conn: conn.execute(text("INSERT INTO meta VALUES ('a', 'b')")))
    assert await db.read(lambda conn: conn.execute(select(meta.c.key)).scalars().all()) == ["epoch"]


async def test_an_error_rolls_back_and_the_next_transaction_is_fine(db: Database) -> None:
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


async def test_a_number_beyond_the_database_is_refused_as_data(db: Database) -> None:
    with pytest.raises(DataRefused):
        await db.write(lambda conn: conn.execute(text("SELECT :number"), {"number": 2**63}))


async def test_a_lock_held_from_outside_is_busy_and_passes(db: Database) -> None:
    outside = create_engine(f"sqlite:///{db.folder / FILE_NAME}")
    with outside.connect() as other:
        other.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy):
            await db.write(lambda conn: None)
        other.rollback()
    outside.dispose()
    await db.write(lambda conn: None)


async def test_a_commit_that_fails_half_way_has_an_unknown_outcome(db: Database, clock: ManualClock) -> None:
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


async def test_a_queue_that_is_full_is_busy_at_once(db: Database) -> None:
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


async def test_who_gives_up_waiting_has_written_nothing(db: Database) -> None:
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


async def test_the_migrated_schema_is_the_metadata(db: Database) -> None:
    def compare(conn: Connection) -> list[object]:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    assert await db.read(compare) == []


async def test_tables_made_by_migrations_are_those_the_metadata_would_make(db: Database) -> None:
    def layout(conn: Connection) -> set[tuple[str, str]]:
        found = conn.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {(name, " ".join(sql.split())) for name, sql in found if not name.startswith(("sqlite_", "alembic_"))}

    engine = create_engine("sqlite://")
    with engine.begin() as conn:
        metadata.create_all(conn)
        wanted = layout(conn)
    engine.dispose()
    assert await db.read(layout) == wanted


async def test_a_schema_of_a_newer_program_is_refused_untouched(tmp_path: Path, clock: ManualClock) -> None:
    database = await Database.open(tmp_path, clock=clock)
    await database.write(lambda conn: conn.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    await database.close()
    for _ in range(2):
        with pytest.raises(NewerSchema, match="newer"):
            await Database.open(tmp_path, clock=clock)


def test_the_newest_revision_is_the_head() -> None:
    names = sorted(path.stem for path in (Path(migrations.__file__).parent / "versions").glob("r*.py"))
    assert names[-1].startswith(f"r{migrations.HEAD}_")


@pytest.mark.parametrize("looked_up", ["history", "unread", "mentions", "keys", "heads", "thread", "due"])
async def test_hot_statements_use_their_index(db: Database, looked_up: str) -> None:
    statements = {
        "history": "SELECT seq FROM entries WHERE conversation_id = x'00' AND seq BETWEEN 5 AND 9 AND kind IN (1, 6)"
        " ORDER BY seq DESC LIMIT 3",
        "unread": "SELECT count(*) FROM (SELECT 1 FROM entries WHERE conversation_id = x'00' AND seq > 3 AND counts"
        " AND NOT recalled AND sender_id <> x'01' LIMIT 100)",
        "mentions": "SELECT seq FROM mentions WHERE user_id = x'00' AND conversation_id = x'01' AND seq > 3",
        "keys": "WITH k(c, s, i) AS (VALUES (x'00', x'01', x'02')) SELECT e.seq FROM k CROSS JOIN entries e"
        " INDEXED BY uq_entries_key ON e.conversation_id = k.c AND e.sender_id = k.s AND e.client_id = k.i",
        "heads": "UPDATE conversations SET head = v.column2 FROM (VALUES (x'00', 1), (x'01', 2)) AS v"
        " WHERE conversations.id = v.column1",
        "thread": "SELECT seq FROM entries WHERE conversation_id = x'00' AND parent_seq = 4 AND seq > 5 ORDER BY seq",
        "due": "SELECT due_ms FROM scheduled WHERE refused = 0 AND due_ms <= 5 ORDER BY due_ms LIMIT 3",
    }

    def plan(conn: Connection) -> list[str]:
        return [row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statements[looked_up]}")]

    tables = ("entries", "mentions", "conversations", "scheduled")
    steps = await db.read(plan)
    assert any("SEARCH" in step for step in steps), steps
    assert not any(step.startswith("SCAN") and any(table in step for table in tables) for step in steps), steps
    assert not any("TEMP B-TREE" in step for step in steps), steps


async def test_a_retry_after_an_unknown_outcome_finds_its_key(db: Database, clock: ManualClock) -> None:
    script = Script(SqlStore(db), clock, db)
    stage = await script.make(ANNA, BEN)
    client_id = "a" * 32
    first, _ = await script.act(stage, ANNA, Post(Body(text="once")), client_id=client_id)
    again, _ = await script.act(stage, ANNA, Post(Body(text="once")), client_id=client_id)
    assert first == again
    assert await script.texts(BEN, stage) == ["once"]

"""What only PostgreSQL can do: refuse, kill, answer in its own codes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from contracts.every_question import ask_everything
from contracts.script import ANNA, BEN, Script, an_id
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.util import await_
from support.databases import UrlOf, open_empty

from hubbub.base.clock import Clock, ManualClock
from hubbub.base.errors import ChatError
from hubbub.chat.model import Body, Post
from hubbub.chat.ports import DataRefused, OutcomeUnknown, StoreBusy, StoreError, StoreFull, StoreUnavailable
from hubbub.lab.servers import PostgresServer
from hubbub.lab.servers.ports import free_port
from hubbub.storage.chat.store import SqlStore
from hubbub.storage.database import Database
from hubbub.storage.dialects import Dialect
from hubbub.storage.failures import DatabaseUnusable, NewerSchema, OlderSchema, UnsafeDatabase
from hubbub.storage.flavours.postgresql import Postgresql
from hubbub.storage.meta import agree
from hubbub.storage.opening import open_database
from hubbub.storage.server_database import ServerDatabase
from hubbub.storage.tables.schema import metadata

T = TypeVar("T")


@pytest.fixture
async def db(database_url: UrlOf, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Database]:
    database = await open_empty(database_url("postgresql"), tmp_path, clock=clock)
    try:
        yield database
    finally:
        await database.close()


@pytest.fixture
def stage_(db: Database, clock: ManualClock) -> Script:
    return Script(SqlStore(db), clock, db)


def say(sql: str) -> Callable[[Connection], None]:
    """Return a transaction that runs one statement."""
    return lambda conn: conn.execute(text(sql)).close()


# ---------------------------------------------------------------- what is refused at the start


async def test_a_server_that_may_lose_what_it_acknowledged_is_refused_or_named_aloud(
    postgres_server: PostgresServer, tmp_path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    url = postgres_server.new_database()
    name = url.rpartition("/")[2]
    await (await open_database(url, tmp_path, clock=clock)).close()
    postgres_server.query(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    with pytest.raises(UnsafeDatabase, match="synchronous_commit = off, and on is needed"):
        await open_database(url, tmp_path, clock=clock)
    with caplog.at_level(logging.WARNING):
        await (await open_database(url, tmp_path, clock=clock, accept_unsafe=True)).close()
    assert "UNSAFE" in caplog.text
    assert "synchronous_commit = off" in caplog.text


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
async def test_a_server_that_does_not_survive_its_machine_is_refused(
    tmp_path: Path, clock: ManualClock, setting: str
) -> None:
    with PostgresServer(durable=False, settings={setting: "off"}) as server:
        with pytest.raises(UnsafeDatabase, match=f"{setting} = off, and on is needed"):
            await open_database(server.url, tmp_path, clock=clock)
        await (await open_database(server.url, tmp_path, clock=clock, accept_unsafe=True)).close()


async def test_a_database_in_another_encoding_is_refused(
    postgres_server: PostgresServer, tmp_path: Path, clock: ManualClock
) -> None:
    postgres_server.query("CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    with pytest.raises(UnsafeDatabase, match="server_encoding = SQL_ASCII"):
        await open_database(postgres_server.url_of("ascii"), tmp_path, clock=clock)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://hubbub:hubbub@127.0.0.1:{port}/nowhere", "does not exist"),
        ("nonsense", "not of the form"),
        ("oracle://hubbub@127.0.0.1/hubbub", "nothing here speaks oracle"),
    ],
)
async def test_an_address_that_names_no_database_is_said_plainly(
    postgres_server: PostgresServer, tmp_path: Path, clock: ManualClock, url: str, told: str
) -> None:
    with pytest.raises(DatabaseUnusable, match=told):
        await open_database(url.format(port=postgres_server.port), tmp_path, clock=clock)


async def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path, clock: ManualClock) -> None:
    with pytest.raises(StoreUnavailable):
        await open_database(f"postgresql://hubbub@127.0.0.1:{free_port()}/hubbub", tmp_path, clock=clock)


async def test_of_several_addresses_the_one_that_serves_is_taken(
    postgres_server: PostgresServer, tmp_path: Path, clock: ManualClock
) -> None:
    name = postgres_server.new_database().rpartition("/")[2]
    hosts = f"host=127.0.0.1:{free_port()}&host=127.0.0.1:{postgres_server.port}"
    url = f"postgresql://hubbub:hubbub@/{name}?{hosts}&target_session_attrs=primary"
    database = await open_database(url, tmp_path, clock=clock)
    try:
        assert await Script(SqlStore(database), clock, database).make(ANNA, BEN)
    finally:
        await database.close()


async def test_tables_are_left_alone_when_told_so(
    postgres_server: PostgresServer, tmp_path: Path, clock: ManualClock
) -> None:
    url = postgres_server.new_database()
    with pytest.raises(OlderSchema, match="hubbub db upgrade"):
        await open_database(url, tmp_path, clock=clock, accept_unsafe=True, migrate=False)
    await (await open_database(url, tmp_path, clock=clock, accept_unsafe=True)).close()
    await (await open_database(url, tmp_path, clock=clock, accept_unsafe=True, migrate=False)).close()


async def test_a_schema_of_a_newer_program_is_refused_untouched(
    postgres_server: PostgresServer, tmp_path: Path, clock: ManualClock
) -> None:
    url = postgres_server.new_database()
    database = await open_database(url, tmp_path, clock=clock, accept_unsafe=True)
    await database.write(say("UPDATE alembic_version SET version_num = '9999'"))
    await database.close()
    for _ in range(2):
        with pytest.raises(NewerSchema, match="newer"):
            await open_database(url, tmp_path, clock=clock, accept_unsafe=True)


# ---------------------------------------------------------------- what its errors mean


@pytest.mark.parametrize(
    ("state", "meaning"),
    [
        ("40001", StoreBusy),
        ("40P01", StoreBusy),
        ("55P03", StoreBusy),
        ("23505", StoreBusy),
        ("22003", DataRefused),
        ("23514", DataRefused),
        ("53100", StoreFull),
        ("57014", StoreUnavailable),
        ("25006", StoreUnavailable),
        ("XX000", StoreUnavailable),
        ("42P01", StoreUnavailable),
    ],
)
@pytest.mark.parametrize("raw", [False, True], ids=["through SQLAlchemy", "from the driver"])
async def test_each_error_has_its_meaning(db: Database, state: str, meaning: type[StoreError], raw: bool) -> None:
    def fail(conn: Connection) -> None:
        sql = f"DO $$ BEGIN RAISE EXCEPTION 'as told' USING ERRCODE = '{state}'; END $$"
        if raw:
            await_(conn.connection.driver_connection.execute(sql))  # type: ignore[union-attr]
        else:
            conn.execute(text(sql))

    with pytest.raises(StoreError) as told:
        await db.write(fail)
    assert type(told.value) is meaning
    assert await db.write(lambda conn: agree(conn, db.dialect, "next", "fine")) == "fine"


async def test_a_failed_transaction_is_never_called_committed(db: Database) -> None:
    def swallow(conn: Connection) -> None:
        agree(conn, db.dialect, "a", "b")
        try:
            conn.execute(text("SELECT 1 / 0"))
        except DBAPIError:
            pass

    with pytest.raises(StoreBusy):
        await db.write(swallow)
    assert await db.write(lambda conn: agree(conn, db.dialect, "a", "c")) == "c"


async def test_a_lock_is_waited_for_no_longer_than_a_second(db: Database) -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()

    def hold(conn: Connection) -> None:
        agree(conn, db.dialect, "held", "by one")
        reached.set()
        await_(go_on.wait())

    holding = asyncio.create_task(db.write(hold))
    await reached.wait()
    began = asyncio.get_running_loop().time()
    with pytest.raises(StoreBusy):
        await db.write(lambda conn: agree(conn, db.dialect, "held", "by another"))
    assert asyncio.get_running_loop().time() - began < 1.8
    go_on.set()
    await holding
    assert await db.write(lambda conn: agree(conn, db.dialect, "held", "by another")) == "by one"


# ---------------------------------------------------------------- connections that end in the middle


AT_COMMIT = """
CREATE OR REPLACE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {what}; RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON outbox DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION at_commit()
"""


@pytest.fixture
async def at_commit(db: Database, stage_: Script) -> AsyncIterator[Callable[[str], object]]:
    """Give a function that has PostgreSQL do something within the next COMMIT of a message."""

    async def arrange(what: str) -> None:
        for statement in AT_COMMIT.format(what=what).split(";\nCREATE CONSTRAINT"):
            sql = statement if "FUNCTION at_commit() RETURNS" in statement else f"CREATE CONSTRAINT{statement}"
            await db.write(lambda conn, sql=sql: conn.exec_driver_sql(sql).close())  # type: ignore[misc]

    yield arrange
    await db.write(say("DROP TRIGGER IF EXISTS at_commit ON outbox"))


async def test_a_connection_killed_within_commit_has_an_unknown_outcome(
    db: Database, stage_: Script, at_commit: Callable[[str], object]
) -> None:
    stage = await stage_.make(ANNA, BEN)
    await at_commit("PERFORM pg_sleep(30)")  # type: ignore[misc]
    key, post = an_id(), Post(Body(text="once"))
    sending = asyncio.create_task(stage_.act(stage, ANNA, post, client_id=key))
    kill = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE '%COMMIT' AND state = 'active'"
    )
    async with asyncio.timeout(10):
        while not await db.read(lambda conn: conn.execute(text(kill)).scalar_one()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    with pytest.raises(OutcomeUnknown):
        await sending
    await db.write(say("DROP TRIGGER at_commit ON outbox"))
    seq, _ = await stage_.act(stage, ANNA, post, client_id=key)
    again, committed = await stage_.act(stage, ANNA, post, client_id=key)
    assert (seq, again, committed.outbox_id) == (2, 2, 0)
    assert await stage_.texts(BEN, stage) == ["once"]


async def test_a_commit_that_the_server_itself_refused_stored_nothing(
    db: Database, stage_: Script, at_commit: Callable[[str], object]
) -> None:
    stage = await stage_.make(ANNA, BEN)
    await at_commit("RAISE EXCEPTION 'as told' USING ERRCODE = '40001'")  # type: ignore[misc]
    with pytest.raises(StoreBusy):
        await stage_.say(stage, ANNA)
    await db.write(say("DROP TRIGGER at_commit ON outbox"))
    assert await stage_.say(stage, ANNA) == 2


async def test_a_connection_killed_before_commit_stored_nothing(db: Database, stage_: Script) -> None:
    def die(conn: Connection) -> None:
        agree(conn, db.dialect, "a", "b")
        conn.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    for fn in (die, lambda conn: die(conn)):
        with pytest.raises(StoreUnavailable):
            await db.write(fn)
    assert await db.write(lambda conn: agree(conn, db.dialect, "a", "c")) == "c"


async def test_what_the_standbys_do_not_have_is_neither_acknowledged_nor_shown_by_giving_up(
    tmp_path: Path, clock: ManualClock
) -> None:
    with PostgresServer(durable=False) as server:
        db = await ServerDatabase.open(make_url(server.url), Postgresql(), clock=clock, deadline_s=1.5)
        try:
            script = Script(SqlStore(db), clock, db)
            stage = await script.make(ANNA, BEN)
            server.query("ALTER SYSTEM SET synchronous_standby_names = 'nowhere'")
            server.query("SELECT pg_reload_conf()")
            key, post = an_id(), Post(Body(text="once"))
            with pytest.raises(OutcomeUnknown):
                await script.act(stage, ANNA, post, client_id=key)
            # It waits on, and so does whoever comes after it; nobody sees it.
            with pytest.raises(StoreError):
                await script.act(stage, ANNA, post, client_id=key)
            assert await script.texts(BEN, stage) == []
            server.query("ALTER SYSTEM RESET synchronous_standby_names")
            server.query("SELECT pg_reload_conf()")
            async with asyncio.timeout(10):
                while not await script.texts(BEN, stage):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            seq, committed = await script.act(stage, ANNA, post, client_id=key)
            assert (seq, committed.outbox_id) == (2, 0)
        finally:
            await db.close()


async def test_a_server_that_is_read_only_for_now_is_unavailable_and_comes_back(
    postgres_server: PostgresServer, tmp_path: Path, clock: ManualClock
) -> None:
    url = postgres_server.new_database()
    name = url.rpartition("/")[2]
    database = await open_database(url, tmp_path, clock=clock, accept_unsafe=True)
    try:
        script = Script(SqlStore(database), clock, database)
        stage = await script.make(ANNA, BEN)
        postgres_server.query(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        postgres_server.query(f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{name}'")
        with pytest.raises(StoreUnavailable):
            await script.say(stage, ANNA)
        assert await script.store.heads([stage]) == {stage: 1}
        postgres_server.query(f'ALTER DATABASE "{name}" SET default_transaction_read_only = off')
        # A connection that was refused once is not kept, so the next one finds the setting gone.
        assert await script.say(stage, ANNA) == 2
    finally:
        await database.close()


async def test_a_server_that_stops_and_starts_is_served_from_again(tmp_path: Path, clock: ManualClock) -> None:
    with PostgresServer(durable=False) as server:
        database = await open_database(server.url, tmp_path, clock=clock, accept_unsafe=True)
        try:
            script = Script(SqlStore(database), clock, database)
            stage = await script.make(ANNA, BEN)
            await asyncio.to_thread(server.stop)
            for _ in range(3):
                with pytest.raises(StoreError):
                    await script.say(stage, ANNA)
                with pytest.raises(StoreUnavailable):
                    await script.store.heads([stage])
            await asyncio.to_thread(server.start)
            assert await script.say(stage, ANNA) == 2
            assert await script.store.heads([stage]) == {stage: 2}
        finally:
            await database.close()


# ---------------------------------------------------------------- the schema and its plans


async def test_the_migrated_schema_is_the_metadata(db: Database) -> None:
    def compare(conn: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(conn, opts={"compare_type": True}), metadata))

    assert await db.read(compare) == []


class Watched:
    """A database that notes which tables were walked from end to end."""

    shared = True

    def __init__(self, db: Database) -> None:
        self._db = db
        self.clock: Clock = db.clock
        self.dialect: Dialect = db.dialect
        self.epoch = db.epoch
        self.walked: set[str] = set()
        self.transactions = 0

    async def write(self, fn: Callable[[Connection], T]) -> T:
        return await self._db.write(lambda conn: self._watch(conn, fn))

    async def read(self, fn: Callable[[Connection], T], *, single: bool = False) -> T:
        return await self._db.read(lambda conn: self._watch(conn, fn))

    def now_ms(self, conn: Connection) -> int:
        return self._db.now_ms(conn)

    async def close(self) -> None: ...

    def _watch(self, conn: Connection, fn: Callable[[Connection], T]) -> T:
        before = _walks(conn)
        result = fn(conn)
        self.walked |= {name for name, walks in _walks(conn).items() if walks > before.get(name, 0)}
        self.transactions += 1
        return result


def _walks(conn: Connection) -> dict[str, int]:
    # It counts what this connection has not reported yet, earlier transactions included.
    found = conn.execute(text("SELECT relname, seq_scan FROM pg_stat_xact_user_tables"))
    return {row.relname: row.seq_scan for row in found}


async def test_no_statement_walks_a_table(db: Database, clock: ManualClock) -> None:
    watched = Watched(db)
    await ask_everything(Script(SqlStore(watched), clock, watched))
    assert watched.transactions > 40
    assert watched.walked == set()
    await watched.read(say("SELECT * FROM entries WHERE body = ''"))
    assert watched.walked == {"entries"}


async def test_refusals_of_the_rules_leave_a_connection_as_it_was(db: Database, stage_: Script) -> None:
    for _ in range(20):
        with pytest.raises(ChatError):
            await stage_.store.entries(ANNA, an_id(), 0, 10)
    assert await stage_.store.heads([]) == {}

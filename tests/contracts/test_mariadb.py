"""What only MariaDB makes hard: many nodes, its locks, its idea of equal text, its settings and its ways to die."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from contracts.script import ANNA, BEN, CLEO, DORA, Script, an_id
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.util import await_

from hubbub.base.clock import ManualClock
from hubbub.base.ids import direct_id
from hubbub.chat.model import (
    Body,
    ConversationChange,
    ConversationKind,
    Mark,
    MemberState,
    Post,
    UserRow,
)
from hubbub.chat.ports import (
    Changes,
    DataRefused,
    Facts,
    Needs,
    OutcomeUnknown,
    StoreBusy,
    StoreFull,
    StoreUnavailable,
)
from hubbub.lab.servers import MariaDbServer
from hubbub.storage.database import Database
from hubbub.storage.failures import DatabaseUnusable, NewerSchema, UnsafeDatabase
from hubbub.storage.flavours.mysql import MySql
from hubbub.storage.opening import open_database
from hubbub.storage.sql_store import SqlStore
from hubbub.storage.tables import meta

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


async def patiently(work: Callable[[], Awaitable[int]]) -> int:
    """Do it as the group commit does: run what met a lock or a deadlock again."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            try:
                return await work()
            except StoreBusy:
                await asyncio.sleep(0.01)


# ---------------------------------------------------------------- many nodes


async def test_nodes_that_append_at_once_share_one_sequence_without_gaps(two: tuple[Script, Script]) -> None:
    stage = await two[0].make(ANNA, BEN)
    async with asyncio.TaskGroup() as writers:
        tasks = [
            writers.create_task(patiently(lambda script=script: script.say(stage, ANNA)))  # type: ignore[misc]
            for _ in range(20)
            for script in two
        ]
    assert sorted(task.result() for task in tasks) == list(range(2, 42))
    page = await two[1].store.entries(BEN, stage, 0, 100)
    assert [entry.seq for entry in page.entries] == list(range(1, 42))


async def test_what_one_node_committed_the_other_decides_over(two: tuple[Script, Script]) -> None:
    one, other = two
    stage = await one.make(ANNA, BEN)
    for script in (one, other, one):
        await script.say(stage, ANNA)
    await one.change(stage, ANNA, ConversationChange(title="new"))
    facts = await other.facts(Needs(conversations={stage}, members={(stage, BEN)}))
    assert facts.conversations[stage].title == "new"
    await other.remove(stage, ANNA, BEN)
    facts = await one.facts(Needs(conversations={stage}, members={(stage, BEN)}))
    assert facts.members[stage, BEN].state is MemberState.REMOVED
    assert facts.audiences[stage] == (ANNA,)


async def test_an_append_that_waited_behind_a_removal_sees_it(two: tuple[Script, Script]) -> None:
    one, other = two
    stage = await one.make(ANNA, BEN)
    await other.say(stage, BEN)
    holding, go_on = asyncio.Event(), asyncio.Event()

    def hold(facts: Facts, changes: Changes, seq: int) -> None:
        holding.set()
        await_(go_on.wait())

    removing = asyncio.create_task(_remove_slowly(one, stage, hold))
    async with asyncio.timeout(DEADLINE_S):
        await holding.wait()
    seen: list[MemberState] = []
    needs = Needs(conversations={stage}, members={(stage, BEN)})

    def look(facts: Facts) -> Changes:
        seen.append(facts.members[stage, BEN].state)
        return Changes()

    appending = asyncio.create_task(other.store.commit(needs, look))
    while not await _waits_for_a_lock(the_database(one)):
        assert not appending.done()
    go_on.set()
    await removing
    await appending
    assert seen == [MemberState.REMOVED]


async def _remove_slowly(script: Script, stage: str, hold: Callable[[Facts, Changes, int], None]) -> None:
    def plan(facts: Facts) -> Changes:
        conversation, row = facts.conversations[stage], facts.members[stage, BEN]
        row.state = MemberState.REMOVED
        conversation.member_count -= 1
        conversation.members_version += 1
        changes = Changes(conversations=[conversation], members=[row])
        hold(facts, changes, 0)
        return changes

    await script.store.commit(Needs(conversations={stage}, members={(stage, BEN)}), plan)


async def _waits_for_a_lock(database: Database) -> bool:
    await asyncio.sleep(0.01)
    waiting = text("SELECT count(*) FROM information_schema.INNODB_LOCK_WAITS")
    return bool(await database.read(lambda conn: conn.execute(waiting).scalar_one()))


async def test_of_two_who_open_the_same_private_chat_one_makes_it(two: tuple[Script, Script]) -> None:
    id_ = direct_id(ANNA, BEN)

    async def open_chat(script: Script) -> str:
        while True:
            facts = await script.facts(Needs(conversations={id_}))
            if id_ in facts.conversations:
                return "found"
            try:
                await script.make(ANNA, BEN, kind=ConversationKind.DIRECT, id_=id_)
            except StoreBusy:
                continue
            return "made"

    async with asyncio.timeout(DEADLINE_S):
        outcomes = await asyncio.gather(*[open_chat(script) for script in two * 3])
    assert sorted(outcomes) == ["found"] * 5 + ["made"]
    assert await two[0].store.heads([id_]) == {id_: 1}


async def test_a_process_that_falls_silent_in_a_transaction_holds_nobody_up_for_long(
    two: tuple[Script, Script],
) -> None:
    paused, other = two
    stage = await paused.make(ANNA, BEN)
    holding, go_on = asyncio.Event(), asyncio.Event()

    def fall_silent(facts: Facts) -> Changes:
        holding.set()
        await_(go_on.wait())
        facts.conversations[stage].title = "from the grave"
        return Changes(conversations=list(facts.conversations.values()))

    silent = asyncio.create_task(paused.store.commit(Needs(conversations={stage}), fall_silent))
    async with asyncio.timeout(DEADLINE_S):
        await holding.wait()
    began = asyncio.get_running_loop().time()
    assert await patiently(lambda: other.say(stage, ANNA)) == 2
    assert asyncio.get_running_loop().time() - began < 4
    go_on.set()
    with pytest.raises(StoreBusy):
        await silent
    assert await paused.say(stage, ANNA) == 3
    assert (await other.facts(Needs(conversations={stage}))).conversations[stage].title == "stage"


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


async def test_an_error_rolls_back_and_the_next_transaction_is_fine(db: Database) -> None:
    def insert_and_raise(conn: Connection) -> None:
        conn.execute(insert(meta), {"key": "a", "value": "b"})
        raise KeyError("mine")

    def insert_twice(conn: Connection) -> None:
        for _ in range(2):
            conn.execute(insert(meta), {"key": "a", "value": "b"})

    with pytest.raises(KeyError, match="mine"):
        await db.write(insert_and_raise)
    # Another node was first, as far as the database can tell.
    with pytest.raises(StoreBusy):
        await db.write(insert_twice)
    await db.write(lambda conn: conn.execute(insert(meta), {"key": "z", "value": "y"}))
    assert sorted(await db.read(_keys)) == ["epoch", "z"]


async def test_a_reader_sees_one_snapshot_and_cannot_write(two: tuple[Script, Script]) -> None:
    one, other = two
    stage = await one.make(ANNA, BEN)
    began, go_on = asyncio.Event(), asyncio.Event()

    def read(conn: Connection) -> list[int]:
        counts = []
        for _ in range(2):
            counts.append(conn.execute(text("SELECT count(*) FROM entries")).scalar_one())
            began.set()
            await_(go_on.wait())
        return counts

    reading = asyncio.create_task(the_database(one).read(read))
    await began.wait()
    await other.say(stage, ANNA)
    go_on.set()
    assert await reading == [1, 1]
    with pytest.raises(StoreUnavailable):
        await the_database(one).read(lambda conn: conn.execute(insert(meta), {"key": "a", "value": "b"}))


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


async def test_idle_connections_that_the_server_closed_are_replaced_in_silence(
    one: Script, mariadb_server: MariaDbServer
) -> None:
    stage = await one.make(ANNA, BEN)
    own = "SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'hubbub' AND ID <> CONNECTION_ID() AND DB = '{}'"
    name = await the_database(one).read(lambda conn: conn.execute(text("SELECT DATABASE()")).scalar_one())
    for id_ in (await asyncio.to_thread(mariadb_server.query, own.format(name))).split():
        await asyncio.to_thread(mariadb_server.query, f"KILL {id_}")
    assert await one.say(stage, ANNA) == 2
    assert await one.texts(BEN, stage) == ["hello"]


class Cutting:
    """A stretch of network that breaks when a COMMIT passes, before or after the server has it."""

    def __init__(self, port: int, *, let_pass: bool) -> None:
        self.cuts = 0
        self._port = port
        self._let_pass = let_pass
        self._server: asyncio.Server | None = None
        self._ends: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for end in self._ends:
            end.close()
        async with asyncio.timeout(DEADLINE_S):
            for end in self._ends:
                await end.wait_closed()

    async def _serve(self, here: asyncio.StreamReader, to_here: asyncio.StreamWriter) -> None:
        there, to_there = await asyncio.open_connection("127.0.0.1", self._port)
        self._ends += [to_here, to_there]
        broken = False

        async def carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            nonlocal broken
            with contextlib.suppress(ConnectionError):
                while (data := await source.read(1 << 16)) and not broken:
                    if self.cuts and target is to_there and data.endswith(b"\x03COMMIT"):
                        self.cuts -= 1
                        broken = True
                        if not self._let_pass:
                            break
                    target.write(data)
            for end in (to_here, to_there):
                end.close()

        await asyncio.gather(carry(here, to_there), carry(there, to_here))


@pytest.mark.parametrize("let_pass", [True, False])
async def test_a_connection_lost_at_commit_has_an_unknown_outcome_that_the_key_decides(
    mariadb_url: str, mariadb_server: MariaDbServer, let_pass: bool
) -> None:
    network = Cutting(mariadb_server.port, let_pass=let_pass)
    async with network as port, node(make_url(mariadb_url).set(port=port).render_as_string(False)) as script:
        stage = await script.make(ANNA, BEN)
        client_id = an_id()
        network.cuts = 1
        with pytest.raises(OutcomeUnknown):
            await script.act(stage, ANNA, Post(Body(text="once")), client_id=client_id)
        assert await script.store.heads([stage]) == {stage: 2 if let_pass else 1}
        seq, _ = await script.act(stage, ANNA, Post(Body(text="once")), client_id=client_id)
        assert seq == 2
        assert await script.texts(BEN, stage) == ["once"]


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


async def test_nodes_that_start_at_once_agree_on_tables_and_epoch(mariadb_url: str) -> None:
    opening = [open_database(mariadb_url, Path("unused"), clock=ManualClock()) for _ in range(4)]
    databases = await asyncio.gather(*opening)
    assert len({database.epoch for database in databases}) == 1
    for database in databases:
        await database.close()


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

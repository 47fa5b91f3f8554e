"""What holds when several processes use one database: each is a store of its own with connections of its own."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from contracts.script import ANNA, BEN, CLEO, Script, an_id, person
from sqlalchemy import Connection, select, text
from sqlalchemy.util import await_
from support.databases import SERVERS, UrlOf, open_empty
from support.wires import CuttingWire

from hubbub.base.clock import ManualClock
from hubbub.base.ids import direct_id
from hubbub.chat.model import (
    Body,
    ConversationChange,
    ConversationKind,
    Entry,
    Mark,
    MemberState,
    Post,
)
from hubbub.chat.ports import (
    Changes,
    Committed,
    DataRefused,
    Facts,
    Needs,
    NewEntry,
    OutcomeUnknown,
    StoreBusy,
    StoreUnavailable,
)
from hubbub.storage.chat.store import SqlStore
from hubbub.storage.database import Database
from hubbub.storage.flavours import PAUSE_S
from hubbub.storage.meta import agree
from hubbub.storage.opening import open_database
from hubbub.storage.tables.chat import entries, meta

WAITING = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
    "mariadb": "SELECT count(*) FROM information_schema.INNODB_TRX WHERE trx_state = 'LOCK WAIT'",
}
"""How many wait for a lock."""


class Two(NamedTuple):
    """Two processes on one database."""

    kind: str
    url: str
    one: Script
    other: Script
    db: Database
    other_db: Database


@pytest.fixture(params=SERVERS)
async def two(
    request: pytest.FixtureRequest, database_url: UrlOf, clock: ManualClock, tmp_path: Path
) -> AsyncIterator[Two]:
    url = database_url(request.param)
    db = await open_empty(url, tmp_path, clock=clock)
    other = await open_database(url, tmp_path, clock=clock, accept_unsafe=True)
    try:
        yield Two(
            request.param,
            url,
            Script(SqlStore(db), clock, db),
            Script(SqlStore(other), clock, other),
            db,
            other,
        )
    finally:
        await db.close()
        await other.close()


async def until(holds: Callable[[], Awaitable[object]], *, every_s: float = 0.005) -> None:
    """Return once it holds."""
    async with asyncio.timeout(10):
        while not await holds():  # noqa: ASYNC110 - nothing here is told by an event
            await asyncio.sleep(every_s)


async def somebody_waits(two: Two) -> None:
    """Return once a transaction waits for a lock."""
    # InnoDB shows what it showed before to whoever looks again within a tenth of a second.
    asked = text(WAITING[two.kind])
    await until(lambda: two.db.read(lambda conn: conn.execute(asked).scalar_one()), every_s=0.15)


async def again(attempt: Callable[[], Awaitable[int]]) -> int:
    """Run it as the group commit does: again while the database is busy."""
    async with asyncio.timeout(10):
        while True:
            try:
                return await attempt()
            except StoreBusy:
                await asyncio.sleep(0.02)


class Hold:
    """A point inside a transaction at which it stops until it is let on."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.go_on = asyncio.Event()

    def __call__(self, *_: object) -> None:
        self.reached.set()
        await_(self.go_on.wait())


# ---------------------------------------------------------------- one log for all


async def test_two_processes_give_out_the_numbers_of_one_log(two: Two) -> None:
    stage = await two.one.make(ANNA, BEN)

    async def talk(script: Script, sender: str) -> list[int]:
        return [await script.say(stage, sender, str(n)) for n in range(40)]

    numbers = await asyncio.gather(*[talk(s, who) for s in (two.one, two.other) for who in (ANNA, BEN)])
    assert sorted(seq for some in numbers for seq in some) == list(range(2, 162))
    page = await two.other.store.entries(ANNA, stage, 0, 200)
    assert [entry.seq for entry in page.entries] == list(range(1, 162))


async def test_one_key_at_two_processes_is_stored_once(two: Two) -> None:
    stage = await two.one.make(ANNA, BEN)
    for _ in range(20):
        key = an_id()
        post = Post(Body(text="once"))
        (seq, _), (again_, _) = await asyncio.gather(
            two.one.act(stage, ANNA, post, client_id=key), two.other.act(stage, ANNA, post, client_id=key)
        )
        assert seq == again_
    assert len(await two.one.texts(BEN, stage)) == 20


async def test_who_waited_behind_a_removal_decides_over_what_it_left(two: Two) -> None:
    stage = await two.one.make(ANNA, BEN)
    # The other process remembers that Ben is in.
    await two.other.say(stage, BEN)
    hold = Hold()
    seen: list[MemberState] = []

    def look(facts: Facts, changes: Changes, seq: int) -> None:
        seen.append(facts.members[stage, BEN].state)

    async def remove() -> None:
        needs = Needs(conversations={stage}, members={(stage, BEN)})

        def plan(facts: Facts) -> Changes:
            hold()
            member, conversation = facts.members[stage, BEN], facts.conversations[stage]
            member.state = MemberState.REMOVED
            conversation.members_version += 1
            return Changes(conversations=[conversation], members=[member])

        await two.one.store.commit(needs, plan)

    removing = asyncio.create_task(remove())
    await hold.reached.wait()
    sending = asyncio.create_task(two.other.act(stage, BEN, Post(Body(text="late")), then=look))
    await somebody_waits(two)
    hold.go_on.set()
    await removing
    await sending
    assert seen == [MemberState.REMOVED]


async def test_one_private_chat_is_made_by_two_processes_at_once(two: Two) -> None:
    for n in range(10):
        peers = sorted((person(f"a{n}"), person(f"b{n}")))
        id_ = direct_id(*peers)

        async def open_chat(script: Script, id_: str = id_, peers: list[str] = peers) -> int:
            known = await script.facts(Needs(conversations={id_}))
            if id_ not in known.conversations:
                await script.make(*peers, kind=ConversationKind.DIRECT, id_=id_)
            return await script.say(id_, peers[0])

        seqs = await asyncio.gather(*[again(lambda s=s: open_chat(s)) for s in (two.one, two.other)])  # type: ignore[misc]
        assert sorted(seqs) == [2, 3]


async def test_random_batches_of_many_processes_never_lock_each_other_out(two: Two) -> None:
    rooms = [await two.one.make(ANNA, BEN, CLEO) for _ in range(8)]
    chance = random.Random(7)
    stored = dict.fromkeys(rooms, 1)

    async def batch(script: Script, some: list[str]) -> Committed:
        def plan(facts: Facts) -> Changes:
            changes = Changes()
            for id_ in some:
                conversation = facts.conversations[id_]
                conversation.head += 1
                post = Post(Body(text="x"))
                changes.entries.append(NewEntry(Entry(id_, conversation.head, 1, ANNA, an_id(), post), bytes(8), True))
                changes.members.append(facts.members[id_, chance.choice((ANNA, BEN))])
            changes.conversations = list(facts.conversations.values())
            return changes

        members = {(id_, who) for id_ in some for who in (ANNA, BEN)}
        return await script.store.commit(Needs(conversations=set(some), members=members), plan)

    told: list[str] = []

    async def until_done(attempt: Callable[[], Awaitable[object]]) -> None:
        while True:
            try:
                await attempt()
                return
            except StoreBusy as busy:
                # On a slow machine somebody may wait too long; nobody may be a deadlock's victim.
                told.append(repr(busy).casefold())

    async def work(script: Script) -> None:
        for _ in range(25):
            some = chance.sample(rooms, 4)
            for id_ in some:
                stored[id_] += 1
            await until_done(lambda some=some: batch(script, some))  # type: ignore[misc]
            if chance.random() < 0.5:
                marks = [(id_, Mark(who, 2, 2)) for id_ in some for who in (BEN, CLEO)]
                await until_done(lambda marks=marks: script.store.set_marks(marks))  # type: ignore[misc]

    await asyncio.gather(*[work(script) for script in (two.one, two.other) for _ in range(3)])
    assert [busy for busy in told if "deadlock" in busy] == []
    assert await two.one.store.heads(rooms) == stored


# ---------------------------------------------------------------- what is remembered


async def test_a_row_never_gets_an_older_version_from_a_process_that_remembers_it(two: Two) -> None:
    stage = await two.one.make(ANNA, BEN)
    await two.one.say(stage, ANNA)
    needs = Needs(conversations={stage}, members={(stage, BEN)})
    await two.one.facts(needs)
    (read,) = (await two.other.store.set_marks([(stage, Mark(BEN, 2, 2))])).rows
    await two.one.say(stage, ANNA)
    (delivered,) = (await two.one.store.set_marks([(stage, Mark(BEN, 0, 3))])).rows
    assert (delivered.mark, delivered.read_rose) == (Mark(BEN, 2, 3), False)
    changed = await two.one.store.user_state(BEN, read.user_version - 1, 10)
    assert [state.conversation.id for state in changed.conversations] == [stage]


async def test_only_a_mark_that_rose_is_called_risen_whoever_raised_it_before(two: Two) -> None:
    stage = await two.one.make(ANNA, BEN)
    await two.one.say(stage, ANNA)
    await two.one.facts(Needs(conversations={stage}, members={(stage, BEN)}))
    assert len((await two.other.store.set_marks([(stage, Mark(BEN, 2, 2))])).rows) == 1
    assert (await two.one.store.set_marks([(stage, Mark(BEN, 2, 2))])).rows == []


async def test_who_sent_last_in_slow_mode_is_known_to_every_process(two: Two) -> None:
    stage = await two.one.make(ANNA, BEN)
    needs = Needs(conversations={stage}, members={(stage, BEN)})
    await two.one.facts(needs)
    await two.other.change(stage, ANNA, ConversationChange(slow_mode_s=60))

    def sent(facts: Facts, changes: Changes, seq: int) -> None:
        row = facts.members[stage, BEN]
        row.last_sent_ms = 77
        changes.members.append(row)

    await two.other.act(stage, BEN, Post(Body(text="x")), then=sent)
    assert (await two.one.facts(needs)).members[stage, BEN].last_sent_ms == 77


async def test_a_new_title_is_known_to_every_process(two: Two) -> None:
    stage = await two.one.make(ANNA, BEN)
    await two.one.facts(Needs(conversations={stage}))
    await two.other.change(stage, ANNA, ConversationChange(title="new"))
    assert (await two.one.facts(Needs(conversations={stage}))).conversations[stage].title == "new"


# ---------------------------------------------------------------- processes that stop


async def test_a_process_paused_inside_a_transaction_holds_nobody_up_for_long(two: Two) -> None:
    stage = await two.one.make(ANNA, BEN)
    hold = Hold()
    paused = asyncio.create_task(two.one.act(stage, ANNA, Post(Body(text="paused")), then=hold))
    await hold.reached.wait()
    began = asyncio.get_running_loop().time()
    assert await again(lambda: two.other.say(stage, BEN, "goes on")) == 2
    assert asyncio.get_running_loop().time() - began < PAUSE_S + 1.5
    hold.go_on.set()
    with pytest.raises(StoreBusy):
        await paused
    assert await two.one.say(stage, ANNA, "awake") == 3
    assert await two.one.texts(BEN, stage) == ["goes on", "awake"]


async def test_a_commit_whose_answer_is_lost_is_unknown_and_found_by_its_key(two: Two, tmp_path: Path) -> None:
    stage = await two.one.make(ANNA, BEN)
    async with CuttingWire(two.url, after=rb"COMMIT(?!TED)") as wire:
        clock = two.one.clock
        cut = await open_database(wire.url, tmp_path, clock=clock, accept_unsafe=True)
        try:
            script = Script(SqlStore(cut), clock, cut)
            key = an_id()
            post = Post(Body(text="once"))
            wire.cut_next()
            with pytest.raises(OutcomeUnknown):
                await script.act(stage, ANNA, post, client_id=key)
            seq, committed = await script.act(stage, ANNA, post, client_id=key)
            assert (seq, committed.outbox_id) == (2, 0)
        finally:
            await cut.close()
    assert await two.one.texts(BEN, stage) == ["once"]


async def test_connections_that_died_unused_are_not_noticed(two: Two, tmp_path: Path) -> None:
    async with CuttingWire(two.url, after=b"never") as wire:
        db = await open_database(wire.url, tmp_path, clock=two.one.clock, accept_unsafe=True)
        try:
            script = Script(SqlStore(db), two.one.clock, db)
            stage = await script.make(ANNA, BEN)
            for _ in range(3):
                wire.cut_all()
                await script.say(stage, ANNA)
                assert await script.store.heads([stage]) != {}
                wire.cut_all()
                assert await db.read(lambda conn: conn.execute(select(meta.c.key)).scalars().all(), single=True)
        finally:
            await db.close()


async def test_a_single_question_sees_what_was_stored_and_an_error_in_it_spoils_nothing(two: Two) -> None:
    def ask(conn: Connection) -> set[str]:
        return set(conn.execute(select(meta.c.key)).scalars())

    def ask_and_raise(conn: Connection) -> None:
        ask(conn)
        raise KeyError("mine")

    assert await two.db.read(ask, single=True) == {"epoch"}
    await two.db.write(lambda conn: agree(conn, two.db.dialect, "z", "y"))
    assert await two.db.read(ask, single=True) == {"epoch", "z"}
    with pytest.raises(KeyError, match="mine"):
        await two.db.read(ask_and_raise, single=True)
    with pytest.raises(StoreUnavailable):
        await two.db.read(lambda conn: conn.execute(text("SELECT x FROM nowhere")), single=True)
    # Whatever was asked singly before, the next transaction is one.
    assert await asyncio.gather(*(two.db.read(ask) for _ in range(8))) == [{"epoch", "z"}] * 8


async def test_who_gives_up_does_not_cut_a_transaction_in_half(two: Two) -> None:
    stage = await two.one.make(ANNA, BEN)
    hold = Hold()
    sending = asyncio.create_task(two.one.act(stage, ANNA, Post(Body(text="on its own")), then=hold))
    await hold.reached.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    hold.go_on.set()
    await until(lambda: two.other.texts(BEN, stage))
    assert await two.one.say(stage, ANNA) == 3


async def test_who_gives_up_waiting_has_written_nothing(two: Two, tmp_path: Path) -> None:
    db = await open_database(two.url, tmp_path, clock=two.one.clock, writers=1, accept_unsafe=True)
    try:
        hold = Hold()
        first = asyncio.create_task(db.write(hold))
        await hold.reached.wait()
        second = asyncio.create_task(db.write(lambda conn: agree(conn, db.dialect, "a", "b")))
        await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        hold.go_on.set()
        await first
        assert await db.read(lambda conn: conn.execute(select(meta.c.key)).scalars().all()) == ["epoch"]
    finally:
        await db.close()


async def test_too_many_who_wait_are_told_at_once(two: Two, tmp_path: Path) -> None:
    db = await open_database(two.url, tmp_path, clock=two.one.clock, writers=1, accept_unsafe=True)
    try:
        hold = Hold()
        first = asyncio.create_task(db.write(hold))
        await hold.reached.wait()
        waiting = [asyncio.create_task(db.write(lambda conn: None)) for _ in range(1000)]
        await asyncio.sleep(0)
        hold.go_on.set()
        outcomes = await asyncio.gather(first, *waiting, return_exceptions=True)
        busy = [outcome for outcome in outcomes if isinstance(outcome, StoreBusy)]
        assert 0 < len(busy) < 1000
        assert len(busy) + outcomes.count(None) == 1001
    finally:
        await db.close()


# ---------------------------------------------------------------- transactions


async def test_a_read_sees_one_snapshot_while_others_write(two: Two) -> None:
    stage = await two.one.make(ANNA, BEN)
    hold = Hold()

    def read(conn: Connection) -> list[int]:
        counts = []
        for _ in range(2):
            counts.append(len(conn.execute(select(entries.c.seq)).all()))
            hold()
        return counts

    reading = asyncio.create_task(two.one.db.read(read))  # type: ignore[union-attr]
    await hold.reached.wait()
    await two.other.say(stage, ANNA)
    hold.go_on.set()
    assert await reading == [1, 1]


async def test_a_reader_cannot_write(two: Two) -> None:
    with pytest.raises(StoreUnavailable):
        await two.db.read(lambda conn: agree(conn, two.db.dialect, "a", "b"))
    assert await two.db.read(lambda conn: conn.execute(select(meta.c.key)).scalars().all()) == ["epoch"]


async def test_an_error_rolls_back_and_the_next_transaction_is_fine(two: Two) -> None:
    def insert_and_raise(conn: Connection) -> None:
        agree(conn, two.db.dialect, "a", "b")
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await two.db.write(insert_and_raise)
    await two.db.write(lambda conn: agree(conn, two.db.dialect, "z", "y"))
    assert await two.db.read(lambda conn: set(conn.execute(select(meta.c.key)).scalars())) == {"epoch", "z"}


async def test_text_that_no_database_can_hold_is_refused_as_data(two: Two) -> None:
    with pytest.raises(DataRefused):
        await two.db.write(lambda conn: agree(conn, two.db.dialect, "a", "\ud800"))
    await two.db.write(lambda conn: agree(conn, two.db.dialect, "z", "y"))


async def test_the_age_of_what_waits_is_told_by_the_databases_clock(two: Two) -> None:
    stage = await two.one.make(ANNA, BEN)
    two.one.clock.advance(3600)
    assert await two.one.store.stale_outbox(2000, 10) == []
    await two.one.time_passes(3)
    assert [row.heads for row in await two.other.store.stale_outbox(2000, 10)] == [{stage: 1}]


# ---------------------------------------------------------------- opening


async def test_processes_that_start_at_once_make_the_tables_once_and_agree_on_the_epoch(
    new_database: UrlOf, two: Two, tmp_path: Path
) -> None:
    url = new_database(two.kind)
    opened = await asyncio.gather(
        *[open_database(url, tmp_path, clock=two.one.clock, accept_unsafe=True) for _ in range(4)]
    )
    try:
        assert len({db.epoch for db in opened}) == 1
        assert opened[0].epoch != two.db.epoch
        script = Script(SqlStore(opened[0]), two.one.clock, opened[0])
        stage = await script.make(ANNA, BEN)
        assert await Script(SqlStore(opened[1]), two.one.clock).say(stage, ANNA) == 2
    finally:
        for db in opened:
            await db.close()

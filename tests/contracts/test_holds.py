"""What a legal hold keeps, for how long, and what of it can be read, on every database."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from contracts.script import ANNA, BEN, CLEO, DORA, Script
from contracts.test_files import Shelf, showing
from contracts.test_shared import Hold as Stop
from contracts.test_shared import Two, somebody_waits, two
from sqlalchemy import Connection, func, select, update
from support.databases import DATABASES, UrlOf, open_empty
from unit.chat.stage import QUICK

from hubbub.auth.audit import Chain
from hubbub.base.clock import ManualClock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import SYSTEM_CONVERSATION, new_id
from hubbub.bus.local import LocalBus
from hubbub.chat.holds import Export, HeldEntry, Hold, Subjects
from hubbub.chat.model import (
    Body,
    Caller,
    ConversationKind,
    Dissolved,
    Edit,
    FileRef,
    MemberAction,
    MemberChange,
    Post,
    Recall,
    UserRow,
)
from hubbub.chat.node import ChatNode
from hubbub.server.erasing import Erasing
from hubbub.storage.auth.audit import SqlAudit
from hubbub.storage.chat.held import held_conversations, open_windows
from hubbub.storage.chat.holds import SqlHolds
from hubbub.storage.chat.store import SqlStore
from hubbub.storage.database import Database
from hubbub.storage.file_store import SqlFiles
from hubbub.storage.tables.account import users
from hubbub.storage.tables.chat import entries
from hubbub.storage.tables.hold import hold_copies, hold_files

__all__ = ["two"]

DAY_MS = 86_400_000
CLERK = DORA


class Court(Shelf):
    """A chat, and the clerk who holds what is said there."""

    def __init__(self, node: ChatNode, db: Database, clock: ManualClock) -> None:
        super().__init__(node, SqlFiles(db), clock)
        self.db = db
        self.holds = SqlHolds(db)
        self.audit = SqlAudit(db)

    async def open(self, *people: str, places: tuple[str, ...] = (), from_ms: int = 0, until_ms: int = 0) -> Hold:
        hold = Hold(new_id(), "Capulet", "The feud", CLERK, self.clock.now_ms(), from_ms=from_ms, until_ms=until_ms)
        return await self.holds.open(hold, Subjects(people, places))

    async def says(self, who: str, where: str, text: str) -> int:
        return (await self.does(who, where, Post(Body(text)))).seq

    async def recalls(self, who: str, where: str, seq: int) -> None:
        await self.does(who, where, Recall(seq))

    async def rows(self, table: object) -> int:
        counted = select(func.count()).select_from(table)  # type: ignore[arg-type]
        return await self.db.read(lambda conn: conn.execute(counted).scalar_one())

    async def held(self, hold: Hold, limit: int = 3) -> list[HeldEntry]:
        """Read everything a hold holds, page by page."""
        found: list[HeldEntry] = []
        cursor = ""
        while True:
            page = await self.holds.held(hold.id, cursor, limit)
            assert page is not None
            assert len(page.entries) <= limit
            found += page.entries
            cursor = page.next_cursor
            if not cursor:
                return found

    async def texts(self, hold: Hold) -> list[tuple[str, bool]]:
        """Return what is held of what people said, and whether it was taken back."""
        return [
            (each.entry.action.body.text, each.recalled)
            for each in await self.held(hold)
            if isinstance(each.entry.action, Post | Edit)
        ]

    async def logged(self, where: str) -> str:
        """Return everything the log itself still says of a conversation."""
        bodies = select(entries.c.body).where(entries.c.conversation_id == where)
        return b"".join(await self.db.read(lambda conn: conn.execute(bodies).scalars().all())).decode()

    async def acts(self) -> list[tuple[str, str]]:
        return [(one.act, one.target) for one in await self.audit.page(oldest_first=True, limit=1_000)]


@pytest.fixture(params=DATABASES)
async def court(
    request: pytest.FixtureRequest, database_url: UrlOf, clock: ManualClock, tmp_path: Path
) -> AsyncIterator[Court]:
    database = await open_empty(database_url(request.param), tmp_path / "data", clock=clock)
    store = SqlStore(database)
    people = [UserRow(id_, name) for id_, name in ((ANNA, "anna"), (BEN, "ben"), (CLEO, "cleo"), (DORA, "dora"))]
    await Script(store, clock, database).there_is(*people)
    node = ChatNode(store, LocalBus(), clock, QUICK)
    await node.start()
    try:
        yield Court(node, database, clock)
    finally:
        await node.stop()
        await database.close()


# ---------------------------------------------------------------- what is kept


async def test_what_is_recalled_under_a_hold_is_gone_for_everybody_and_kept_for_the_hold(court: Court) -> None:
    where = await court.group(BEN)
    seq = await court.says(ANNA, where, "a plague")
    await court.does(ANNA, where, Edit(seq, Body("a rose")))
    hold = await court.open(places=(where,))
    await court.recalls(ANNA, where, seq)
    assert "plague" not in await court.logged(where)
    assert "rose" not in await court.logged(where)
    page = await court.node.history(Caller(BEN), where)
    assert page.items[-1].message.recalled  # type: ignore[union-attr]
    assert await court.texts(hold) == [("a plague", True), ("a rose", True)]
    assert not [each for each in await court.held(hold) if each.erased]


async def test_without_a_hold_nothing_of_a_recalled_message_is_kept(court: Court) -> None:
    where, elsewhere = await court.group(BEN), await court.group(BEN)
    seq = await court.says(ANNA, where, "a plague")
    await court.open(places=(elsewhere,))
    await court.recalls(ANNA, where, seq)
    assert await court.rows(hold_copies) == 0
    # What was taken back before is not brought back by a hold; it is said that there was something.
    (gone,) = [each for each in await court.held(await court.open(places=(where,))) if each.erased]
    assert gone.entry.seq == seq


async def test_a_hold_over_a_person_is_over_the_conversations_they_are_or_were_in(court: Court) -> None:
    verona, mantua, street = await court.group(BEN), await court.group(CLEO), await court.group(CLEO)
    await court.does(ANNA, verona, MemberChange(MemberAction.REMOVE, (BEN,)))
    await court.open(BEN)
    names = [verona, mantua, street]
    assert await court.db.read(lambda conn: held_conversations(conn, names)) == {verona}
    await court.does(ANNA, mantua, MemberChange(MemberAction.ADD, (BEN,)))
    assert await court.db.read(lambda conn: held_conversations(conn, names)) == {verona, mantua}
    # Everybody is in the announcements.
    announced = [street, SYSTEM_CONVERSATION]
    assert await court.db.read(lambda conn: held_conversations(conn, announced)) == {SYSTEM_CONVERSATION}
    seq = await court.says(CLEO, mantua, "farewell")
    await court.recalls(CLEO, mantua, seq)
    assert await court.rows(hold_copies) == 1


async def test_a_hold_over_a_stretch_of_time_keeps_what_was_written_in_it(court: Court) -> None:
    where = await court.group(BEN)
    early = await court.says(ANNA, where, "early")
    court.clock.advance(60)
    begin_ms = court.clock.now_ms()
    inside = await court.says(ANNA, where, "inside")
    court.clock.advance(60)
    end_ms = court.clock.now_ms()
    late = await court.says(ANNA, where, "late")
    hold = await court.open(places=(where,), from_ms=begin_ms, until_ms=end_ms)
    assert await court.db.read(lambda conn: open_windows(conn, [where])) == {where: [(begin_ms, end_ms)]}
    for seq in (early, inside, late):
        await court.recalls(ANNA, where, seq)
    assert await court.texts(hold) == [("inside", True)]
    assert await court.rows(hold_copies) == 1


async def test_files_of_recalled_messages_stay_for_the_hold_and_are_gone_for_their_owner(court: Court) -> None:
    where, file, edited = await court.group(BEN), await court.has(ANNA), await court.has(ANNA, "tomb.jpg")
    hold = await court.open(ANNA)
    seq = (await court.shows(ANNA, where, file)).seq
    await court.does(ANNA, where, Edit(seq, Body("better", files=(FileRef(edited),))))
    await court.recalls(ANNA, where, seq)
    used = await court.files.used_bytes(ANNA)
    assert used == 2 * 1_010
    # Thrown away by hand, or swept after a day: for its owner it is as it ever was.
    assert await court.files.discard(ANNA, file)
    court.clock.advance(2 * 86_400)
    assert await court.swept() == set()
    assert not await court.may(ANNA, file)
    assert not await court.may(ANNA, edited)
    assert not await court.files.discard(ANNA, file)
    assert await court.files.used_bytes(ANNA) == 0
    kept = await court.holds.held_files(hold.id, [file, edited])
    assert {id_: one.name for id_, one in kept.items()} == {file: "balcony.jpg", edited: "tomb.jpg"}
    await court.holds.close(hold.id, CLERK)
    await court.holds.release()
    assert await court.swept() == {file, edited}
    assert await court.rows(hold_files) == 0


async def test_a_file_that_another_message_shows_stays_its_owners(court: Court) -> None:
    where, file = await court.group(BEN), await court.has(ANNA)
    hold = await court.open(places=(where,))
    first = await court.shows(ANNA, where, file)
    await court.shows(ANNA, await court.group(CLEO), file)
    await court.recalls(ANNA, where, first.seq)
    court.clock.advance(2 * 86_400)
    assert await court.swept() == set()
    assert await court.may(ANNA, file)
    await court.holds.close(hold.id, CLERK)
    await court.holds.release()
    assert await court.swept() == set()
    assert await court.may(CLEO, file)


async def test_what_somebody_wrote_who_deletes_their_account_is_kept(court: Court) -> None:
    where = await court.group(BEN)
    await court.says(ANNA, where, "a plague")
    hold = await court.open(ANNA)

    class Closed:
        async def to_recall(self, limit: int) -> list[str]:
            return [ANNA]

        async def recalled(self, user_id: str) -> None: ...

    gone = update(users).where(users.c.id == ANNA).values(username="", active=False)
    await court.db.write(lambda conn: conn.execute(gone))
    await Erasing(Closed(), court.node).step()
    assert "plague" not in await court.logged(where)
    assert await court.texts(hold) == [("a plague", True)]
    page = await court.holds.held(hold.id, "", 100)
    assert page is not None
    # The name they had is known to the hold.
    assert page.names[ANNA] == "anna"


async def test_what_a_dissolved_conversation_held_can_still_be_read(court: Court) -> None:
    where = await court.group(BEN)
    await court.says(ANNA, where, "a plague")
    hold = await court.open(places=(where,))
    await court.does(ANNA, where, Dissolved())
    assert await court.texts(hold) == [("a plague", False)]


# ---------------------------------------------------------------- letting go


async def test_a_copy_goes_with_the_last_hold_that_needs_it(court: Court) -> None:
    where, elsewhere = await court.group(BEN), await court.group(CLEO)
    first, second = await court.open(places=(where,)), await court.open(BEN)
    for place in (where, elsewhere):
        await court.recalls(ANNA, place, await court.says(ANNA, place, "a plague"))
    assert await court.rows(hold_copies) == 1
    await court.holds.close(first.id, CLERK)
    await court.holds.release()
    assert await court.texts(second) == [("a plague", True)]
    await court.holds.remove(second.id, BEN)
    assert await court.rows(hold_copies) == 1
    await court.holds.release()
    assert await court.rows(hold_copies) == 0
    # Whoever looks for more finds nothing left to do.
    await court.holds.release()


async def test_closing_a_hold_lets_go_of_nothing_but_copies(court: Court) -> None:
    where = await court.group(BEN)
    await court.says(ANNA, where, "stays")
    hold = await court.open(places=(where,))
    closed = await court.holds.close(hold.id, CLERK)
    assert closed is not None
    assert (closed.closed_by, closed.closed_ms > 0) == (CLERK, True)
    await court.holds.release()
    assert "stays" in await court.logged(where)
    assert await court.holds.held(hold.id, "", 9) is None
    assert await court.holds.close(hold.id, CLERK) is None
    assert await court.holds.add(hold.id, Subjects((BEN,)), CLERK) is None
    assert not await court.holds.begin_export(Export(new_id(), hold.id, CLERK, 1))
    seq = await court.says(ANNA, where, "after it")
    await court.recalls(ANNA, where, seq)
    assert await court.rows(hold_copies) == 0


# ---------------------------------------------------------------- what can be read


async def test_what_a_person_holds_is_what_they_could_read_and_what_they_said_in_public(court: Court) -> None:
    where = await court.group(CLEO, history=False)
    await court.says(ANNA, where, "before")
    await court.does(ANNA, where, MemberChange(MemberAction.ADD, (BEN,)))
    await court.says(ANNA, where, "while")
    await court.does(ANNA, where, MemberChange(MemberAction.REMOVE, (BEN,)))
    await court.says(ANNA, where, "after")
    made = await court.node.create_conversation(Caller(ANNA), new_id(), ConversationKind.CHANNEL, title="square")
    square = made.conversation.id
    await court.node.join(Caller(BEN), square)
    await court.says(ANNA, square, "by another")
    await court.says(BEN, square, "by himself")
    await court.says(ANNA, await court.group(CLEO), "without him")
    hold = await court.open(BEN)
    assert {text for text, _ in await court.texts(hold)} == {"while", "by himself"}
    assert await court.texts(await court.open(places=(square,))) == [("by another", False), ("by himself", False)]


async def test_pages_bring_everything_once_and_in_order(court: Court) -> None:
    places = [await court.group(BEN) for _ in range(3)]
    for number in range(7):
        for where in places:
            await court.says(ANNA, where, f"{number}")
    hold = await court.open(BEN, places=(places[0],))
    found = [(each.entry.conversation_id, each.entry.seq) for each in await court.held(hold, limit=2)]
    assert found == sorted((where, seq) for where in places for seq in range(1, 9))
    with pytest.raises(ChatError, match="cursor"):
        await court.holds.held(hold.id, "nonsense", 9)


async def test_somebody_in_many_conversations_is_read_to_the_end(tmp_path: Path, clock: ManualClock) -> None:
    database = await open_empty("", tmp_path / "data", clock=clock)
    script = Script(SqlStore(database), clock, database)
    try:
        await script.there_is(UserRow(ANNA, "anna"), UserRow(BEN, "ben"))
        places = sorted([await script.make(ANNA, BEN) for _ in range(150)])
        named = await script.make(ANNA)
        holds, found, cursor = SqlHolds(database), [], ""
        hold = await holds.open(Hold(new_id(), "Capulet", "", CLERK, 1), Subjects((BEN,), (named,)))
        while True:
            page = await holds.held(hold.id, cursor, 40)
            assert page is not None
            found += [each.entry.conversation_id for each in page.entries]
            cursor = page.next_cursor
            if not cursor:
                break
        assert found == sorted([*places, named])
    finally:
        await database.close()


async def test_files_of_what_is_not_held_cannot_be_read(court: Court) -> None:
    where, elsewhere = await court.group(BEN), await court.group(CLEO)
    shown, other, unused = await court.has(ANNA), await court.has(ANNA), await court.has(ANNA)
    await court.does(ANNA, where, showing(shown))
    await court.does(ANNA, elsewhere, showing(other))
    hold = await court.open(places=(where,))
    assert set(await court.holds.held_files(hold.id, [shown, other, unused])) == {shown}
    await court.holds.close(hold.id, CLERK)
    assert await court.holds.held_files(hold.id, [shown]) == {}


# ---------------------------------------------------------------- the holds themselves


async def test_holds_are_listed_with_what_they_are_over(court: Court) -> None:
    where = await court.group(BEN)
    one = await court.open(ANNA, BEN)
    other = await court.open(places=(where,))
    assert (one.people, one.conversations, other.people, other.conversations) == (2, 0, 0, 1)
    first, cursor = await court.holds.holds(False, "", 1)
    rest, end = await court.holds.holds(False, cursor, 9)
    assert ([*first, *rest], end) == (sorted([one, other], key=lambda hold: hold.id), "")
    more = await court.holds.add(other.id, Subjects((BEN,), (where,)), CLERK)
    assert more is not None
    assert (more.people, more.conversations) == (1, 1)
    assert [(each.name, each.added_by) for each in await court.holds.subjects(other.id)] == [
        ("ben", CLERK),
        ("Verona", CLERK),
    ]
    assert await court.holds.remove(other.id, CLEO) is None
    closed = await court.holds.close(one.id, CLERK)
    assert await court.holds.holds(True, "", 9) == ([closed], "")


async def test_who_or_what_does_not_exist_is_not_held(court: Court) -> None:
    where = await court.group(BEN)
    with pytest.raises(ChatError) as refused:
        await court.open(new_id(), places=(where,))
    assert refused.value.code is Code.USER_NOT_FOUND
    with pytest.raises(ChatError) as refused:
        await court.open(BEN, places=(new_id(),))
    assert refused.value.code is Code.CONVERSATION_NOT_FOUND
    assert await court.holds.holds(False, "", 9) == ([], "")
    assert await court.acts() == []


async def test_every_change_and_every_reading_is_in_the_audit_log(court: Court) -> None:
    hold = await court.open(BEN)
    await court.holds.add(hold.id, Subjects((CLEO,)), CLERK)
    await court.holds.remove(hold.id, CLEO)
    export = Export(new_id(), hold.id, CLERK, 1)
    assert await court.holds.begin_export(export)
    assert await court.holds.export(export.id) == export
    assert await court.holds.export(new_id()) is None
    await court.holds.finish_export(export, sha256=hashlib.sha256(b"").hexdigest(), entries=3, files=0)
    await court.holds.close(hold.id, CLERK)
    acts = ["hold.opened", "hold.added", "hold.removed", "hold.read", "hold.exported", "hold.closed"]
    assert await court.acts() == [(act, hold.id) for act in acts]
    chain = Chain()
    for entry in await court.audit.page(oldest_first=True, limit=100):
        assert chain.follow(entry) is None
    assert chain.end(await court.audit.head()) is None


# ---------------------------------------------------------------- the race


async def test_a_hold_is_open_only_once_who_erased_without_knowing_of_it_has_ended(two: Two) -> None:
    await two.one.there_is(UserRow(ANNA, "anna"), UserRow(BEN, "ben"))
    stage = await two.one.make(ANNA, BEN)
    asked = Stop()
    found: list[dict[str, list[tuple[int, int]]]] = []

    def erase(conn: Connection) -> None:
        two.db.dialect.lock_heads(conn, [stage])
        found.append(open_windows(conn, [stage]))
        asked()

    hold = Hold(new_id(), "Capulet", "", CLERK, 1)
    async with asyncio.TaskGroup() as both:
        both.create_task(two.db.write(erase))
        await asked.reached.wait()
        opening = both.create_task(SqlHolds(two.other_db).open(hold, Subjects((BEN,))))
        await somebody_waits(two)
        assert not opening.done()
        asked.go_on.set()
        await opening
    await two.db.write(erase)
    assert found == [{}, {stage: [(0, 0)]}]


# ---------------------------------------------------------------- what it costs


async def test_only_what_takes_words_out_of_the_log_asks_for_holds_and_once(tmp_path: Path, clock: ManualClock) -> None:
    database = await open_empty("", tmp_path / "data", clock=clock)
    store = SqlStore(database)
    script = Script(store, clock, database)
    said: list[str] = []

    def listen(conn: Connection) -> None:
        driver = conn.connection.driver_connection
        assert driver is not None
        driver.set_trace_callback(said.append)

    def asked() -> list[str]:
        about = [sql for sql in said if "hold" in sql]
        said.clear()
        return about

    try:
        await script.there_is(UserRow(ANNA, "anna"), UserRow(BEN, "ben"))
        stage = await script.make(ANNA, BEN)
        await SqlHolds(database).open(Hold(new_id(), "Capulet", "", CLERK, 1), Subjects((BEN,)))
        await database.write(listen)
        seq = await script.say(stage, ANNA)
        await script.edit(stage, ANNA, seq, "better")
        await script.react(stage, BEN, seq, "🌹")
        assert asked() == []
        await script.recall(stage, ANNA, seq)
        found = asked()
        assert [sql.split()[0] for sql in found] == ["SELECT", "INSERT", "INSERT"]
        # A reply in a thread whose first message was recalled takes nothing out.
        await script.say(stage, ANNA, thread_seq=seq)
        assert asked() == []
    finally:
        await database.close()

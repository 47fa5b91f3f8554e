"""One machine's data in a cluster's database: all of it, proved, and in one place at a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from contracts.every_question import ask_everything
from contracts.script import ANNA, BEN, CLEO, Script, an_id
from sqlalchemy import Connection, insert, select, text, update
from support.databases import SERVERS, UrlOf

from hubbub.base.clock import ManualClock
from hubbub.chat.model import Body, Entry, Post
from hubbub.chat.ports import Changes, Facts, Needs, NewEntry
from hubbub.cli.main import command
from hubbub.lab.load.seed import seed
from hubbub.storage.chat.store import SqlStore
from hubbub.storage.database import Database
from hubbub.storage.failures import FolderInUse, FolderMoved, HalfGrown
from hubbub.storage.grow import CannotGrow, Grown, grow, take_back
from hubbub.storage.opening import open_database
from hubbub.storage.sqlite_database import SqliteDatabase
from hubbub.storage.tables.chat import entries, meta, outbox
from hubbub.storage.tables.schema import metadata

Report = Callable[[str, str, int, int], None]


class Interrupted(Exception):
    """The move ends here."""


class Place:
    """A data folder that is to grow, and the database it grows into."""

    def __init__(self, folder: Path, url: str, clock: ManualClock) -> None:
        self.folder = folder
        self.url = url
        self.clock = clock

    async def fill(self) -> None:
        """Let everything happen once that can happen in the folder."""
        database = await SqliteDatabase.open(self.folder, clock=self.clock)
        script = Script(SqlStore(database), self.clock, database)
        await ask_everything(script)
        stage = await script.make(ANNA, BEN, title="标题 😀 '\\%s")
        await script.store.commit(Needs(conversations={stage}), lambda facts: _many(facts, stage))
        await database.write(lambda conn: conn.execute(insert(meta), {"key": "secret", "value": "s"}))
        await database.close()

    async def grow(self, *, resume: bool = False, report: Report = lambda *_: None) -> Grown:
        source = await SqliteDatabase.open(self.folder, clock=self.clock, moved=True)
        try:
            target = await open_database(self.url, self.folder, clock=self.clock, accept_unsafe=True, growing=True)
            try:
                return await grow(source, target, to="there", resume=resume, report=report)
            finally:
                await target.close()
        finally:
            await source.close()

    async def opened(self) -> Database:
        return await open_database(self.url, self.folder, clock=self.clock, accept_unsafe=True)


@pytest.fixture(params=SERVERS)
async def place(request: pytest.FixtureRequest, new_database: UrlOf, tmp_path: Path, clock: ManualClock) -> Place:
    place = Place(tmp_path / "data", new_database(request.param), clock)
    await place.fill()
    return place


def _many(facts: Facts, stage: str) -> Changes:
    """More entries than are moved at once."""
    conversation = facts.conversations[stage]
    new = []
    for number in range(1_100):
        conversation.head += 1
        post = Post(Body(text=f"{number} \0 😀"))
        new.append(NewEntry(Entry(stage, conversation.head, 1, ANNA, an_id(), post), bytes(8), counts=True))
    return Changes(entries=new, conversations=[conversation])


async def rows(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    def read(conn: Connection) -> dict[str, list[tuple[Any, ...]]]:
        return {
            table.name: [tuple(row) for row in conn.execute(select(table).order_by(*table.primary_key))]
            for table in metadata.sorted_tables
        }

    return await database.read(read)


async def test_everything_arrives_and_the_log_has_a_new_epoch(place: Place) -> None:
    source = await SqliteDatabase.open(place.folder, clock=place.clock)
    before, old_epoch = await rows(source), source.epoch
    told = await SqlStore(source).user_state(ANNA, 0, 100)
    await source.close()
    grown = await place.grow()
    target = await place.opened()
    try:
        after = await rows(target)
        assert dict(after.pop("meta")) == {**dict(before.pop("meta")), "epoch": grown.epoch}
        assert after == before
        assert len(before["entries"]) > 1_100
        assert {table.name: table.rows for table in grown.tables} == {
            name: len(found) for name, found in {**before, "meta": [("secret", "s")]}.items()
        }
        assert target.epoch == grown.epoch != old_epoch
        assert await SqlStore(target).user_state(ANNA, 0, 100) == told
    finally:
        await target.close()


async def test_the_target_goes_on_where_the_source_ended(place: Place) -> None:
    source = await SqliteDatabase.open(place.folder, clock=place.clock)
    numbers = text("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'")
    last = await source.read(lambda conn: conn.execute(numbers).scalar_one())
    await source.write(lambda conn: conn.execute(outbox.delete()))
    await source.close()
    await place.grow()
    target = await place.opened()
    script = Script(SqlStore(target), place.clock, target)
    try:
        stage = await script.make(ANNA, CLEO)
        _, committed = await script.act(stage, CLEO, Post(Body(text="here now")))
        assert committed.outbox_id > last
        # What anybody may send again is known by its key.
        key = an_id()
        assert (await script.act(stage, ANNA, Post(Body(text="x")), client_id=key))[0] == 3
        assert (await script.act(stage, ANNA, Post(Body(text="x")), client_id=key))[0] == 3
    finally:
        await target.close()


async def test_a_moved_folder_serves_nobody_until_it_is_taken_back(place: Place) -> None:
    grown = await place.grow()
    with pytest.raises(FolderMoved, match="there"):
        await SqliteDatabase.open(place.folder, clock=place.clock)
    with pytest.raises(CannotGrow, match="already"):
        await place.grow(resume=True)
    source = await SqliteDatabase.open(place.folder, clock=place.clock, moved=True)
    assert await take_back(source) == "there"
    assert await take_back(source) is None
    await source.close()
    source = await SqliteDatabase.open(place.folder, clock=place.clock)
    assert source.epoch != grown.epoch
    await source.close()
    # And what is there now is not overwritten.
    with pytest.raises(CannotGrow, match="not empty"):
        await place.grow()


@pytest.mark.parametrize("step", ["copying", "comparing"])
async def test_an_interrupted_move_serves_nobody_from_the_target_and_can_be_resumed(place: Place, step: str) -> None:
    def interrupt(now: str, table: str, done: int, count: int) -> None:
        if (now, table) == (step, "entries") and done >= 500:
            raise Interrupted

    with pytest.raises(Interrupted):
        await place.grow(report=interrupt)
    with pytest.raises(HalfGrown):
        await place.opened()
    with pytest.raises(CannotGrow, match="--resume"):
        await place.grow()
    # The data folder is as it was until all is proved.
    source = await SqliteDatabase.open(place.folder, clock=place.clock)
    before = await rows(source)
    await source.close()
    begun_with: list[int] = []

    def note(now: str, table: str, done: int, count: int) -> None:
        if (now, table) == ("copying", "entries"):
            begun_with.append(done)

    await place.grow(resume=True, report=note)
    assert begun_with[0] >= 500
    target = await place.opened()
    assert (await rows(target))["entries"] == before["entries"]
    await target.close()


async def test_a_row_that_differs_is_found(place: Place) -> None:
    def spoil_later(step: str, table: str, done: int, count: int) -> None:
        if step == "comparing":
            raise Interrupted

    with pytest.raises(Interrupted):
        await place.grow(report=spoil_later)
    target = await open_database(place.url, place.folder, clock=place.clock, accept_unsafe=True, growing=True)
    one = update(entries).where(entries.c.seq == 600).values(time_ms=entries.c.time_ms + 1)
    await target.write(lambda conn: conn.execute(one))
    await target.close()
    with pytest.raises(CannotGrow, match=r"entries differs in the row .*600"):
        await place.grow(resume=True)
    with pytest.raises(HalfGrown):
        await place.opened()


async def test_a_row_that_came_to_the_folder_meanwhile_is_found(place: Place) -> None:
    def interrupt(step: str, table: str, done: int, count: int) -> None:
        if step == "comparing":
            raise Interrupted

    with pytest.raises(Interrupted):
        await place.grow(report=interrupt)
    database = await SqliteDatabase.open(place.folder, clock=place.clock)
    script = Script(SqlStore(database), place.clock, database)
    await script.make(ANNA, BEN, id_="0" * 30 + "02")
    await database.close()
    with pytest.raises(CannotGrow, match="has changed"):
        await place.grow(resume=True)


# ---------------------------------------------------------------- the command


@pytest.mark.parametrize("kind", SERVERS)
def test_the_command_moves_a_folder_and_says_so(kind: str, new_database: UrlOf, tmp_path: Path) -> None:
    folder, url = tmp_path / "data", new_database(kind)
    seed(folder, people=3, logs=(700,))
    arguments = ["grow", "--to", url, "--data", str(folder), "--json"]
    ended = CliRunner().invoke(command, arguments)
    assert ended.exit_code == 0, ended.output
    told = json.loads(ended.output)
    assert told["verified"]
    assert told["tables"]["entries"]["rows"] == 700
    assert "hubbub@" not in told["to"]
    checked = CliRunner().invoke(command, ["db", "check", "--database", url, "--json"])
    assert (checked.exit_code, json.loads(checked.output)["epoch"]) == (0, told["epoch"])
    again = CliRunner().invoke(command, arguments)
    assert again.exit_code == 1
    assert not json.loads(again.output)["verified"]
    checked = CliRunner().invoke(command, ["db", "check", "--data", str(folder), "--json"])
    assert (checked.exit_code, json.loads(checked.output)["moved_to"]) == (1, told["to"])
    undone = CliRunner().invoke(command, ["grow", "--undo", "--data", str(folder)])
    assert undone.exit_code == 0
    assert CliRunner().invoke(command, ["db", "check", "--data", str(folder)]).exit_code == 0


async def test_the_folder_of_a_running_server_is_refused(tmp_path: Path, clock: ManualClock) -> None:
    running = await SqliteDatabase.open(tmp_path, clock=clock)
    with pytest.raises(FolderInUse, match="in use by another server"):
        await SqliteDatabase.open(tmp_path, clock=clock, moved=True)
    await running.close()


def test_where_there_is_no_data_nothing_is_made(tmp_path: Path) -> None:
    ended = CliRunner().invoke(command, ["grow", "--to", "mysql://a:b@127.0.0.1:1/c", "--data", str(tmp_path)])
    assert ended.exit_code == 1
    assert "no database" in ended.output
    assert list(tmp_path.iterdir()) == []
    assert CliRunner().invoke(command, ["grow", "--data", str(tmp_path)]).exit_code == 2


def test_the_tables_of_a_folder_are_made_by_command(tmp_path: Path) -> None:
    ended = CliRunner().invoke(command, ["db", "upgrade", "--data", str(tmp_path / "new"), "--json"])
    assert (ended.exit_code, json.loads(ended.output)["was"]) == (0, None)
    ended = CliRunner().invoke(command, ["db", "upgrade", "--data", str(tmp_path / "new"), "--json"])
    assert json.loads(ended.output)["was"] == json.loads(ended.output)["revision"]

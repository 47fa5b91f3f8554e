"""Looking after a database from the command line."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from click.testing import CliRunner
from contracts.script import ANNA, Script

from hubbub.base.clock import ManualClock
from hubbub.chat.search.found import Wanted
from hubbub.cli.main import command
from hubbub.storage.chat.store import SqlStore
from hubbub.storage.sqlite_database import SqliteDatabase


def test_the_search_index_is_made_anew_by_a_command(tmp_path: Path) -> None:
    async def begin() -> None:
        database = await SqliteDatabase.open(tmp_path, clock=ManualClock())
        script = Script(SqlStore(database), ManualClock(), database)
        stage = await script.make(ANNA)
        await script.say(stage, ANNA, "never indexed before")
        await database.close()

    async def found() -> int:
        database = await SqliteDatabase.open(tmp_path, clock=ManualClock())
        rows, _ = await SqlStore(database).search(ANNA, Wanted(("indexed",)), "", 10)
        await database.close()
        return len(rows)

    asyncio.run(begin())
    assert asyncio.run(found()) == 0
    for _ in range(2):
        answer = CliRunner().invoke(command, ["db", "reindex", "--data", str(tmp_path), "--json"])
        assert json.loads(answer.output) == {"ready": True, "conversations": 1}
        assert asyncio.run(found()) == 1

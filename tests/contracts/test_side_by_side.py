"""A cluster is upgraded node by node: the program of the version before goes on over the tables of this one.

The version before is the one that the newest step of the schema was added to; it is taken from the repository's
history, and runs in a process of its own from before the step until after it.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from contracts.script import ANNA, BEN, Script
from support.databases import SERVERS, UrlOf

from hubbub.base.clock import ManualClock
from hubbub.base.ids import new_id
from hubbub.chat.model import Body, Post
from hubbub.storage import migrations
from hubbub.storage.chat.store import SqlStore
from hubbub.storage.opening import open_database

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = "src/hubbub/storage/migrations/versions"

EARLIER = """
import asyncio, sys
from pathlib import Path
from contracts.every_question import ask_everything
from contracts.script import ANNA, BEN, Script
from hubbub.base.clock import ManualClock
from hubbub.storage import migrations
from hubbub.storage.opening import open_database
try:
    from hubbub.storage.chat.store import SqlStore
except ModuleNotFoundError:  # a version from before the store had a room of its own
    from hubbub.storage.sql_store import SqlStore

async def main():
    clock = ManualClock()
    database = await open_database(sys.argv[1], Path(), clock=clock, accept_unsafe=True)
    script = Script(SqlStore(database), clock, database)
    stage = await script.make(ANNA, BEN, id_="e" * 32)
    await script.say(stage, ANNA, "before")
    print(migrations.HEAD, flush=True)
    sys.stdin.readline()
    await script.say(stage, ANNA, "beside")
    await ask_everything(script)
    print(" ".join(await script.texts(BEN, stage)), flush=True)
    await database.close()

asyncio.run(main())
"""


def git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree of the version before."""
    newest = git("log", "-1", "--diff-filter=A", "--format=%H", "--", VERSIONS)
    parent = git("rev-parse", "--verify", f"{newest}^") if newest else ""
    if not parent:
        pytest.skip("needs the history of the repository: git, and a clone that is not shallow")
    folder = tmp_path_factory.mktemp("earlier")
    git("archive", "--format=tar", "-o", str(folder / "tree.tar"), parent, "src", "tests/contracts", "tests/support")
    with tarfile.open(folder / "tree.tar") as tree:
        tree.extractall(folder, filter="data")
    return folder


@pytest.mark.parametrize("kind", SERVERS)
async def test_the_version_before_works_on_over_the_tables_of_this_one(
    kind: str, new_database: UrlOf, earlier: Path, tmp_path: Path
) -> None:
    url = new_database(kind)
    paths = os.pathsep.join((str(earlier / "src"), str(earlier / "tests")))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        EARLIER,
        url,
        env={**os.environ, "PYTHONPATH": paths},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            head = (await process.stdout.readline()).decode().strip()
            assert "" < head < migrations.HEAD
            clock = ManualClock()
            database = await open_database(url, tmp_path, clock=clock, accept_unsafe=True)
            try:
                assert await database.read(migrations.revision) == migrations.HEAD
                script = Script(SqlStore(database), clock, database)
                assert await script.texts(BEN, "e" * 32) == ["before"]
                process.stdin.write(b"go on\n")
                told = (await process.stdout.readline()).decode().strip()
                assert told == "before beside"
                assert await process.wait() == 0
                # And what it wrote is what this version reads.
                assert (await script.act("e" * 32, ANNA, Post(Body(text="after")), client_id=new_id()))[0] == 4
                assert await script.texts(BEN, "e" * 32) == ["before", "beside", "after"]
                assert {"e" * 32: 4} in [row.heads for row in await script.store.stale_outbox(0, 100)]
            finally:
                await database.close()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

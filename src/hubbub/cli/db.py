"""`hubbub db`: bring the tables up to date, see what state the database is in, make the search index anew."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import click

from hubbub.cli.show import safe

_OPTIONS = [
    click.option("--database", metavar="URL", help="A database on a server (default: the one in the data folder)."),
    click.option("--data", metavar="DIR", help="The data folder (default: ./data)."),
    click.option(
        "--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A TOML file of settings."
    ),
    click.option("--json", "as_json", is_flag=True, help="Answer in JSON, one object."),
]


_AT_ONCE = 100
_ENTRIES = 300
"""So many conversations, and so many entries of them, go into the search index in one step."""


@click.group("db")
def command() -> None:
    """Look after the database. The settings are those of `hubbub serve`."""


def _add(name: str, body: Callable[[str, Path, bool], Coroutine[Any, Any, tuple[dict[str, Any], str, bool]]]) -> None:
    def run(database: str | None, data: str | None, config: Path | None, as_json: bool) -> None:
        from hubbub.base.settings import SettingsError
        from hubbub.chat.ports import StoreError
        from hubbub.server.settings import read_settings

        try:
            settings = read_settings(file=config, flags={"data": data, "database": database})
            answer, sentence, well = asyncio.run(body(settings.database, Path(settings.data), settings.database_unsafe))
        except (SettingsError, StoreError) as error:
            if as_json:
                click.echo(json.dumps({"ready": False, "error": str(error)}))
                sys.exit(1)
            raise click.ClickException(safe(str(error))) from None
        click.echo(json.dumps(answer) if as_json else safe(sentence))
        if not well:
            sys.exit(1)

    for option in reversed(_OPTIONS):
        run = option(run)
    command.command(name, help=(body.__doc__ or "").replace("\n    ", " "))(run)


async def _check(url: str, folder: Path, unsafe: bool) -> tuple[dict[str, Any], str, bool]:
    """Say which schema the database has, whether it keeps what it commits, and whether a server would serve from it.

    Nothing is changed. Ends with 0 only when a server would."""
    import msgspec

    from hubbub.base.clock import SystemClock
    from hubbub.storage.opening import examine_database

    found = await examine_database(url, folder, clock=SystemClock())
    lines = [f"{found.kind} {found.version}, schema {found.revision or 'none'} (this program needs {found.wanted})"]
    lines += [f"danger: {danger}" for danger in found.dangers]
    if found.moved_to:
        lines.append(f"its data was moved to {found.moved_to}")
    if found.growing:
        lines.append("data is being moved into it and is not complete")
    if (found.revision or "") < found.wanted:
        lines.append("bring it up to date with hubbub db upgrade, or start a server, which does it")
    return {**msgspec.to_builtins(found), "ready": found.ready}, "\n".join(lines), found.ready


async def _upgrade(url: str, folder: Path, unsafe: bool) -> tuple[dict[str, Any], str, bool]:
    """Bring the tables to the schema this program needs.

    Servers of the version before may run on meanwhile: what this does only adds."""
    from hubbub.base.clock import SystemClock
    from hubbub.storage.failures import FolderUnusable
    from hubbub.storage.opening import examine_database, open_database

    clock = SystemClock()
    was: str | None = None
    with contextlib.suppress(FolderUnusable):  # there is no database yet
        was = (await examine_database(url, folder, clock=clock)).revision
    database = await open_database(url, folder, clock=clock, accept_unsafe=unsafe)
    await database.close()
    after = await examine_database(url, folder, clock=clock)
    sentence = f"schema {after.revision}" + ("" if was == after.revision else f", was {was or 'none'}")
    return {"ready": after.ready, "was": was, "revision": after.revision}, sentence, True


async def _reindex(url: str, folder: Path, unsafe: bool) -> tuple[dict[str, Any], str, bool]:
    """Empty the search index and make it again from the log.

    Servers of a shared database go on meanwhile, and search finds less until it is done."""
    from hubbub.base.clock import SystemClock
    from hubbub.storage.chat.search_index import forget_block
    from hubbub.storage.chat.store import SqlStore
    from hubbub.storage.opening import open_database

    database = await open_database(url, folder, clock=SystemClock(), accept_unsafe=unsafe)
    try:
        while await database.write(forget_block):
            pass
        store = SqlStore(database)
        conversations = 0
        looked = ""
        while True:
            behind, looked = await store.behind(looked, _AT_ONCE)
            conversations += len(behind)
            while behind:
                behind = sorted(await store.index(behind, _ENTRIES))
            if not looked:
                break
    finally:
        await database.close()
    return {"ready": True, "conversations": conversations}, "the search index is made anew", True


_add("check", _check)
_add("upgrade", _upgrade)
_add("reindex", _reindex)

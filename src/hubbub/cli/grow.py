"""`hubbub grow`: move the data of one machine into the database of a cluster."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import click

from hubbub.cli.show import safe


@click.command("grow")
@click.option(
    "--to",
    metavar="URL",
    envvar="HUBBUB_GROW_TO",
    help="The empty database: postgresql://USER:PASSWORD@HOST:PORT/NAME or mysql://…",
)
@click.option("--data", metavar="DIR", help="The data folder (default: ./data).")
@click.option("--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A TOML file of settings.")
@click.option("--resume", is_flag=True, help="Go on with a move that did not end.")
@click.option("--undo", is_flag=True, help="Let the data folder serve again as it was before the move.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON, one object.")
def command(to: str | None, data: str | None, config: Path | None, resume: bool, undo: bool, as_json: bool) -> None:
    """Move the data of one machine into a database on a server.

    Stop the server first. Everything is copied, then both sides are read again and compared row by row; the command
    ends with 0 only when they are the same. The data folder stays as it is, but no server serves from it any more.
    """
    from hubbub.base.settings import SettingsError
    from hubbub.chat.ports import StoreError
    from hubbub.cluster.model import ROLES
    from hubbub.server.settings import read_settings
    from hubbub.storage.grow import CannotGrow

    if undo == bool(to):
        raise click.UsageError("Say where to with --to URL, or --undo.")
    try:
        # Where the source is, and nothing of the cluster it may be about to join.
        alone = {"database": "", "bus": "", "roles": ROLES}
        settings = read_settings(file=config, flags={"data": data, **alone})
        folder = Path(settings.data)
        if to is None:
            answer, sentence = asyncio.run(_undo(folder))
        else:
            answer, sentence = asyncio.run(_grow(folder, to, resume, settings.database_unsafe, quiet=as_json))
    except (SettingsError, StoreError, CannotGrow) as error:
        if as_json:
            click.echo(json.dumps({"verified": False, "error": str(error)}))
            sys.exit(1)
        raise click.ClickException(safe(str(error))) from None
    click.echo(json.dumps(answer) if as_json else safe(sentence))


async def _grow(folder: Path, to: str, resume: bool, unsafe: bool, *, quiet: bool) -> tuple[dict[str, Any], str]:
    from hubbub.base.clock import SystemClock
    from hubbub.storage.grow import grow
    from hubbub.storage.opening import open_database, without_secrets
    from hubbub.storage.sqlite_database import SqliteDatabase, examine_folder

    examine_folder(folder)
    began = time.monotonic()
    clock = SystemClock()
    source = await SqliteDatabase.open(folder, clock=clock, moved=True)
    try:
        target = await open_database(to, folder, clock=clock, accept_unsafe=unsafe, growing=True)
        try:
            progress = _Progress(quiet)
            grown = await grow(source, target, to=without_secrets(to), resume=resume, report=progress)
            progress.end()
        finally:
            await target.close()
    finally:
        await source.close()
    answer = {
        "verified": True,
        "to": grown.to,
        "epoch": grown.epoch,
        "rows": grown.rows,
        "seconds": round(time.monotonic() - began, 3),
        "tables": {table.name: {"rows": table.rows, "sha256": table.digest} for table in grown.tables},
    }
    sentence = (
        f"{grown.rows:,} rows in {len(grown.tables)} tables are in {grown.to} and the same as in {folder}.\n"
        "Start servers with the setting database (HUBBUB_DATABASE) on that address; this folder serves no more."
    )
    return answer, sentence


async def _undo(folder: Path) -> tuple[dict[str, Any], str]:
    from hubbub.base.clock import SystemClock
    from hubbub.storage.grow import take_back
    from hubbub.storage.sqlite_database import SqliteDatabase, examine_folder

    examine_folder(folder)
    source = await SqliteDatabase.open(folder, clock=SystemClock(), moved=True)
    try:
        to = await take_back(source)
    finally:
        await source.close()
    if to is None:
        return {"undone": False}, f"The data in {folder} was not moved."
    return {"undone": True, "to": to}, f"{folder} serves again. What was written in {to} meanwhile is not in it."


class _Progress:
    """One line on the terminal that says how far it is."""

    def __init__(self, quiet: bool) -> None:
        self._shown = not quiet and sys.stderr.isatty()

    def __call__(self, step: str, table: str, done: int, count: int) -> None:
        if self._shown:
            click.echo(f"\r\x1b[K{step} {table}: {done:,} of {count:,}", nl=False, err=True)

    def end(self) -> None:
        if self._shown:
            click.echo("\r\x1b[K", nl=False, err=True)

"""`hubbub bench cluster`: measure what users of a cluster notice while its parts die, and what its parts cost."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

import click
import msgspec
import psutil
from rich.console import Console
from rich.table import Table

from hubbub.lab.figures.figure import Measured
from hubbub.lab.figures.page import render
from hubbub.lab.figures.run import SCENARIOS, measure_all
from hubbub.lab.load.machine import Machine, describe
from hubbub.lab.servers import MissingProgram

LOOK_S = 2.0
"""How long to look how busy the machine is before anything starts."""

_err = Console(stderr=True, highlight=False)


def _names(context: click.Context, parameter: click.Parameter, value: str) -> list[str]:
    names = [name.strip() for name in value.split(",") if name.strip()]
    if unknown := [name for name in names if name not in SCENARIOS]:
        raise click.BadParameter(f"{unknown[0]!r} is none of {', '.join(SCENARIOS)}")
    return [name for name in SCENARIOS if not names or name in names]


@click.command("cluster")
@click.option("--only", default="", metavar="NAME,…", callback=_names, help=f"Some of: {', '.join(SCENARIOS)}.")
@click.option(
    "--size", type=click.FloatRange(0.01, 4.0), default=1.0, show_default=True, help="Scale people and times."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object as the last line of standard output.")
@click.option("--write", type=click.Path(dir_okay=False, path_type=Path), help="Write the page to a file as well.")
def command(only: list[str], size: float, as_json: bool, write: Path | None) -> None:
    """Start clusters on this machine, harm them under load, and measure; all of it takes about twelve minutes.

    Every frame of every connection is recorded and judged. The exit code is 2 when a promise about messages was
    broken, 1 when something did not come to its end.
    """
    began = time.monotonic()

    def tell(name: str, words: str) -> None:
        _err.print(f"[dim]{time.monotonic() - began:6.1f} s[/]  {name:<16} {words}")

    machine, busy_percent = _machine(), psutil.cpu_percent(LOOK_S)

    def keep(results: dict[str, Measured]) -> None:
        # After each, so that a long run that is ended early was not in vain.
        if write is not None:
            said = "hubbub bench cluster" + ("" if len(only) == len(SCENARIOS) else f" --only {','.join(only)}")
            said += "" if size == 1.0 else f" --size {size:g}"
            write.parent.mkdir(parents=True, exist_ok=True)
            write.write_text(render(machine, results, f"{said} --write {write}", busy_percent=busy_percent), "utf-8")

    # Ended from outside, it still ends what it started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        results = asyncio.run(measure_all(only, tell, keep=keep, size=size))
    except MissingProgram as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        found: dict[str, Any] = {"machine": msgspec.to_builtins(machine), "results": msgspec.to_builtins(results)}
        click.echo(json.dumps(found))
    else:
        Console().print(_table(results))
    for name, one in results.items():
        for words in [*one.report.words[:5], *([one.error] if one.error else [])]:
            _err.print(f"{name}: {words}", markup=False)
    if not all(one.report.clean for one in results.values()):
        sys.exit(2)
    if any(one.error for one in results.values()):
        sys.exit(1)


def _machine() -> Machine:
    machine = describe(own_server=True, server_cpu=None, load_cpu=None)
    return msgspec.structs.replace(machine, database="PostgreSQL", fsync="fsync=on, synchronous_commit=on")


def _table(results: dict[str, Measured]) -> Table:
    table = Table("scenario", "what", "target", "measured", "reached")
    for name, one in results.items():
        if one.error:
            table.add_row(name, "did not finish", "", one.error, "[red]no")
        for figure in one.figures:
            reached = {True: "yes", False: "[red]no", None: ""}[figure.reached]
            table.add_row(name, figure.what, figure.target, figure.measured, reached)
    return table

"""`hubbub bench`: measure a server and check its promises while doing so."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from hubbub.cli.bench_cluster import command as cluster_command
from hubbub.lab.load.bench import BenchFailed, Plan, measure, pinned
from hubbub.lab.load.machine import Machine, describe
from hubbub.lab.load.page import Item, Row, render, the_set, with_what_is_below
from hubbub.lab.load.task import Figures

_err = Console(stderr=True)

_OPTIONS: list[Callable[..., Any]] = [
    click.option("--server", default="", metavar="URL", help="A running server; without it, a fresh one is started."),
    click.option("--users", type=click.IntRange(2), help="How many people."),
    click.option("--in-flight", type=click.IntRange(1), help="Unanswered messages per sender."),
    click.option("--senders", type=click.IntRange(1), help="fanout: how many people send."),
    click.option("--rate", type=click.FloatRange(0), help="direct: messages offered per second, whatever comes back."),
    click.option("--size", type=click.IntRange(16, 60_000), help="Bytes of text per message."),
    click.option("--duration", "duration_s", type=click.FloatRange(0.1), metavar="S", help="Seconds to measure."),
    click.option("--messages", type=click.IntRange(1), help="direct: stop after so many."),
    click.option("--transport", type=click.Choice(["ws", "json", "tcp"]), help="How the clients connect."),
    click.option("--server-cpu", type=click.IntRange(0), help="The core of the server that is started."),
    click.option("--load-cpu", type=click.IntRange(0), help="The core of the load."),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output."),
    click.option(
        "--write", type=click.Path(dir_okay=False, path_type=Path), help="Write the result to a file as well."
    ),
]


def _options(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@click.group("bench")
def command() -> None:
    """Measure a server and check what it promises.

    Every frame of every connection is recorded at the socket; `lost`, `duplicated` and `reordered` come from the
    checker over all of them. The load runs in a process of its own, on another core than the server.
    """


def _add(name: str, sentence: str) -> None:
    @command.command(name, help=sentence)
    @_options
    def run(as_json: bool, write: Path | None, **given: Any) -> None:
        plan = pinned(Plan(bench=name, **{key: value for key, value in given.items() if value is not None}))
        machine = _machine(plan)
        try:
            figures = _with_bar(plan, name)
        except BenchFailed as error:
            raise click.ClickException(str(error)) from None
        found = {**msgspec.to_builtins(figures), **msgspec.to_builtins(machine)}
        if write is not None:
            write.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
        _say(found, _figures_table(figures), as_json=as_json)
        _judge([figures])


for _name, _sentence in (
    ("direct", "Pairs of people who write to each other."),
    ("fanout", "One large group with everybody online, against a C program that only sends."),
    ("connect", "Idle connections: memory, logins per second, time to start."),
    ("sync", "Coming back with 500 conversations of which 5 have something new."),
    ("history", "A page of a conversation with a million entries against one with a thousand."),
):
    _add(_name, _sentence)


command.add_command(cluster_command)


@command.command("all")
@_options
def run_all(as_json: bool, write: Path | None, **given: Any) -> None:
    """Everything, in the set that docs/benchmarks.md shows; takes about three minutes."""
    chosen = {key: value for key, value in given.items() if value and key in ("server", "server_cpu", "load_cpu")}
    results: list[tuple[Item, Figures | str]] = []
    items = the_set()
    plans = [pinned(msgspec.structs.replace(item.plan, **chosen)) for item in items]
    machine = _machine(plans[0])
    for number, (item, plan) in enumerate(zip(items, plans, strict=True), 1):
        try:
            results.append((item, _with_bar(plan, f"{number}/{len(items)} {item.name}")))
        except BenchFailed as error:
            _err.print(f"[red]{item.name}: {error}")
            results.append((item, str(error)))
    if write is not None:
        write.parent.mkdir(parents=True, exist_ok=True)
        old = write.read_text("utf-8") if write.exists() else ""
        write.write_text(with_what_is_below(render(machine, results), old), "utf-8")
        _err.print(f"written to {write}")
    found = {
        "machine": msgspec.to_builtins(machine),
        "results": {
            item.name: {"error": one} if isinstance(one, str) else msgspec.to_builtins(one) for item, one in results
        },
    }
    rows = [row for item, one in results if not isinstance(one, str) for row in item.rows(one)]
    _say(found, _rows_table(rows), as_json=as_json)
    _judge([one for _, one in results if not isinstance(one, str)])
    if any(isinstance(one, str) for _, one in results):
        sys.exit(1)


def _machine(plan: Plan) -> Machine:
    return describe(own_server=not plan.server, server_cpu=plan.server_cpu, load_cpu=plan.load_cpu)


def _with_bar(plan: Plan, title: str) -> Figures:
    columns = (
        TextColumn("{task.fields[title]:<28}"),
        BarColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=_err, transient=True) as bar:
        task = bar.add_task("", total=1.0, title=title)
        return measure(plan, lambda share, words: bar.update(task, completed=share, description=words))


def _say(found: dict[str, Any], table: Table, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found))
    else:
        Console().print(table)


def _judge(figures: list[Figures]) -> None:
    """A broken promise is a failure, however fast it was broken."""
    broken = [words for one in figures if not one.clean for words in one.violations or []]
    for words in broken:
        _err.print(f"[red]{words}", markup=True, highlight=False)
    if broken:
        sys.exit(2)


def _figures_table(figures: Figures) -> Table:
    table = Table(title=f"hubbub bench {figures.bench}", show_header=False)
    for name, value in msgspec.to_builtins(figures).items():
        if value in (None, "", []) or name in ("bench", "violations"):
            continue
        if isinstance(value, dict):
            value = "   ".join(f"{point} {ms:g}" for point, ms in value.items())
        elif isinstance(value, float) and value >= 1000:
            value = f"{value:,.0f}"
        table.add_row(name.replace("_", " "), str(value))
    return table


def _rows_table(rows: list[Row]) -> Table:
    table = Table("what", "target", "measured", "reached")
    for row in rows:
        table.add_row(row.what, row.target, row.measured, {True: "yes", False: "[red]no", None: ""}[row.reached])
    return table

"""`hubbub lab`: a whole cluster on this machine, to try things out and to break them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from hubbub.auth.setup_link import setup_link
from hubbub.lab.cluster import Cluster, ClusterPlan
from hubbub.lab.servers import MissingProgram, ServerFailed
from hubbub.server.settings import Address

if TYPE_CHECKING:
    from hubbub.lab.faults import Outcome, Plan

RESTART_AFTER_S = 1.0
OURS = {
    f"HUBBUB_{name}"
    for name in ("ADVERTISE", "ADVERTISE_TCP", "BUS", "DATA", "DATABASE", "LISTEN", "LISTEN_TCP", "NODE", "ROLES")
}
"""Settings that each process gets from here, whatever this one was told."""

_out = Console(highlight=False, soft_wrap=True)


@click.group("lab")
def command() -> None:
    """A whole cluster on this machine, to try things out and to break them."""


@command.command("cluster")
@click.option("--db", type=click.Choice(["postgres", "mysql"]), default="postgres", show_default=True)
@click.option("--bus", type=click.Choice(["nats", "redis"]), default="nats", show_default=True)
@click.option("--listen", metavar="HOST:PORT", default="127.0.0.1:8080", show_default=True, help="The public address.")
@click.option("--listen-tcp", metavar="HOST:PORT", default="127.0.0.1:8081", show_default=True, help="For raw TCP.")
@click.option("--webs", type=click.IntRange(1), default=2, show_default=True, help="Nodes that serve HTTP.")
@click.option("--gateways", type=click.IntRange(1), default=3, show_default=True, help="Nodes that hold connections.")
@click.option("--chats", type=click.IntRange(1), default=2, show_default=True, help="Nodes that store and order.")
@click.option("--workers", type=click.IntRange(0), default=1, show_default=True, help="Nodes that work in the end.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default="data/cluster",
    show_default=True,
    help="Everything it stores and prints.",
)
@click.option("--no-restart", is_flag=True, help="Leave alone what ends unexpectedly.")
def cluster(
    db: str,
    bus: str,
    listen: str,
    listen_tcp: str,
    webs: int,
    gateways: int,
    chats: int,
    workers: int,
    data: Path,
    no_restart: bool,
) -> None:
    """Run a cluster of many processes on this machine until Ctrl-C.

    Kill any of its processes: what ends unexpectedly is started again after a second.  What leaves in order, as after
    `hubbub drain`, stays away.
    """
    Address.parse(listen, setting="listen")
    Address.parse(listen_tcp, setting="listen_tcp")
    plan = ClusterPlan(
        database=db,  # type: ignore[arg-type]
        bus=bus,  # type: ignore[arg-type]
        listen=listen,
        listen_tcp=listen_tcp,
        web=webs,
        gateway=gateways,
        chat=chats,
        worker=workers,
    )
    settings = {name: value for name, value in os.environ.items() if name.startswith("HUBBUB_") and name not in OURS}
    # When all of it ends there is nowhere to move; whoever drains one node needs no longer on one machine.
    settings.setdefault("HUBBUB_DRAIN_S", "2")
    whole = Cluster(
        data, plan, environ=settings, restart_after_s=None if no_restart else RESTART_AFTER_S, on_event=_tell
    )
    try:
        asyncio.run(_serve(whole))
    except (ServerFailed, MissingProgram) as problem:
        raise click.ClickException(str(problem)) from None


async def _serve(cluster: Cluster) -> None:
    """Run it until somebody wants it to end; at the second signal, without any ceremony."""
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ending.set)
    opening = asyncio.create_task(_open(cluster))
    waiting = asyncio.create_task(ending.wait())
    await asyncio.wait((opening, waiting), return_when=asyncio.FIRST_COMPLETED)
    try:
        if opening.done():
            await opening
            await waiting
    finally:
        opening.cancel()
        waiting.cancel()
        await _close(cluster, loop)


async def _open(cluster: Cluster) -> None:
    _out.print(f"Starting {len(cluster.members)} processes; their logs are in {cluster.folder / 'logs'}")
    with _out.status("starting …"):
        await cluster.open()
    _out.print(_table(cluster))
    _out.print(f"Hubbub is at [bold]{cluster.url}[/] (HTTP, WebSocket) and {cluster.tcp} (TCP). Ctrl-C ends it.")
    if (token := cluster.setup_token) is not None:
        _out.print("Make the first admin with this link, which works once:")
        _out.print(f"  {setup_link(cluster.url, token)}")
        _out.print(f"or with: hubbub setup --server {cluster.url} --token {token}")


async def _close(cluster: Cluster, loop: asyncio.AbstractEventLoop) -> None:
    _out.print("Ending: clients are told, then nodes stop, then what they stand on. Ctrl-C again kills them all.")
    closing = asyncio.create_task(cluster.close())
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, closing.cancel)
    try:
        await closing
    except asyncio.CancelledError:
        await cluster.kill_all()
        sys.exit(1)
    failed = {name: code for name, code in cluster.exits.items() if code != 0}
    for name, code in failed.items():
        _tell(name, f"ended with exit code {code}; see {cluster.members[name].log_file}")


def _table(cluster: Cluster) -> Table:
    table = Table("member", "pid", "address", box=None, pad_edge=False)
    for name, member in cluster.members.items():
        table.add_row(name, str(member.pid), member.url)
    return table


def _tell(name: str, what: str) -> None:
    _out.print(f"{datetime.now():%H:%M:%S} [bold]{name}[/] {what}")


@command.command("faults")
@click.option("--seed", type=int, default=1, show_default=True, help="Draws the same faults again.")
@click.option("--faults", "count", type=click.IntRange(1), default=27, show_default=True, help="How many to inject.")
@click.option("--kinds", metavar="KIND,…", help="Only these; see --list.")
@click.option("--list", "show_kinds", is_flag=True, help="Say which kinds there are, and end.")
@click.option("--db", type=click.Choice(["postgres", "mysql"]), default="postgres", show_default=True)
@click.option("--bus", type=click.Choice(["nats", "redis"]), default="nats", show_default=True)
@click.option("--people", type=click.IntRange(16, 200), default=20, show_default=True)
@click.option("--small", is_flag=True, help="Five nodes instead of eight.")
@click.option("--json", "as_object", is_flag=True, help="Print one object a fault, and the verdict as the last line.")
@click.option("--write", type=click.Path(dir_okay=False, path_type=Path), help="Write the report, docs/faults.md.")
@click.option(
    "--keep", type=click.Path(file_okay=False, path_type=Path), help="Leave the logs and data of all members there."
)
def faults(
    seed: int,
    count: int,
    kinds: str | None,
    show_kinds: bool,
    db: str,
    bus: str,
    people: int,
    small: bool,
    as_object: bool,
    write: Path | None,
    keep: Path | None,
) -> None:
    """Harm a cluster while people use it, and judge what they saw against the delivery contract.

    The exit code is 1 when there was any violation.
    """
    from hubbub.lab.faults import KINDS, Plan

    if show_kinds:
        for name, fault in KINDS.items():
            click.echo(f"{name:22}{(fault.__doc__ or '').strip()}")
        return
    chosen = tuple(kinds.split(",")) if kinds else tuple(KINDS)
    if unknown := [kind for kind in chosen if kind not in KINDS]:
        raise click.BadParameter(f"{unknown[0]!r} is none of {', '.join(KINDS)}", param_hint="--kinds")
    nodes = {"web": 1, "gateway": 2, "chat": 2, "worker": 0} if small else {}
    plan = Plan(
        seed=seed,
        faults=count,
        kinds=chosen,
        people=people,
        cluster=ClusterPlan(database=db, bus=bus, **nodes),  # type: ignore[arg-type]
    )
    said = f"hubbub lab faults --seed {seed} --faults {count}"
    said += f" --kinds {kinds}" if kinds else ""
    said += f" --db {db}" if db != "postgres" else ""
    said += f" --bus {bus}" if bus != "nats" else ""
    said += " --small" if small else ""
    try:
        outcome = asyncio.run(_harm(plan, as_object, keep))
    except (ServerFailed, MissingProgram) as problem:
        raise click.ClickException(str(problem)) from None
    _report(outcome, said, as_object=as_object, write=write)
    sys.exit(1 if outcome.violations else 0)


async def _harm(plan: Plan, as_object: bool, keep: Path | None) -> Outcome:
    from hubbub.lab.faults import Injected, Lab

    progress = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), disable=as_object
    )
    with _folder(keep) as folder, progress:
        # The database runs as somebody else, and must get in.
        os.chmod(folder, 0o755)
        bar = progress.add_task("starting", total=plan.faults)

        def tell(one: Injected) -> None:
            progress.update(bar, advance=1, description=f"{one.kind}: {one.words}")
            if as_object:
                click.echo(msgspec.json.encode(one))

        return await Lab(plan, Path(folder), tell).run()


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[str]:
    """Give a folder for the time of a block, or one that stays."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="hubbub-faults-") as folder:
            yield folder
    else:
        keep.mkdir(parents=True, exist_ok=True)
        yield str(keep)


def _report(outcome: Outcome, said: str, *, as_object: bool, write: Path | None) -> None:
    from hubbub.lab.faults.report import as_json, as_page, as_table
    from hubbub.lab.load.machine import describe

    machine = describe(own_server=False, server_cpu=None, load_cpu=None)
    commit = machine.commit + (" with changes" if machine.dirty else "")
    if write is not None:
        where = f"{machine.cores} cores, {machine.cpu}, {machine.memory_gib} GiB, {machine.system}"
        write.write_text(as_page(outcome, commit=commit, machine=where, command=said), "utf-8")
    found = as_json(outcome, commit)
    if as_object:
        click.echo(msgspec.json.encode(found))
        return
    _out.print(as_table(outcome))
    for line in found["words"]:
        _out.print(f"  {line}", markup=False)

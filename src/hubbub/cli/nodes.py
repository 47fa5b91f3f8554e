"""`hubbub nodes`: the nodes of the cluster, how they are and what they carry."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import click

from hubbub.cli.run import Context, common
from hubbub.cli.show import line

_HOME_AND_CLEAR = "\x1b[H\x1b[J"
_HEAD = ("NODE", "STATE", "ROLES", "SESSIONS", "CPU", "MIB", "VERSION", "LEVEL", "UP", "HEARD", "LEASE")


@click.command("nodes")
@click.option("--watch", is_flag=True, help="Go on showing them until interrupted.")
@click.option(
    "--every", type=click.FloatRange(0.1, 3600), default=1.0, show_default=True, help="Seconds between looks."
)
@common
async def command(context: Context, watch: bool, every: float) -> None:
    """Show every node with its roles, state and load, as the server that answers sees them (admins)."""
    async with context.api() as ask:
        while True:
            listed = await ask("GET", "/api/v1/nodes")
            if context.as_json:
                for node in listed["nodes"]:
                    context.show(node)
            else:
                if watch and sys.stdout.isatty():
                    sys.stdout.write(_HOME_AND_CLEAR)
                lines = [table(listed["nodes"], listed["server_time_ms"]), *level_to_raise(listed)]
                context.show(None, "\n".join(lines))
            if not watch:
                return
            await asyncio.sleep(every)


def table(nodes: list[dict[str, Any]], now_ms: int) -> str:
    """Return the nodes as lines of columns."""
    rows = [_HEAD, *(_row(node, now_ms) for node in nodes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def level_to_raise(listed: dict[str, Any]) -> list[str]:
    """Return a line that says so when all nodes understand more than the cluster writes."""
    alive = [node["level"] for node in listed["nodes"] if node["state"] != "dead"]
    if not alive or min(alive) <= listed["level"]:
        return []
    return [
        f"The cluster is at level {listed['level']}, and every node understands {min(alive)}:"
        " `hubbub config level --raise` once nobody wants to go back."
    ]


def span(ms: int | None) -> str:
    """Return a span of time in its largest fitting unit, such as `3.2s`, `5m`, `7h` or `12d`."""
    if ms is None:
        return "-"
    seconds = ms / 1000
    for limit, unit, size in ((60, "s", 1), (3600, "m", 60), (48 * 3600, "h", 3600)):
        if abs(seconds) < limit:
            return f"{seconds:.1f}s" if unit == "s" else f"{seconds / size:.0f}{unit}"
    return f"{seconds / 86400:.0f}d"


def _row(node: dict[str, Any], now_ms: int) -> tuple[str, ...]:
    load = node["load"]
    dead = node["state"] == "dead"
    state = "starting" if node.get("starting") and node["state"] == "draining" else node["state"]
    return (
        line(node["node_id"]),
        line(state),
        ",".join(map(line, node["roles"])),
        "-" if dead else str(load["sessions"]),
        "-" if dead else f"{load['cpu']:.0%}",
        "-" if dead else f"{load['rss_mib']:.0f}",
        line(node["version"]),
        str(node["level"]),
        "-" if dead else span(now_ms - node["started_ms"]),
        span(node["heard_ms"]),
        "-" if dead else span(node["lease_ms"]),
    )

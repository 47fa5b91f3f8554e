"""`hubbub key`: the keys that sign tokens."""

from __future__ import annotations

from typing import Any

import click

from hubbub.cli.run import Context, common
from hubbub.cli.show import clock_time, line

_PATH = "/api/v1/keys"


@click.group("key")
def command() -> None:
    """The keys that sign tokens: see them, and make a fresh one before its time (admins)."""


@command.command("list")
@common
async def list_(context: Context) -> None:
    """Print the keys with which tokens are verified, newest first; * marks the one that signs."""
    async with context.api() as ask:
        _show(context, await ask("GET", _PATH))


@command.command("rotate")
@click.option("--drop", is_flag=True, help="Take the keys before away, with all tokens they signed: they are known.")
@common
async def rotate(context: Context, drop: bool) -> None:
    """Make a fresh key; every node signs with it a minute later, and tokens of the old ones live out their time."""
    async with context.api() as ask:
        _show(context, await ask("POST", _PATH, json={"drop": drop}))


def _show(context: Context, answer: dict[str, Any]) -> None:
    for key in answer["keys"]:
        mark = "*" if key["signs"] else " "
        until = f"  retired {clock_time(key['retired_ms'])}" if key["retired_ms"] else ""
        context.show(key, f"{mark} {line(key['kid'])}  since {clock_time(key['created_ms'])}{until}")

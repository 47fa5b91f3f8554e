"""`hubbub drain`: send a node's clients elsewhere and end it."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any
from urllib.parse import quote

import click

from hubbub.cli.nodes import span
from hubbub.cli.run import Ask, Context, Exit, common
from hubbub.cli.show import line
from hubbub.client import HubbubError

_LOOK_S = 0.5
_SILENT_S = 3.0
"""A node that answered itself and has not for so long has ended."""


@click.command("drain")
@click.argument("node")
@click.option("--wait", is_flag=True, help="Come back when it has ended.")
@click.option("--timeout", type=click.FloatRange(min=0), default=300.0, show_default=True, help="Wait no longer (s).")
@common
async def command(context: Context, node: str, wait: bool, timeout: float) -> None:
    """Have NODE take nobody new, send its clients to other nodes, and end (admins).

    With --wait it ends with 1 when the node is still there after the time-out.
    """
    async with context.api() as ask:
        drained = await ask("POST", f"/api/v1/nodes/{quote(node, safe='')}/drain")
        if not wait:
            context.show({"node_id": node, "ended": False}, f"{line(node)} drains.")
        elif await _ends(ask, drained, timeout):
            context.show({"node_id": node, "ended": True}, f"{line(node)} has ended.")
        else:
            waited = span(round(timeout * 1000))
            context.show({"node_id": node, "ended": False}, f"{line(node)} is still there after {waited}.")
            sys.exit(Exit.FAILED)


async def _ends(ask: Ask, drained: dict[str, Any], timeout: float) -> bool:
    """Wait until the incarnation is gone from the list; return whether it went in time."""
    began = heard_at = time.monotonic()
    answered_by = ""
    while True:
        try:
            listed = await ask("GET", "/api/v1/nodes")
        except HubbubError as error:
            # Whoever answered may have been the one that drained.
            if not error.retry:
                raise
            if answered_by == drained["node_id"] and time.monotonic() - heard_at > _SILENT_S:
                return True
        else:
            heard_at, answered_by = time.monotonic(), listed["node_id"]
            there = (one for one in listed["nodes"] if one["incarnation"] == drained["incarnation"])
            if all(one["state"] == "dead" for one in there):
                return True
        if time.monotonic() - began > timeout:
            return False
        await asyncio.sleep(_LOOK_S)

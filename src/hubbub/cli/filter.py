"""`hubbub filter`: words that are refused, masked or held."""

from __future__ import annotations

import click

from hubbub.cli.run import Context, common
from hubbub.cli.show import line

_PATH = "/api/v1/filters"
_action = click.argument("action", type=click.Choice(["refuse", "mask", "hold"]))


@click.group("filter")
def command() -> None:
    """Word filters: every node goes by a change within a second."""


@command.command("list")
@common
async def list_(context: Context) -> None:
    """Print every filter."""
    async with context.api() as ask:
        for one in (await ask("GET", _PATH))["filters"]:
            context.show(one, f"{one['filter_id']}  {one['action']:<7} {line(one['pattern'])}")


@command.command("add")
@_action
@click.argument("pattern")
@common
async def add(context: Context, action: str, pattern: str) -> None:
    """Refuse, mask or hold messages with PATTERN; an asterisk at either end lets the word go on there."""
    async with context.api() as ask:
        made = await ask("POST", _PATH, json={"pattern": pattern, "action": action})
    context.show(made, f"filter  {made['filter_id']}")


@command.command("change")
@click.argument("filter_id")
@_action
@click.argument("pattern")
@common
async def change(context: Context, filter_id: str, action: str, pattern: str) -> None:
    """Give a filter another action and another pattern."""
    async with context.api() as ask:
        made = await ask("PUT", f"{_PATH}/{filter_id}", json={"pattern": pattern, "action": action})
    context.show(made, f"{made['action']}  {line(made['pattern'])}")


@command.command("delete")
@click.argument("filter_id")
@common
async def delete(context: Context, filter_id: str) -> None:
    """Let the word through again."""
    async with context.api() as ask:
        await ask("DELETE", f"{_PATH}/{filter_id}")
    context.show({"deleted": filter_id}, "removed")


@command.command("try")
@click.argument("text")
@common
async def try_(context: Context, text: str) -> None:
    """Print what would become of a message in a channel."""
    async with context.api() as ask:
        judged = await ask("POST", f"{_PATH}/try", json={"text": text})
    context.show(judged, f"{judged['action'] or 'pass'}  {line(judged['text'])}".rstrip())

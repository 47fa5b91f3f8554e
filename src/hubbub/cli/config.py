"""`hubbub config`: settings that change while everything runs."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import click

from hubbub.cli.run import Context, common
from hubbub.cli.show import clock_time, line
from hubbub.client import HubbubError

_PATH = "/api/v1/config"


@click.group("config")
def command() -> None:
    """Live configuration: see it, change it, see who changed it, go back (admins)."""


_note = click.option("--note", default="", help="Why, for the history.")
_expect = click.option(
    "--expect", type=click.IntRange(min=0), metavar="VERSION", help="Refuse unless this is the newest version."
)


@command.command("get")
@click.argument("key", default="")
@common
async def get(context: Context, key: str) -> None:
    """Print the value of KEY; without one, every setting with what it means and takes."""
    async with context.api() as ask:
        config = await ask("GET", _PATH)
    settings = config["settings"]
    if not key:
        for one in settings:
            mark = "*" if one["is_set"] else " "
            context.show(one, f"{mark} {line(one['key'])} = {_shown(one['value'])}\n      {line(one['description'])}")
        return
    for one in settings:
        if one["key"] == key:
            context.show(one, _shown(one["value"]))
            return
    if key.startswith("flags."):
        context.show({"key": key, "value": False, "is_set": False}, "false")
        return
    raise HubbubError("bad_request", f"There is no live setting {key!r}: see `hubbub config get`.")


@command.command("set")
@click.argument("key")
@click.argument("value")
@_note
@_expect
@common
async def set_(context: Context, key: str, value: str, note: str, expect: int | None) -> None:
    """Set KEY to VALUE (true, 5, reject ...) at every node, at once."""
    body = {"value": _read(value), "note": note, "expect": expect}
    async with context.api() as ask:
        _tell(context, await ask("PUT", f"{_PATH}/{quote(key, safe='')}", json=body))


@command.command("unset")
@click.argument("key")
@_note
@_expect
@common
async def unset(context: Context, key: str, note: str, expect: int | None) -> None:
    """Give KEY its default again."""
    params = {"note": note} | ({} if expect is None else {"expect": str(expect)})
    async with context.api() as ask:
        _tell(context, await ask("DELETE", f"{_PATH}/{quote(key, safe='')}", params=params))


@command.command("history")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many at most.")
@common
async def history(context: Context, limit: int) -> None:
    """Print who changed what, the newest first."""
    cursor, left = "", limit
    newer: dict[str, Any] | None = None
    async with context.api() as ask:
        while left > 0:
            # One more than is shown, because a version is told by how it differs from the one before.
            page = await ask("GET", f"{_PATH}/history", params={"limit": str(min(100, left + 1)), "cursor": cursor})
            for version in page["versions"]:
                if newer is not None and left > 0:
                    _show_version(context, newer, version["values"])
                    left -= 1
                newer = version
            cursor = page["next_cursor"]
            if not cursor:
                break
    if newer is not None and left > 0:
        _show_version(context, newer, {})


@command.command("rollback")
@click.argument("version", type=click.IntRange(min=0))
@_note
@_expect
@common
async def rollback(context: Context, version: int, note: str, expect: int | None) -> None:
    """Make the values of VERSION those in force; 0 is before anything was set."""
    async with context.api() as ask:
        body = {"version": version, "note": note, "expect": expect}
        _tell(context, await ask("POST", f"{_PATH}/rollback", json=body))


@command.command("level")
@click.option("--raise", "wanted", is_flag=True, help="Raise it as high as every living node understands.")
@common
async def level(context: Context, wanted: bool) -> None:
    """Print the cluster's level: up to which version's new kinds of entries nodes may write.

    Raise it once all nodes run a new version and nobody wants to go back: older versions cannot join afterwards.
    """
    async with context.api() as ask:
        if wanted:
            found = await ask("POST", "/api/v1/level", json={})
        else:
            found = await ask("GET", "/api/v1/nodes")
    context.show({"level": found["level"]}, str(found["level"]))


def _read(text: str) -> object:
    """Return what was typed as JSON means it, or else as the word it is."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, bool | int | float) else text


def _shown(value: object) -> str:
    return line(value) if isinstance(value, str) else json.dumps(value)


def _tell(context: Context, made: dict[str, Any]) -> None:
    context.show(made, f"version {made['version']}")


def _show_version(context: Context, version: dict[str, Any], before: dict[str, Any]) -> None:
    values = version["values"]
    changes = [f"{line(key)} = {_shown(value)}" for key, value in values.items() if before.get(key) != value]
    changes += [f"{line(key)} unset" for key in before if key not in values]
    head = f"{version['version']}  {clock_time(version['made_ms'])}  {line(version['author'])}"
    note = f"  ({line(version['note'])})" if version["note"] else ""
    context.show(version, f"{head}  {', '.join(changes) or 'nothing'}{note}")

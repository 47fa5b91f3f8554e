"""`hubbub emoji`: a place's own emoji, one by one and in packs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from hubbub.cli.run import Context, common
from hubbub.cli.show import line

_PATH = "/api/v1/emoji"
_PACKS = "/api/v1/emoji-packs"

_picture = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


@click.group("emoji")
def command() -> None:
    """The place's own emoji, written :name: in messages and reactions."""


@command.command("list")
@common
async def list_(context: Context) -> None:
    """Print every emoji, by packs."""
    async with context.api() as ask:
        for one in (await ask("GET", _PATH))["emoji"]:
            context.show(one, _said(one))


@command.command("add")
@_picture
@click.option("--name", default="", help="What it is called (default: as the file is).")
@click.option("--alias", "aliases", multiple=True, help="Another name of it; as often as there are.")
@click.option("--pack", default="", help="What it is sorted under.")
@common
async def add(context: Context, file: Path, name: str, aliases: tuple[str, ...], pack: str) -> None:
    """Add the picture FILE: a PNG, GIF, WebP, JPEG or AVIF, which may move."""
    content = await asyncio.to_thread(file.read_bytes)
    asked = {"name": name or "_".join(file.stem.split()), "alias": list(aliases), "pack": pack}
    async with context.api() as ask:
        made = await ask("POST", _PATH, content=content, params=asked)
    context.show(made, _said(made))


@command.command("add-pack")
@_picture
@click.option("--pack", default="", help="What it is called (default: as the file is).")
@common
async def add_pack(context: Context, file: Path, pack: str) -> None:
    """Add every picture of the ZIP FILE, called as its file is: all of them, or none."""
    content = await asyncio.to_thread(file.read_bytes)
    async with context.api() as ask:
        made = await ask("POST", _PACKS, content=content, params={"pack": pack or file.stem})
    for one in made["emoji"]:
        context.show(one, _said(one))


@command.command("remove")
@click.argument("name")
@common
async def remove(context: Context, name: str) -> None:
    """Take an emoji away, or one of its other names; where it was used its name is shown."""
    async with context.api() as ask:
        await ask("DELETE", f"{_PATH}/{quote(name.strip(':'), safe='')}")
    context.show({"removed": name}, "removed")


@command.command("remove-pack")
@click.argument("pack")
@common
async def remove_pack(context: Context, pack: str) -> None:
    """Take every emoji of a pack away."""
    async with context.api() as ask:
        await ask("DELETE", f"{_PACKS}/{quote(pack, safe='')}")
    context.show({"removed": pack}, "removed")


def _said(one: dict[str, Any]) -> str:
    names = "  ".join(f":{name}:" for name in (one["name"], *one["aliases"]))
    return line(f"{names}  {one['pack']}".rstrip())

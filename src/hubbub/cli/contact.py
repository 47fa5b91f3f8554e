"""`hubbub contact`: whom one knows, and whom one does not want to hear."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import click

from hubbub.cli.pages import pages
from hubbub.cli.run import Ask, Context, common
from hubbub.cli.show import line
from hubbub.client import HubbubError

_PATH = "/api/v1/me/contacts"


@click.group("contact")
def command() -> None:
    """Contacts: ask, answer, name, group, remove, block."""


@command.command("list")
@click.option("--limit", type=click.IntRange(1, 100_000), default=200, show_default=True, help="How many at most.")
@common
async def list_(context: Context, limit: int) -> None:
    """Print everybody one keeps something of: contacts, requests either way, names, blocks."""
    async with context.api() as ask:
        async for page in pages(ask, _PATH, "contacts", limit, at_once=100):
            names = await _names(ask, [row["user_id"] for row in page["contacts"]])
            for row in page["contacts"]:
                _show(context, row, names.get(row["user_id"], row["user_id"]))


@command.command("ask")
@click.argument("person")
@click.option("--note", default="", help="A remark for them.")
@common
async def ask_(context: Context, person: str, note: str) -> None:
    """Ask PERSON to be a contact."""
    async with context.api() as ask:
        _show(context, await ask("POST", await _one(ask, person), json={"note": note}), person)


@command.command("accept")
@click.argument("person")
@common
async def accept(context: Context, person: str) -> None:
    """Accept what PERSON has asked."""
    async with context.api() as ask:
        _show(context, await ask("POST", f"{await _one(ask, person)}/answer", json={"accept": True}), person)


@command.command("decline")
@click.argument("person")
@common
async def decline(context: Context, person: str) -> None:
    """Decline what PERSON has asked."""
    async with context.api() as ask:
        _show(context, await ask("POST", f"{await _one(ask, person)}/answer", json={"accept": False}), person)


@command.command("remove")
@click.argument("person")
@common
async def remove(context: Context, person: str) -> None:
    """End being contacts with PERSON, or take a request back."""
    async with context.api() as ask:
        await ask("DELETE", await _one(ask, person))
    context.show({"removed": person}, "removed")


@command.command("name")
@click.argument("person")
@click.argument("name", default="")
@common
async def name(context: Context, person: str, name: str) -> None:
    """Call PERSON by another name, for oneself alone; without NAME, as they call themselves."""
    await _arrange(context, person, name=name)


@command.command("group")
@click.argument("person")
@click.argument("group", default="")
@common
async def group(context: Context, person: str, group: str) -> None:
    """Put PERSON into a group of contacts; without GROUP, into none."""
    await _arrange(context, person, group=group)


@command.command("block")
@click.argument("person")
@common
async def block(context: Context, person: str) -> None:
    """Hear nothing of PERSON in private any more; they are not told."""
    await _arrange(context, person, blocked=True)


@command.command("unblock")
@click.argument("person")
@common
async def unblock(context: Context, person: str) -> None:
    """Let PERSON write again."""
    await _arrange(context, person, blocked=False)


async def _arrange(context: Context, person: str, **change: Any) -> None:
    async with context.api() as ask:
        _show(context, await ask("PATCH", await _one(ask, person), json=change), person)


async def _one(ask: Ask, person: str) -> str:
    name = person.removeprefix("@")
    found = (await ask("GET", "/api/v1/users", params={"username": name}))["users"]
    if not found:
        raise HubbubError("user_not_found", f"There is nobody called {name!r}.")
    return f"{_PATH}/{found[0]['user_id']}"


async def _names(ask: Ask, user_ids: list[str]) -> dict[str, str]:
    if not user_ids:
        return {}
    found = (await ask("GET", f"/api/v1/users?{urlencode([('id', each) for each in user_ids])}"))["users"]
    return {user["user_id"]: user["username"] for user in found}


def _show(context: Context, row: dict[str, Any], person: str) -> None:
    words = [word for word in (row["state"], "blocked" if row["blocked"] else "") if word and word != "none"]
    about = [f"{key}: {line(row[key])}" for key in ("name", "group", "note") if row[key]]
    shown = "  ".join([f"@{line(person.removeprefix('@'))}", ", ".join(words) or "no contact", *about])
    context.show({**row, "username": person.removeprefix("@")}, shown)

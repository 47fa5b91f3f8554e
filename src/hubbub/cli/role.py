"""`hubbub role`: who may do what on the server as a whole."""

from __future__ import annotations

from typing import Any

import click

from hubbub.cli.named import Named
from hubbub.cli.pages import rows
from hubbub.cli.run import Ask, Context, common
from hubbub.cli.show import line
from hubbub.client import HubbubError

_PATH = "/api/v1/roles"

_can = click.option("--can", "permissions", multiple=True, metavar="PERMISSION", help="A permission; again for more.")


@click.group("role")
def command() -> None:
    """Roles of the server: made of permissions, given to people."""


@command.command("list")
@common
async def list_(context: Context) -> None:
    """Print every role and what it may do."""
    async with context.api() as ask:
        for role in (await ask("GET", _PATH))["roles"]:
            about = "built in" if role["built_in"] else role["role"]
            context.show(role, f"{line(role['name'])} ({about}): {' '.join(role['permissions']) or '-'}")


@command.command("permissions")
@common
async def permissions(context: Context) -> None:
    """Print every permission there is, in words."""
    async with context.api() as ask:
        for one in (await ask("GET", _PATH))["permissions"]:
            context.show(one, f"{one['permission']:<22}{line(one['sentence'])}")


@command.command("create")
@click.argument("name")
@_can
@common
async def create(context: Context, name: str, permissions: tuple[str, ...]) -> None:
    """Make a role called NAME."""
    async with context.api() as ask:
        role = await ask("POST", _PATH, json={"name": name, "permissions": permissions})
    context.show(role, f"role  {role['role']}")


@command.command("change")
@click.argument("role")
@click.option("--name", default="", help="Another name.")
@_can
@common
async def change(context: Context, role: str, name: str, permissions: tuple[str, ...]) -> None:
    """Give ROLE exactly these permissions; without any, it keeps those it has."""
    async with context.api() as ask:
        found = await _find(ask, role)
        body = {"name": name or found["name"], "permissions": permissions or found["permissions"]}
        changed = await ask("PUT", f"{_PATH}/{found['role']}", json=body)
    context.show(changed, f"{line(changed['name'])}: {' '.join(changed['permissions'])}")


@command.command("delete")
@click.argument("role")
@common
async def delete(context: Context, role: str) -> None:
    """Remove ROLE and take it from everybody."""
    async with context.api() as ask:
        found = await _find(ask, role)
        await ask("DELETE", f"{_PATH}/{found['role']}")
    context.show({"deleted": found["role"]}, "removed")


@command.command("give")
@click.argument("role")
@click.argument("username")
@common
async def give(context: Context, role: str, username: str) -> None:
    """Give ROLE to a person."""
    await _set(context, "PUT", role, username)


@command.command("take")
@click.argument("role")
@click.argument("username")
@common
async def take(context: Context, role: str, username: str) -> None:
    """Take ROLE from a person."""
    await _set(context, "DELETE", role, username)


@command.command("people")
@click.argument("role")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="How many at most.")
@common
async def people(context: Context, role: str, limit: int) -> None:
    """Print who has ROLE."""
    async with context.api() as ask:
        found = await _find(ask, role)
        async for person in rows(ask, f"{_PATH}/{found['role']}/people", "people", limit):
            context.show(person, f"@{line(person['username'])}  {' '.join(person['roles'])}")


@command.command("mine")
@common
async def mine(context: Context) -> None:
    """Print one's own roles and what one may do."""
    async with context.api() as ask:
        own = await ask("GET", "/api/v1/me/roles")
    context.show(own, f"{' '.join(own['roles'])}: {' '.join(own['permissions']) or '-'}")


async def _set(context: Context, method: str, role: str, username: str) -> None:
    async with context.api() as ask:
        user_id = await Named(ask).id_of(username)
        found = await _find(ask, role)
        person = await ask(method, f"{_PATH}/{found['role']}/people/{user_id}")
    context.show(person, f"@{line(person['username'])}  {' '.join(person['roles'])}")


async def _find(ask: Ask, role: str) -> dict[str, Any]:
    """Return a role by its word, its name or its id.  Raises HubbubError."""
    wanted = role.casefold()
    for one in (await ask("GET", _PATH))["roles"]:
        if wanted in (one["role"], one["name"].casefold()):
            found: dict[str, Any] = one
            return found
    raise HubbubError("not_found", f"There is no role called {role!r}.")

"""`hubbub user`: everybody's accounts, for those who look after them."""

from __future__ import annotations

from typing import Any

import click

from hubbub.cli.named import Named
from hubbub.cli.pages import rows
from hubbub.cli.run import Context, common
from hubbub.cli.show import clock_time, line

_PATH = "/api/v1/people"
_STATES = ("active", "waiting", "banned", "deleted")


@click.group("user")
def command() -> None:
    """See everybody's accounts, help who is locked out, end sessions, change and delete accounts (admins)."""


@command.command("list")
@click.argument("query", default="")
@click.option("--state", type=click.Choice(_STATES), default="active", show_default=True, help="Which accounts.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="How many at most.")
@common
async def list_(context: Context, query: str, state: str, limit: int) -> None:
    """Print accounts: all, or those with QUERY in their name or as their address."""
    async with context.api() as ask:
        async for one in rows(ask, _PATH, "accounts", limit, asked={"query": query, "state": state}):
            context.show(one, _shown(one))


@command.command("show")
@click.argument("username")
@common
async def show(context: Context, username: str) -> None:
    """Print what is known of somebody's account."""
    async with context.api() as ask:
        one = await ask("GET", f"{_PATH}/{await Named(ask).id_of(username)}")
    rows = [
        ("username", f"@{line(one['username'])}"),
        ("id", one["user_id"]),
        ("name", line(one["display_name"])),
        ("e-mail", line(one["email"]) or "-"),
        ("state", one["state"]),
        ("roles", " ".join(one["roles"])),
        ("made", clock_time(one["created_ms"])),
        ("last seen", clock_time(one["last_seen_ms"]) if one["last_seen_ms"] else "never"),
    ]
    context.show(one, "\n".join(f"{name:<12}{value}" for name, value in rows))


@command.command("change")
@click.argument("username")
@click.option("--name", default=None, help="What others see them called; empty: their username.")
@click.option("--signature", default=None, help="Their signature.")
@click.option("--forget-email", is_flag=True, help="Forget their address.")
@common
async def change(context: Context, username: str, name: str | None, signature: str | None, forget_email: bool) -> None:
    """Change what others see of somebody."""
    given = {"display_name": name, "signature": signature, "email": "" if forget_email else None}
    body = {key: value for key, value in given.items() if value is not None}
    async with context.api() as ask:
        one = await ask("PATCH", f"{_PATH}/{await Named(ask).id_of(username)}", json=body)
    context.show(one, _shown(one))


@command.command("password-link")
@click.argument("username")
@common
async def password_link(context: Context, username: str) -> None:
    """Print a link with which somebody who is locked out chooses a new password; hand it to nobody else."""
    async with context.api() as ask:
        made = await ask("POST", f"{_PATH}/{await Named(ask).id_of(username)}/password-link")
    context.show(made, f"{line(made['link'])}\ngood until {clock_time(made['until_ms'])}")


@command.command("delete")
@click.argument("username")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
async def delete(context: Context, username: str, yes: bool) -> None:
    """Delete somebody's account for good; it cannot be taken back."""
    if not yes:
        click.confirm(f"Delete the account {username!r} for good?", abort=True)
    async with context.api() as ask:
        user_id = await Named(ask).id_of(username)
        await ask("DELETE", f"{_PATH}/{user_id}")
    context.show({"deleted": user_id}, "deleted")


def _shown(one: dict[str, Any]) -> str:
    email = f"  <{line(one['email'])}>" if one["email"] else ""
    return f"@{line(one['username'])}  {' '.join(one['roles'])}  {line(one['display_name'])}{email}".rstrip()

"""`hubbub registration`: who comes in."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import click

from hubbub.base.clock import SystemClock
from hubbub.cli.pages import rows
from hubbub.cli.run import Ask, Context, common
from hubbub.cli.show import clock_time, line
from hubbub.client import HubbubError

_CODES = "/api/v1/registration/codes"
_REQUESTS = "/api/v1/registration/requests"


@click.group("registration")
def command() -> None:
    """Invitation codes, and accounts that wait to be let in (admins)."""


@command.command("invite")
@click.option("--uses", type=click.IntRange(0, 1_000_000), default=1, show_default=True, help="0: without end.")
@click.option("--days", type=click.IntRange(0, 3650), default=7, show_default=True, help="0: for ever.")
@click.option("--note", default="", help="What it is for.")
@common
async def invite(context: Context, uses: int, days: int, note: str) -> None:
    """Make an invitation code and print it."""
    until = SystemClock().now_ms() + days * 86_400_000 if days else 0
    async with context.api() as ask:
        made = await ask("POST", _CODES, json={"uses": uses, "expires_ms": until, "note": note})
    context.show(made, made["code"])


@command.command("codes")
@common
async def codes(context: Context) -> None:
    """Print the codes that are still good."""
    async with context.api() as ask:
        for code in (await ask("GET", _CODES))["codes"]:
            uses = "without end" if code["uses_left"] < 0 else f"{code['uses_left']} left"
            until = f"until {clock_time(code['expires_ms'])}" if code["expires_ms"] else "for ever"
            context.show(code, f"{code['code']}  {uses}, {until}  {line(code['note'])}".rstrip())


@command.command("revoke")
@click.argument("code")
@common
async def revoke(context: Context, code: str) -> None:
    """Take a code back; who came by it stays."""
    async with context.api() as ask:
        await ask("DELETE", f"{_CODES}/{quote(code, safe='')}")
    context.show({"revoked": code}, "taken back")


@command.command("requests")
@common
async def requests(context: Context) -> None:
    """Print the accounts that wait to be let in."""
    async with context.api() as ask:
        for row in await _waiting(ask):
            shown = f"{row['username']}  {clock_time(row['created_ms'])}  {line(row['display_name'])}"
            context.show(row, shown.rstrip())


@command.command("accept")
@click.argument("username")
@common
async def accept(context: Context, username: str) -> None:
    """Let USERNAME in."""
    await _answer(context, username, True)


@command.command("decline")
@click.argument("username")
@common
async def decline(context: Context, username: str) -> None:
    """Forget the account of USERNAME, which frees the name."""
    await _answer(context, username, False)


async def _answer(context: Context, username: str, accepted: bool) -> None:
    name = username.removeprefix("@").casefold()
    async with context.api() as ask:
        found = [row for row in await _waiting(ask) if row["username"].casefold() == name]
        if not found:
            raise HubbubError("not_found", f"Nobody called {username!r} waits to be let in.")
        await ask("POST", f"{_REQUESTS}/{found[0]['user_id']}", json={"accept": accepted})
    context.show({"username": username, "accepted": accepted}, "let in" if accepted else "forgotten")


async def _waiting(ask: Ask) -> list[dict[str, Any]]:
    return [row async for row in rows(ask, _REQUESTS, "waiting")]

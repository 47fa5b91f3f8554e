"""`hubbub ban`: keep people out of the server."""

from __future__ import annotations

import re
import time
from datetime import datetime

import click

from hubbub.cli.named import Named
from hubbub.cli.run import Context, common
from hubbub.cli.show import clock_time, line

_PATH = "/api/v1/bans"
_UNITS_S = {"m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}


@click.group("ban")
def command() -> None:
    """Ban people from the server, for a time or for good."""


@command.command("list")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="How many at most.")
@common
async def list_(context: Context, limit: int) -> None:
    """Print who is banned, and until when."""
    cursor, left = "", limit
    async with context.api() as ask:
        while left > 0:
            page = await ask("GET", _PATH, params={"limit": str(min(200, left)), "cursor": cursor})
            for ban in page["bans"]:
                until = f"until {clock_time(ban['until_ms'])}" if ban["until_ms"] else "without end"
                context.show(ban, f"@{line(ban['username'])}  {until}")
            left -= len(page["bans"])
            cursor = page["next_cursor"]
            if not cursor:
                return


@command.command("set")
@click.argument("username")
@click.option("--for", "span", default="", metavar="SPAN", help="For so long: 30m, 12h, 7d, 2w.")
@click.option("--until", default="", metavar="TIME", help="Until then: 2030-01-31 or 2030-01-31T18:00.")
@click.option("--reason", default="", help="Why; the audit log remembers it.")
@common
async def set_(context: Context, username: str, span: str, until: str, reason: str) -> None:
    """Ban a person: their account is closed and everything they have open ends at once."""
    until_ms = end_of(span, until)
    async with context.api() as ask:
        user_id = await Named(ask).id_of(username)
        await ask("PUT", f"{_PATH}/{user_id}", json={"until_ms": until_ms, "reason": reason})
    context.show({"user_id": user_id, "until_ms": until_ms}, "banned")


@command.command("lift")
@click.argument("username")
@common
async def lift(context: Context, username: str) -> None:
    """Admit a person again."""
    async with context.api() as ask:
        user_id = await Named(ask).id_of(username)
        await ask("DELETE", f"{_PATH}/{user_id}")
    context.show({"user_id": user_id}, "admitted")


def end_of(span: str, until: str) -> int:
    """Return when a ban ends that lasts for a span or until a time; 0: it does not."""
    if span and until:
        raise click.UsageError("Say --for or --until, not both.")
    if span:
        found = re.fullmatch(r"(\d{1,6})([mhdw])", span)
        if found is None:
            raise click.UsageError("A span is a number and m, h, d or w: 30m, 12h, 7d.")
        return int((time.time() + int(found[1]) * _UNITS_S[found[2]]) * 1000)
    if until:
        try:
            return int(datetime.fromisoformat(until).timestamp() * 1000)
        except ValueError:
            raise click.UsageError("A time is written 2030-01-31 or 2030-01-31T18:00.") from None
    return 0

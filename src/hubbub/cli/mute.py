"""`hubbub mute`: keep people from saying anything on the server."""

from __future__ import annotations

import click

from hubbub.cli.ban import end_of
from hubbub.cli.named import Named
from hubbub.cli.run import Context, common
from hubbub.cli.show import clock_time, line

_PATH = "/api/v1/mutes"


@click.group("mute")
def command() -> None:
    """Keep people from saying anything on the server, for a time or for good."""


@command.command("list")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="How many at most.")
@common
async def list_(context: Context, limit: int) -> None:
    """Print who is muted, and until when."""
    cursor, left = "", limit
    async with context.api() as ask:
        while left > 0:
            page = await ask("GET", _PATH, params={"limit": str(min(200, left)), "cursor": cursor})
            for mute in page["mutes"]:
                until = f"until {clock_time(mute['until_ms'])}" if mute["until_ms"] else "without end"
                context.show(mute, f"@{line(mute['username'])}  {until}")
            left -= len(page["mutes"])
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
    """Mute a person: they read on, and say nothing anywhere."""
    until_ms = end_of(span, until)
    async with context.api() as ask:
        user_id = await Named(ask).id_of(username)
        await ask("PUT", f"{_PATH}/{user_id}", json={"until_ms": until_ms, "reason": reason})
    context.show({"user_id": user_id, "until_ms": until_ms}, "muted")


@command.command("lift")
@click.argument("username")
@common
async def lift(context: Context, username: str) -> None:
    """Let a person speak again."""
    async with context.api() as ask:
        user_id = await Named(ask).id_of(username)
        await ask("DELETE", f"{_PATH}/{user_id}")
    context.show({"user_id": user_id}, "may speak")

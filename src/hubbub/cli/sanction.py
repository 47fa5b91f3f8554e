"""What the commands for bans and for mutes have in common: each is set on a person for a time, listed and lifted."""

from __future__ import annotations

from dataclasses import dataclass

import click

from hubbub.cli.named import Named
from hubbub.cli.pages import rows
from hubbub.cli.run import Context, common
from hubbub.cli.show import clock_time, line
from hubbub.cli.until import end_of


@dataclass(frozen=True)
class Sanction:
    """One of them, in its own words."""

    name: str
    plural: str
    """As in the address of the operations, and in their answer."""
    about: str
    listing: str
    setting: str
    lifting: str
    done: str
    undone: str


def group_for(one: Sanction) -> click.Group:
    """Return the command with its three ends."""
    path = f"/api/v1/{one.plural}"

    @click.group(one.name, help=one.about)
    def command() -> None: ...

    @command.command("list", help=one.listing)
    @click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="How many at most.")
    @common
    async def list_(context: Context, limit: int) -> None:
        async with context.api() as ask:
            async for row in rows(ask, path, one.plural, limit):
                until = f"until {clock_time(row['until_ms'])}" if row["until_ms"] else "without end"
                context.show(row, f"@{line(row['username'])}  {until}")

    @command.command("set", help=one.setting)
    @click.argument("username")
    @click.option("--for", "span", default="", metavar="SPAN", help="For so long: 30m, 12h, 7d, 2w.")
    @click.option("--until", default="", metavar="TIME", help="Until then: 2030-01-31 or 2030-01-31T18:00.")
    @click.option("--reason", default="", help="Why; the audit log remembers it.")
    @common
    async def set_(context: Context, username: str, span: str, until: str, reason: str) -> None:
        until_ms = end_of(span, until)
        async with context.api() as ask:
            user_id = await Named(ask).id_of(username)
            await ask("PUT", f"{path}/{user_id}", json={"until_ms": until_ms, "reason": reason})
        context.show({"user_id": user_id, "until_ms": until_ms}, one.done)

    @command.command("lift", help=one.lifting)
    @click.argument("username")
    @common
    async def lift(context: Context, username: str) -> None:
        async with context.api() as ask:
            user_id = await Named(ask).id_of(username)
            await ask("DELETE", f"{path}/{user_id}")
        context.show({"user_id": user_id}, one.undone)

    return command

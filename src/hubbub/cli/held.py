"""`hubbub held`: messages that wait for a moderator."""

from __future__ import annotations

import click

from hubbub.cli.named import Named
from hubbub.cli.pages import pages
from hubbub.cli.run import Context, common
from hubbub.cli.show import clock_time, indented, line

_PATH = "/api/v1/held"


@click.group("held")
def command() -> None:
    """Messages that word filters hold: see them, let them through or decline them."""


@command.command("list")
@click.option(
    "--state",
    type=click.Choice(["waiting", "accepted", "declined", "failed"]),
    default="waiting",
    show_default=True,
    help="Which.",
)
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="How many at most.")
@common
async def list_(context: Context, state: str, limit: int) -> None:
    """Print held messages, the oldest first."""
    async with context.api() as ask:
        names = Named(ask)
        async for page in pages(ask, _PATH, "held", limit, asked={"state": state}):
            await names.learn(one["user_id"] for one in page["held"])
            for held in page["held"]:
                who = f"@{line(names.of(held['user_id']))} in {held['conversation_id']} {clock_time(held['time_ms'])}"
                context.show(held, f"{held['held_id']}  {who}\n    {indented(held['text'])}")


@command.command("accept")
@click.argument("held_id")
@common
async def accept(context: Context, held_id: str) -> None:
    """Let a message through: it is sent in its author's name."""
    await _decide(context, held_id, True)


@command.command("decline")
@click.argument("held_id")
@common
async def decline(context: Context, held_id: str) -> None:
    """Decline a message for good."""
    await _decide(context, held_id, False)


async def _decide(context: Context, held_id: str, accepted: bool) -> None:
    async with context.api() as ask:
        held = await ask("POST", f"{_PATH}/{held_id}", json={"accept": accepted})
    context.show(held, held["state"])

"""`hubbub report`: have a moderator look at something; and, as one, look at it."""

from __future__ import annotations

from typing import Any

import click

from hubbub.cli.named import Named
from hubbub.cli.pages import pages
from hubbub.cli.run import Context, common
from hubbub.cli.show import clock_time, indented, line
from hubbub.cli.until import end_of

_PATH = "/api/v1/reports"
_reason = click.option(
    "--reason",
    type=click.Choice(["spam", "abuse", "violence", "illegal", "other"]),
    default="other",
    show_default=True,
    help="Why.",
)
_note = click.option("--note", default="", help="What else there is to say.")


@click.group("report")
def command() -> None:
    """Reports of people and messages: make them, see them, resolve them."""


@command.command("person")
@click.argument("username")
@_reason
@_note
@common
async def person(context: Context, username: str, reason: str, note: str) -> None:
    """Report a person."""
    async with context.api() as ask:
        user_id = await Named(ask).id_of(username)
        made = await ask("POST", _PATH, json={"user_id": user_id, "reason": reason, "note": note})
    context.show(made, f"reported  {made['report_id']}")


@command.command("message")
@click.argument("conversation_id")
@click.argument("seq", type=click.IntRange(min=1))
@_reason
@_note
@common
async def message(context: Context, conversation_id: str, seq: int, reason: str, note: str) -> None:
    """Report the message SEQ of a conversation, by its id."""
    body = {"conversation_id": conversation_id, "seq": seq, "reason": reason, "note": note}
    async with context.api() as ask:
        made = await ask("POST", _PATH, json=body)
    context.show(made, f"reported  {made['report_id']}")


@command.command("list")
@click.option("--resolved", is_flag=True, help="Those that are closed.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="How many at most.")
@common
async def list_(context: Context, resolved: bool, limit: int) -> None:
    """Print reports, the oldest first (moderators)."""
    async with context.api() as ask:
        names = Named(ask)
        async for page in pages(ask, _PATH, "reports", limit, asked={"state": "closed" if resolved else "open"}):
            await names.learn(one[key] for one in page["reports"] for key in ("user_id", "reporter_id"))
            for report in page["reports"]:
                context.show(report, _shown(report, names))


@command.command("resolve")
@click.argument("report_id")
@click.option("--dismiss", is_flag=True, help="Nothing is done.")
@click.option("--recall", is_flag=True, help="Recall the message; in a channel one is in.")
@click.option("--ban", is_flag=True, help="Ban the person.")
@click.option("--mute", is_flag=True, help="Keep the person from saying anything.")
@click.option("--for", "span", default="", metavar="SPAN", help="The ban or mute lasts so long: 30m, 12h, 7d, 2w.")
@_note
@common
async def resolve(
    context: Context, report_id: str, dismiss: bool, recall: bool, ban: bool, mute: bool, span: str, note: str
) -> None:
    """Do what is to be done about a report, and close it (moderators)."""
    if dismiss and (recall or ban or mute):
        raise click.UsageError("What is dismissed has no consequence.")
    body: dict[str, Any] = {"resolution": "dismissed" if dismiss else "acted", "note": note, "recall": recall}
    if mute:
        body["mute_until_ms"] = end_of(span, "")
    if ban or (span and not mute):
        body["ban_until_ms"] = end_of(span, "")
    async with context.api() as ask:
        report = await ask("POST", f"{_PATH}/{report_id}/resolve", json=body)
    context.show(report, report["resolution"])


def _shown(report: dict[str, Any], names: Named) -> str:
    what = f"message {report['seq']} in {report['conversation_id']}" if report["conversation_id"] else "the person"
    about = f"@{line(names.of(report['user_id']))}, {what}: {report['reason']}"
    by = f"by @{line(names.of(report['reporter_id']))} {clock_time(report['time_ms'])}"
    said = [
        f"    {kind} {indented(report[key])}" for kind, key in (("note", "note"), ("said", "excerpt")) if report[key]
    ]
    return "\n".join([f"{report['report_id']}  {about}  {by}  {report['resolution']}".rstrip(), *said])

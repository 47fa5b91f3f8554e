"""`hubbub schedule`: messages that are sent later."""

from __future__ import annotations

import datetime
import re
import time

import click
import msgspec

from hubbub.base.ids import parse_id
from hubbub.cli.run import Context, common
from hubbub.cli.send import message_text
from hubbub.cli.show import Names, clock_time, line
from hubbub.client.models import Post
from hubbub.terminal.whom import mentioned, place

_SPAN = re.compile(r"(\d+)\s*(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@click.group("schedule")
def command() -> None:
    """Messages that are sent later: put one in, see what waits, take one back."""


@command.command("add")
@click.argument("to")
@click.argument("text", nargs=-1)
@click.option("--in", "in_", metavar="SPAN", help="How long from now: 30s, 10m, 2h, 1d.")
@click.option("--at", metavar="TIME", help="When: 2026-12-31T23:59, in this machine's time zone unless it names one.")
@click.option("--client-id", default="", metavar="UUID", help="The same again has no second effect.")
@common
async def add(
    context: Context, to: str, text: tuple[str, ...], in_: str | None, at: str | None, client_id: str
) -> None:
    """Send TEXT (or what comes on standard input) TO a @person, #group or id, later."""
    said = message_text(text)
    due_ms = due(in_, at, time.time())
    async with context.client() as client:
        where = await place(client, to)
        mentions, _ = await mentioned(client, said)
        client_id = await client.schedule(where.id, said, due_ms, client_id=client_id, mentions=mentions)
    context.show({"conversation_id": where.id, "client_id": client_id, "due_ms": due_ms}, client_id)


@command.command("list")
@common
async def list_scheduled(context: Context) -> None:
    """List what waits, the next one first, and what was refused when its time came."""
    async with context.client() as client:
        names = Names(client)
        cursor = ""
        while True:
            page, cursor = await client.scheduled(cursor=cursor)
            for row in page:
                text = line(row.action.body.shown) if isinstance(row.action, Post) else ""
                where = await names.conversation(row.conversation_id)
                refused = f" (refused: {row.error})" if row.error else ""
                sentence = f"{row.client_id}  {clock_time(row.due_ms)} {where} {text}{refused}"
                context.show({**msgspec.to_builtins(row), "conversation": where, "text": text}, sentence)
            if not cursor:
                return


@command.command("cancel")
@click.argument("client_id")
@common
async def cancel(context: Context, client_id: str) -> None:
    """Take back the message with this CLIENT_ID."""
    try:
        wanted = parse_id(client_id)
    except ValueError:
        raise click.BadParameter("not a UUID", param_hint="CLIENT_ID") from None
    async with context.client() as client:
        cursor = ""
        conversation_id = ""
        while not conversation_id:
            page, cursor = await client.scheduled(cursor=cursor)
            conversation_id = next((row.conversation_id for row in page if row.client_id == wanted), "")
            if not cursor:
                break
        # Not found here: the server says so in its own words.
        await client.cancel_scheduled(conversation_id or wanted, wanted)
    context.show({"client_id": wanted, "cancelled": True}, "Cancelled.")


def due(span: str | None, moment: str | None, now_s: float) -> int:
    """Return when, in milliseconds since 1970.  Raises click.UsageError."""
    if (span is None) == (moment is None):
        raise click.UsageError("Say when: either --in or --at.")
    if span is not None:
        found = _SPAN.fullmatch(span.strip())
        if found is None:
            raise click.BadParameter("a number and s, m, h or d", param_hint="--in")
        return int((now_s + int(found[1]) * _SECONDS[found[2]]) * 1000)
    assert moment is not None
    try:
        return int(datetime.datetime.fromisoformat(moment).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise click.BadParameter("a time like 2026-12-31T23:59", param_hint="--at") from None

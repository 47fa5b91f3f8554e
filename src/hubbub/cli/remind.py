"""`hubbub remind`: messages that one wants to come back to."""

from __future__ import annotations

import time

import click
import msgspec

from hubbub.cli.run import Context, common
from hubbub.cli.schedule import due
from hubbub.cli.show import Names, clock_time, line
from hubbub.client import Client, HubbubError, Reminder
from hubbub.terminal.whom import place


@click.group("remind")
def command() -> None:
    """Messages to come back to: be reminded of one, see what waits and what is due, be done with one."""


@command.command("set")
@click.argument("where")
@click.argument("seq", type=click.IntRange(1))
@click.option("--in", "in_", metavar="SPAN", help="How long from now: 30s, 10m, 2h, 1d.")
@click.option("--at", metavar="TIME", help="When: 2026-12-31T23:59, in this machine's time zone unless it names one.")
@click.option("--note", default="", help="A word to oneself about it.")
@common
async def set_(context: Context, where: str, seq: int, in_: str | None, at: str | None, note: str) -> None:
    """Be reminded of message SEQ WHERE (a @person, #group or id); another time moves it."""
    due_ms = due(in_, at, time.time())
    async with context.client() as client:
        conversation = await place(client, where)
        await client.remind(conversation.id, seq, due_ms, note=note)
    found = {"conversation_id": conversation.id, "seq": seq, "due_ms": due_ms, "note": note}
    context.show(found, f"At {clock_time(due_ms)}.")


@command.command("list")
@common
async def list_(context: Context) -> None:
    """List what is due and what waits, the soonest first."""
    async with context.client() as client:
        names = Names(client)
        cursor = ""
        while True:
            page, cursor = await client.reminders(cursor=cursor)
            for row in page:
                text = await _said(client, row)
                where = await names.conversation(row.conversation_id)
                when = f"{clock_time(row.due_ms)}{' (due)' if row.due else ''}"
                about = "  ".join(part for part in (line(row.note), line(text)) if part)
                context.show(
                    {**msgspec.to_builtins(row), "due": row.due, "conversation": where, "text": text},
                    f"{when}  {where} {row.seq}  {about}",
                )
            if not cursor:
                return


@command.command("done")
@click.argument("where")
@click.argument("seq", type=click.IntRange(1))
@common
async def done(context: Context, where: str, seq: int) -> None:
    """Be done with message SEQ WHERE, whether its time has come or not."""
    async with context.client() as client:
        conversation = await place(client, where)
        await client.forget_reminder(conversation.id, seq)
    context.show({"conversation_id": conversation.id, "seq": seq, "done": True}, "Done.")


async def _said(client: Client, row: Reminder) -> str:
    """Return what the message says by now; nothing where one may not see it (any more)."""
    try:
        page = await client.history(row.conversation_id, around=row.seq, limit=1)
    except HubbubError as error:
        if error.retry:
            raise
        return ""
    return next((one.text for one in page.messages if one.seq == row.seq), "")

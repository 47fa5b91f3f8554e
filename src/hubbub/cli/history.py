"""`hubbub history`: what was said, in its present state."""

from __future__ import annotations

import click
import msgspec

from hubbub.cli.run import Context, common
from hubbub.cli.show import Names, clock_time, line, message_object
from hubbub.client import Entry, Message
from hubbub.terminal.whom import place


@click.command("history")
@click.argument("conversation")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many lines at most.")
@click.option("--before", type=click.IntRange(min=0), default=0, metavar="SEQ", help="Only what is older than this.")
@common
async def command(context: Context, conversation: str, limit: int, before: int) -> None:
    """Print the newest messages of a CONVERSATION, oldest first, edits and reactions folded in."""
    async with context.client() as client:
        where = await place(client, conversation)
        items: list[Message | Entry] = []
        while len(items) < limit:
            page = await client.history(where.id, before=before, limit=min(200, limit - len(items)))
            items[:0] = page.items
            before = page.from_seq
            if not page.more_before:
                break
        names = Names(client)
        for item in items[-limit:]:
            if context.as_json and isinstance(item, Message):
                context.show(await message_object(names, item))
            elif context.as_json:
                context.show(msgspec.to_builtins(item))
            else:
                print(await history_line(names, item))


async def history_line(names: Names, item: Message | Entry) -> str:
    """Return a message as it stands now, or a line about the conversation."""
    if isinstance(item, Entry):
        await names.of_entry(item)
        return f"{clock_time(item.time_ms)} {item.seq} <{names.user(item.sender_id)}> {names.saying(item.action)}"
    await names.learn([item.sender_id])
    notes = [" (edited)"] if item.edits else []
    notes += [f" [{line(r.emoji)} {r.count}]" for r in item.reactions]
    text = "(recalled)" if item.recalled else names.saying(item.post)
    return f"{clock_time(item.time_ms)} {item.seq} <{names.user(item.sender_id)}> {text}{''.join(notes)}"

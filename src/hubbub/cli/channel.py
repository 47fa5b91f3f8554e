"""`hubbub channel`: public channels."""

from __future__ import annotations

import click
import msgspec

from hubbub.base.ids import parse_id
from hubbub.cli.run import Context, common
from hubbub.cli.show import line
from hubbub.client import Client, Conversation, Kind
from hubbub.client.models import MemberState
from hubbub.terminal.whom import titled


@click.group("channel")
def command() -> None:
    """Channels: find, join and leave what anybody may join."""


@command.command("list")
@click.argument("query", default="")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="How many at most.")
@common
async def list_channels(context: Context, query: str, limit: int) -> None:
    """List channels whose title contains QUERY, or all; a star marks those you are in."""
    async with context.client() as client:
        cursor, left = "", limit
        while left > 0:
            page, cursor = await client.channels(query, cursor=cursor, limit=min(100, left))
            for channel in page:
                mine = "*" if channel.state is MemberState.JOINED else " "
                shown = f"{mine} {channel.id}  #{line(channel.title)}  {channel.member_count} members"
                context.show(msgspec.to_builtins(channel), shown)
            left -= len(page)
            if not cursor:
                return


@command.command("create")
@click.argument("title")
@click.option("--topic", default="", help="What it is about.")
@click.option("--client-id", default="", metavar="UUID", help="The same again makes no second channel.")
@common
async def create(context: Context, title: str, topic: str, client_id: str) -> None:
    """Make a channel called TITLE."""
    async with context.client() as client:
        made = await client.create_conversation(Kind.CHANNEL, title, topic=topic, client_id=client_id)
    context.show({"conversation_id": made.id, "title": made.title}, made.id)


@command.command("join")
@click.argument("channel")
@common
async def join(context: Context, channel: str) -> None:
    """Join a CHANNEL."""
    async with context.client() as client:
        joined = await client.join((await _find(client, channel)).id)
    context.show(msgspec.to_builtins(joined), f"You are in #{line(joined.title)}.")


@command.command("leave")
@click.argument("channel")
@common
async def leave(context: Context, channel: str) -> None:
    """Leave a CHANNEL."""
    async with context.client() as client:
        where = await _find(client, channel)
        await client.leave(where.id)
    context.show({"conversation_id": where.id, "left": True}, f"You left #{line(where.title)}.")


async def _find(client: Client, name: str) -> Conversation:
    try:
        return await client.conversation(parse_id(name))
    except ValueError:
        return await titled(client, name.removeprefix("#"), channels=True)

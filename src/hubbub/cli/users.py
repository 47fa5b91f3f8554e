"""`hubbub users`: who is here."""

from __future__ import annotations

import click
import msgspec

from hubbub.cli.run import Context, common
from hubbub.cli.show import Names, line


@click.command("users")
@click.argument("query", default="")
@click.option("--online", is_flag=True, help="Only who is online now.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="How many at most.")
@common
async def command(context: Context, query: str, online: bool, limit: int) -> None:
    """List people whose name contains QUERY, or all."""
    async with context.client() as client:
        names = Names(client)
        cursor, left = "", limit
        while left > 0:
            if online:
                presences, cursor = await client.online(cursor=cursor, limit=min(100, left))
                await names.learn(presence.user_id for presence in presences)
                for presence in presences:
                    name = names.user(presence.user_id)
                    if query.casefold() in name.casefold():
                        context.show({**msgspec.to_builtins(presence), "username": name}, name)
                left -= max(1, len(presences))
            else:
                found, cursor = await client.find_users(query, cursor=cursor, limit=min(100, left))
                for user in found:
                    shown = f"{user.username}  {line(user.display_name)}".rstrip()
                    context.show(msgspec.to_builtins(user), shown)
                left -= max(1, len(found))
            if not cursor:
                return

"""`hubbub search`: find what was said."""

from __future__ import annotations

import click
import msgspec

from hubbub.cli.run import Context, common
from hubbub.cli.show import Names, clock_time, line


@click.command("search")
@click.argument("query", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many at most.")
@common
async def command(context: Context, query: tuple[str, ...], limit: int) -> None:
    """Print messages with all words of QUERY, newest first; it may have filters such as from:romeo after:2026-01-31.

    Words in quotation marks stand together; has:file, in:TITLE and before:DATE narrow further.
    """
    async with context.client() as client:
        names = Names(client)
        cursor, left = "", limit
        while left > 0:
            # What the shell has unquoted is one word of the query, or one filter.
            found = await client.search(" ".join(map(_quoted, query)), cursor=cursor, limit=min(50, left))
            await names.learn(hit.sender_id for hit in found.messages)
            for hit in found.messages:
                text = line("".join(piece.text for piece in hit.snippet))
                shown = (
                    f"{clock_time(hit.time_ms)} {hit.conversation_id} {hit.seq} <{names.user(hit.sender_id)}> {text}"
                )
                context.show({**msgspec.to_builtins(hit), "sender": names.user(hit.sender_id)}, shown)
            left -= len(found.messages)
            cursor = found.next_cursor
            if not cursor:
                return


def _quoted(word: str) -> str:
    if " " not in word or '"' in word:
        return word
    name, colon, value = word.partition(":")
    return f'{name}:"{value}"' if colon and " " not in name else f'"{word}"'

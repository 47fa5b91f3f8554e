"""`hubbub retention`: for how long conversations keep their messages."""

from __future__ import annotations

import click

from hubbub.cli.pages import pages
from hubbub.cli.run import Context, common

FOR_EVER, AS_THE_PLACE, MOST_DAYS = 0, -1, 36_500
_WORDS = {"forever": FOR_EVER, "place": AS_THE_PLACE}


class _Days(click.ParamType[int]):
    name = "days"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number that a word or a number stands for."""
        text = str(value)
        if text in _WORDS:
            return _WORDS[text]
        if text.isascii() and text.isdecimal() and 0 < int(text) <= MOST_DAYS:
            return int(text)
        return self.fail(f"{text!r} is neither a number of days up to {MOST_DAYS} nor forever nor place.", param, ctx)


@click.group("retention")
def command() -> None:
    """How long messages are kept. For the whole place: hubbub config set chat.keep_days DAYS."""


@command.command("set")
@click.argument("conversation_id")
@click.argument("days", type=_Days())
@common
async def set_(context: Context, conversation_id: str, days: int) -> None:
    """Keep a conversation's messages for so many DAYS, or forever, or as long as the place says.

    What is older goes for everybody and for good; nothing goes that a legal hold is over.
    """
    async with context.api() as ask:
        await ask("PUT", f"/api/v1/conversations/{conversation_id}/retention", json={"keep_days": days})
    context.show({"conversation_id": conversation_id, "keep_days": days}, f"kept  {_said(days)}")


@command.command("list")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="How many at most.")
@common
async def list_(context: Context, limit: int) -> None:
    """Print what the place says, and the conversations that say something else."""
    first = True
    async with context.api() as ask:
        async for page in pages(ask, "/api/v1/retention", "conversations", limit):
            if first:
                context.show({"place_days": page["place_days"]}, f"place  {_said(page['place_days'])}")
                first = False
            for one in page["conversations"]:
                context.show(one, f"{one['conversation_id']}  {_said(one['keep_days'])}")


def _said(days: int) -> str:
    if days == AS_THE_PLACE:
        return "as long as the place says"
    return f"{days} days" if days else "for ever"

"""`hubbub save`: keep the files of one message on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from hubbub.cli.run import Context, common
from hubbub.client import HubbubError
from hubbub.terminal.attachments import files_of
from hubbub.terminal.carrier import Carrier
from hubbub.terminal.whom import place


@click.command("save")
@click.argument("conversation")
@click.argument("seq", type=click.IntRange(min=1))
@click.option(
    "--to",
    "where",
    type=click.Path(path_type=Path),
    default=Path("."),
    help="A folder, or a path nothing is under yet (default: the present folder).",
)
@common
async def command(context: Context, conversation: str, seq: int, where: Path) -> None:
    """Save the files that the message SEQ of a CONVERSATION brought, and print where.

    Nothing that is there is overwritten: a name that is taken gets a number.
    """
    async with context.client() as client:
        there = await place(client, conversation)
        page = await client.history(there.id, around=seq, limit=1)
        message = next((one for one in page.messages if one.seq == seq), None)
        if message is None:
            raise HubbubError("message_not_found")
        files = files_of(message)
        if not files:
            raise HubbubError("file_not_found", "That message has no file.")
        carrier = Carrier(client, lambda: None)
        for file in files:
            path = await carrier.save(file, where)
            context.show({"file_id": file.id, "name": file.name, "path": str(path)}, str(path))

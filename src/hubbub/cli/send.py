"""`hubbub send`: send one message, with files or without, and say whether it was stored."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hubbub.base.ids import new_id, parse_id
from hubbub.cli.run import Context, common
from hubbub.client import HubbubError
from hubbub.terminal.whom import mentioned, place


@click.command("send")
@click.argument("to")
@click.argument("text", nargs=-1)
@click.option(
    "--file",
    "paths",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file to go with it; again for another.  Then TEXT may be missing.",
)
@click.option("--reply-to", type=click.IntRange(min=0), default=0, metavar="SEQ", help="What this one answers.")
@click.option("--client-id", default="", metavar="UUID", help="The same again has no second effect.")
@click.option("--timeout", type=float, default=30.0, show_default=True, help="Seconds to keep trying.")
@common
async def command(
    context: Context,
    to: str,
    text: tuple[str, ...],
    paths: tuple[Path, ...],
    reply_to: int,
    client_id: str,
    timeout: float,
) -> None:
    """Send TEXT (or what comes on standard input) TO a @person, a #group or channel, or a conversation's id.

    Prints the sequence number once the message is stored.
    """
    said = message_text(text) if text or not paths else ""
    try:
        client_id = parse_id(client_id) if client_id else new_id()
    except ValueError:
        raise click.BadParameter("not a UUID", param_hint="--client-id") from None
    async with context.client(timeout=timeout) as client:
        conversation = await place(client, to)
        mentions, everybody = await mentioned(client, said)
        files = [await client.upload(path) for path in paths]
        sending = client.send(
            conversation.id,
            said,
            reply_to=reply_to,
            mentions=mentions,
            mention_all=everybody,
            files=files,
            client_id=client_id,
            timeout=timeout,
        )
        try:
            stored = await sending
        except HubbubError as error:
            if error.code == "timeout":
                raise HubbubError(
                    "timeout",
                    "No answer came, so the message may or may not be stored. "
                    f"Sending it again with --client-id {client_id} cannot double it.",
                ) from error
            raise
    answer = {
        "conversation_id": conversation.id,
        "seq": stored.seq,
        "time_ms": stored.time_ms,
        "client_id": client_id,
        "repeated": stored.repeated,
    }
    context.show(answer, str(stored.seq))


def message_text(words: tuple[str, ...]) -> str:
    """Return the text of the arguments, or of standard input without its last line break."""
    if words and words != ("-",):
        text = " ".join(words)
    else:
        text = sys.stdin.buffer.read().decode("utf-8", "surrogateescape").removesuffix("\n")
    if not text:
        raise click.UsageError("There is no text to send.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise click.UsageError("The text is not UTF-8.") from None
    return text

"""`hubbub announce`: tell everybody."""

from __future__ import annotations

import click

from hubbub.base.ids import SYSTEM_CONVERSATION, new_id, parse_id
from hubbub.cli.run import Context, common
from hubbub.cli.send import message_text


@click.command("announce")
@click.argument("text", nargs=-1)
@click.option("--client-id", default="", metavar="UUID", help="The same again has no second effect.")
@click.option("--timeout", type=float, default=30.0, show_default=True, help="Seconds to keep trying.")
@common
async def command(context: Context, text: tuple[str, ...], client_id: str, timeout: float) -> None:
    """Send TEXT (or what comes on standard input) to every user, online or not.  For admins."""
    said = message_text(text)
    try:
        client_id = parse_id(client_id) if client_id else new_id()
    except ValueError:
        raise click.BadParameter("not a UUID", param_hint="--client-id") from None
    async with context.client(timeout=timeout) as client:
        stored = await client.send(SYSTEM_CONVERSATION, said, client_id=client_id, timeout=timeout)
    context.show({"seq": stored.seq, "client_id": client_id, "repeated": stored.repeated}, str(stored.seq))

"""`hubbub tail`: print what happens, from where the last one stopped."""

from __future__ import annotations

import asyncio

import click

from hubbub.cli.run import Context, common
from hubbub.cli.show import Names, entry_line, entry_object
from hubbub.client import Client, EntryEvent, Event, HubbubError, ResetEvent
from hubbub.client.models import Created
from hubbub.terminal.whom import place


@click.command("tail")
@click.argument("conversations", nargs=-1, metavar="[CONVERSATION]...")
@click.option(
    "--since",
    type=click.Choice(["last", "unread", "beginning", "now"]),
    default="last",
    help="Where to begin (default: where the last tail stopped; the first one begins with what is unread).",
)
@click.option("--once", is_flag=True, help="Print what is missing and stop.")
@click.option("--timeout", type=float, default=30.0, show_default=True, help="Seconds to wait for the server at first.")
@common
async def command(context: Context, conversations: tuple[str, ...], since: str, once: bool, timeout: float) -> None:
    """Print everything new in these conversations, or in all: what came while you were away, then what comes.

    Each choice of conversations remembers how far it was read, so nothing is printed twice and nothing is left out.
    """
    chosen = await _chosen(context, conversations, timeout)
    store = context.file.store_path(sorted(chosen)) if since == "last" else None
    client = context.make_client("live", store=store, since="unread" if since == "last" else since)
    # Opened before the client is entered, so that nothing passes it by.
    events = client.events()
    async with client:
        await client.ready(timeout)
        names = Names(client)
        while True:
            # Taking the next event says that this one was printed; a program that dies in between prints it again.
            event = events.take() if once else await anext(events, None)
            if event is not None:
                await _print(context, client, names, event, chosen)
            elif not once or client.error is not None:
                raise client.error or HubbubError("closed")
            elif client.caught_up:
                return
            else:
                await asyncio.sleep(0.05)


async def _print(context: Context, client: Client, names: Names, event: Event, chosen: frozenset[str]) -> None:
    if isinstance(event, ResetEvent):
        context.show({"reset": event.conversation_id, "reason": event.reason}, f"-- begun anew: {event.reason}")
        return
    if not isinstance(event, EntryEvent) or (chosen and event.entry.conversation_id not in chosen):
        return
    while True:
        try:
            if context.as_json:
                context.show(await entry_object(names, event.entry))
            elif not isinstance(event.entry.action, Created) or event.entry.sender_id.strip("0"):
                print(await entry_line(names, event.entry), flush=True)
            return
        except HubbubError as error:
            # Names are asked for over the connection, which may be away for a while.
            if client.error is not None or not error.retry:
                raise


async def _chosen(context: Context, names: tuple[str, ...], timeout: float) -> frozenset[str]:
    if not names:
        return frozenset()
    async with context.client(timeout=timeout) as client:
        return frozenset([(await place(client, name)).id for name in names])

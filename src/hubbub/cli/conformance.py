"""`hubbub conformance`: whether a server keeps the protocol."""

from __future__ import annotations

import asyncio
import sys

import click
import msgspec

from hubbub.cli.run import DEFAULT_SERVER, Exit
from hubbub.cli.show import safe
from hubbub.client.http1 import HttpTrouble, NoAddress
from hubbub.conformance.run import Result, chosen, line, report, run
from hubbub.conformance.stand import NoStand, Stand


@click.command("conformance")
@click.option("--server", metavar="URL", default=DEFAULT_SERVER, show_default=True, help="The server to check.")
@click.option(
    "--account",
    "accounts",
    multiple=True,
    metavar="NAME:PASSWORD",
    help="Three accounts to use; without them three are registered.",
)
@click.option("--socket", default="", metavar="URL", help="The WebSocket, instead of where the server says.")
@click.option("--tcp", default=None, metavar="HOST:PORT", help="The same for raw TCP; empty: there is none.")
@click.option("--only", default="", metavar="WORDS", help="Only checks whose name or rule holds this.")
@click.option("--json", "as_json", is_flag=True, help="Answer with one JSON object.")
def command(server: str, accounts: tuple[str, ...], socket: str, tcp: str | None, only: str, as_json: bool) -> None:
    """Check a server from outside against spec/protocol.md: frames, order, idempotency, resuming, limits, HTTP.

    Each check names the sentence it holds to. It makes groups and messages of its own and touches nothing else; use a
    server whose people do not mind. The exit code is 1 when a sentence is broken.
    """
    named = dict(account.partition(":")[::2] for account in accounts)
    stand = Stand(server, accounts=named, socket=socket, tcp=tcp)
    checks = chosen(only)
    if not checks:
        raise click.UsageError(f"No check is called {only!r}.")

    async def all_of_them() -> list[Result]:
        results = []
        async for result in run(stand, checks):
            results.append(result)
            if not as_json:
                print(line(result, safe), flush=True)
        return results

    try:
        results = asyncio.run(all_of_them())
    except (NoStand, HttpTrouble, NoAddress) as exc:
        print(f"hubbub: {safe(server)} cannot be checked: {safe(str(exc))}", file=sys.stderr)
        sys.exit(Exit.UNREACHABLE)
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    whole = report(server, results)
    if as_json:
        print(msgspec.json.encode(whole).decode())
    else:
        print(f"\n{whole.held} held, {whole.broken} broken, {whole.skipped} skipped")
    sys.exit(Exit.FAILED if whole.broken else Exit.OK)

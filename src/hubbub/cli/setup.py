"""`hubbub setup`: make the first admin of a fresh server, from the terminal.

It speaks to the running server like any other client.  The one-time token is read from the data folder, so whoever may
read that folder needs to copy nothing; from another machine the token is given.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import click

from hubbub.cli.show import safe


@click.command("setup")
@click.option("--server", metavar="URL", default="http://127.0.0.1:8080", show_default=True, help="The running server.")
@click.option(
    "--data",
    metavar="DIR",
    default="data",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The server's data folder, where the set-up link is.",
)
@click.option("--token", metavar="TOKEN", help="The token of the set-up link, instead of reading it.")
@click.option("--username", metavar="NAME", help="The admin's name; asked for if missing.")
@click.option("--name", metavar="PLACE", help="What the server is called; asked for if missing.")
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of standard input.")
@click.option("--json", "as_json", is_flag=True, help="Print the new account as one JSON object.")
def command(
    server: str,
    data: Path,
    token: str | None,
    username: str | None,
    name: str | None,
    password_stdin: bool,
    as_json: bool,
) -> None:
    """Make the first admin of a fresh server and give the place a name.

    The server must be running; it wrote a one-time link into its data folder when it started.
    """
    if password_stdin and username is None:
        raise click.UsageError("--password-stdin needs --username.")
    _refuse_when_done(server)
    token = token or _token(data)
    # What is prompted goes to standard error, so that --json leaves standard output to the object.
    if name is None:
        name = "Hubbub" if password_stdin else click.prompt("Name of this place", default="Hubbub", err=True)
    if username is None:
        username = click.prompt("Your username", err=True)
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("Password (at least 8 characters)", hide_input=True, confirmation_prompt=True, err=True)
    body = {"token": token, "username": username, "password": password, "name": name}
    account = asyncio.run(_call(server, "POST", body))
    if as_json:
        click.echo(json.dumps(account, ensure_ascii=False))
    else:
        click.echo(safe(f"{name} is set up. Log in with: hubbub login {account.get('username', username)}"))


def _refuse_when_done(server: str) -> None:
    if not asyncio.run(_call(server, "GET")).get("needed", True):
        raise click.ClickException("This server is already set up.")


def _token(data: Path) -> str:
    from hubbub.auth.setup_link import read_setup_token

    try:
        token = read_setup_token(data)
    except OSError as error:
        raise click.ClickException(f"The set-up link in {data} cannot be read: {error.strerror}") from None
    if token is None:
        raise click.ClickException(
            f"There is no set-up link in {data}. Name the server's data folder with --data, or give --token."
        )
    return token


async def _call(server: str, method: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    from hubbub.client.errors import HubbubError
    from hubbub.client.http import HttpApi

    try:
        async with HttpApi(server) as api:
            return await api.call(method, "/api/v1/setup", json=body)
    except HubbubError as error:
        raise click.ClickException(safe(str(error))) from None

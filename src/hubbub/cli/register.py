"""`hubbub register`: make an account."""

from __future__ import annotations

import click

from hubbub.cli.run import Context, common, read_password
from hubbub.client import HttpApi


@click.command("register")
@click.argument("username")
@click.option("--display-name", default="", help="How others see you.")
@click.option("--code", default="", help="An invitation code, where one is needed.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@common
async def command(context: Context, username: str, display_name: str, code: str, password_stdin: bool) -> None:
    """Make an account called USERNAME.  The password is asked for, or taken from HUBBUB_PASSWORD."""
    password = read_password(password_stdin, confirm=True)
    async with HttpApi(context.server) as http:
        user = await http.register(username, password, display_name, code=code)
    context.show(
        {"user_id": user.id, "username": user.username},
        f"Welcome, {user.username}. Now run: hubbub login {user.username}",
    )

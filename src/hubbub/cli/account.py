"""`hubbub account`: one's address, a forgotten password, the end of an account."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import click

from hubbub.cli.login import ask_for_code, keep_login
from hubbub.cli.run import Context, common, read_password
from hubbub.cli.show import line
from hubbub.client import HttpApi


@click.group("account")
def command() -> None:
    """One's e-mail address, a forgotten password, the end of an account."""


@command.command("email")
@click.argument("address", default="")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@common
async def email(context: Context, address: str, password_stdin: bool) -> None:
    """Give an e-mail ADDRESS; a link is sent to it.  Without ADDRESS, forget the present one."""
    password = read_password(password_stdin)
    async with context.api() as ask:
        await ask("PUT", "/api/v1/me/email", json={"email": address, "password": password})
    context.show({"email": address}, f"Look into the mail of {address}." if address else "forgotten")


@command.command("confirm")
@click.argument("link")
@common
async def confirm(context: Context, link: str) -> None:
    """Follow the LINK that was sent to prove an address."""
    async with HttpApi(context.server) as http:
        await http.call("POST", "/api/v1/accounts/email", json={"token": _token(link)})
    context.show({"confirmed": True}, "confirmed")


@command.command("forgot")
@click.argument("address")
@common
async def forgot(context: Context, address: str) -> None:
    """Have a link for a new password sent to ADDRESS, if it is known."""
    async with HttpApi(context.server) as http:
        await http.call("POST", "/api/v1/accounts/forgotten", json={"email": address})
    context.show({"email": address}, "If the address is known there, a link is on its way.")


@command.command("reset")
@click.argument("link")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@common
async def reset(context: Context, link: str, password_stdin: bool) -> None:
    """Choose a new password with the LINK that was sent; every device is logged out."""
    password = read_password(password_stdin, confirm=True)
    async with HttpApi(context.server) as http:
        await http.call("POST", "/api/v1/accounts/password", json={"token": _token(link), "password": password})
    context.show({"changed": True}, "Your password is changed. Log in with it.")


@command.command("avatar")
@click.argument("picture", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@common
async def avatar(context: Context, picture: Path | None) -> None:
    """Show the PICTURE in a file as oneself; without it, none."""
    file_id = ""
    if picture is not None:
        async with context.client() as client:
            file_id = (await client.upload(picture)).id
    async with context.api() as ask:
        await ask("PUT", "/api/v1/me/avatar", json={"file_id": file_id})
    context.show({"avatar": file_id}, "done")


@command.command("profile")
@click.option("--name", default=None, help="What others see one called; empty: one's username.")
@click.option("--signature", default=None, help="One's signature.")
@common
async def profile(context: Context, name: str | None, signature: str | None) -> None:
    """Change what others see of one."""
    given = {"display_name": name, "signature": signature}
    async with context.api() as ask:
        me = await ask("PATCH", "/api/v1/me", json={key: one for key, one in given.items() if one is not None})
    context.show(me, f"@{line(me['username'])}  {line(me['display_name'])}  {line(me['signature'])}".rstrip())


@command.command("password")
@click.option("--passwords-stdin", is_flag=True, help="Read the old and the new one from standard input, line by line.")
@common
async def password(context: Context, passwords_stdin: bool) -> None:
    """Choose another password; everything but this profile is logged out."""
    if passwords_stdin:
        old, new = [*sys.stdin.read().splitlines(), "", ""][:2]
    else:
        old = click.prompt("Old password", hide_input=True)
        new = click.prompt("New password", hide_input=True, confirmation_prompt=True)
    async with context.api() as ask:
        await ask("POST", "/api/v1/me/password", json={"old_password": old, "new_password": new})
    # The profile has two logins, of which one made the change and the other is over.
    known = context.profile()
    prompt = ask_for_code if sys.stdin.isatty() else None
    await keep_login(context.file, known.server, known.username, new, ask=prompt)
    context.show({"changed": True}, "changed; every other device is logged out")


@command.command("delete")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@common
async def delete(context: Context, yes: bool, password_stdin: bool) -> None:
    """Delete one's account for good; it cannot be taken back."""
    name = context.profile().username
    if not yes:
        click.confirm(f"Delete the account {name!r} for good?", abort=True)
    password = read_password(password_stdin)
    async with context.api() as ask:
        await ask("POST", "/api/v1/me/delete", json={"password": password})
    context.file.forget()
    context.show({"deleted": name}, "deleted")


def _token(link: str) -> str:
    """Return what a link has in it; the token alone will do."""
    return parse_qs(urlsplit(link).query).get("token", [link])[0]

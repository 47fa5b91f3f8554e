"""`hubbub factor`: one's second step of signing in."""

from __future__ import annotations

from urllib.parse import quote

import click

from hubbub.cli.run import Context, common, read_password
from hubbub.cli.show import clock_time, line
from hubbub.client import HubbubError

_ME = "/api/v1/me"


@click.group("factor")
def command() -> None:
    """A second step of signing in: an authenticator app, recovery codes, passkeys."""


@command.command("show")
@common
async def show(context: Context) -> None:
    """Print what is set up."""
    async with context.api() as ask:
        have = await ask("GET", f"{_ME}/second-factor")
    app = f"since {clock_time(have['totp_since_ms'])}" if have["totp"] else "none"
    rows = [("app", app), ("recovery codes", have["recovery_codes_left"]), ("passkeys", have["passkeys"])]
    if have["required"]:
        rows.append(("required", "yes: nothing else can be done before"))
    context.show(have, "\n".join(f"{name:<16}{value}" for name, value in rows))


@command.command("app")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@common
async def app(context: Context, password_stdin: bool) -> None:
    """Begin to set up an authenticator app: print the key to type into it, and the address a QR code would hold."""
    password = read_password(password_stdin)
    async with context.api() as ask:
        offer = await ask("POST", f"{_ME}/totp", json={"password": password})
    context.show(offer, f"key  {line(offer['secret'])}\nuri  {line(offer['uri'])}\nthen: hubbub factor confirm CODE")


@command.command("confirm")
@click.argument("code")
@common
async def confirm(context: Context, code: str) -> None:
    """Turn the app on by a CODE it shows, and print recovery codes, which are shown this once."""
    async with context.api() as ask:
        answer = await ask("POST", f"{_ME}/totp/confirm", json={"code": code})
    context.show(answer, "\n".join(["The app is asked for from now on.", *map(line, answer["recovery_codes"])]))


@command.command("off")
@click.argument("code")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@common
async def off(context: Context, code: str, password_stdin: bool) -> None:
    """Turn the app off, by the password and a CODE of it or a recovery code."""
    password = read_password(password_stdin)
    async with context.api() as ask:
        await ask("POST", f"{_ME}/totp/off", json={"password": password, "code": code})
    context.show({"totp": False}, "The app is asked for no longer.")


@command.command("recovery-codes")
@click.argument("code")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@common
async def recovery_codes(context: Context, code: str, password_stdin: bool) -> None:
    """Replace all recovery codes, by the password and a CODE, and print the new ones."""
    password = read_password(password_stdin)
    async with context.api() as ask:
        answer = await ask("POST", f"{_ME}/recovery-codes", json={"password": password, "code": code})
    context.show(answer, "\n".join(map(line, answer["recovery_codes"])))


@command.command("reset")
@click.argument("person")
@common
async def reset(context: Context, person: str) -> None:
    """Take away the second step of a PERSON who has lost it (admins); their password is enough again."""
    async with context.api() as ask:
        found = (await ask("GET", "/api/v1/users", params={"username": person.removeprefix("@")}))["users"]
        if not found:
            raise HubbubError("user_not_found", f"There is nobody called {person!r}.")
        await ask("DELETE", f"/api/v1/users/{found[0]['user_id']}/second-factor")
    context.show({"reset": found[0]["user_id"]}, f"{line(found[0]['username'])} signs in with the password alone.")


@command.command("passkeys")
@common
async def passkeys(context: Context) -> None:
    """Print one's passkeys, with when each was last used."""
    async with context.api() as ask:
        for one in (await ask("GET", f"{_ME}/passkeys"))["passkeys"]:
            used = clock_time(one["used_ms"]) if one["used_ms"] else "never"
            context.show(one, f"{one['passkey_id']}  {used}  {line(one['name'])}")


@command.command("name-passkey")
@click.argument("passkey_id")
@click.argument("name")
@common
async def name_passkey(context: Context, passkey_id: str, name: str) -> None:
    """Give a passkey another name."""
    async with context.api() as ask:
        one = await ask("PATCH", f"{_ME}/passkeys/{quote(passkey_id, safe='')}", json={"name": name})
    context.show(one, line(one["name"]))


@command.command("remove-passkey")
@click.argument("passkey_id")
@click.option("--code", default="", metavar="CODE", help="Of the app, or a recovery code; for the last second step.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@common
async def remove_passkey(context: Context, passkey_id: str, code: str, password_stdin: bool) -> None:
    """Remove a passkey, by the password."""
    body = {"password": read_password(password_stdin), "code": code}
    async with context.api() as ask:
        await ask("POST", f"{_ME}/passkeys/{quote(passkey_id, safe='')}/remove", json=body)
    context.show({"removed": passkey_id}, "removed")


@command.command("unlink-provider")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@common
async def unlink_provider(context: Context, password_stdin: bool) -> None:
    """Let the account at the other provider no longer sign in here, by the password."""
    password = read_password(password_stdin)
    async with context.api() as ask:
        await ask("POST", f"{_ME}/provider/unlink", json={"password": password})
    context.show({"linked": False}, "An account at the other provider lets nobody in here any more.")

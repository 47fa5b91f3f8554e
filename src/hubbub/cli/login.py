"""`hubbub login`: keep a login on this machine."""

from __future__ import annotations

import platform
import sys

import click
import msgspec

from hubbub.base.clock import SystemClock
from hubbub.base.ids import new_id
from hubbub.cli.profile import LoginState, NotLoggedIn, Profile
from hubbub.cli.run import Context, common, read_password
from hubbub.client import HttpApi, HubbubError


@click.command("login")
@click.argument("username")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--code", default="", metavar="CODE", help="Of your authenticator app, or a recovery code.")
@common
async def command(context: Context, username: str, password_stdin: bool, code: str) -> None:
    """Log in as USERNAME and keep the login under this profile, for every other command."""
    password = read_password(password_stdin)
    clock = SystemClock()
    devices = _devices(context)
    async with HttpApi(context.server) as http:
        logins = []
        for device_id, what in zip(devices, ("", " (commands)"), strict=True):
            name = f"hubbub on {platform.node()}{what}"[:100]
            device = {"device_id": device_id, "device_name": name}
            try:
                tokens = await http.log_in(username, password, second_factor=code, **device)
            except HubbubError as error:
                if error.code != "second_factor_needed" or not sys.stdin.isatty():
                    raise
                code = str(click.prompt("Code of your authenticator app, or a recovery code"))
                tokens = await http.log_in(username, password, second_factor=code, **device)
            # A code is good once, and there are two devices.
            code = tokens.second_factor
            logins.append(LoginState(msgspec.structs.replace(tokens, second_factor=""), clock.now_ms()))
    live, brief = logins
    profile = Profile(context.server, live.tokens.user_id, live.tokens.username or username, live, brief)
    try:
        context.file.save(profile)
    except OSError as exc:
        raise HubbubError("unavailable", f"The login cannot be kept: {exc}") from exc
    context.show(
        {"user_id": profile.user_id, "username": profile.username, "profile": context.file.name},
        f"Logged in as {profile.username}.",
    )


def _devices(context: Context) -> tuple[str, str]:
    """Return this profile's two device ids, which it keeps over logins."""
    try:
        kept = context.file.load()
    except NotLoggedIn:
        return new_id(), new_id()
    return kept.live.tokens.device_id or new_id(), kept.brief.tokens.device_id or new_id()

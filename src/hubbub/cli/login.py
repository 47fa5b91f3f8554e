"""`hubbub login`: keep a login on this machine."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable

import click
import msgspec

from hubbub.base.clock import SystemClock
from hubbub.base.ids import new_id
from hubbub.cli.profile import LoginState, NotLoggedIn, Profile, ProfileFile
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
    ask = _ask_for_code if sys.stdin.isatty() else None
    profile = await keep_login(context.file, context.server, username, password, code=code, ask=ask)
    context.show(
        {"user_id": profile.user_id, "username": profile.username, "profile": context.file.name},
        f"Logged in as {profile.username}.",
    )


def _ask_for_code() -> str:
    return str(click.prompt("Code of your authenticator app, or a recovery code"))


async def keep_login(
    file: ProfileFile,
    server: str,
    username: str,
    password: str,
    *,
    code: str = "",
    ask: Callable[[], str] | None = None,
) -> Profile:
    """Log in and keep it under a profile; `ask` for a code where one is needed and none was given.

    Raises HubbubError, `second_factor_needed` where there is nobody to ask.
    """
    clock = SystemClock()
    devices = _devices(file)
    async with HttpApi(server) as http:
        logins = []
        for device_id, what in zip(devices, ("", " (commands)"), strict=True):
            name = f"hubbub on {platform.node()}{what}"[:100]
            device = {"device_id": device_id, "device_name": name}
            try:
                tokens = await http.log_in(username, password, second_factor=code, **device)
            except HubbubError as error:
                if error.code != "second_factor_needed" or ask is None:
                    raise
                tokens = await http.log_in(username, password, second_factor=ask(), **device)
            # A code is good once, and there are two devices.
            code = tokens.second_factor
            logins.append(LoginState(msgspec.structs.replace(tokens, second_factor=""), clock.now_ms()))
    live, brief = logins
    profile = Profile(server, live.tokens.user_id, live.tokens.username or username, live, brief)
    try:
        file.save(profile)
    except OSError as exc:
        raise HubbubError("unavailable", f"The login cannot be kept: {exc}") from exc
    return profile


def _devices(file: ProfileFile) -> tuple[str, str]:
    """Return this profile's two device ids, which it keeps over logins."""
    try:
        kept = file.load()
    except NotLoggedIn:
        return new_id(), new_id()
    return kept.live.tokens.device_id or new_id(), kept.brief.tokens.device_id or new_id()

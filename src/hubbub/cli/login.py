"""`hubbub login`: keep a login on this machine."""

from __future__ import annotations

import asyncio
import platform
import sys
from collections.abc import Callable
from functools import partial

import click
import msgspec

from hubbub.base.clock import Clock, SystemClock
from hubbub.base.ids import new_id
from hubbub.cli.profile import LoginState, NotLoggedIn, Profile, ProfileFile
from hubbub.cli.run import Context, common, read_password
from hubbub.client import HttpApi, HubbubError
from hubbub.client.http import DeviceCode, Tokens


@click.command("login")
@click.argument("username", default="")
@click.option("--device", is_flag=True, help="By a code that is typed into a browser: for passkeys and providers.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--code", default="", metavar="CODE", help="Of your authenticator app, or a recovery code.")
@common
async def command(context: Context, username: str, device: bool, password_stdin: bool, code: str) -> None:
    """Log in as USERNAME and keep the login under this profile, for every other command.

    With --device nothing is typed here: somebody who is signed in to a browser says yes there.
    """
    if device:
        if username or password_stdin or code:
            raise click.UsageError("With --device there is no name, no password and no code.")
        profile = await keep_device_login(context.file, context.server, partial(_say_code, context))
        _done(context, profile)
        return
    if not username:
        raise click.UsageError("Missing argument 'USERNAME'.")
    password = read_password(password_stdin)
    ask = ask_for_code if sys.stdin.isatty() else None
    profile = await keep_login(context.file, context.server, username, password, code=code, ask=ask)
    _done(context, profile)


def _done(context: Context, profile: Profile) -> None:
    context.show(
        {"user_id": profile.user_id, "username": profile.username, "profile": context.file.name},
        f"Logged in as {profile.username}.",
    )


def _say_code(context: Context, begun: DeviceCode) -> None:
    page, code = begun.verification_uri, begun.user_code
    context.show(
        {"verification_uri": page, "user_code": code, "verification_uri_complete": begun.verification_uri_complete},
        f"Open {page} in a browser and type {code} there, within {begun.expires_in / 60:.0f} minutes.",
    )


def ask_for_code() -> str:
    """Ask whoever sits there for a code."""
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
        for device_id, name in zip(devices, _names(), strict=True):
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
    return _save(file, server, *logins)


async def keep_device_login(file: ProfileFile, server: str, say: Callable[[DeviceCode], None]) -> Profile:
    """Have somebody let this profile in from a browser, and keep the login; `say` shows them where and with what code.

    Raises HubbubError, `token_expired` when nobody did in time and `access_denied` when somebody said no.
    """
    clock = SystemClock()
    (live_id, live_name), (brief_id, brief_name) = zip(_devices(file), _names(), strict=True)
    async with HttpApi(server) as http:
        begun = await http.begin_device(live_name)
        say(begun)
        tokens = await _let_in(http, begun, live_id, clock)
        live = LoginState(msgspec.structs.replace(tokens, one_more=""), clock.now_ms())
        tokens = await http.log_in_one_more(tokens.one_more, device_id=brief_id, device_name=brief_name)
        brief = LoginState(tokens, clock.now_ms())
    return _save(file, server, live, brief)


async def _let_in(http: HttpApi, begun: DeviceCode, device_id: str, clock: Clock) -> Tokens:
    """Ask until there is an answer."""
    interval_s = max(0.1, begun.interval)
    until = clock.monotonic() + begun.expires_in
    while True:
        await asyncio.sleep(interval_s)
        try:
            return await http.ask_device(begun, device_id=device_id)
        except HubbubError as error:
            # RFC 8628 section 3.5: on slow_down "the interval MUST be increased by 5 seconds"; a server that cannot be
            # reached for a moment is asked again as well.
            if error.code == "slow_down":
                interval_s += 5.0
            elif error.code != "authorization_pending" and not error.retry:
                raise
            if clock.monotonic() > until:
                raise HubbubError("token_expired", "Nobody let this device in in time.") from None


def _names() -> tuple[str, str]:
    """Return what the two devices of a profile are called."""
    name = f"hubbub on {platform.node()}"[:80]
    return name, f"{name} (commands)"


def _save(file: ProfileFile, server: str, live: LoginState, brief: LoginState) -> Profile:
    profile = Profile(server, live.tokens.user_id, live.tokens.username, live, brief)
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

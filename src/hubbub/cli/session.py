"""`hubbub session`: where one is logged in, and where others are."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import click

from hubbub.cli.named import Named
from hubbub.cli.pages import rows
from hubbub.cli.run import Ask, Context, common
from hubbub.cli.show import clock_time, line

_PATH = "/api/v1/me/logins"
_ARRIVALS = "/api/v1/me/arrivals"

_of = click.option("--user", "who", default="", metavar="USERNAME", help="Somebody else's (admins).")


@click.group("session")
def command() -> None:
    """Where somebody is logged in: devices, browsers, and programs that act for them."""


@command.command("list")
@_of
@common
async def list_(context: Context, who: str) -> None:
    """Print every login, with when it was last used; * marks those of this profile."""
    async with context.api() as ask:
        for login in await _all(ask, await _path(ask, who)):
            mark = "*" if login["device_id"] in _own(context) else " "
            what = login["device_name"] or login["device_id"]
            of = "" if login["client_id"] == "hubbub" else f"  ({login['client_id']})"
            sentence = f"{mark} {login['login_id']}  {clock_time(login['used_ms'])}  {line(what)}{line(of)}"
            context.show(login, sentence)


@command.command("name")
@click.argument("login_id")
@click.argument("name")
@common
async def name(context: Context, login_id: str, name: str) -> None:
    """Give the device of a login another name."""
    async with context.api() as ask:
        login = await ask("PATCH", f"{_PATH}/{login_id}", json={"device_name": name})
    context.show(login, line(login["device_name"]))


@command.command("end")
@click.argument("login_id")
@_of
@common
async def end(context: Context, login_id: str, who: str) -> None:
    """Log a device out: its tokens and its connections end."""
    async with context.api() as ask:
        await ask("DELETE", f"{await _path(ask, who)}/{quote(login_id, safe='')}")
    context.show({"ended": login_id}, "ended")


@command.command("end-all")
@click.argument("username")
@common
async def end_all(context: Context, username: str) -> None:
    """Log somebody out everywhere (admins)."""
    async with context.api() as ask:
        ended = await ask("DELETE", await _path(ask, username))
    context.show(ended, f"{ended['ended']} ended")


@command.command("end-others")
@common
async def end_others(context: Context) -> None:
    """Log out everything but this profile."""
    own, ended = _own(context), 0
    async with context.api() as ask:
        # One by one: this profile has two logins, and neither is another.
        for login in await _all(ask):
            if login["device_id"] not in own:
                await ask("DELETE", f"{_PATH}/{login['login_id']}")
                ended += 1
    context.show({"ended": ended}, f"{ended} ended")


@command.command("arrivals")
@common
async def arrivals(context: Context) -> None:
    """Print sign-ins from devices that were new to one; `session end` ends one that was somebody else."""
    async with context.api() as ask:
        for one in (await ask("GET", _ARRIVALS))["arrivals"]:
            what = one["device_name"] or "?"
            over = "" if one["active"] else "  (over)"
            when = clock_time(one["time_ms"])
            context.show(one, f"{one['login_id']}  {when}  {line(what)}  {line(one['address'])}{over}")


@command.command("was-me")
@click.argument("login_id")
@common
async def was_me(context: Context, login_id: str) -> None:
    """Forget the notice of a new device: it was oneself."""
    async with context.api() as ask:
        await ask("DELETE", f"{_ARRIVALS}/{login_id}")
    context.show({"forgotten": login_id}, "forgotten")


async def _path(ask: Ask, who: str) -> str:
    return f"/api/v1/people/{await Named(ask).id_of(who)}/logins" if who else _PATH


async def _all(ask: Ask, path: str = _PATH) -> list[dict[str, Any]]:
    """Return every login; there are at most some dozens, because older ones are pushed aside."""
    return [row async for row in rows(ask, path, "logins")]


def _own(context: Context) -> set[str]:
    profile = context.profile()
    return {profile.live.tokens.device_id, profile.brief.tokens.device_id}

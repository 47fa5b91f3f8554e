"""`hubbub whoami`: who this profile is, where."""

from __future__ import annotations

import click

from hubbub.cli.profile import ProfileLogin
from hubbub.cli.run import Context, common
from hubbub.client import HttpApi


@click.command("whoami")
@common
async def command(context: Context) -> None:
    """Print who you are; fails when the server does not answer or the login has ended."""
    profile = context.profile()
    async with HttpApi(profile.server) as http:
        me = await http.call("GET", "/api/v1/me", token=await ProfileLogin(context.file, "brief").token(http))
    shown = {key: me[key] for key in ("username", "display_name", "signature") if me.get(key)}
    context.show(
        {"user_id": profile.user_id, "server": profile.server, **shown}, f"{me.get('username')} on {profile.server}"
    )

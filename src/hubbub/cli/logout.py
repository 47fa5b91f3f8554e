"""`hubbub logout`: end the login of this machine, on the server too."""

from __future__ import annotations

import click

from hubbub.cli.profile import ProfileLogin, Use
from hubbub.cli.run import Context, common
from hubbub.client import HttpApi, HubbubError

_USES: tuple[Use, ...] = ("live", "brief")


@click.command("logout")
@common
async def command(context: Context) -> None:
    """End this profile's login: its tokens, its connections, and what is kept here."""
    profile = context.profile()
    async with HttpApi(profile.server) as http:
        for use in _USES:
            login = ProfileLogin(context.file, use)
            try:
                await http.log_out(await login.token(http))
            except HubbubError as error:
                # A login that has ended already is what was asked for.
                if error.retry:
                    raise
    context.file.forget()
    context.show({"logged_out": profile.username}, f"Logged out {profile.username}.")

"""`hubbub ban`: keep people out of the server."""

from __future__ import annotations

from hubbub.cli.sanction import Sanction, group_for

command = group_for(
    Sanction(
        name="ban",
        plural="bans",
        about="Ban people from the server, for a time or for good.",
        listing="Print who is banned, and until when.",
        setting="Ban a person: their account is closed and everything they have open ends at once.",
        lifting="Admit a person again.",
        done="banned",
        undone="admitted",
    )
)

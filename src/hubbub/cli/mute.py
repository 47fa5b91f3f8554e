"""`hubbub mute`: keep people from saying anything on the server."""

from __future__ import annotations

from hubbub.cli.sanction import Sanction, group_for

command = group_for(
    Sanction(
        name="mute",
        plural="mutes",
        about="Keep people from saying anything on the server, for a time or for good.",
        listing="Print who is muted, and until when.",
        setting="Mute a person: they read on, and say nothing anywhere.",
        lifting="Let a person speak again.",
        done="muted",
        undone="may speak",
    )
)

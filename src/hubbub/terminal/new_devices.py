"""Was this you: what is said of a sign-in from a device that is new, on a full screen or a line.

Whoever signed in chose the device's name, so nothing of it is shown as it is, and it cannot push out of sight the
command that ends its login.
"""

from __future__ import annotations

from typing import Final

from hubbub.client import SignedInEvent
from hubbub.terminal.language import Words
from hubbub.terminal.safe import line, lined_up

__all__ = ["was_this_you"]

NAME_CHARACTERS: Final = 40


def was_this_you(words: Words, new: SignedInEvent) -> str:
    """Return the question, with the command for a no."""
    device = line(lined_up(new.device_name))[:NAME_CHARACTERS] or words("unnamed device")
    return words("signed in", device=device, address=line(new.address), login=line(new.login_id))

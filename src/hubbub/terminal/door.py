"""How one comes in: the port between the app and whoever keeps logins on this machine."""

from __future__ import annotations

from typing import Protocol

import msgspec

from hubbub.client import Client
from hubbub.terminal.local_log import LocalLog


class Seat(msgspec.Struct, frozen=True):
    """A login that is ready to be used."""

    client: Client
    """Not entered yet."""
    log: LocalLog
    server: str
    username: str
    user_id: str


class Door(Protocol):
    """Where logins are kept."""

    server: str
    """The server to propose."""
    username: str
    """The name to propose; empty for a new person."""

    def known(self) -> Seat | None:
        """Return the login that is kept; None when one must log in."""

    async def enter(self, server: str, username: str, password: str, *, register: bool, code: str = "") -> Seat:
        """Log in, with `register` after making the account, and keep it.

        Raises HubbubError; after `second_factor_needed` it is tried again with a `code`.
        """

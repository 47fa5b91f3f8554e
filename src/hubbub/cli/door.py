"""The way into the full-screen app: a profile's login, asked for in the app when there is none."""

from __future__ import annotations

from hubbub.cli.login import keep_login
from hubbub.cli.profile import NotLoggedIn
from hubbub.cli.run import Context
from hubbub.client import HttpApi
from hubbub.terminal.door import Seat
from hubbub.terminal.local_log import LocalLog


class ProfileDoor:
    """A `Door` of the terminal app over one profile."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.server = context.server
        self.username = ""
        try:
            kept = context.file.load()
        except NotLoggedIn:
            return
        self.username = kept.username
        self.server = context.server if context.chosen else kept.server

    def known(self) -> Seat | None:
        """Return the login that is kept; None when one must log in."""
        try:
            profile = self._context.profile()
        except NotLoggedIn:
            return None
        file = self._context.file
        return Seat(
            # What was heard while nobody looked is read page by page, and counted by the server.
            self._context.make_client("live", store=file.chat_path("outbox"), since="now", send_timeout_s=None),
            LocalLog(file.chat_path("log"), owner=f"{profile.user_id} {profile.server}"),
            profile.server,
            profile.username,
            profile.user_id,
        )

    async def enter(self, server: str, username: str, password: str, *, register: bool, code: str = "") -> Seat:
        """Log in, with `register` after making the account, and keep it.

        Raises HubbubError; after `second_factor_needed` it is tried again with a `code`.
        """
        if register:
            async with HttpApi(server) as http:
                await http.register(username, password)
        await keep_login(self._context.file, server, username, password, code=code)
        self._context.choose(server)
        seat = self.known()
        assert seat is not None, "the login was kept just now"
        return seat

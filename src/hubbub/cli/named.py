"""What people are called, for commands that ask over HTTP alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlencode

from hubbub.cli.run import Ask
from hubbub.client import HubbubError


class Named:
    """What people are called; asks once for each."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._names: dict[str, str] = {}

    async def learn(self, ids: Iterable[str]) -> None:
        """Ask for those who are not known yet, together; what is no person's id keeps itself as its name."""
        unknown = sorted({one for one in ids if re.fullmatch(r"[0-9a-f]{32}", one) and one not in self._names})
        for start in range(0, len(unknown), 100):
            some = unknown[start : start + 100]
            found = await self._ask("GET", f"/api/v1/users?{urlencode([('id', one) for one in some])}")
            self._names.update((user["user_id"], user["username"]) for user in found["users"])
            for one in some:
                self._names.setdefault(one, one)

    async def id_of(self, username: str) -> str:
        """Return a person's id.  Raises HubbubError when there is nobody of that name."""
        name = username.removeprefix("@")
        found = await self._ask("GET", "/api/v1/users", params={"username": name})
        if not found["users"]:
            raise HubbubError("user_not_found", f"There is nobody called {name!r}.")
        return str(found["users"][0]["user_id"])

    def of(self, one: str) -> str:
        return self._names.get(one, one)

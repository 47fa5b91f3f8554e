"""Who may make an account: anybody, who has a code, who is let in by an admin, or nobody.

How a place takes people is a setting that may change while it runs; what was begun under one mode is finished under
any: a code that was given out stays one, and who waits is still let in or not.  An account that waits is a row that
nobody can log in to, so its name is taken, and being let in is one change of it.  This module decides nothing about
names and passwords; `accounts` does.
"""

from __future__ import annotations

import secrets
from typing import Literal, Protocol

import msgspec

from hubbub.auth.model import Identity
from hubbub.auth.names import clean_line
from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code

__all__ = ["UNLIMITED", "JoinCode", "Joining", "JoiningStore", "Mode"]

Mode = Literal["open", "invitation", "approval", "closed"]

UNLIMITED = -1
CODES = 1_000
"""Codes of a place at a time."""
USES_MAX = 1_000_000
NOTE_MAX = 200
_TIME_MAX_MS = 2**53


class JoinCode(msgspec.Struct, frozen=True):
    """A code that lets people make an account; who has it has it."""

    code: str
    created_by: str
    created_ms: int
    expires_ms: int = 0
    """0: never."""
    uses_left: int = UNLIMITED
    note: str = ""
    """What it is for; the admins' own."""

    def good(self, now_ms: int) -> bool:
        """Whether it lets somebody in now."""
        return self.uses_left != 0 and (self.expires_ms == 0 or now_ms < self.expires_ms)


class JoiningStore(Protocol):
    """Keeps codes, and knows who waits."""

    async def add_join_code(self, code: JoinCode, most: int) -> bool:
        """Insert a code after forgetting those that are over; False when there are `most` already."""

    async def join_code(self, code: str) -> JoinCode | None: ...

    async def join_codes(self, limit: int) -> list[JoinCode]:
        """Return the codes, the newest first."""

    async def drop_join_code(self, code: str) -> bool:
        """Forget a code; False when there is none."""


class Joining:
    """What admins do about who comes in."""

    def __init__(self, store: JoiningStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def create(self, identity: Identity, *, expires_ms: int = 0, uses: int = 0, note: str = "") -> JoinCode:
        """Make a code; `uses` 0: without end.  Raises ChatError with BAD_REQUEST or RATE_LIMITED."""
        now_ms = self._clock.now_ms()
        if expires_ms and not now_ms < expires_ms <= _TIME_MAX_MS:
            raise ChatError(Code.BAD_REQUEST, "expires_ms is not a time to come.")
        if not 0 <= uses <= USES_MAX:
            raise ChatError(Code.BAD_REQUEST, f"A code is used at most {USES_MAX} times.")
        made = JoinCode(
            # 100 bits in letters that are read out without a mistake.
            "-".join("".join(secrets.choice("bcdfghjkmnpqrstvwxz23456789") for _ in range(5)) for _ in range(4)),
            identity.user_id,
            now_ms,
            expires_ms,
            uses or UNLIMITED,
            clean_line(note, "The note", NOTE_MAX),
        )
        if not await self._store.add_join_code(made, CODES):
            raise ChatError(Code.RATE_LIMITED, f"There are at most {CODES} codes; take one back.")
        return made

    async def codes(self) -> list[JoinCode]:
        """Return the codes that are still good, the newest first."""
        now_ms = self._clock.now_ms()
        return [code for code in await self._store.join_codes(CODES) if code.good(now_ms)]

    async def revoke(self, code: str) -> None:
        """Make a code worthless; who came by it stays.  Raises ChatError(NOT_FOUND)."""
        if not await self._store.drop_join_code(code):
            raise ChatError(Code.NOT_FOUND)

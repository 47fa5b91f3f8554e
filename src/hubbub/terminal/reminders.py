"""Messages one wants to come back to: which there are, whose time has just come, and what people mean by a time.

The server says when a time has come (protocol.md 11.13); rows win by their version, in whichever order a list and what
is pushed arrive.  Nothing here draws.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from hubbub.client import Client, HubbubError, Reminder

MORNING: Final = 9
"""The hour at which a day that is named by itself begins."""

_SPAN: Final = re.compile(r"(\d{1,6})([smhd])", re.ASCII)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_DAYS: Final = {"tomorrow": 1, "明天": 1, "monday": 0, "周一": 0}
"""Days people name; 0: the next Monday."""

_HOUR: Final = re.compile(r"(\d{1,2}):(\d{2})", re.ASCII)


class Reminders:
    """The reminders of one person."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._rows: dict[tuple[str, int], Reminder] = {}

    def take(self, row: Reminder) -> bool:
        """Take a row unless a newer one is here; True if its time has come since it was last heard of."""
        key = row.conversation_id, row.seq
        held = self._rows.get(key)
        if held is not None and row.version <= held.version:
            return False
        self._rows[key] = row
        return row.due and not (held is not None and held.due)

    async def load(self) -> list[Reminder]:
        """Read them all; return those whose time came without this program.

        A server that knows none has none.
        """
        try:
            return [row for row in await self.listed() if self.take(row)]
        except HubbubError:
            # They are read again with the next connection.
            return []

    async def listed(self) -> list[Reminder]:
        """Return what the server has, what is due and then the soonest first.  Raises HubbubError."""
        found: list[Reminder] = []
        cursor = ""
        while True:
            page, cursor = await self._client.reminders(cursor=cursor)
            found += page
            if not cursor:
                return found


def moment(said: str, now_ms: int) -> int:
    """Return the time that somebody means, in ms; 0 if they mean none.

    A span (`20m`, `3h`, `1d`), an hour (`18:30`, the next one), a day (`tomorrow`, `monday`), or a date
    (`2026-12-31T23:59`), by this machine's time zone.
    """
    said = said.casefold()
    if span := _SPAN.fullmatch(said):
        return now_ms + int(span[1]) * _SECONDS[span[2]] * 1_000
    now = datetime.fromtimestamp(now_ms / 1_000)
    try:
        if said in _DAYS:
            days = _DAYS[said] or 7 - now.weekday()
            found = (now + timedelta(days=days)).replace(hour=MORNING, minute=0, second=0, microsecond=0)
        elif hour := _HOUR.fullmatch(said):
            found = now.replace(hour=int(hour[1]), minute=int(hour[2]), second=0, microsecond=0)
            if found <= now:
                found += timedelta(days=1)
        else:
            found = datetime.fromisoformat(said)
        return int(found.timestamp() * 1_000)
    except (ValueError, OverflowError):
        return 0

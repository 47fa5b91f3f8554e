"""The audit log in memory: what tests and throw-away servers use.

It passes the same contract suite as the database.  Other stores in memory that are given one note in it what they do.
"""

from __future__ import annotations

from hubbub.auth.audit import ORIGIN, AuditEntry, Deed, Head, acting, chained
from hubbub.base.clock import Clock

__all__ = ["MemoryAudit"]


class MemoryAudit:
    """An `AuditLog` that forgets everything when the process ends."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: list[AuditEntry] = []

    def note(self, *deeds: Deed) -> None:
        """Remember what was just done."""
        self._entries += chained(self._newest(), acting(), deeds, self._clock.now_ms())

    async def record(self, deed: Deed) -> None:
        self.note(deed)

    async def page(
        self,
        *,
        beyond: int | None = None,
        oldest_first: bool = False,
        limit: int,
        act: str = "",
        user_id: str = "",
        target: str = "",
    ) -> list[AuditEntry]:
        found = [
            one
            for one in (self._entries if oldest_first else reversed(self._entries))
            if (not act or one.act == act or one.act.startswith(f"{act}."))
            and user_id in ("", one.user_id)
            and target in ("", one.target)
            and (beyond is None or (one.seq > beyond if oldest_first else one.seq < beyond))
        ]
        return found[:limit]

    async def head(self) -> Head:
        return self._newest()

    def _newest(self) -> Head:
        if not self._entries:
            return ORIGIN
        last = self._entries[-1]
        return Head(last.seq, last.time_ms, last.hash)

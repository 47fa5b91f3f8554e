"""Open sessions, departures and slots in memory: what tests and throw-away servers use.

Each method is one transaction because none of them waits in its middle.  It passes the same contract suite as the
database, and asks the rows of nodes beside it which incarnations live.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hubbub.base.clock import Clock
from hubbub.cluster.model import Departure, Lock, SessionRow, Slot, may_take
from hubbub.storage.memory.cluster import MemoryNodes

__all__ = ["MemorySessions"]


class MemorySessions:
    """A `SessionStore` that forgets everything when the process ends."""

    def __init__(self, nodes: MemoryNodes, clock: Clock) -> None:
        self._nodes = nodes
        self._clock = clock
        self._rows: dict[str, SessionRow] = {}
        self._departures: dict[str, Departure] = {}
        self._slots: dict[str, SessionRow] = {}

    async def add(self, rows: Sequence[SessionRow]) -> None:
        for row in rows:
            self._rows.setdefault(row.session_id, self._stamped(row))

    async def remove(self, ended: Sequence[Departure]) -> None:
        for one in ended:
            self._rows.pop(one.session_id, None)
            self._departures[one.user_id] = one
        await self.free_slots([(one.user_id, one.session_id) for one in ended])

    async def sessions_of(self, user_ids: Sequence[str]) -> list[SessionRow]:
        wanted = set(user_ids)
        return [row for row in self._rows.values() if row.user_id in wanted and self._nodes.alive(row.incarnation)]

    async def departures(self, user_ids: Sequence[str]) -> list[Departure]:
        return [self._departures[one] for one in dict.fromkeys(user_ids) if one in self._departures]

    async def online_after(self, user_id: str, limit: int) -> list[str]:
        people = {row.user_id for row in self._rows.values() if self._nodes.alive(row.incarnation)}
        return sorted(one for one in people if one > user_id)[:limit]

    async def sweep(self, incarnation: str, limit: int) -> list[SessionRow]:
        if self._nodes.alive(incarnation):
            return []
        swept = [row for row in self._rows.values() if row.incarnation == incarnation][:limit]
        for row in swept:
            del self._rows[row.session_id]
            self._departures[row.user_id] = Departure(row.session_id, row.user_id, True, self._clock.now_ms())
        if len(swept) < limit:
            self._slots = {name: one for name, one in self._slots.items() if one.incarnation != incarnation}
        return swept

    async def drop_strays(self, under: Lock) -> None:
        self._nodes.locks.fence(under)
        known = {one.record.incarnation for one in await self._nodes.nodes()}
        self._rows = {name: one for name, one in self._rows.items() if one.incarnation in known}
        self._slots = {name: one for name, one in self._slots.items() if one.incarnation in known}

    async def take_slot(self, row: SessionRow, expect: str | None = "") -> Slot:
        holder = self._slots.get(row.user_id)
        if holder is None:
            self._slots[row.user_id] = self._stamped(row)
            return Slot(True)
        if holder.session_id == row.session_id:
            return Slot(True)
        if not may_take(row, holder, expect) and self._nodes.leased(holder.incarnation):
            return Slot(False, holder)
        self._slots[row.user_id] = self._stamped(row)
        return Slot(True, holder)

    async def free_slots(self, held: Sequence[tuple[str, str]]) -> None:
        for user_id, session_id in held:
            holder = self._slots.get(user_id)
            if holder is not None and holder.session_id == session_id:
                del self._slots[user_id]

    async def slots(self, user_ids: Sequence[str]) -> list[SessionRow]:
        return [self._slots[one] for one in dict.fromkeys(user_ids) if one in self._slots]

    def _stamped(self, row: SessionRow) -> SessionRow:
        return msgspec.structs.replace(row, since_ms=row.since_ms or self._clock.now_ms())

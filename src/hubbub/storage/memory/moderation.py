"""What moderators look after, in memory.

Each method is one transaction because none of them waits in its middle.  It passes the same contract suite as the
database.
"""

from __future__ import annotations

import msgspec

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.chat.moderation import (
    FILTERS,
    HELD_PER_PERSON,
    REPORTS_PER_PERSON,
    Held,
    HeldState,
    Report,
    Resolution,
)
from hubbub.chat.words import WordFilter
from hubbub.storage.chat.moderation import (
    decided,
    decision,
    filter_removed,
    filter_saved,
    report_resolved,
    resolved_report,
)
from hubbub.storage.memory.audit import MemoryAudit

__all__ = ["MemoryModeration"]


class MemoryModeration:
    """A `ModerationStore` that forgets everything when the process ends."""

    def __init__(self, clock: Clock, audit: MemoryAudit) -> None:
        self._clock = clock
        self._audit = audit
        self._filters: dict[str, WordFilter] = {}
        self._held: dict[str, Held] = {}
        self._reports: dict[str, Report] = {}

    # ------------------------------------------------------------ filters

    async def filters(self) -> list[WordFilter]:
        return sorted(self._filters.values(), key=lambda one: one.id)

    async def save_filter(self, made: WordFilter) -> None:
        before = self._filters.get(made.id)
        if before is None and len(self._filters) >= FILTERS:
            raise ChatError(Code.CONFLICT, f"There are at most {FILTERS:,} filters.")
        if before is not None:
            made = msgspec.structs.replace(before, pattern=made.pattern, action=made.action)
        self._filters[made.id] = made
        self._audit.note(filter_saved(made))

    async def remove_filter(self, filter_id: str) -> bool:
        gone = self._filters.pop(filter_id, None)
        if gone is not None:
            self._audit.note(filter_removed(gone))
        return gone is not None

    # ------------------------------------------------------------ held messages

    async def hold(self, held: Held) -> HeldState:
        key = _key(held)
        for one in self._held.values():
            if _key(one) == key:
                return one.state
        mine = [one for one in self._held.values() if one.user_id == held.user_id and one.state is HeldState.WAITING]
        if len(mine) >= HELD_PER_PERSON:
            raise ChatError(Code.RATE_LIMITED, f"At most {HELD_PER_PERSON} messages wait for a moderator.")
        self._held[held.id] = held
        return held.state

    async def held(self, state: HeldState, cursor: str, limit: int) -> tuple[list[Held], str]:
        rows = [one for key, one in sorted(self._held.items()) if one.state is state and key > cursor]
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else ""

    async def decide(self, held_id: str, accept: bool, decided_by: str) -> Held | None:
        held = self._held.get(held_id)
        if held is None or held.state is not HeldState.WAITING:
            return None
        held = self._held[held_id] = decided(held, accept, decided_by, self._clock.now_ms())
        self._audit.note(decision(held))
        return held

    async def accepted(self, limit: int) -> list[Held]:
        return (await self.held(HeldState.ACCEPTED, "", limit))[0]

    async def settle(self, held_id: str, error: str) -> None:
        held = self._held.pop(held_id, None)
        if held is not None and error:
            self._held[held_id] = msgspec.structs.replace(held, state=HeldState.FAILED, error=error)

    # ------------------------------------------------------------ reports

    async def add_report(self, report: Report) -> Report:
        mine = [
            one for one in self._reports.values() if one.reporter_id == report.reporter_id and one.resolution is None
        ]
        about = (report.user_id, report.conversation_id, report.seq)
        for one in mine:
            if (one.user_id, one.conversation_id, one.seq) == about:
                return one
        if len(mine) >= REPORTS_PER_PERSON:
            raise ChatError(Code.RATE_LIMITED, f"At most {REPORTS_PER_PERSON} of one's reports are open at a time.")
        self._reports[report.id] = report
        return report

    async def reports(self, resolved: bool, cursor: str, limit: int) -> tuple[list[Report], str]:
        rows = [
            one
            for key, one in sorted(self._reports.items())
            if (one.resolution is not None) == resolved and key > cursor
        ]
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else ""

    async def report(self, report_id: str) -> Report | None:
        return self._reports.get(report_id)

    async def resolve(self, report_id: str, resolution: Resolution, note: str, resolved_by: str) -> Report | None:
        report = self._reports.get(report_id)
        if report is None or report.resolution is not None:
            return None
        report = resolved_report(report, resolution, note, resolved_by, self._clock.now_ms())
        self._reports[report_id] = report
        self._audit.note(report_resolved(report))
        return report


def _key(held: Held) -> tuple[str, str, str]:
    return held.submit.conversation_id, held.user_id, held.submit.client_id

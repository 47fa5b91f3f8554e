"""Reports, held messages and word filters: what moderators look after, and what they need of a store.

A report carries what its message said when it was reported, because whoever handles it may not be a member; so what
moderators read of closed conversations is what a member chose to show them, and nothing else.  A held message is a
submit that waits: accepted, it is sent under its author's name and its own client_id, so that however often that is
tried it becomes one entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Protocol

import msgspec

from hubbub.chat.model import Submit
from hubbub.chat.words import WordFilter

__all__ = ["Held", "HeldState", "ModerationStore", "Report", "ReportReason", "Resolution"]

FILTERS = 1_000
HELD_PER_PERSON = 20
REPORTS_PER_PERSON = 50
"""How many of one person's reports may be open at a time."""
EXCERPT_CHARS = 2_000
NOTE_CHARS = 1_000


class ReportReason(Enum):
    """Why somebody reports."""

    SPAM = "spam"
    ABUSE = "abuse"
    VIOLENCE = "violence"
    ILLEGAL = "illegal"
    OTHER = "other"


class Resolution(Enum):
    """What came of a report."""

    DISMISSED = "dismissed"
    ACTED = "acted"


class Report(msgspec.Struct, frozen=True):
    """Something a member wants a moderator to look at."""

    id: str
    reporter_id: str
    user_id: str
    """Whom it is about."""
    reason: ReportReason
    note: str
    time_ms: int
    conversation_id: str = ""
    """Empty: it is about the person, not about a message."""
    seq: int = 0
    excerpt: str = ""
    """What the message said."""
    resolution: Resolution | None = None
    """None while it is open."""
    resolved_by: str = ""
    resolved_ms: int = 0
    resolved_note: str = ""


class HeldState(Enum):
    WAITING = "waiting"
    ACCEPTED = "accepted"
    """To be sent."""
    DECLINED = "declined"
    FAILED = "failed"
    """Accepted, and refused when it was sent: its author was removed meanwhile, say."""


class Held(msgspec.Struct, frozen=True):
    """A message that waits for a moderator."""

    id: str
    user_id: str
    submit: Submit
    filter_id: str
    time_ms: int
    state: HeldState = HeldState.WAITING
    decided_by: str = ""
    decided_ms: int = 0
    error: str = ""
    """The code it was refused with."""


class ModerationStore(Protocol):
    """Keeps what moderators look after.  Each method is one transaction; what moderators decide is in the audit log."""

    # ------------------------------------------------------------ filters

    async def filters(self) -> list[WordFilter]:
        """Return every filter, in the order they were made."""

    async def save_filter(self, made: WordFilter) -> None:
        """Make or change a filter.  Raises ChatError(CONFLICT) beyond the most there may be."""

    async def remove_filter(self, filter_id: str) -> bool: ...

    # ------------------------------------------------------------ held messages

    async def hold(self, held: Held) -> HeldState:
        """Keep a message, and return what has become of it.

        The same (conversation, person, client_id) is kept once.  Raises ChatError(RATE_LIMITED) when too many of one
        person's wait.
        """

    async def held(self, state: HeldState, cursor: str, limit: int) -> tuple[list[Held], str]:
        """Return a page of held messages, the oldest first."""

    async def decide(self, held_id: str, accept: bool, decided_by: str) -> Held | None:
        """Accept or decline one that waits, and return it; None when there is none.

        What is declined loses its content, and stays known so that it cannot be sent again.
        """

    async def accepted(self, limit: int) -> Sequence[Held]:
        """Return accepted ones that are to be sent, the oldest first, until they are settled."""

    async def settle(self, held_id: str, error: str) -> None:
        """Forget one that was sent (`error` empty), or keep it with the code it was refused with."""

    # ------------------------------------------------------------ reports

    async def add_report(self, report: Report) -> Report:
        """Keep a report, and return it, or the open one by the same person about the same.

        Raises ChatError(RATE_LIMITED) when too many of one person's are open.
        """

    async def reports(self, resolved: bool, cursor: str, limit: int) -> tuple[list[Report], str]:
        """Return a page of reports, the oldest first."""

    async def report(self, report_id: str) -> Report | None: ...

    async def resolve(self, report_id: str, resolution: Resolution, note: str, resolved_by: str) -> Report | None:
        """Close a report and return it; None when there is none that is open."""

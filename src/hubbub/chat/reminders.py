"""Reminders: messages that somebody wants to come back to at a time.

A reminder is a row of its person, one for each message, with a version as every such row: so all devices learn of it as
they learn of everything else.  Its time coming is a change of the row, made once, in one transaction; what waits is
never delivered by anything but that row, so there is nothing that a crash could double.  It stays, as due, until the
person takes it away or sets it for later.

The rule is a pure function from the row that is there to the one that is there afterwards; this module does no I/O.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec
from msgspec.structs import replace

from hubbub.base.errors import ChatError, Code

__all__ = ["Reminded", "Reminder", "ReminderChanged", "ReminderPlan", "ReminderStore", "wished"]


class Reminder(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message that one person wants to come back to."""

    conversation_id: str
    seq: int
    due_ms: int = 0
    """When; 0: not at all (any more)."""
    note: str = ""
    """What the person wrote to themselves about it."""
    due: bool = False
    """Whether its time has come."""
    version: int = 0
    """The person's version at the last change."""

    @property
    def empty(self) -> bool:
        """Whether it says nothing (any more)."""
        return self.due_ms == 0


class ReminderChanged(msgspec.Struct, frozen=True):
    """A plan, carried out."""

    mine: Reminder
    versions: dict[str, int]
    """The person's new version; empty when nothing changed."""
    outbox_id: int
    """0 when nothing changed."""


class Reminded(msgspec.Struct, frozen=True):
    """Reminders whose time had come."""

    count: int
    versions: dict[str, int]
    """The new versions of those who are reminded."""
    outbox_id: int
    """0 when there were none."""


ReminderPlan = Callable[[Reminder, int], Reminder]
"""Maps (the row, empty where there is none; how many the person has) to the row that is there afterwards."""


def wished(before: Reminder, kept: int, *, due_ms: int, note: str, now_ms: int, ahead_ms: int, most: int) -> Reminder:
    """Set, move or take away a reminder; the same once more is no change, also when its time has come meanwhile.

    Raises SCHEDULED_IN_PAST, BAD_REQUEST for a time too far ahead, and RATE_LIMITED for one too many.
    """
    if due_ms == 0:
        return replace(before, due_ms=0, note="", due=False)
    if (before.due_ms, before.note) == (due_ms, note):
        return before
    if due_ms <= now_ms:
        raise ChatError(Code.SCHEDULED_IN_PAST)
    if due_ms > now_ms + ahead_ms:
        raise ChatError(Code.BAD_REQUEST, "That is too far ahead.")
    if before.empty and kept >= most:
        raise ChatError(Code.RATE_LIMITED, f"At most {most} reminders are kept.")
    return replace(before, due_ms=due_ms, note=note, due=False)


class ReminderStore(Protocol):
    """Keeps what people want to come back to."""

    async def change_reminder(
        self, user_id: str, conversation_id: str, seq: int, plan: ReminderPlan
    ) -> ReminderChanged:
        """Run `plan` over one person's row for one message, and write it if it differs, durably.

        A row that differs advances the person's version and is stamped with it.  Calls for one person are serialised,
        and so is `remind`.  Raises what `plan` raises.
        """

    async def reminder(self, user_id: str, conversation_id: str, seq: int) -> Reminder:
        """Return one person's row for one message, empty where there is none."""

    async def reminders(self, user_id: str, cursor: str, limit: int) -> tuple[list[Reminder], str]:
        """Return a page of the rows that say something, soonest first, and the next cursor, empty at the end."""

    async def remind(self, now_ms: int, limit: int) -> Reminded:
        """Have about `limit` reminders whose time has come be due, oldest first, durably.

        Each is due once, whichever nodes ask at the same time: that advances its person's version and stamps the row.
        Where the person can be called, there is something to call about from the same transaction on.
        """

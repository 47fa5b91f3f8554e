"""Legal holds: what is kept though everybody may take back what they wrote, and what a hold needs of a store.

A hold is over people and conversations, perhaps only over a stretch of time.  While it is open nothing of it is lost:
to everybody else a recalled message is recalled, and for the hold there is a copy.  Nobody but those who look after
holds learns of one.  What is held is read as the log itself, entry by entry, in an export that was begun for it, so
that who read what is in the audit log.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Protocol

import msgspec

from hubbub.chat.model import ConversationKind, Entry

__all__ = [
    "Export",
    "HeldConversation",
    "HeldEntry",
    "HeldFile",
    "HeldPage",
    "Hold",
    "HoldStore",
    "Subject",
    "SubjectKind",
    "Subjects",
]

NAME_CHARS = 100
REASON_CHARS = 1_000
SUBJECTS = 1_000
"""Over so many people and conversations one hold may be."""
SUBJECTS_AT_ONCE = 50
"""So many may be named in one request, so that the audit log can name them all."""


class SubjectKind(Enum):
    PERSON = "person"
    CONVERSATION = "conversation"


class Subject(msgspec.Struct, frozen=True):
    """Somebody or something that is held."""

    kind: SubjectKind
    id: str
    name: str
    """What they were called when they were added."""
    added_by: str
    added_ms: int


class Subjects(msgspec.Struct, frozen=True):
    """Whom and what a request names, by id."""

    people: tuple[str, ...] = ()
    conversations: tuple[str, ...] = ()


class Hold(msgspec.Struct, frozen=True):
    """A legal hold."""

    id: str
    name: str
    reason: str
    created_by: str
    created_ms: int
    from_ms: int = 0
    """It is over what was written then or later; 0: from the beginning."""
    until_ms: int = 0
    """And before then; 0: without end."""
    closed_by: str = ""
    closed_ms: int = 0
    """0 while it is open."""
    people: int = 0
    conversations: int = 0


class Export(msgspec.Struct, frozen=True):
    """A reading of what a hold holds, by one person."""

    id: str
    hold_id: str
    created_by: str
    created_ms: int


class HeldConversation(msgspec.Struct, frozen=True):
    """A conversation of which a page has entries."""

    id: str
    kind: ConversationKind
    title: str


class HeldEntry(msgspec.Struct, frozen=True):
    """An entry as it was written."""

    entry: Entry
    """With its words, also if they were taken back."""
    recalled: bool
    """They were: everybody else sees a recalled message."""
    erased: bool
    """There are no words any more: they were taken back before the hold was open."""


class HeldPage(msgspec.Struct, frozen=True):
    """Part of what a hold holds, by conversation and seq."""

    entries: tuple[HeldEntry, ...]
    conversations: tuple[HeldConversation, ...]
    names: dict[str, str]
    """Usernames of those who wrote; what a person was called when they were put under the hold goes first."""
    next_cursor: str


class HeldFile(msgspec.Struct, frozen=True):
    """A file that something held shows."""

    id: str
    name: str
    type: str
    size_bytes: int
    sha256: bytes


class HoldStore(Protocol):
    """Keeps holds.  Whatever changes one, or reads what it holds, is in the audit log."""

    async def open(self, hold: Hold, subjects: Subjects) -> Hold:
        """Begin a hold.  Once this returns, nothing of it is lost.

        Raises USER_NOT_FOUND or CONVERSATION_NOT_FOUND; a person whose account was deleted can still be named.
        """

    async def add(self, hold_id: str, subjects: Subjects, added_by: str) -> Hold | None:
        """Put more people or conversations under an open hold; None when there is none.

        Those it is over already change nothing.  Raises as `open` does, and CONFLICT beyond the most there may be.
        """

    async def remove(self, hold_id: str, subject_id: str) -> Hold | None:
        """Let somebody or something go; None when there is no such open hold, or it is not over that."""

    async def close(self, hold_id: str, closed_by: str) -> Hold | None:
        """End a hold; None when there is none that is open."""

    async def hold(self, hold_id: str) -> Hold | None: ...

    async def holds(self, closed: bool, cursor: str, limit: int) -> tuple[list[Hold], str]:
        """Return a page of holds, the oldest first."""

    async def subjects(self, hold_id: str) -> list[Subject]: ...

    async def release(self) -> None:
        """Delete what was kept and no open hold needs any more, in small transactions.

        Any number of nodes may do it at once; what one leaves undone the next does.
        """

    # ------------------------------------------------------------ reading what is held

    async def begin_export(self, export: Export) -> bool:
        """Note that somebody reads; False when there is no such open hold."""

    async def export(self, export_id: str) -> Export | None: ...

    async def finish_export(self, export: Export, *, sha256: str, entries: int, files: int) -> None:
        """Note in the audit log what was read: how much, and the digest of what it was written to."""

    async def held(self, hold_id: str, cursor: str, limit: int) -> HeldPage | None:
        """Return a page of what an open hold holds; None when there is none."""

    async def held_files(self, hold_id: str, file_ids: Sequence[str]) -> dict[str, HeldFile]:
        """Return those of these files that something shows, or showed, that an open hold holds."""

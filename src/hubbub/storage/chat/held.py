"""What legal holds are over, and what they keep of a message that is recalled.

A conversation is held while an open hold names it, or somebody it names is or was in it.  The lock of the conversation
orders who erases and who holds: whoever erases asks here after taking that lock, in the transaction that erases, and
whoever opens a hold takes it once after the hold was committed (`holds.await_erasers`), before they answer.  So once a
hold was said to be open, whoever erased without knowing of it has ended, and whoever comes now knows of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, literal, select, union

from hubbub.base.ids import SYSTEM_CONVERSATION
from hubbub.storage.dialects import Dialect
from hubbub.storage.file_store import keep_files
from hubbub.storage.padded import padded
from hubbub.storage.tables.chat import members
from hubbub.storage.tables.hold import SubjectKind, hold_copies, hold_subjects, holds
from hubbub.storage.tables.schema import Id

__all__ = ["Erased", "Windows", "held_conversations", "keep", "open_windows", "within"]

_AT_ONCE = 200

Windows = list[tuple[int, int]]
"""Stretches of time that are held: from the one in milliseconds until before the other; 0: without end on that side."""


class Erased(NamedTuple):
    """An entry whose words are about to be taken out of the log."""

    seq: int
    time_ms: int
    body: bytes


def _windows_of() -> Any:
    open_ = hold_subjects.join(holds, and_(holds.c.id == hold_subjects.c.hold_id, holds.c.closed_ms == 0))
    window = (holds.c.from_ms, holds.c.until_ms)
    ids: Any = bindparam("ids", expanding=True)
    named = (
        select(hold_subjects.c.subject_id.label("conversation_id"), *window)
        .select_from(open_)
        .where(hold_subjects.c.kind == SubjectKind.CONVERSATION, hold_subjects.c.subject_id.in_(ids))
    )
    by_person = (
        select(members.c.conversation_id, *window)
        .select_from(open_.join(members, members.c.user_id == hold_subjects.c.subject_id))
        .where(hold_subjects.c.kind == SubjectKind.PERSON, members.c.conversation_id.in_(ids))
    )
    # Everybody is in the announcements, with a row or without.
    everybody = (
        select(literal(SYSTEM_CONVERSATION, Id()).label("conversation_id"), *window)
        .select_from(open_)
        .where(hold_subjects.c.kind == SubjectKind.PERSON)
    )
    return union(named, by_person), union(named, by_person, everybody)


_WINDOWS, _WINDOWS_AND_SYSTEM = _windows_of()


def open_windows(conn: Connection, conversation_ids: Iterable[str]) -> dict[str, Windows]:
    """Return for each of these conversations that is held what stretches of time are; the others are absent.

    It costs one statement per two hundred.  For whoever erases it is true until their transaction ends if they have
    locked the conversations in it before.
    """
    found: defaultdict[str, Windows] = defaultdict(list)
    for ids in padded(sorted(set(conversation_ids)), _AT_ONCE):
        statement = _WINDOWS_AND_SYSTEM if SYSTEM_CONVERSATION in ids else _WINDOWS
        for conversation_id, from_ms, until_ms in conn.execute(statement, {"ids": ids}):
            found[conversation_id].append((from_ms, until_ms))
    return dict(found)


def held_conversations(conn: Connection, conversation_ids: Iterable[str]) -> set[str]:
    """Return which of these conversations are held, whatever time their holds are over."""
    return set(open_windows(conn, conversation_ids))


def within(windows: Windows, time_ms: int) -> bool:
    """Return whether something of this time is held."""
    return any(from_ms <= time_ms and (not until_ms or time_ms < until_ms) for from_ms, until_ms in windows)


def keep(
    conn: Connection, dialect: Dialect, conversation_id: str, seq: int, erased: Iterable[Erased], windows: Windows
) -> None:
    """Copy what is held of a message and of its edits before their words are taken out, and keep the message's files.

    A file is kept with the message, whichever of its versions showed it.
    """
    rows = [
        {
            "conversation_id": conversation_id,
            "seq": each.seq,
            "message_seq": seq,
            "time_ms": each.time_ms,
            "body": each.body,
        }
        for each in erased
        if within(windows, each.time_ms)
    ]
    if rows:
        dialect.insert_new(conn, hold_copies, rows)
        keep_files(conn, dialect, conversation_id, seq)

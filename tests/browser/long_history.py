"""Ten days of talk, written into a data folder while no server has it open.

A thousand entries a day, the last of them yesterday.  Some days begin with what is no message: somebody joins, a
message is edited, a setting changes, somebody answers in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hubbub.base.clock import SystemClock
from hubbub.base.ids import new_id
from hubbub.chat.model import (
    MAX_SEQ,
    Body,
    ConversationChange,
    ConversationKind,
    ConversationRow,
    Created,
    Edit,
    Entry,
    MemberAction,
    MemberChange,
    MemberRow,
    MemberState,
    MessageRow,
    Pin,
    Post,
    React,
    ReactionRow,
    Recall,
    Role,
)
from hubbub.chat.ports import Changes, Needs, NewEntry
from hubbub.storage.chat.store import SqlStore
from hubbub.storage.sqlite_database import SqliteDatabase

TITLE = "Two households"
HEAD, DAYS = 10_000, 10
A_DAY = HEAD // DAYS

# Where in the log something is.
SEEN_FROM = 501
"""Romeo came then."""
JOINED, EDITED, CHANGED, REACTED, IN_THREAD = 3001, 5001, 5002, 7001, 8001
"""Days begin with them; `CHANGED` is the first that shows of its day."""
RECALLED = 6000
ANSWER, ORIGIN = 9950, 2000
NIGHTINGALE = 4321
PINNED = 1234
READ = 9900

_AT_ONCE = 2_500
_FILLER = "Both alike in dignity, in fair Verona, where we lay our scene. "


def day_of(seq: int) -> datetime:
    """Return the midnight before an entry, in UTC."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=DAYS - (seq - 1) // A_DAY)


def _time_ms(seq: int) -> int:
    return int(day_of(seq).timestamp() * 1000) + 28_800_000 + (seq - 1) % A_DAY * 30_000


def write(data: Path, *, reader: str, writer: str, joiner: str) -> str:
    """Write the log of a group of three, one of whom came late and read most of it; return the group."""
    # In a thread of its own: where a browser is driven, an event loop runs already.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _write(data, reader, writer, joiner)).result(60)


async def _write(data: Path, reader: str, writer: str, joiner: str) -> str:
    database = await SqliteDatabase.open(data, clock=SystemClock())
    try:
        store, group = SqlStore(database), new_id()
        for low in range(1, HEAD + 1, _AT_ONCE):
            high = min(HEAD, low + _AT_ONCE - 1)
            changes = Changes(
                entries=[_entry(group, seq, writer, joiner) for seq in range(low, high + 1)],
                conversations=[_row(group, writer, high)],
                members=list(_members(group, reader, writer, joiner)) if low == 1 else [],
                messages=[row for row in _states(group, writer) if low <= row.seq <= high],
                reactions_set=[row for row in (_reaction(group, joiner),) if low <= row.seq <= high],
            )
            committed = await store.commit(Needs(conversations={group}), lambda facts, changes=changes: changes)  # type: ignore[misc]
            await store.clear_outbox(committed.outbox_id)
        return group
    finally:
        await database.close()


def _row(group: str, writer: str, head: int) -> ConversationRow:
    return ConversationRow(
        id=group,
        kind=ConversationKind.GROUP,
        title=TITLE,
        topic="An ancient grudge" if head >= CHANGED else "",
        head=head,
        last_time_ms=_time_ms(head),
        member_count=3,
        members_version=1,
        created_by=writer,
        created_ms=_time_ms(1),
    )


def _members(group: str, reader: str, writer: str, joiner: str) -> Iterator[MemberRow]:
    yield MemberRow(group, writer, Role.OWNER, MemberState.JOINED, ((1, MAX_SEQ),), read_seq=HEAD)
    yield MemberRow(group, reader, Role.MEMBER, MemberState.JOINED, ((SEEN_FROM, MAX_SEQ),), read_seq=READ)
    yield MemberRow(group, joiner, Role.MEMBER, MemberState.JOINED, ((JOINED, MAX_SEQ),), read_seq=HEAD)


def _text(seq: int) -> str:
    word = "A nightingale. " if seq == NIGHTINGALE else ""
    return f"#{seq} {word}{_FILLER * (seq * 7 % 5)}"


def _entry(group: str, seq: int, writer: str, joiner: str) -> NewEntry:
    def new(action: object, sender: str = writer, *, counts: bool = False) -> NewEntry:
        entry = Entry(group, seq, _time_ms(seq), sender, new_id(), action)  # type: ignore[arg-type]
        return NewEntry(entry, digest=bytes.fromhex(entry.client_id)[:8], counts=counts)

    match seq:
        case 1:
            return new(Created(ConversationKind.GROUP, TITLE, (writer,)))
        case _ if seq == JOINED:
            return new(MemberChange(MemberAction.JOIN, (joiner,)), joiner)
        case _ if seq == EDITED:
            edit = Edit(EDITED - 1, Body("edited"), target_sender_id=writer, target_counts=True)
            return new(edit)
        case _ if seq == CHANGED:
            return new(ConversationChange(topic="An ancient grudge"))
        case _ if seq == RECALLED + 1:
            return new(Recall(RECALLED, target_sender_id=writer, target_counts=True))
        case _ if seq == PINNED + 1:
            return new(Pin(PINNED))
        case _ if seq == REACTED:
            return new(React(REACTED - 1, "👍"), joiner)
        case _ if seq == IN_THREAD:
            return new(Post(Body("Aside"), thread_seq=IN_THREAD - 1))
        case _ if seq == ANSWER:
            return new(Post(Body(_text(seq)), reply_to_seq=ORIGIN), counts=True)
        case _:
            return new(Post(Body(_text(seq))), counts=True)


def _reaction(group: str, sender: str) -> ReactionRow:
    return ReactionRow(group, REACTED - 1, sender, "👍", REACTED)


def _states(group: str, writer: str) -> Iterator[MessageRow]:
    """The messages that are no longer what their entry said."""

    def state(seq: int, post: Post) -> MessageRow:
        # The log keeps its own client_id of a message; none looks at this one.
        return MessageRow(group, seq, _time_ms(seq), writer, new_id(), post)

    edited = state(EDITED - 1, Post(Body("edited")))
    edited.edits, edited.edited_ms = 1, _time_ms(EDITED)
    yield edited
    recalled = state(RECALLED, Post(Body(""), withdrawn=True))
    recalled.recalled = True
    yield recalled
    pinned = state(PINNED, Post(Body(_text(PINNED))))
    pinned.pinned = True
    yield pinned
    opening = state(IN_THREAD - 1, Post(Body(_text(IN_THREAD - 1))))
    opening.thread_replies, opening.thread_last_seq = 1, IN_THREAD
    yield opening

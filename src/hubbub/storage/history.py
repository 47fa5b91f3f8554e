"""Pages of messages in their current state.

A page holds messages and lines about the conversation; edits, recalls, reactions and pins are folded into the message
they point at.  Because sequence numbers have no gaps, a window of numbers is a window of rows: a page looks at no more
than `WINDOW` entries however few of them it shows, and says which range it has covered, so that its cost depends on
its limit alone and not on the length of the log.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, and_, bindparam, select

from hubbub.base.errors import ChatError, Code
from hubbub.chat.model import (
    MAX_SEQ,
    Edit,
    Entry,
    HistoryPage,
    MessageRow,
    MessageState,
    Post,
    ReactionCount,
    Revision,
)
from hubbub.storage.bounds import REACTORS_SHOWN, WINDOW
from hubbub.storage.cut import cut_messages
from hubbub.storage.dialects import Dialect
from hubbub.storage.facts import MESSAGE_COLUMNS, MESSAGES, load_messages
from hubbub.storage.look import Look, hidden_between, look
from hubbub.storage.rows import SHOWN_KINDS, decode_action, decode_post, entry_of, message_of
from hubbub.storage.schema import Id
from hubbub.storage.sight import clip, seq_before, within
from hubbub.storage.tables import EntryKind, entries, message_states

_Item = MessageRow | Entry


def _statement(condition: Any, newest_first: bool) -> Any:
    return (
        select(*MESSAGE_COLUMNS)
        .select_from(MESSAGES)
        .where(
            entries.c.conversation_id == bindparam("id", type_=Id),
            entries.c.seq.between(bindparam("low"), bindparam("high")),
            condition,
        )
        .order_by(entries.c.seq.desc() if newest_first else entries.c.seq)
        .limit(bindparam("rows"))
    )


_POST_KIND = EntryKind.POST.value
_POST = entries.c.kind == EntryKind.POST
_STATEMENTS = {
    # Built once: to build a statement costs more than to run it.
    (kind, newest_first): _statement(condition, newest_first)
    for kind, condition in (
        ("shown", entries.c.kind.in_(SHOWN_KINDS)),
        ("posts", _POST),
        ("replies", and_(entries.c.parent_seq == bindparam("thread"), _POST)),
    )
    for newest_first in (False, True)
}


def read_history(
    conn: Connection,
    dialect: Dialect,
    user_id: str,
    conversation_id: str,
    *,
    before_seq: int,
    after_seq: int,
    around_seq: int,
    thread_seq: int,
    limit: int,
) -> HistoryPage:
    """Return one page; see `chat.ports.LogReader.history`."""
    seen = look(conn, user_id, conversation_id)
    reader = _Reader(conn, seen, thread_seq)
    if around_seq:
        older, first = reader.backwards(around_seq, limit - limit // 2)
        newer, last = reader.forwards(around_seq + 1, limit // 2) if limit > 1 else ([], around_seq)
        found = older + newer
    elif after_seq:
        found, last = reader.forwards(after_seq + 1, limit)
        first = after_seq + 1
    else:
        last = min(before_seq - 1, seen.end) if before_seq else seen.end
        found, first = reader.backwards(last, limit)
    last = max(min(last, seen.end), first - 1)
    withheld = hidden_between(conn, user_id, conversation_id, first, last)
    items = [item for item in found if item.seq not in withheld]
    lowest = thread_seq or seen.spans[0][0]
    return HistoryPage(
        conversation_id,
        from_seq=first,
        to_seq=last,
        as_of=seen.end,
        items=tuple(_in_current_state(conn, dialect, user_id, seen, items)),
        more_before=first > lowest,
        more_after=last < seen.end,
    )


class _Reader:
    """Walks one conversation, or one thread of it, from a number in either direction."""

    def __init__(self, conn: Connection, seen: Look, thread_seq: int) -> None:
        self._conn = conn
        self._seen = seen
        self._thread_seq = thread_seq

    def backwards(self, last: int, limit: int) -> tuple[list[_Item], int]:
        """Return up to `limit` items at or below `last`, ascending, and the first number looked at."""
        last = min(last, self._seen.end)
        floor = 1 if self._thread_seq else max(1, last - WINDOW + 1)
        found: list[_Item] = []
        for low, high in reversed(clip(self._seen.spans, floor, last)):
            found += self._read(low, high, limit - len(found), newest_first=True)
            if len(found) >= limit:
                return found[::-1], found[-1].seq
        return found[::-1], floor

    def forwards(self, first: int, limit: int) -> tuple[list[_Item], int]:
        """Return up to `limit` items at or above `first`, ascending, and the last number looked at."""
        end = self._seen.end
        ceiling = end if self._thread_seq else min(end, first + WINDOW - 1)
        found: list[_Item] = []
        for low, high in clip(self._seen.spans, first, ceiling):
            found += self._read(low, high, limit - len(found), newest_first=False)
            if len(found) >= limit:
                return found, found[-1].seq
        return found, ceiling

    def _read(self, low: int, high: int, limit: int, *, newest_first: bool) -> list[_Item]:
        if self._thread_seq:
            rows = self._rows(low, high, limit, newest_first=newest_first, kind="replies")
            if low <= self._thread_seq <= high and (len(rows) < limit or not newest_first):
                opening = self._rows(self._thread_seq, self._thread_seq, 1, newest_first=newest_first, kind="posts")
                rows = [*rows, *opening] if newest_first else [*opening, *rows][:limit]
        else:
            rows = self._rows(low, high, limit, newest_first=newest_first, kind="shown")
        id_ = self._seen.conversation.id
        return [_plain(id_, row) or _item(id_, row) for row in rows]

    def _rows(self, low: int, high: int, limit: int, *, newest_first: bool, kind: str) -> Sequence[Any]:
        values = {"id": self._seen.conversation.id, "low": low, "high": high, "rows": limit}
        if kind == "replies":
            values["thread"] = self._thread_seq
        return self._conn.execute(_STATEMENTS[kind, newest_first], values).all()


def _plain(conversation_id: str, row: Any) -> MessageRow | None:
    """Return a message that nothing happened to since, as nearly all are; its columns are not looked up by name."""
    seq, kind, time_ms, sender_id, client_id, body, _, _, edits, *_ = row
    if kind != _POST_KIND or edits is not None:
        return None
    return MessageRow(conversation_id, seq, time_ms, sender_id, client_id, decode_post(body))


def _item(conversation_id: str, row: Any) -> _Item:
    is_message = row.kind == EntryKind.POST
    return message_of(conversation_id, row) if is_message else entry_of(conversation_id, row)


def _in_current_state(
    conn: Connection, dialect: Dialect, user_id: str, seen: Look, items: Iterable[_Item]
) -> list[MessageState | Entry]:
    """Return messages with what people think of them; entries pass through."""
    listed = list(items)
    messages = [item for item in listed if isinstance(item, MessageRow)]
    if not messages:
        return [item for item in listed if isinstance(item, Entry)]
    id_ = seen.conversation.id
    end = MAX_SEQ if seen.end == seen.conversation.head else seen.end
    counted = read_reactions(conn, dialect, user_id, [(id_, row.seq) for row in messages], end)
    current = iter(cut_messages(conn, seen.conversation, seen.spans, messages))
    return [
        MessageState(next(current), counted.get((id_, item.seq), ())) if isinstance(item, MessageRow) else item
        for item in listed
    ]


def read_reactions(
    conn: Connection, dialect: Dialect, user_id: str, keys: Iterable[tuple[str, int]], end: int = MAX_SEQ
) -> dict[tuple[str, int], tuple[ReactionCount, ...]]:
    """Return the reactions to these (conversation, message), in the order in which each was first given.

    Those given after the entry `end` are left out.
    """
    people: defaultdict[tuple[str, int, str], list[str]] = defaultdict(list)
    totals: dict[tuple[str, int, str], int] = {}
    mine: set[tuple[str, int, str]] = set()
    for row in dialect.find_reactions(conn, user_id, keys, end=end, shown=REACTORS_SHOWN):
        key = (row.conversation_id, row.target_seq, row.emoji)
        totals[key] = row.people
        if row.place <= REACTORS_SHOWN:
            people[key].append(row.user_id)
        if row.user_id == user_id:
            mine.add(key)
    found: defaultdict[tuple[str, int], tuple[ReactionCount, ...]] = defaultdict(tuple)
    for (conversation_id, seq, emoji), count in totals.items():
        key = (conversation_id, seq, emoji)
        found[conversation_id, seq] += (ReactionCount(emoji, count, tuple(people[key]), key in mine),)
    return found


def read_pins(
    conn: Connection, dialect: Dialect, user_id: str, conversation_id: str, cursor: str, limit: int
) -> tuple[list[MessageState], str]:
    """Return pinned messages, the newest first; see `chat.ports.LogReader.pins`."""
    before_seq = seq_before(cursor)
    seen = look(conn, user_id, conversation_id)
    if seen.end < seen.conversation.head:
        return [], ""
    statement = (
        select(*MESSAGE_COLUMNS)
        .select_from(MESSAGES)
        .where(
            message_states.c.conversation_id == conversation_id,
            message_states.c.pinned.is_(True),
            message_states.c.recalled.is_(False),
            message_states.c.seq < before_seq,
        )
        .order_by(message_states.c.seq.desc())
        .limit(limit + 1)
    )
    rows = conn.execute(statement).all()
    page = rows[:limit]
    withheld = hidden_between(conn, user_id, conversation_id, page[-1].seq, page[0].seq) if page else set()
    shown = [row for row in page if row.seq not in withheld and within(seen.spans, row.seq)]
    items = _in_current_state(conn, dialect, user_id, seen, [message_of(conversation_id, row) for row in shown])
    return [item for item in items if isinstance(item, MessageState)], str(page[-1].seq) if len(rows) > limit else ""


def read_revisions(
    conn: Connection, dialect: Dialect, user_id: str, conversation_id: str, target_seq: int
) -> list[Revision]:
    """Return what a message said, the original first.

    Raises MESSAGE_NOT_FOUND for what is no message to this reader and MESSAGE_RECALLED when its words are gone.
    """
    seen = look(conn, user_id, conversation_id)
    if target_seq > seen.end or not within(seen.spans, target_seq):
        raise ChatError(Code.MESSAGE_NOT_FOUND)
    message = load_messages(conn, dialect, [(conversation_id, target_seq)]).get((conversation_id, target_seq))
    if message is None or hidden_between(conn, user_id, conversation_id, target_seq, target_seq):
        raise ChatError(Code.MESSAGE_NOT_FOUND)
    if message.recalled:
        raise ChatError(Code.MESSAGE_RECALLED)
    of_log = entries.c.conversation_id == conversation_id
    first = conn.execute(select(entries.c.body).where(of_log, entries.c.seq == target_seq)).scalar_one()
    original = decode_action(first)
    assert isinstance(original, Post)
    found = [Revision(target_seq, message.time_ms, original.body)]
    edits = (
        select(entries.c.seq, entries.c.time_ms, entries.c.body)
        .where(of_log, entries.c.parent_seq == target_seq, entries.c.kind == EntryKind.EDIT)
        .order_by(entries.c.seq)
    )
    for row in conn.execute(edits):
        action = decode_action(row.body)
        if isinstance(action, Edit) and row.seq <= seen.end and within(seen.spans, row.seq):
            found.append(Revision(row.seq, row.time_ms, action.body))
    return found

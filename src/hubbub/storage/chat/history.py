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
    MessageState,
    Post,
    ReactionCount,
    Revision,
)
from hubbub.storage.bounds import REACTORS_SHOWN, WINDOW
from hubbub.storage.chat.cut import cut_messages
from hubbub.storage.chat.facts import MESSAGE_COLUMNS, MESSAGES, load_messages
from hubbub.storage.chat.look import Look, hidden_between, look, look_from
from hubbub.storage.chat.rows import decode_action, message_of
from hubbub.storage.chat.sight import clip, seq_before, within
from hubbub.storage.dialects import Dialect
from hubbub.storage.tables.chat import EntryKind, entries, message_states
from hubbub.storage.tables.schema import Id

_Item = MessageState | Entry


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


_POST = entries.c.kind == EntryKind.POST
_STATEMENTS = {
    # Built once: to build a statement costs more than to run it.
    (kind, newest_first): _statement(condition, newest_first)
    for kind, condition in (("posts", _POST), ("replies", and_(entries.c.parent_seq == bindparam("thread"), _POST)))
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
    seen = look_from(*dialect.find_place(conn, user_id, conversation_id))
    reader = _Reader(conn, dialect, seen, thread_seq)
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
    about = dialect.find_on_page(conn, user_id, conversation_id, first, last)
    if about.hidden:
        found = [item for item in found if _seq(item) not in about.hidden]
    lowest = max(thread_seq, seen.spans[0][0]) if seen.spans else MAX_SEQ
    return HistoryPage(
        conversation_id,
        from_seq=first,
        to_seq=last,
        as_of=seen.end,
        items=tuple(_in_current_state(conn, dialect, user_id, seen, found, reacted=about.reacted)),
        more_before=first > lowest,
        more_after=last < seen.end,
    )


class _Reader:
    """Walks one conversation, or one thread of it, from a number in either direction."""

    def __init__(self, conn: Connection, dialect: Dialect, seen: Look, thread_seq: int) -> None:
        self._conn = conn
        self._dialect = dialect
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
                return found[::-1], _seq(found[-1])
        return found[::-1], floor

    def forwards(self, first: int, limit: int) -> tuple[list[_Item], int]:
        """Return up to `limit` items at or above `first`, ascending, and the last number looked at."""
        end = self._seen.end
        ceiling = end if self._thread_seq else min(end, first + WINDOW - 1)
        found: list[_Item] = []
        for low, high in clip(self._seen.spans, first, ceiling):
            found += self._read(low, high, limit - len(found), newest_first=False)
            if len(found) >= limit:
                return found, _seq(found[-1])
        return found, ceiling

    def _read(self, low: int, high: int, limit: int, *, newest_first: bool) -> list[_Item]:
        id_ = self._seen.conversation.id
        if not self._thread_seq:
            return self._dialect.find_shown(self._conn, id_, low, high, limit, newest_first=newest_first)
        rows = self._rows(low, high, limit, newest_first=newest_first, kind="replies")
        if low <= self._thread_seq <= high and (len(rows) < limit or not newest_first):
            opening = self._rows(self._thread_seq, self._thread_seq, 1, newest_first=newest_first, kind="posts")
            rows = [*rows, *opening] if newest_first else [*opening, *rows][:limit]
        return [MessageState(message_of(id_, row)) for row in rows]

    def _rows(self, low: int, high: int, limit: int, *, newest_first: bool, kind: str) -> Sequence[Any]:
        values = {"id": self._seen.conversation.id, "low": low, "high": high, "rows": limit}
        if kind == "replies":
            values["thread"] = self._thread_seq
        return self._conn.execute(_STATEMENTS[kind, newest_first], values).all()


def _seq(item: _Item) -> int:
    return item.message.seq if isinstance(item, MessageState) else item.seq


def _in_current_state(
    conn: Connection, dialect: Dialect, user_id: str, seen: Look, items: list[_Item], *, reacted: bool = True
) -> list[_Item]:
    """Return messages as this reader may know them, with what people think of them; entries pass through."""
    at_head = seen.end == seen.conversation.head
    if at_head and not reacted:
        return items
    messages = [item.message for item in items if isinstance(item, MessageState)]
    if not messages:
        return items
    id_ = seen.conversation.id
    end = MAX_SEQ if at_head else seen.end
    counted = read_reactions(conn, dialect, user_id, [(id_, row.seq) for row in messages], end) if reacted else {}
    current = iter(cut_messages(conn, seen.conversation, seen.spans, messages))
    return [
        MessageState(next(current), counted.get((id_, item.message.seq), ()))
        if isinstance(item, MessageState)
        else item
        for item in items
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
    states: list[_Item] = [MessageState(message_of(conversation_id, row)) for row in shown]
    items = _in_current_state(conn, dialect, user_id, seen, states)
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

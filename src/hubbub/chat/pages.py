"""Pages bounded by bytes as well as by rows.

Two hundred messages may be a hundred kilobytes or thirteen megabytes, and a frame of thirteen megabytes is more than a
slow connection's buffer may hold.  A page that is too large is cut shorter and says so by the range it covers, as any
page that ends by its row limit does; the reader asks on from there.  Nothing is decided here about who sees what.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from msgspec.structs import replace

from hubbub.chat.model import (
    Body,
    ConversationState,
    Edit,
    Entry,
    EntryPage,
    HistoryPage,
    MessageState,
    Post,
    Revision,
    ScheduledRow,
    UserState,
)

PAGE_BYTES = 256 * 1024
"""About what one page may carry; one entry alone may be all of it."""

RESUME_BYTES = 4 * PAGE_BYTES
"""About what all pages of one resume may carry together."""

_ROW_BYTES = 200
_ID_BYTES = 34
_FILE_BYTES = 150


def fit_entries(page: EntryPage, limit_bytes: int = PAGE_BYTES) -> EntryPage:
    """Return the page, cut after the last entry that fits; one entry always does."""
    left = limit_bytes
    for number, entry in enumerate(page.entries):
        left -= _size(entry)
        if left < 0 and number > 0:
            kept = page.entries[:number]
            return replace(page, to_seq=kept[-1].seq, entries=kept)
    return page


def fit_resume(pages: Sequence[EntryPage], limit_bytes: int = RESUME_BYTES) -> tuple[EntryPage, ...]:
    """Return the pages within one allowance for all of them.

    One that finds nothing left covers nothing and names the head, so that its reader asks for it.
    """
    fitted: list[EntryPage] = []
    left = limit_bytes
    for page in pages:
        if left <= 0 and page.entries:
            fitted.append(replace(page, to_seq=page.from_seq - 1, entries=()))
            continue
        short = fit_entries(page, min(left, PAGE_BYTES))
        left -= sum(_size(entry) for entry in short.entries)
        fitted.append(short)
    return tuple(fitted)


def fit_history(
    page: HistoryPage, *, after_seq: int = 0, around_seq: int = 0, limit_bytes: int = PAGE_BYTES
) -> HistoryPage:
    """Return the page, cut at the ends that are far from what was asked for.

    Without a position the newest items stay, with `after_seq` the oldest, with `around_seq` those about it.
    """
    items = page.items
    sizes = [_size(item) for item in items]
    if sum(sizes) <= limit_bytes or len(items) < 2:
        return page
    if around_seq:
        middle = min(bisect_left([_seq(item) for item in items], around_seq), len(items) - 1)
    else:
        middle = 0 if after_seq else len(items) - 1
    low, high = middle, middle + 1
    left = limit_bytes - sizes[middle]
    while True:
        below = low > 0 and sizes[low - 1] <= left
        above = high < len(items) and sizes[high] <= left
        if below and (not above or middle - low <= high - middle):
            low -= 1
            left -= sizes[low]
        elif above:
            left -= sizes[high]
            high += 1
        else:
            break
    kept = items[low:high]
    return replace(
        page,
        items=kept,
        from_seq=_seq(kept[0]) if low > 0 else page.from_seq,
        to_seq=_seq(kept[-1]) if high < len(items) else page.to_seq,
        more_before=page.more_before or low > 0,
        more_after=page.more_after or high < len(items),
    )


def fitting(rows: Sequence[ConversationState | ScheduledRow | MessageState], limit_bytes: int = PAGE_BYTES) -> int:
    """Return how many of these fit on one page, at least one if there are any."""
    left = limit_bytes
    for number, row in enumerate(rows):
        match row:
            case ConversationState():
                left -= _size_of_state(row)
            case MessageState():
                left -= _size(row)
            case _:
                left -= _ROW_BYTES + _size_of_scheduled(row)
        if left < 0 and number > 0:
            return number
    return len(rows)


def fit_revisions(revisions: list[Revision], limit_bytes: int = PAGE_BYTES) -> list[Revision]:
    """Return the original and as many of the newest revisions as fit beside it."""
    left = limit_bytes
    kept: list[Revision] = []
    for revision in (*revisions[:1], *reversed(revisions[1:])):
        left -= _ROW_BYTES + _size_of_body(revision.body)
        if left < 0 and kept:
            break
        kept.append(revision)
    return [*kept[:1], *reversed(kept[1:])]


def fit_user_state(state: UserState, limit_bytes: int = PAGE_BYTES) -> UserState:
    """Return the rows that fit, up to a version that is complete; at least one version always does."""
    rows = state.conversations
    size = 0
    cut = 0
    for number, row in enumerate(rows):
        version = row.member.version
        before = rows[number - 1].member.version if number else 0
        if version > before > state.since_version:
            cut = number
        size += _size_of_state(row)
        if size > limit_bytes and cut:
            upto = rows[cut - 1].member.version
            known = tuple([each for each in state.contacts if each.version <= upto])
            noted = tuple([each for each in state.reminders if each.version <= upto])
            return replace(state, conversations=rows[:cut], contacts=known, reminders=noted, version=upto, more=True)
    return state


def _seq(item: MessageState | Entry) -> int:
    return item.message.seq if isinstance(item, MessageState) else item.seq


def _size(item: MessageState | Entry) -> int:
    if isinstance(item, MessageState):
        size = _ROW_BYTES + _size_of_post(item.message.post)
        for each in item.reactions:
            size += _ROW_BYTES + _ID_BYTES * len(each.user_ids)
        return size
    action = item.action
    if isinstance(action, Post):
        return _ROW_BYTES + _size_of_post(action)
    if isinstance(action, Edit):
        people = len(action.mentions) + len(action.previous_mentions)
        return _ROW_BYTES + _size_of_body(action.body) + _ID_BYTES * people
    people = len(getattr(action, "user_ids", ()))
    texts = sum(len(getattr(action, name, None) or "") for name in ("title", "topic", "announcement"))
    return _ROW_BYTES + _ID_BYTES * people + 3 * texts


def _size_of_state(state: ConversationState) -> int:
    row = state.conversation
    size = 2 * _ROW_BYTES + _bytes(row.title) + _bytes(row.topic) + _bytes(row.announcement)
    size += 2 * len(state.member.intervals)
    return size if state.last_message is None else size + _size(state.last_message)


def _size_of_scheduled(row: ScheduledRow) -> int:
    action = row.submit.action
    return _size_of_post(action) if isinstance(action, Post) else 0


def _size_of_post(post: Post) -> int:
    return _size_of_body(post.body) + _ID_BYTES * len(post.mentions)


def _size_of_body(body: Body) -> int:
    size = _bytes(body.text)
    for file in body.files:
        size += _FILE_BYTES + _bytes(file.name)
    if body.custom_json or body.fallback:
        size += _bytes(body.custom_json) + _bytes(body.fallback)
    return size


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())

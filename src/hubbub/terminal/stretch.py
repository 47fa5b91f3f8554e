"""The part of one conversation, or of one thread, that is loaded: without holes, growing at both ends.

Pages bring messages in their current state, entries bring what happened since; both may overlap in any way.  It stays
bounded: past `LONGEST` items it is shortened at the end that is farther from what is read, so a million entries scroll
in the memory of a few hundred.  No I/O.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Final, Literal

from hubbub.client.models import Entry, HistoryPage, Message
from hubbub.terminal.fold import Item, fold_message, item_of, kept_from, target_of

LONGEST: Final = 600
SHORTENED: Final = 400

Where = Literal["fresh", "before", "after"]


class Stretch:
    """Items in the order of the log."""

    def __init__(self, me: str, *, thread: int = 0) -> None:
        self._me = me
        self.thread = thread
        self.items: list[Item] = []
        self._as_of: list[int] = []
        self.from_seq = 0
        self.to_seq = 0
        """What the items speak for: a seq in it without an item is withheld, or a change that was folded."""
        self.more_before = False
        self.more_after = False
        self.loaded = False
        """Whether any page came yet."""

    def put(
        self, page: HistoryPage, where: Where, recent: Iterable[Entry] = (), *, as_of: Mapping[int, int] | None = None
    ) -> None:
        """Put a page where it belongs; `recent` are entries heard lately, some of which it may not know yet.

        `as_of`: by seq, where items were read at different moments.
        """
        read = as_of or {}
        if where == "fresh" or not self.loaded:
            self.items = list(page.items)
            self._as_of = [read.get(item.seq, page.as_of) for item in self.items]
            self.from_seq, self.to_seq = page.from_seq, page.to_seq
            self.more_before, self.more_after = page.more_before, page.more_after
            self.loaded = True
        elif where == "before":
            older = [item for item in page.items if not self.items or item.seq < self.items[0].seq]
            self.items[:0] = older
            self._as_of[:0] = [read.get(item.seq, page.as_of) for item in older]
            self.from_seq, self.more_before = min(page.from_seq, self.from_seq), page.more_before
        else:
            newer = [item for item in page.items if not self.items or item.seq > self.items[-1].seq]
            self.items += newer
            self._as_of += [read.get(item.seq, page.as_of) for item in newer]
            self.to_seq, self.more_after = max(page.to_seq, self.to_seq), page.more_after
        for entry in recent:
            self.fold(entry)

    def fold(self, entry: Entry) -> int:
        """Apply one entry; entries of a conversation come in order.  Return a seq to fetch again, or 0."""
        again = 0
        if since := kept_from(entry):
            self._let_go(since)
        index = self.index(target_of(entry))
        if index >= 0 and entry.seq > self._as_of[index]:
            held = self.items[index]
            if isinstance(held, Message):
                self.items[index], unsure = fold_message(held, entry, self._me)
                self._as_of[index] = entry.seq
                again = held.seq if unsure else 0
        if not self.loaded or entry.seq <= self.to_seq or self.more_after:
            return again
        self.to_seq = entry.seq
        item = item_of(entry)
        if item is not None and self._belongs(item):
            self.items.append(item)
            self._as_of.append(entry.seq)
        return again

    def _let_go(self, since: int) -> None:
        """Drop what the conversation does not keep any more."""
        gone = bisect_left(self.items, since, key=lambda item: item.seq)
        del self.items[:gone], self._as_of[:gone]
        if self.from_seq <= since:
            self.more_before = False

    def renew(self, message: Message, as_of: int) -> None:
        """Put a message that was fetched again in its place."""
        index = self.index(message.seq)
        if index >= 0:
            self.items[index], self._as_of[index] = message, as_of

    def index(self, seq: int) -> int:
        """Return where the item with a seq is; -1 if it is not loaded."""
        if not seq:
            return -1
        index = bisect_left(self.items, seq, key=lambda item: item.seq)
        return index if index < len(self.items) and self.items[index].seq == seq else -1

    def message(self, seq: int) -> Message | None:
        """Return a loaded message."""
        index = self.index(seq)
        item = self.items[index] if index >= 0 else None
        return item if isinstance(item, Message) else None

    def shorten(self, reading: Literal["start", "end"]) -> None:
        """Drop what is far from the end that is read, if there is too much."""
        if len(self.items) <= LONGEST:
            return
        if reading == "end":
            del self.items[:-SHORTENED], self._as_of[:-SHORTENED]
            self.from_seq, self.more_before = self.items[0].seq, True
        else:
            del self.items[SHORTENED:], self._as_of[SHORTENED:]
            self.to_seq, self.more_after = self.items[-1].seq, True

    def _belongs(self, item: Item) -> bool:
        if not self.thread:
            return True
        return isinstance(item, Message) and self.thread in (item.post.thread, item.seq)

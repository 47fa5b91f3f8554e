"""Rebuild one conversation's order from entries that arrive in any order.

The live feed and a history fetch may both carry an entry, and the feed may skip one.  This module decides what to
show now and what to ask for.  Pages say which range they cover: a number absent inside it is withheld or erased, so it
is passed over and never asked for again.  It does no I/O and keeps no clock, so every case is an ordinary unit test.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

E = TypeVar("E")

HELD_LIMIT = 4096
"""Entries, and ranges, beyond a gap that are kept; the others are dropped and fetched again once the gap closes."""


@dataclass(slots=True)
class Timeline(Generic[E]):
    """The part of a conversation that one reader has seen."""

    seen: int = 0
    """Highest sequence number released; everything up to it was released once, or is withheld."""

    known: int = 0
    """Highest sequence number heard of."""

    _held: dict[int, E] = field(default_factory=dict)
    _ranges: list[tuple[int, int]] = field(default_factory=list)
    """Covered ranges above a gap, ascending by their beginning; they may overlap."""

    @property
    def missing(self) -> tuple[int, int] | None:
        """The first range to ask for, both ends included, or None when nothing is known to be missing."""
        if self._ranges:
            return self.seen + 1, self._ranges[0][0] - 1
        if self.known > self.seen:
            return self.seen + 1, self.known
        return None

    def announce(self, head: int) -> None:
        """Learn that the conversation reaches up to `head`."""
        self.known = max(self.known, head)

    def receive(self, seq: int, entry: E) -> list[E]:
        """Accept one entry; return every entry that is now in order.

        A number at or below `seen` is a duplicate and returns nothing.
        """
        if seq == self.seen + 1 and not self._ranges:
            self.seen = seq
            return [entry]
        return self.cover(seq, seq, ((seq, entry),))

    def cover(self, from_seq: int, to_seq: int, entries: Iterable[tuple[int, E]]) -> list[E]:
        """Accept a page that speaks for every number from `from_seq` to `to_seq`; return what is now in order.

        A page with `to_seq` below `from_seq` says nothing.  Entries outside the range are ignored.
        """
        if to_seq <= self.seen or to_seq < from_seq:
            return []
        fresh = {seq: entry for seq, entry in entries if self.seen < seq <= to_seq and seq >= from_seq}
        self.known = max(self.known, to_seq)
        if from_seq > self.seen + 1:
            self._hold(from_seq, to_seq, fresh)
            return []
        # The page wins over what was held: it was read later or says the same.
        released = fresh
        self.seen = to_seq
        while self._ranges and self._ranges[0][0] <= self.seen + 1:
            self.seen = max(self.seen, self._ranges.pop(0)[1])
        if self._held:
            for seq in [seq for seq in self._held if seq <= self.seen]:
                entry = self._held.pop(seq)
                released.setdefault(seq, entry)
        return [released[seq] for seq in sorted(released)]

    def reset(self, seen: int) -> None:
        """Forget everything and go on after `seen`: what lies below is loaded by other means."""
        self.seen = seen
        self.known = max(self.known, seen)
        self._held.clear()
        self._ranges.clear()

    def _hold(self, from_seq: int, to_seq: int, fresh: dict[int, E]) -> None:
        if len(self._held) + len(fresh) > HELD_LIMIT or len(self._ranges) >= HELD_LIMIT:
            return  # `known` remembers that there is more.
        known = self._held
        for seq, entry in fresh.items():
            known.setdefault(seq, entry)
        if (from_seq, to_seq) not in self._ranges:
            insort(self._ranges, (from_seq, to_seq))

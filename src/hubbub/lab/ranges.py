"""A set of sequence numbers, kept as the runs it consists of.

A client that hears everything needs one run however long the log is, so a thousand observers of a million entries fit
in a few kilobytes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator


class Ranges:
    """Disjoint, non-adjacent, ascending runs with both ends included."""

    __slots__ = ("_highs", "_lows")

    def __init__(self, runs: Iterable[tuple[int, int]] = ()) -> None:
        self._lows: list[int] = []
        self._highs: list[int] = []
        for low, high in runs:
            self.add(low, high)

    def add(self, low: int, high: int) -> None:
        """Add every number from `low` to `high`; nothing when `high` is below `low`."""
        if high < low:
            return
        lows, highs = self._lows, self._highs
        if highs and low == highs[-1] + 1:  # the common case: the next number
            highs[-1] = high
            return
        first = bisect_left(highs, low - 1)
        after = bisect_right(lows, high + 1)
        if first < after:
            low = min(low, lows[first])
            high = max(high, highs[after - 1])
        lows[first:after] = [low]
        highs[first:after] = [high]

    def update(self, other: Ranges) -> None:
        """Add everything in `other`."""
        for low, high in other:
            self.add(low, high)

    def __contains__(self, number: int) -> bool:
        at = bisect_left(self._highs, number)
        return at < len(self._highs) and self._lows[at] <= number

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self._lows, self._highs, strict=True)

    def __bool__(self) -> bool:
        return bool(self._lows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ranges) and self._lows == other._lows and self._highs == other._highs

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Ranges({list(self)})"

    @property
    def count(self) -> int:
        """How many numbers are in the set."""
        return sum(self._highs) - sum(self._lows) + len(self._lows)

    @property
    def top(self) -> int:
        """The highest number, or 0."""
        return self._highs[-1] if self._highs else 0

    def within(self, low: int, high: int) -> Ranges:
        """Return the part from `low` to `high`."""
        part = Ranges()
        for run_low, run_high in self:
            part.add(max(low, run_low), min(high, run_high))
        return part

    def minus(self, other: Ranges) -> Ranges:
        """Return what is in this set and not in `other`."""
        rest = Ranges()
        cuts = list(other)
        at = 0
        for low, high in self:
            while at < len(cuts) and cuts[at][1] < low:
                at += 1
            ahead = at
            while low <= high and ahead < len(cuts) and cuts[ahead][0] <= high:
                rest.add(low, cuts[ahead][0] - 1)
                low = max(low, cuts[ahead][1] + 1)
                ahead += 1
            rest.add(low, high)
        return rest

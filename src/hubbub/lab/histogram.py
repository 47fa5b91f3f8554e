"""Percentiles of any number of durations in a fixed amount of memory.

Buckets are spaced so that each is at most 1/32 wider than its lower end (the idea of HdrHistogram): six decimal orders
fit into a thousand counters, and two histograms add up.
"""

from __future__ import annotations

from array import array

_SUB = 32
"""Buckets per doubling."""
_BUCKETS = _SUB * 40


class Histogram:
    """Counts durations given in nanoseconds; answers in milliseconds."""

    __slots__ = ("_counts", "count", "max_ns")

    def __init__(self) -> None:
        self._counts = array("Q", bytes(8 * _BUCKETS))
        self.count = 0
        self.max_ns = 0

    def add(self, ns: int, times: int = 1) -> None:
        """Count one duration, or several of the same length."""
        if ns > self.max_ns:
            self.max_ns = ns
        self.count += times
        us = ns >> 10
        if us < _SUB:
            self._counts[us if us > 0 else 0] += times
            return
        shift = us.bit_length() - 6
        at = (shift << 5) + (us >> shift)
        self._counts[at if at < _BUCKETS else _BUCKETS - 1] += times

    def merge(self, other: Histogram) -> None:
        """Take in what another one counted."""
        for at, times in enumerate(other._counts):
            self._counts[at] += times
        self.count += other.count
        self.max_ns = max(self.max_ns, other.max_ns)

    def percentile_ms(self, percent: float) -> float | None:
        """Return the duration below which `percent` of all lie; None when nothing was counted."""
        if not self.count:
            return None
        wanted = self.count * percent / 100
        seen = 0
        for at, times in enumerate(self._counts):
            seen += times
            if times and seen >= wanted:
                return min(_upper_ns(at), self.max_ns) / 1e6
        return self.max_ns / 1e6

    def summary(self) -> dict[str, float] | None:
        """Return p50, p95, p99 and max in milliseconds; None when nothing was counted."""
        if not self.count:
            return None
        points = {f"p{percent}": self.percentile_ms(percent) or 0.0 for percent in (50, 95, 99)}
        return {name: round(ms, 3) for name, ms in (*points.items(), ("max", self.max_ns / 1e6))}


def _upper_ns(at: int) -> int:
    if at < _SUB:
        return (at + 1) << 10
    shift = (at >> 5) - 1
    return ((at - (shift << 5)) + 1) << (shift + 10)

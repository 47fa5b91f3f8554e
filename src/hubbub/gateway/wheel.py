"""One timer for all sessions: who has to be looked at, and when.

A timer per connection would cost memory and wake-ups in proportion to the connections.  Here a session lies in the
bucket of its next deadline; activity moves nothing, the session just answers at its turn that it has more time.
"""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class Wheel(Generic[T]):
    """Things ordered by a deadline, coarsely."""

    def __init__(self, tick_s: float, now: float) -> None:
        self._tick_s = tick_s
        self._buckets: dict[int, list[T]] = {}
        self._done = int(now / tick_s)

    def add(self, thing: T, due: float) -> None:
        """Return `thing` from a `due()` no more than one tick after the moment `due`; moments that passed count."""
        tick = max(int(due / self._tick_s) + 1, self._done + 1)
        bucket = self._buckets.get(tick)
        if bucket is None:
            self._buckets[tick] = [thing]
        else:
            bucket.append(thing)

    def due(self, now: float) -> list[T]:
        """Take out everything whose deadline passed."""
        last = int(now / self._tick_s)
        if last <= self._done:
            return []
        if last - self._done < len(self._buckets):
            ticks = [tick for tick in range(self._done + 1, last + 1) if tick in self._buckets]
        else:
            ticks = sorted(tick for tick in self._buckets if tick <= last)
        self._done = last
        return [thing for tick in ticks for thing in self._buckets.pop(tick)]

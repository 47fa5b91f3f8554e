"""Time as something that is handed in, so that no test waits for it."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What the time is.  Neither value ever orders two entries; the log does."""

    def now_ms(self) -> int:
        """Return milliseconds since 1970-01-01 UTC; it may jump either way."""

    def monotonic(self) -> float:
        """Return seconds since an arbitrary moment; it never runs backwards."""


class SystemClock:
    """This machine's clocks."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()


class ManualClock:
    """A clock that moves only when it is told to."""

    def __init__(self, now_ms: int = 1_700_000_000_000) -> None:
        self._now_ms = now_ms
        self._monotonic = 0.0

    def now_ms(self) -> int:
        return self._now_ms

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Move both clocks forward."""
        self._now_ms += int(seconds * 1000)
        self._monotonic += seconds

    def set_wall(self, now_ms: int) -> None:
        """Set the calendar clock alone, as an administrator or NTP would."""
        self._now_ms = now_ms

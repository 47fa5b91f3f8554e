"""Time as something that is handed in, so that no test waits for it."""

from __future__ import annotations

import math
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


_DRIFT = 1e-3
"""How much a clock left to itself may be off after a second: far more than any is."""

_SLACK_S = 0.1


class SteeredClock:
    """A clock set by one that all nodes share, so that it does not matter how wrong this machine's own calendar is.

    Between two settings it runs with the monotonic clock, which no administrator and no NTP ever sets.  It is steered
    forward at once and backward too: nothing is ordered by it, and a wrong time helps nobody.
    """

    def __init__(self, own: Clock) -> None:
        self._own = own
        self._shared_ms = own.now_ms()
        self._set_at = own.monotonic()
        self._off_s = math.inf
        """How far it may have been off when it was set."""

    def now_ms(self) -> int:
        return self._shared_ms + int((self._own.monotonic() - self._set_at) * 1000)

    def monotonic(self) -> float:
        return self._own.monotonic()

    def steer(self, shared_ms: int, *, asked_at: float) -> None:
        """Set it to a time that was read between the monotonic moment `asked_at` and now.

        An answer that took so long that this clock by itself is nearer the truth changes nothing.
        """
        now = self._own.monotonic()
        off_s = (now - asked_at) / 2
        if off_s > self._off_s + (now - self._set_at) * _DRIFT + _SLACK_S:
            return
        self._off_s = off_s
        # Cristian 1989: the best guess is that the answer was made half-way.
        self._shared_ms = shared_ms + int((now - asked_at) * 500)
        self._set_at = now


class WrongClock:
    """A clock that is off by a fixed time, for tests of what must not depend on clocks."""

    def __init__(self, own: Clock, *, ahead_ms: int) -> None:
        self._own = own
        self._ahead_ms = ahead_ms

    def now_ms(self) -> int:
        return self._own.now_ms() + self._ahead_ms

    def monotonic(self) -> float:
        return self._own.monotonic()


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

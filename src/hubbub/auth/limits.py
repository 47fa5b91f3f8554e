"""Allowances: how often somebody may do something.

A bucket per key fills at a steady rate up to a burst.  Keys come from the network, so the number of buckets is bounded:
the one unused for longest is forgotten, which can only forgive.  Nothing here sleeps or starts a task; whoever exceeds
an allowance is told how long to wait.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple

from hubbub.base.clock import Clock
from hubbub.base.errors import RateLimited

__all__ = ["Allowance", "Curve", "Failed", "neighbourhood", "refill"]


def neighbourhood(address: str) -> str:
    """Return what of an address is counted: all of IPv4, the /64 a customer owns of IPv6."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return ip.packed[:8].hex()
    return str(ip)


def refill(level: float, since_ms: int, *, per_hour: float, burst: float) -> float:
    """Return what a bucket holds that held `level` so long ago; a clock that went back takes nothing."""
    return min(burst, level + max(0, since_ms) * per_hour / 3_600_000)


class Failed(NamedTuple):
    """How often something failed, and until when it may not be tried again."""

    times: int
    until_ms: int


class Curve(NamedTuple):
    """How waits grow with failures."""

    free: int
    """So many cost nothing."""
    first_ms: int
    """The first wait; each further failure doubles it."""
    longest_ms: int
    """As long as this after a wait is over, what failed before it is forgotten."""

    def next(self, before: Failed | None, now_ms: int) -> Failed:
        """Return what one more failure leads to."""
        times = 1 if before is None or now_ms - before.until_ms > self.longest_ms else before.times + 1
        if times <= self.free:
            return Failed(times, now_ms)
        # The exponent is bounded before the power is taken: a patient guesser must not make it overflow.
        return Failed(times, now_ms + min(self.longest_ms, self.first_ms * 2 ** min(times - self.free - 1, 40)))


class Allowance:
    """A token bucket per key."""

    def __init__(self, clock: Clock, *, per_s: float, burst: float, keys: int = 20_000) -> None:
        """`per_s` 0 allows everything; at most `keys` buckets are remembered."""
        self._clock = clock
        self._per_s = per_s
        self._burst = burst
        self._keys = keys
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def use(self, *, per_s: float, burst: float) -> None:
        """Fill at this rate, up to this burst, from now on; what was spent stays spent."""
        self._per_s = per_s
        self._burst = burst

    def take(self, key: str, cost: float = 1.0) -> float:
        """Spend `cost` of this key's allowance; return what is left of it.

        Raises RateLimited, spending nothing, when too little is left.
        """
        if self._per_s <= 0:
            return math.inf
        now = self._clock.monotonic()
        level, at = self._buckets.pop(key, (self._burst, now))
        level = min(self._burst, level + (now - at) * self._per_s)
        allowed = level >= cost
        self._buckets[key] = (level - cost if allowed else level, now)
        if len(self._buckets) > self._keys:
            self._buckets.popitem(last=False)
        if not allowed:
            raise RateLimited(after_s=(cost - level) / self._per_s)
        return level - cost

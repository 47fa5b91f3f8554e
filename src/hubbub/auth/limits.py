"""Allowances: how often somebody may do something.

A bucket per key fills at a steady rate up to a burst.  Keys come from the network, so the number of buckets is bounded:
the one unused for longest is forgotten, which can only forgive.  Nothing here sleeps or starts a task; whoever exceeds
an allowance is told how long to wait.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from ipaddress import IPv6Address, ip_address

from hubbub.base.clock import Clock
from hubbub.base.errors import RateLimited

__all__ = ["Allowance", "Slowdown", "neighbourhood", "refill"]


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


class Slowdown:
    """Growing waits after failures of one key; a success forgets them.

    The key joins the name with the address that tried it, so that a stranger who guesses at somebody's password slows
    down only the stranger.
    """

    def __init__(self, clock: Clock, *, free: int, first_s: float, longest_s: float, keys: int = 20_000) -> None:
        self._clock = clock
        self._free = free
        self._first_s = first_s
        self._longest_s = longest_s
        self._keys = keys
        self._failures: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def admit(self, key: tuple[str, str]) -> None:
        """Raise RateLimited while this key has to wait."""
        entry = self._failures.get(key)
        if entry is None:
            return
        left = entry[1] - self._clock.monotonic()
        if left > 0:
            raise RateLimited(after_s=left)

    def failed(self, key: tuple[str, str]) -> None:
        """Count a failure.

        Beyond the free ones the next try has to wait, twice as long each time.
        """
        now = self._clock.monotonic()
        count, until = self._failures.pop(key, (0, now))
        if now - until > self._longest_s:
            count = 0
        count += 1
        wait_s = 0.0
        if count > self._free:
            # The exponent is bounded before the power is taken: a patient guesser must not make it overflow.
            wait_s = min(self._longest_s, self._first_s * 2.0 ** min(count - self._free - 1, 40))
        self._failures[key] = (count, now + wait_s)
        if len(self._failures) > self._keys:
            self._failures.popitem(last=False)

    def succeeded(self, key: tuple[str, str]) -> None:
        self._failures.pop(key, None)

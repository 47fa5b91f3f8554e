"""How fast one person may act.

One number per person and kind of action: the moment at which everything taken so far would have been earned (the
generic cell rate algorithm).  Taking is a look-up and a store; nothing runs in the background, and the number of people
remembered is bounded.  A person who is forgotten starts afresh, which can only be in their favour.
"""

from __future__ import annotations

from collections import OrderedDict

from hubbub.base.clock import Clock
from hubbub.base.errors import RateLimited


class Allowance:
    """What each person may do per second, with a burst saved up while idle."""

    def __init__(self, clock: Clock, *, per_s: float, burst: float, remembered: int) -> None:
        """A rate of 0 allows everything."""
        self._now = clock.monotonic
        self._remembered = remembered
        self._earned: OrderedDict[str, float] = OrderedDict()
        self.use(per_s=per_s, burst=burst)

    def use(self, *, per_s: float, burst: float) -> None:
        """Allow this much from now on; what was used stays used."""
        self._cost_s = 1.0 / per_s if per_s > 0 else 0.0
        self._burst_s = self._cost_s * max(burst, 1.0)

    def take(self, user_id: str) -> None:
        """Use one; raises RateLimited when there is none left, which uses nothing."""
        if not self._cost_s:
            return
        now = self._now()
        earned = self._earned
        at = earned.get(user_id, now)
        if at < now:
            at = now
        at += self._cost_s
        over_s = at - now - self._burst_s
        # A hair of tolerance: sums of fractions must not refuse the last one of a burst.
        if over_s > 1e-9:
            raise RateLimited(after_s=over_s)
        earned[user_id] = at
        earned.move_to_end(user_id)
        if len(earned) > self._remembered:
            earned.popitem(last=False)

"""What this process is subscribed to, counted by those who want it, and whether the server has taken it yet."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence

from hubbub.bus.carrier import BusAway, Carrier
from hubbub.bus.stats import BusStats

_log = logging.getLogger(__name__)


class Subscriptions:
    """The subjects of one carrier."""

    def __init__(
        self,
        carrier: Carrier,
        stats: BusStats,
        flush_s: float,
        on_gone: Callable[[str], None],
        now: Callable[[], float],
    ) -> None:
        """`on_gone` is told a subject that nobody wants any more; `now` is monotonic."""
        self._carrier = carrier
        self._stats = stats
        self._flush_s = flush_s
        self._on_gone = on_gone
        self._now = now
        self._wanted: Counter[str] = Counter()
        self._since: dict[str, float] = {}
        self._unsure: dict[str, int] = {}
        """Wanted subjects that are not known to be in force, each with the number of its subscribing."""
        self._last = 0

    def __contains__(self, subject: str) -> bool:
        return subject in self._wanted

    def want(self, subjects: Sequence[str]) -> None:
        """Want these once more each."""
        fresh = [subject for subject in dict.fromkeys(subjects) if subject not in self._wanted]
        self._wanted.update(subjects)
        if fresh:
            self._last += 1
            self._unsure.update(dict.fromkeys(fresh, self._last))
            self._since.update(dict.fromkeys(fresh, self._now()))
            self._carrier.subscribe(fresh)
        self._stats.subjects = len(self._wanted)

    def drop(self, subjects: Sequence[str]) -> None:
        """Want these once less each."""
        gone = []
        for subject in subjects:
            self._wanted[subject] -= 1
            if self._wanted[subject] <= 0:
                del self._wanted[subject]
                del self._since[subject]
                self._unsure.pop(subject, None)
                self._on_gone(subject)
                gone.append(subject)
        if gone:
            self._carrier.unsubscribe(gone)
        self._stats.subjects = len(self._wanted)

    async def confirm(self, subjects: Sequence[str]) -> None:
        """Return once these are in force, whoever wanted them first.

        Without a connection there is nothing to wait for: the subscriptions come with the next one, and it is
        reported as a hole.
        """
        asked = {subject: self._unsure[subject] for subject in subjects if subject in self._unsure}
        if not asked or not self._carrier.connected:
            return
        try:
            await self._carrier.flush(self._flush_s)
        except BusAway as problem:
            # Whether they are in force cannot be known on this connection; on another one it is, after a hole.
            _log.warning("subscriptions were not confirmed, connecting anew: %s", problem.reason)
            self._carrier.reconnect()
            return
        for subject, number in asked.items():
            if self._unsure.get(subject) == number:
                del self._unsure[subject]

    def lost(self) -> None:
        """None is in force any more."""
        self._last += 1
        self._unsure = dict.fromkeys(self._wanted, self._last)

    def back(self) -> None:
        """All are."""
        self._unsure.clear()
        self._since = dict.fromkeys(self._wanted, self._now())

    def for_s(self, subject: str) -> float:
        """Return for how many seconds a subject has been wanted on this connection."""
        return self._now() - self._since[subject]

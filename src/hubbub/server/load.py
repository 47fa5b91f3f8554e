"""How busy this process is, as it tells the others with every heartbeat."""

from __future__ import annotations

import os
import time
from pathlib import Path

from hubbub.base.clock import Clock
from hubbub.cluster.model import NodeLoad
from hubbub.gateway.gateway import Gateway

_STATM = Path("/proc/self/statm")


class LoadMeter:
    """Measures this process between two readings."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._read_at = clock.monotonic()
        self._used_s = time.process_time()
        self._cpu = 0.0
        self._rss_mib = resident_mib()
        self.gateway: Gateway | None = None

    def read(self) -> NodeLoad:
        """Return the load now; what the system says is from a reading at most half a second ago, and since the last."""
        now, used_s = self._clock.monotonic(), time.process_time()
        if now - self._read_at >= 0.5:
            self._cpu = (used_s - self._used_s) / (now - self._read_at)
            self._read_at, self._used_s = now, used_s
            self._rss_mib = resident_mib()
        gateway = self.gateway
        return NodeLoad(
            sessions=gateway.sessions if gateway else 0,
            users=gateway.people if gateway else 0,
            cpu=round(self._cpu, 3),
            rss_mib=round(self._rss_mib, 1),
        )


def resident_mib() -> float:
    """Return how much memory this process has, or 0 where the system does not say."""
    try:
        pages = int(_STATM.read_text("ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

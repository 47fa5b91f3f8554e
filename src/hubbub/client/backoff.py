"""How long to wait before connecting again.

A server that comes back must not meet all its clients in the same moment, so the wait is drawn evenly from nothing up
to a ceiling that doubles ("full jitter").  Strategies are plain callables; a program may bring its own.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from hubbub.client.errors import HubbubError

Backoff = Callable[[int, float], float]
"""Maps (failures in a row, from 1; seconds the server asked for, or 0) to seconds to wait."""

Reconnect = Callable[[HubbubError, int], bool]
"""Maps (why the connection was lost or refused; failures in a row, from 1) to whether to try again."""


def when_it_helps(error: HubbubError, failures: int) -> bool:
    """Try again for ever, unless the server said that it is of no use (protocol.md 4.18)."""
    return error.retry


@dataclass(frozen=True, slots=True)
class ExponentialBackoff:
    """Full jitter below a ceiling that doubles with every failure."""

    first_s: float = 0.5
    ceiling_s: float = 30.0
    rand: Callable[[], float] = field(default=random.random)
    """Returns a number in [0, 1)."""

    def __call__(self, failures: int, asked_s: float) -> float:
        """Return the wait in seconds; never less than what the server asked for."""
        ceiling = min(self.ceiling_s, self.first_s * 2.0 ** min(failures - 1, 32))
        return asked_s + self.rand() * ceiling

"""An event loop for which it is always already the time of the next timer.

When nothing is ready, a loop waits for its files until the first timer is due.  This one looks at its files, and if
they have nothing, moves its clock to that timer instead: a pause of a minute takes no time, in the order of all pauses.
For plays without threads and other processes, whose work a loop cannot see coming.
"""

from __future__ import annotations

import asyncio
import selectors


class JumpingLoop(asyncio.SelectorEventLoop):
    """A loop that never waits for time to pass."""

    def __init__(self) -> None:
        self._ahead_s = 0.0
        super().__init__(_Impatient(self))

    def time(self) -> float:
        return super().time() + self._ahead_s

    def jump(self, seconds: float) -> None:
        """Move the clock of this loop forward."""
        self._ahead_s += seconds


class _Impatient(selectors.DefaultSelector):
    """A selector that reports a wait as over at once, and tells the loop how long it was."""

    def __init__(self, loop: JumpingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return super().select(None)
        ready: list[tuple[selectors.SelectorKey, int]] = super().select(0)
        if not ready and timeout > 0:
            self._loop.jump(timeout)
        return ready

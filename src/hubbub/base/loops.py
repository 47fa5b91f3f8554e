"""A task that belongs to an object: it steps when it is woken, or after a while.

Rooms have things to do beside answering: flushing marks, sweeping the outbox, renewing a lease.  Each is a function
without a loop, which a test calls directly; this is the loop around it.  A step that fails is logged and
tried again, so that no fault ends the work for good.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

_log = logging.getLogger(__name__)


class Loop:
    """Calls `step` again and again in a task of its own."""

    def __init__(
        self,
        name: str,
        step: Callable[[], Awaitable[None]],
        *,
        every_s: float | None = None,
        gather_s: float = 0.0,
        pause_s: float = 1.0,
    ) -> None:
        """`every_s`: step at least so often; None: only when woken.  `gather_s`: wait so long after being woken.

        `pause_s` is waited after a step failed.
        """
        self._name = name
        self._step = step
        self._every_s = every_s
        self._gather_s = gather_s
        self._pause_s = pause_s
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; must be called in the event loop."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name=self._name)

    def wake(self) -> None:
        """Have the step run soon; waking twice before it runs is waking once."""
        self._woken.set()

    async def stop(self) -> None:
        """Cancel the task and wait for its end."""
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        await asyncio.wait((task,))

    async def finish(self) -> None:
        """Stop, then step once more for what is still to be done; a fault is logged and leaves it undone."""
        await self.stop()
        try:
            await self._step()
        except Exception:
            _log.exception("%s could not finish", self._name)

    async def _run(self) -> None:
        while True:
            if not self._woken.is_set():
                try:
                    async with asyncio.timeout(self._every_s):
                        await self._woken.wait()
                except TimeoutError:
                    pass
            if self._gather_s:
                await asyncio.sleep(self._gather_s)
            self._woken.clear()
            try:
                await self._step()
            except Exception:
                _log.exception("%s failed and is tried again", self._name)
                self._woken.set()
                await asyncio.sleep(self._pause_s)

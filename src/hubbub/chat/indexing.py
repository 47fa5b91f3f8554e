"""Have the search index follow the log.

A node indexes what it committed itself, a moment later and in few steps, so that the commit knows nothing of it.  What
a node left behind when it died is found by whoever tells its outbox rows, or at the next look at all conversations;
that is also how a database that never had an index gets one.  When much is to be done the node takes its time: people
who write come first.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError
from hubbub.base.loops import Loop
from hubbub.chat.ports import SearchIndex
from hubbub.chat.settings import ChatSettings

_log = logging.getLogger(__name__)

_CONVERSATIONS = 100
"""So many are indexed in one step."""
_NOTED = 100_000
"""So many conversations are remembered; of more the rest is found by looking."""
_LOOKED_AT = 1_000
_STEP_S = 0.025
"""What one step should take, so that nobody who waits behind it notices; how much is done in one follows from it."""
_LEAST = 16
"""Entries of the smallest step: below that a step costs more for being one than for what it does."""
_PAUSE_S = 5.0
"""The longest pause between two steps."""


class Indexing:
    """Calls `store.index` for conversations with new entries."""

    def __init__(
        self,
        store: SearchIndex,
        clock: Clock,
        settings: ChatSettings,
        is_busy: Callable[[], bool] = lambda: False,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`is_busy`: whether people wait for this node."""
        self._is_busy = is_busy
        self._sleep = sleep
        self._store = store
        self._clock = clock
        self._settings = settings
        self._most = settings.index_entries
        self._waiting: dict[str, None] = {}
        self._look_at = clock.monotonic()
        self._loop = Loop("search index", self.step, every_s=settings.index_look_s, gather_s=settings.index_gather_s)

    def start(self) -> None:
        """Begin, with a look at what was left behind before."""
        self._loop.start()
        self._loop.wake()

    async def stop(self) -> None:
        """End; what is not indexed is found by the next start, or by another node."""
        await self._loop.stop()

    def note(self, heads: Mapping[str, int]) -> None:
        """Remember that these conversations have new entries."""
        if len(self._waiting) < _NOTED:
            self._waiting.update(dict.fromkeys(heads))
        self._loop.wake()

    async def step(self) -> None:
        """Index what waits; look for more when it is time."""
        await self._index_waiting()
        if self._clock.monotonic() < self._look_at:
            return
        looked = ""
        while True:
            found, looked = await self._store.behind(looked, _LOOKED_AT)
            self._waiting.update(dict.fromkeys(found))
            await self._index_waiting()
            if not looked:
                break
        self._look_at = self._clock.monotonic() + self._settings.index_look_s

    async def _index_waiting(self) -> None:
        while self._waiting:
            ids = list(self._waiting)[:_CONVERSATIONS]
            for id_ in ids:
                del self._waiting[id_]
            began = self._clock.monotonic()
            try:
                behind = await self._store.index(ids, self._most)
            except ChatError:
                # Perhaps it was too much for one transaction.
                self._most = max(1, self._most // 2)
                self._waiting.update(dict.fromkeys(ids))
                raise
            took_s = self._clock.monotonic() - began
            self._most = self._after(took_s)
            self._waiting.update(dict.fromkeys(behind))
            if self._waiting:
                await self._pause(took_s)

    def _after(self, took_s: float) -> int:
        """Return how many entries the next step takes, after one that took so long."""
        if took_s > _STEP_S:
            return max(self._most // 2, min(self._most, _LEAST))
        if took_s < _STEP_S / 2:
            return min(self._most * 2, self._settings.index_entries)
        return self._most

    async def _pause(self, took_s: float) -> None:
        """Leave the time to others that is theirs after a step that took so long."""
        busy = self._is_busy()
        share = self._settings.index_share_busy if busy else self._settings.index_share
        await self._sleep(min(took_s * (1 / share - 1), _PAUSE_S))

"""Note who may have to be called, behind everything that is said.

Whoever tells the others of new entries tells this as well, and goes on at once: heads are gathered, and a moment later
those among their people who can be called get a row each.  Where nobody can be called it costs nothing.  A row says
only how far there is something; whether it is worth a call is decided when it is due.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError
from hubbub.base.loops import Loop
from hubbub.push.ports import PushStore
from hubbub.push.settings import PushSettings

__all__ = ["Noting"]

_GATHER_S = 0.2
_AT_ONCE = 50
_MOST = 100_000
"""Conversations that may wait to be noted; beyond it the oldest are not."""

_LOOK_S = 30.0
"""How often it is looked whether anybody can be called at all."""


class Noting:
    """Writes what is due to be told."""

    def __init__(self, store: PushStore, clock: Clock, settings: PushSettings) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._heads: dict[str, int] = {}
        self._anybody = True
        self._look_at = 0.0
        self._loop = Loop("push notes", self.step, every_s=_LOOK_S, gather_s=_GATHER_S)

    def start(self) -> None:
        if self._settings.on:
            self._loop.start()

    async def stop(self) -> None:
        """Note what was heard, then end."""
        if self._settings.on:
            await self._loop.finish()

    def somebody(self) -> None:
        """Somebody can be called from now on."""
        self._anybody = True

    def heard(self, heads: Mapping[str, int]) -> None:
        """Take word of new entries.  Called in the event loop for every batch; does not block."""
        if not self._anybody or not self._settings.on:
            return
        for conversation_id, head in heads.items():
            self._heads[conversation_id] = max(head, self._heads.get(conversation_id, 0))
        while len(self._heads) > _MOST:
            del self._heads[next(iter(self._heads))]
        self._loop.wake()

    async def step(self) -> None:
        """Note everything that was heard."""
        now = self._clock.monotonic()
        if now >= self._look_at:
            self._look_at = now + _LOOK_S
            self._anybody = await self._store.anybody()
            if not self._anybody:
                self._heads.clear()
        grace_ms = int(self._settings.grace_s * 1000)
        while self._heads:
            some = dict(islice(self._heads.items(), _AT_ONCE))
            for conversation_id in some:
                del self._heads[conversation_id]
            now_ms = self._clock.now_ms()
            try:
                await self._store.note(some, now_ms, now_ms + grace_ms, self._settings.large)
            except ChatError:
                # The database is away; heads only grow, so what was heard since counts.
                for conversation_id, head in some.items():
                    self._heads[conversation_id] = max(head, self._heads.get(conversation_id, 0))
                raise

"""The half of chat that lets messages go, and where it is said how long they are kept.

What it does to a log it does as every writer does, in a transaction that has locked the conversation; it tells nobody
of it, for the sweep of the outbox does that a moment later (`outbox`), and so it needs no bus and may run wherever the
database is.  It takes its time: people who write come first.

Nothing is held in memory.  Whoever dies is followed by whoever looks next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import new_id
from hubbub.chat import checks
from hubbub.chat.commit import Attempt
from hubbub.chat.model import AS_THE_PLACE
from hubbub.chat.ports import LogWriter
from hubbub.chat.retention import FOR_EVER, MOST_DAYS, Keeping, RetentionStore, days_kept, kept_since_ms
from hubbub.chat.rules import Command, Expire, Keep, Settled
from hubbub.chat.settings import ChatSettings

_CONVERSATIONS = 200
"""So many are looked at in one step."""
_ENTRIES = 200
"""The words of so many are taken out in one step."""
_LOOKS = 10
"""So many steps one question may take; it may end before it found all that was asked for."""
_SHARE = 0.2
"""What part of the time is spent; the rest is left to others."""
_LEAST_PAUSE_S = 0.01
_LONGEST_PAUSE_S = 5.0


class _Store(LogWriter, RetentionStore, Protocol):
    """A log from which messages can go."""


class Retaining:
    """How long messages are kept, over a store."""

    def __init__(
        self,
        store: _Store,
        clock: Clock,
        settings: Callable[[], ChatSettings],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._sleep = sleep

    async def keep(self, conversation_id: str, keep_days: int) -> bool:
        """Say for how many days a conversation keeps its messages; return whether that is new.

        0: for ever; AS_THE_PLACE: as long as the place says.  Raises CONVERSATION_NOT_FOUND; it asks nobody's rights.
        """
        conversation_id = checks.a_conversation_id(conversation_id)
        if keep_days != AS_THE_PLACE and not FOR_EVER <= keep_days <= MOST_DAYS:
            raise ChatError(Code.BAD_REQUEST, f"Messages are kept for at most {MOST_DAYS:,} days, or for ever.")
        return await self._do(Keep(conversation_id, new_id(), keep_days))

    @property
    def place_days(self) -> int:
        """For how many days messages are kept where a conversation says nothing of its own; 0: for ever."""
        return self._settings().keep_days

    async def own(self, after: str, limit: int) -> tuple[list[Keeping], str]:
        """Look at the next conversations by id; return those that say something of their own, and where to go on."""
        found: list[Keeping] = []
        for _ in range(_LOOKS):
            rows, after = await self._store.keepings(after, _CONVERSATIONS)
            found += [row for row in rows if row.keep_days != AS_THE_PLACE]
            if len(found) >= limit:
                return found[:limit], found[limit - 1].conversation_id if after or len(found) > limit else ""
            if not after:
                break
        return found, after

    async def step(self) -> None:
        """Let everything go that was kept long enough, and take its words out of the database."""
        after = ""
        while True:
            began = self._clock.monotonic()
            found, after = await self._store.keepings(after, _CONVERSATIONS)
            await self._pause(began)
            for keeping in found:
                await self._let_go(keeping)
            if not after:
                return

    async def _let_go(self, keeping: Keeping) -> None:
        place_days = self.place_days
        days = days_kept(keeping.keep_days, place_days)
        since_ms = kept_since_ms(self._clock.now_ms(), days)
        behind = keeping.erased_to < keeping.kept_from - 1
        if days and keeping.oldest_ms < since_ms:
            began = self._clock.monotonic()
            kept_from = await self._store.first_kept(keeping.conversation_id, since_ms)
            if kept_from > keeping.kept_from:
                expire = Expire(keeping.conversation_id, new_id(), kept_from, days, place_days)
                behind = await self._do(expire) or behind
            await self._pause(began)
        while behind:
            began = self._clock.monotonic()
            behind = await self._store.erase(keeping.conversation_id, _ENTRIES)
            await self._pause(began)

    async def _do(self, command: Command) -> bool:
        stored = await Attempt(self._store, self._clock, self._settings(), [command]).run()
        outcome = stored.plan.outcomes[0]
        if isinstance(outcome, ChatError):
            raise outcome
        assert isinstance(outcome, Settled)
        return outcome.changed

    async def _pause(self, began: float) -> None:
        """Leave the time to others that is theirs after a step that began then."""
        took_s = self._clock.monotonic() - began
        await self._sleep(min(max(took_s * (1 / _SHARE - 1), _LEAST_PAUSE_S), _LONGEST_PAUSE_S))

"""No silent hole: whatever was committed is announced, even if its writer died before it could.

Every commit leaves an outbox row that names the heads of the conversations with new entries and the people whose rows
changed; its writer deletes the row after publishing.  What is still there after two seconds by the store's clock is
announced by whichever node finds it: heads, and rows as they are by then, so doing it twice is harmless and needs no
lock.  Besides, heads are announced once more when a conversation fell
quiet, because the last push before a silence is the one whose loss nobody would notice (protocol.md 8.7).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hubbub.base.clock import Clock
from hubbub.base.loops import Loop
from hubbub.chat.changes import UserChanges
from hubbub.chat.ports import Bus, ChatStore, HeadsAnnounced
from hubbub.chat.settings import ChatSettings

Audience = tuple[str, ...] | None

_ROWS = 100
_HEADS = 500
"""Conversations per announcement."""


class Outbox:
    """Deletes this node's outbox rows, announces what others left, and repeats heads after a silence."""

    def __init__(
        self,
        store: ChatStore,
        bus: Bus,
        clock: Clock,
        settings: ChatSettings,
        heard: Callable[[Mapping[str, int]], None] | None = None,
    ) -> None:
        """`heard`: called with every head that is told, by its writer or in its place."""
        self._heard = heard
        self._store = store
        self._bus = bus
        self._clock = clock
        self._settings = settings
        self._quiet: dict[str, tuple[float, int, Audience]] = {}
        self._done: list[int] = []
        self._clearing = Loop("chat outbox clearing", self.clear)
        self._sweeping = Loop("chat outbox sweep", self.step, every_s=settings.sweep_interval_s)

    def start(self) -> None:
        self._clearing.start()
        self._sweeping.start()

    async def stop(self) -> None:
        """Delete the rows that are done, then end."""
        await self._sweeping.stop()
        await self._clearing.finish()

    def published(self, heads: Mapping[str, int], audiences: Mapping[str, Audience]) -> None:
        """Note what was just told, to repeat its heads after a silence."""
        if self._heard is not None:
            self._heard(heads)
        now = self._clock.monotonic()
        quiet = self._quiet
        for conversation_id, head in heads.items():
            audience = audiences.get(conversation_id)
            if audience is None and (before := quiet.get(conversation_id)) is not None:
                # It became large a moment ago: its people are told once more, in case they missed that.
                names = before[2]
                audience = names if names is not None and len(names) > self._settings.small_audience else None
            quiet[conversation_id] = (now, head, audience)

    def forget(self, outbox_id: int) -> None:
        """Delete this row soon; everything it stands for was told."""
        self._done.append(outbox_id)
        self._clearing.wake()

    async def clear(self) -> None:
        """Delete the rows that are done."""
        done, self._done = self._done, []
        for outbox_id in done:
            await self._store.clear_outbox(outbox_id)

    async def step(self) -> None:
        """Announce what is due now."""
        await self.repeat()
        await self.sweep(self._settings.outbox_age_ms)

    async def repeat(self) -> None:
        """Announce the heads of conversations that fell quiet, merged."""
        before = self._clock.monotonic() - self._settings.quiet_s
        due = {key: told for key, told in self._quiet.items() if told[0] <= before}
        await self._announce([(key, head, audience) for key, (_, head, audience) in due.items()])
        # Not sooner: what the bus refused is repeated at the next step, for its silence goes on.
        for key, told in due.items():
            if self._quiet.get(key) is told:
                del self._quiet[key]

    async def sweep(self, older_than_ms: int) -> None:
        """Announce what writers left behind, and tell the people whose rows changed with it."""
        while rows := await self._store.stale_outbox(older_than_ms, _ROWS):
            heads: dict[str, int] = {}
            changes = UserChanges(self._store, self._bus, self._settings.page_rows_max)
            for row in rows:
                changes.note(row.people)
                for conversation_id, head in row.heads.items():
                    heads[conversation_id] = max(head, heads.get(conversation_id, 0))
            if self._heard is not None:
                self._heard(heads)
            await changes.tell()
            await self._announce([(id_, head, await self._store.small_audience(id_)) for id_, head in heads.items()])
            for row in rows:
                await self._store.clear_outbox(row.id)
            if len(rows) < _ROWS:
                return

    async def _announce(self, found: list[tuple[str, int, Audience]]) -> None:
        for at in range(0, len(found), _HEADS):
            some = found[at : at + _HEADS]
            heads = {conversation_id: head for conversation_id, head, _ in some}
            audiences = {conversation_id: audience for conversation_id, _, audience in some}
            await self._bus.publish([HeadsAnnounced(heads, audiences)])

"""What is to be kept, gathered until it is written.

Changes of one turn belong together, so they go to the store as one batch, and a batch that was begun is finished even
when the client is closed in the middle of it.  With a store that keeps nothing, nothing is gathered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from hubbub.client.models import Conversation, Entry
from hubbub.client.outbox import Command
from hubbub.client.store import Batch, Kept, Store

LOGGED_LIMIT: Final = 20_000
"""Messages gathered for the local log; beyond, a client takes no more until the disk has caught up."""


class Keeper:
    """Gathers for one store, and writes; with `logs`, also what was said."""

    def __init__(self, store: Store, *, logs: bool = False) -> None:
        self._store = store
        self._logs = logs
        self._batch = Batch()
        self._writing = Batch()
        self._wanted = asyncio.Event()

    @property
    def durable(self) -> bool:
        """Whether anything is kept at all."""
        return self._store.durable

    @property
    def room(self) -> bool:
        """Whether more may be gathered."""
        return len(self._batch.logged) < LOGGED_LIMIT

    async def load(self) -> Kept:
        """Return what an earlier run left."""
        return await self._store.load()

    async def write_for_ever(self, written: Callable[[Sequence[Command]], None]) -> None:
        """Write what was gathered whenever it is wanted; `written` gets the commands that are on disk now."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            if self._batch:
                # Held until it is done: closing may end this task in the middle, and writes it again.
                self._writing, self._batch = self._batch, Batch()
                await self._store.write(self._writing)
                done, self._writing = self._writing, Batch()
                written(done.added)

    async def close(self) -> None:
        """Write what is left and close the store."""
        for batch in (self._writing, self._batch):
            if batch:
                await self._store.write(batch)
        await self._store.close()

    def soon(self) -> None:
        """Have what was gathered written now."""
        if self._batch:
            self._wanted.set()

    # ------------------------------------------------------------ what is gathered

    def added(self, command: Command) -> None:
        """A command was put into the outbox."""
        if self.durable:
            self._batch.added.append(command)
            self._wanted.set()

    def settled(self, command: Command) -> None:
        """A command has left the outbox."""
        if self.durable:
            self._batch.removed.append((command.conversation_id, command.client_id))
            self._wanted.set()

    def held(self, conversation: Conversation, seen: int) -> None:
        """A conversation has new rows; `seen` is where one stands in it."""
        if self.durable:
            self._batch.conversations[conversation.id] = conversation
            self._batch.seen.setdefault(conversation.id, seen)

    def read(self, entry: Entry) -> None:
        """Entries of a conversation up to this one were dealt with."""
        if self.durable:
            self._batch.seen[entry.conversation_id] = entry.seq
            if self._logs:
                self._batch.logged.append(entry)
                if not self.room:
                    self._wanted.set()

    def version(self, epoch: str, user_version: int) -> None:
        """The rows are complete up to a version."""
        if self.durable:
            self._batch.epoch, self._batch.user_version = epoch, user_version

    def owner(self, user_id: str, *, evict: bool) -> None:
        """Say whose this is; with `evict`, everything that was another person's goes first."""
        if self.durable:
            if evict:
                self._batch = Batch(evict=True)
            self._batch.user_id = user_id

    def forget(self) -> None:
        """Drop rows and positions: the epoch changed.  Commands stay."""
        if self.durable:
            old = self._batch
            self._batch = Batch(forget=True, evict=old.evict, user_id=old.user_id, added=old.added, removed=old.removed)

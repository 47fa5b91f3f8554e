"""Tell people that rows of theirs changed.

A commit says which people got a new version.  What changed is read afterwards, once per person however many commits
came meanwhile: the rows then are newer than the commit, never older, and they carry the versions they are complete for.
A commit's outbox row is forgotten only after its people were told, so a crash in between is repaired by the sweep.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from hubbub.base.loops import Loop
from hubbub.chat.ports import Bus, LogReader, StoreError, UserChanged

_log = logging.getLogger(__name__)

_TOGETHER = 16
_PEOPLE = 100_000


class UserChanges:
    """Collects who changed, reads their rows and publishes them."""

    def __init__(self, reader: LogReader, bus: Bus, rows: int) -> None:
        """`rows`: at most so many per event; the rest is asked for."""
        self._reader = reader
        self._bus = bus
        self._rows = rows
        self._since: dict[str, int] = {}
        self._then: list[Callable[[], None]] = []
        self._telling = asyncio.Lock()
        self._loop = Loop("chat user changes", self.tell)

    def start(self) -> None:
        self._loop.start()

    async def stop(self) -> None:
        """Tell what was noted, then end."""
        await self._loop.finish()

    def note(self, versions: Mapping[str, int], then: Callable[[], None] | None = None) -> None:
        """Have these people told of everything up to their new versions.

        `then` is called once they were told.  When too many wait the rest is left out: they see the gap in their
        versions at the next change or connection.
        """
        since = self._since
        for user_id, version in versions.items():
            if user_id in since:
                since[user_id] = min(since[user_id], version - 1)
            elif len(since) < _PEOPLE:
                since[user_id] = version - 1
        if then is not None and len(self._then) < _PEOPLE:
            self._then.append(then)
        self._loop.wake()

    async def tell(self) -> None:
        """Read and publish everything noted so far; returns once it is told, by whomever."""
        async with self._telling:
            await self._tell_all()

    async def _tell_all(self) -> None:
        while self._since or self._then:
            then, self._then = self._then, []
            since, self._since = self._since, {}
            try:
                people = list(since.items())
                for at in range(0, len(people), _TOGETHER):
                    await self._tell(people[at : at + _TOGETHER])
            except BaseException:
                # Told twice is harmless; not told would be a hole until the next change.
                for user_id, version in since.items():
                    self._since[user_id] = min(self._since.get(user_id, version), version)
                self._then.extend(then)
                raise
            for call in then:
                call()

    async def _tell(self, people: list[tuple[str, int]]) -> None:
        async with asyncio.TaskGroup() as readers:
            tasks = [readers.create_task(self._read(user_id, version)) for user_id, version in people]
        await self._bus.publish([event for task in tasks if (event := task.result()) is not None])

    async def _read(self, user_id: str, version: int) -> UserChanged | None:
        try:
            return UserChanged(user_id, await self._reader.user_state(user_id, version, self._rows))
        except StoreError:
            raise
        except Exception:
            # Whoever else changed must not wait for this one for ever.
            _log.exception("the rows of %s could not be read", user_id)
            return None

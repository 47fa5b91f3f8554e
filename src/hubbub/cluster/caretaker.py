"""Rows that mean nothing any more are deleted, by one worker at a time.

What nodes leave behind hurts nobody: a node that is over is listed for an hour, and a session whose node nobody
remembers counts for nothing.  But somebody has to carry it out, and a dozen workers that scan the same tables would be
in each other's way.  So one of them has the lock for as long as it lives, and the next one takes it over.

A caretaker that stood still may not know that another has its place.  Therefore its lock's fencing token goes along
with every deletion, and the database refuses one that is not the newest.
"""

from __future__ import annotations

import asyncio
import logging

from hubbub.base.errors import ChatError
from hubbub.base.loops import Loop
from hubbub.cluster.locks import LockBusy, LockLost, Locks
from hubbub.cluster.model import Lock
from hubbub.cluster.ports import NodeStore, SessionStore

LOCK = "caretaker"

EVERY_S = 300.0

_WAIT_S = 3600.0
"""How long the lock is waited for before it is asked for anew; whoever waits is woken and polls nothing."""

_log = logging.getLogger(__name__)


class Caretaker:
    """Tidies while it has the lock, and waits for it while another has."""

    def __init__(
        self, locks: Locks, nodes: NodeStore, sessions: SessionStore, *, every_s: float = EVERY_S, pause_s: float = 1.0
    ) -> None:
        """`every_s`: how often there is something to carry out.  `pause_s`: before it goes on after a failure."""
        self._locks = locks
        self._nodes = nodes
        self._sessions = sessions
        self._every_s = every_s
        self._loop = Loop("tidying", self.serve, every_s=0.0, pause_s=pause_s)

    def start(self) -> None:
        """Begin to wait for the lock."""
        self._loop.start()

    async def stop(self) -> None:
        """Give the lock to the next one."""
        await self._loop.stop()

    async def serve(self) -> None:
        """Wait for the lock and tidy under it until it is lost."""
        try:
            async with self._locks.hold(LOCK, wait_s=_WAIT_S) as held:
                while True:
                    try:
                        await self.tidy(held.lock)
                    except ChatError as problem:
                        _log.warning("what is left of dead nodes is carried out later: %r", problem)
                    await asyncio.sleep(self._every_s)
        except LockBusy:
            return
        except LockLost:
            _log.warning("another node may tidy now; this one waits for its turn")

    async def tidy(self, under: Lock) -> None:
        """Carry out what means nothing any more.  Raises ChatError, and LockLost when another has the lock."""
        await self._nodes.forget(under)
        await self._sessions.drop_strays(under)

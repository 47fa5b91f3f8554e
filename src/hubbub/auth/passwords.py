"""Hash passwords with argon2id where the event loop does not wait for it.

One hash costs some 20 ms and 19 MiB on purpose, so the pool is small and so is the line before it: when too many wait,
the next is told so at once instead of making everybody slower.  One core is left to everything else, and where that is
not enough the system gives a core to whatever is not a hash.  A name nobody has costs the same time as one somebody
has, because a hash of nothing is checked in its place.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from hubbub.auth.settings import AuthSettings
from hubbub.base.errors import ChatError, Code

T = TypeVar("T")

__all__ = ["Passwords", "spare_cores"]

_NICE = 10
"""A tenth of what the event loop gets where both want the same core."""


def spare_cores() -> int:
    """Return how many hashes may run at once so that one core is left, at least one."""
    usable = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return max(1, usable - 1)


def _step_back() -> None:
    """Let this thread come after others of the process; only Linux knows priorities of threads."""
    if sys.platform == "linux":
        # Lower is always allowed; where it is not, everything works as before.
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


class Passwords:
    """Hashes and checks passwords; owns its threads until `close`."""

    def __init__(self, settings: AuthSettings) -> None:
        self._hasher = PasswordHasher(
            time_cost=settings.argon2_iterations,
            memory_cost=settings.argon2_memory_kib,
            parallelism=settings.argon2_lanes,
            type=Type.ID,
        )
        threads = settings.hash_threads or spare_cores()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="hubbub-argon2", initializer=_step_back)
        self._room = threads + settings.hash_waiting
        self._nobody = ""

    async def prepare(self) -> None:
        """Make the hash that stands in for people who do not exist."""
        self._nobody = await self.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """Return a salted hash in PHC format.

        Raises ChatError(OVERLOADED) when too many wait.
        """
        return await self._run(self._hasher.hash, password)

    async def matches(self, password: str, stored: str | None) -> bool:
        """Whether the password is right; with None it never is, after the same time."""
        if not self._nobody:
            await self.prepare()
        right = await self._run(self._check, stored or self._nobody, password)
        return right and bool(stored)

    def outdated(self, stored: str) -> bool:
        """Whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        """Let the running hashes end and refuse new ones."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _check(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, function: Callable[..., T], *arguments: str) -> T:
        if self._room <= 0:
            raise ChatError(Code.OVERLOADED, retry_after_s=1.0)
        self._room -= 1
        job = asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)
        # The place is given back when the thread is done, not when the caller stops waiting: a client that hangs up
        # early must not be able to queue more work than there is room for.
        job.add_done_callback(self._leave)
        return await asyncio.shield(job)

    def _leave(self, job: asyncio.Future[T]) -> None:
        self._room += 1
        if not job.cancelled():
            job.exception()

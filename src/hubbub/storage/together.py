"""Questions about single rows that come at the same time, answered by one read.

When a gateway dies, a thousand clients come back within a second, and each is asked about by its login.  A read costs
a transaction however little it brings, so what is asked while reads run waits for the next one, which brings all of it.
A question is only ever answered by a read that began after it was asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import islice
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

_AT_ONCE = 200
_READS = 2
"""As many reads run beside each other; one alone would make every question wait for two."""


class Together(Generic[K, V]):
    """Asks for rows by key; `read` returns those of the given keys that exist."""

    def __init__(self, read: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]], *, at_once: int = _AT_ONCE) -> None:
        """`at_once`: about how many keys one read is for."""
        self._read = read
        self._at_once = at_once
        self._asked: dict[K, asyncio.Future[V | None]] = {}
        self._reads: set[asyncio.Task[None]] = set()

    async def ask(self, key: K) -> V | None:
        """Return the row with this key, or None.  Raises what the read raised."""
        answer = self._asked.get(key)
        if answer is None:
            answer = self._asked[key] = asyncio.get_running_loop().create_future()
            if len(self._reads) < _READS:
                reading = asyncio.create_task(self._answer())
                self._reads.add(reading)
                reading.add_done_callback(self._reads.discard)
        # Not cancelled with one who waits: others may have asked the same.
        return await asyncio.shield(answer)

    async def _answer(self) -> None:
        """Read until nothing is asked; the database ends every read by its own deadline."""
        reading = asyncio.current_task()
        assert reading is not None
        try:
            await self._answer_all()
        finally:
            # Now, and not with the callbacks of this task, which run a turn of the loop later: who asks in between
            # must not count on it.
            self._reads.discard(reading)

    async def _answer_all(self) -> None:
        while self._asked:
            some = {key: self._asked[key] for key in islice(self._asked, self._at_once)}
            for key in some:
                del self._asked[key]
            try:
                found = await self._read(list(some))
            except Exception as problem:
                for answer in some.values():
                    answer.set_exception(problem)
                    answer.exception()  # Nobody may be waiting any more.
            except asyncio.CancelledError:
                for answer in some.values():
                    answer.cancel()
                raise
            else:
                for key, answer in some.items():
                    answer.set_result(found.get(key))

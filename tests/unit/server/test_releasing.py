"""What legal holds kept is let go of by a worker, again and again."""

from __future__ import annotations

import asyncio
from typing import cast

from hubbub.chat.holds import HoldStore
from hubbub.server.releasing import Releasing


class Shelf:
    """Holds of which something may be let go; it counts how often that was looked for."""

    def __init__(self) -> None:
        self.looks = 0
        self.looked_twice = asyncio.Event()

    async def release(self) -> None:
        self.looks += 1
        if self.looks > 1:
            self.looked_twice.set()


async def test_a_worker_looks_again_and_again_until_it_stops() -> None:
    shelf = Shelf()
    worker = Releasing(cast("HoldStore", shelf), every_s=0.001)
    worker.start()
    async with asyncio.timeout(10):
        await shelf.looked_twice.wait()
    await worker.stop()
    looks = shelf.looks
    for _ in range(20):
        await asyncio.sleep(0)
    assert shelf.looks == looks

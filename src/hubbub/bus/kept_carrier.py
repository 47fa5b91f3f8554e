"""A carrier that keeps one connection to a bus server, for ever: when one ends, the next is made.

A link is one connection and nothing else; it never mends itself, so nothing of an old connection can reach into a new
one.  What is subscribed is kept here, and a new link is announced as `back` only once all of it is in force.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections.abc import Callable, Sequence
from typing import Protocol

from hubbub.base.clock import Clock
from hubbub.bus.carrier import BusAway, Receiver
from hubbub.bus.cluster_bus import FLUSH_S, ClusterBus
from hubbub.bus.identity import BusIdentity

_log = logging.getLogger(__name__)

_AGAIN_S = (0.05, 0.5)
"""How long to wait before connecting again, at random in between: not all nodes at once."""
_PASSWORD = re.compile(r"//[^/,]*@")
CONNECT_S = 5.0
"""A deadline over everything that connecting consists of."""


class Link(Protocol):
    """One connection to a bus server, from `start` until `ended` is set."""

    ended: asyncio.Event

    async def start(self) -> None:
        """Connect; raises BusAway."""

    def send(self, subject: str, data: bytes, receipt: str = "") -> None:
        """Publish in this loop turn, in the order of the calls; raises BusAway when the server takes nothing."""

    def subscribe_to(self, subject: str) -> None: ...

    def unsubscribe_from(self, subject: str) -> None: ...

    async def flushed(self, timeout_s: float) -> None:
        """Return once the server has read everything sent before this call, and all it sent before has arrived.

        Raises BusAway; at once while an earlier call that was given up is still without an answer.
        """

    def abandon(self, reason: str) -> None:
        """End the connection without a farewell.  Idempotent."""


class KeptCarrier:
    """`Carrier` over one link after another."""

    def __init__(self, make_link: Callable[[Receiver], Link], receiver: Receiver) -> None:
        self._make_link = make_link
        self._receiver = receiver
        self._subjects: dict[str, None] = {}
        self._link: Link | None = None
        self._task: asyncio.Task[None] | None = None
        self.first = asyncio.Event()
        """Set with the first connection."""

    def start(self) -> None:
        """Begin to connect; must be called in the event loop."""
        self._task = asyncio.get_running_loop().create_task(self._keep(), name="bus")

    @property
    def connected(self) -> bool:
        return self._link is not None and not self._link.ended.is_set()

    def send(self, subject: str, data: bytes, receipt: str = "") -> None:
        self._linked().send(subject, data, receipt)

    async def flush(self, timeout_s: float) -> None:
        await self._linked().flushed(timeout_s)

    def subscribe(self, subjects: Sequence[str]) -> None:
        for subject in subjects:
            self._subjects[subject] = None
            if self.connected:
                self._linked().subscribe_to(subject)

    def unsubscribe(self, subjects: Sequence[str]) -> None:
        for subject in subjects:
            self._subjects.pop(subject, None)
            if self.connected:
                self._linked().unsubscribe_from(subject)

    def reconnect(self) -> None:
        if self._link is not None:
            self._link.abandon("it is of no use")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))

    def _linked(self) -> Link:
        if self._link is None or self._link.ended.is_set():
            raise BusAway("there is no connection")
        return self._link

    async def _keep(self) -> None:
        while True:
            link = self._make_link(self._receiver)
            try:
                await self._serve(link)
            except (BusAway, TimeoutError) as problem:
                _log.info("the bus is not reached: %r", problem)
            except Exception:
                _log.exception("the connection to the bus failed")
            finally:
                link.abandon("it is done")
            await asyncio.sleep(random.uniform(*_AGAIN_S))

    async def _serve(self, link: Link) -> None:
        async with asyncio.timeout(CONNECT_S):
            await link.start()
        self._link = link
        try:
            for subject in self._subjects:
                link.subscribe_to(subject)
            await link.flushed(CONNECT_S)
            _log.info("connected to the bus")
            self._receiver.back()
            self.first.set()
            await link.ended.wait()
        finally:
            self._link = None
            self._receiver.lost()


async def join(
    url: str,
    make_link: Callable[[Receiver], Link],
    *,
    identity: BusIdentity,
    buckets: int,
    clock: Clock,
    on_epoch: Callable[[str], None] | None = None,
    wait_s: float = 10.0,
    flush_s: float = FLUSH_S,
) -> ClusterBus:
    """Return the bus of this process over such links, once the first is there; `url` is for the reason of a failure.

    Raises BusAway when there was no connection within `wait_s`.  Later the bus may go and come as it likes.
    """
    carriers: list[KeptCarrier] = []

    def carry(receiver: Receiver) -> KeptCarrier:
        carriers.append(KeptCarrier(make_link, receiver))
        return carriers[0]

    bus = ClusterBus(carry, identity=identity, buckets=buckets, clock=clock, on_epoch=on_epoch, flush_s=flush_s)
    carriers[0].start()
    try:
        async with asyncio.timeout(wait_s):
            await carriers[0].first.wait()
    except BaseException as problem:
        await bus.close()
        if isinstance(problem, TimeoutError):
            raise BusAway(f"no bus server answers at {_PASSWORD.sub('//', url)}") from None
        raise
    return bus

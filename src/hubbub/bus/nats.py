"""The bus over NATS (core NATS is enough; JetStream is not used)."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import suppress

from hubbub.base.clock import Clock
from hubbub.base.ids import new_id
from hubbub.bus.carrier import BusAway, Receiver
from hubbub.bus.cluster_bus import FLUSH_S, ClusterBus
from hubbub.bus.envelope import PART_BYTES
from hubbub.bus.identity import BusIdentity
from hubbub.bus.nats_link import FAILURES, Link
from hubbub.bus.subjects import PREFIX

_log = logging.getLogger(__name__)

_AGAIN_S = (0.05, 0.5)
"""How long to wait before connecting again, at random in between: not all nodes at once."""
_CONNECT_S = 5.0
"""A deadline over everything that connecting consists of."""
_PAYLOAD = PART_BYTES + 4_096


class NatsCarrier:
    """Keeps one link to a NATS server, for ever."""

    def __init__(self, url: str, name: str, receiver: Receiver) -> None:
        """`url`: one or more, separated by commas."""
        self._servers = [part.strip() for part in url.split(",") if part.strip()]
        self._name = name
        self._receiver = receiver
        self._subjects: dict[str, None] = {}
        self._replies = f"{PREFIX}n.{new_id()}."
        """Where the server says that nobody was there; what follows is the receipt."""
        self._link: Link | None = None
        self._task: asyncio.Task[None] | None = None
        self.first = asyncio.Event()
        """Set with the first connection."""

    def start(self) -> None:
        """Begin to connect; must be called in the event loop."""
        self._task = asyncio.get_running_loop().create_task(self._keep(), name="nats")

    @property
    def connected(self) -> bool:
        return self._link is not None and not self._link.ended.is_set()

    def send(self, subject: str, data: bytes, receipt: str = "") -> None:
        self._linked().send(subject, data, self._replies + receipt if receipt else "")

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

    def _nobody(self, reply: str) -> None:
        self._receiver.nobody(reply.removeprefix(self._replies))

    async def _keep(self) -> None:
        while True:
            link = Link(self._receiver.arrived, self._nobody)
            try:
                await self._serve(link)
            except FAILURES as problem:
                _log.info("the bus is not reached: %r", problem)
            except Exception:
                _log.exception("the connection to the bus failed")
            finally:
                link.abandon("it is done")
            await asyncio.sleep(random.uniform(*_AGAIN_S))

    async def _serve(self, link: Link) -> None:
        async with asyncio.timeout(_CONNECT_S):
            await link.open(self._servers, self._name)
        if link.max_payload < _PAYLOAD:
            _log.error("max_payload of the bus server is %d bytes, less than the %d needed", link.max_payload, _PAYLOAD)
            return
        self._servers = link.known_servers()
        self._link = link
        try:
            link.subscribe_to(f"{self._replies}>")
            for subject in self._subjects:
                link.subscribe_to(subject)
            with suppress(BusAway):
                await link.flushed(_CONNECT_S)
                _log.info("connected to the bus")
                self._receiver.back()
                self.first.set()
                await link.ended.wait()
        finally:
            self._link = None
            self._receiver.lost()


async def connect(
    url: str,
    *,
    identity: BusIdentity,
    buckets: int,
    clock: Clock,
    on_epoch: Callable[[str], None] | None = None,
    wait_s: float = 10.0,
    flush_s: float = FLUSH_S,
) -> ClusterBus:
    """Return the bus of this process on the NATS server or servers at `url`, separated by commas.

    Raises BusAway when there was no connection within `wait_s`.  Later the bus may go and come as it likes.
    """
    carriers: list[NatsCarrier] = []

    def carry(receiver: Receiver) -> NatsCarrier:
        carriers.append(NatsCarrier(url, identity.node_id, receiver))
        return carriers[0]

    bus = ClusterBus(carry, identity=identity, buckets=buckets, clock=clock, on_epoch=on_epoch, flush_s=flush_s)
    carriers[0].start()
    try:
        async with asyncio.timeout(wait_s):
            await carriers[0].first.wait()
    except BaseException as problem:
        await bus.close()
        if isinstance(problem, TimeoutError):
            raise BusAway(f"no bus server answers at {url}") from None
        raise
    return bus

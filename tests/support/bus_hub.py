"""A bus server in memory that does wrong when it is told to: it drops, repeats, and cuts connections.

Its carriers keep the contract of `hubbub.bus.carrier`, so everything above that port is tested with them exactly and at
once; what is peculiar to a real server is tested with that one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from hubbub.base.clock import Clock, SystemClock
from hubbub.base.ids import new_id
from hubbub.bus.carrier import BusAway, Receiver
from hubbub.bus.cluster_bus import ClusterBus
from hubbub.bus.identity import BusIdentity

SECRET = b"the secret of the tests"


class Hub:
    """The server: carriers connect to it, and messages pass in the order they were sent."""

    def __init__(self) -> None:
        self._carriers: list[HubCarrier] = []
        self._passing: deque[tuple[HubCarrier, str, bytes, str]] = deque()
        self.drops: Callable[[str], bool] = lambda subject: False
        """Which messages are lost, by subject."""
        self.repeats = False
        """Whether every message arrives twice."""
        self.passed: list[tuple[str, bytes]] = []
        """Every message that was sent."""

    def join(
        self,
        node_id: str = "node",
        *,
        secret: bytes = SECRET,
        epoch: str = "epoch",
        clock: Clock | None = None,
        on_epoch: Callable[[str], None] | None = None,
    ) -> ClusterBus:
        """Return the bus of one more process, connected."""

        def carry(receiver: Receiver) -> HubCarrier:
            carrier = HubCarrier(self, receiver)
            self._carriers.append(carrier)
            return carrier

        identity = BusIdentity(node_id, new_id(), secret, epoch)
        bus = ClusterBus(carry, identity=identity, buckets=16, clock=clock or SystemClock(), on_epoch=on_epoch)
        self._carriers[-1].come_back()
        return bus

    def cut(self) -> None:
        """Break all connections."""
        self._passing.clear()
        for carrier in self._carriers:
            carrier.break_off()

    def heal(self) -> None:
        for carrier in self._carriers:
            carrier.come_back()

    def forge(self, subject: str, data: bytes) -> None:
        """Send as somebody who is no member of the cluster."""
        for carrier in self._carriers:
            carrier.take(subject, data)

    def leave(self, carrier: HubCarrier) -> None:
        if carrier in self._carriers:
            self._carriers.remove(carrier)

    def send(self, sender: HubCarrier, subject: str, data: bytes, receipt: str) -> None:
        self.passed.append((subject, data))
        self._passing.append((sender, subject, data, receipt))
        asyncio.get_running_loop().call_soon(self._pass_on)

    def _pass_on(self) -> None:
        if not self._passing:
            return
        sender, subject, data, receipt = self._passing.popleft()
        if self.drops(subject):
            return
        others = [each for each in self._carriers if each is not sender and each.takes(subject)]
        if receipt and not others:
            sender.receiver.nobody(receipt)
        for other in others:
            for _ in range(2 if self.repeats else 1):
                other.take(subject, data)


class HubCarrier:
    """One process's connection to a hub."""

    def __init__(self, hub: Hub, receiver: Receiver) -> None:
        self._hub = hub
        self.receiver = receiver
        self._subjects: set[str] = set()
        self.connected = False

    def send(self, subject: str, data: bytes, receipt: str = "") -> None:
        if not self.connected:
            raise BusAway("it was cut")
        self._hub.send(self, subject, data, receipt)

    async def flush(self, timeout_s: float) -> None:
        if not self.connected:
            raise BusAway("it was cut")
        # Everything that passes was scheduled before this.
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    def subscribe(self, subjects: Sequence[str]) -> None:
        # On its way to the server: in force only after a flush.
        asyncio.get_running_loop().call_soon(self._subjects.update, tuple(subjects))

    def unsubscribe(self, subjects: Sequence[str]) -> None:
        self._subjects.difference_update(subjects)

    def reconnect(self) -> None:
        self.break_off()
        self.come_back()

    async def close(self) -> None:
        self.break_off()
        self._hub.leave(self)

    def takes(self, subject: str) -> bool:
        return self.connected and subject in self._subjects

    def take(self, subject: str, data: bytes) -> None:
        if self.takes(subject):
            self.receiver.arrived(subject, data)

    def break_off(self) -> None:
        if self.connected:
            self.connected = False
            self.receiver.lost()

    def come_back(self) -> None:
        if not self.connected:
            self.connected = True
            self.receiver.back()

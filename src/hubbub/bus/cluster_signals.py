"""Signals over the cluster's bus: to the listeners of this process directly, to the others best effort."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from hubbub.bus.carried_calls import Post
from hubbub.bus.carrier import BusAway
from hubbub.bus.local import LocalSignals, SignalHandler
from hubbub.bus.subjects import signal_subject
from hubbub.bus.subscriptions import Subscriptions

REACHABLE_S = 1.0


class Line(Post, Protocol):
    """What signals need of the bus they travel on."""

    async def caught_up(self, timeout_s: float) -> None:
        """Return once everything the server had taken before this call has been heard here; raises BusAway."""


class ClusterSignals:
    """`cluster.ports.Signals`."""

    def __init__(self, line: Line, subscriptions: Subscriptions) -> None:
        self._line = line
        self._subscriptions = subscriptions
        self._here = LocalSignals()

    async def signal(self, subject: str, payload: bytes) -> None:
        """Send to every listener of `subject`; raises nothing when the bus is away."""
        full = signal_subject(subject)
        self._here.tell(full, payload)
        try:
            self._line.post(full, payload, 1)
        except BusAway:
            # Every signal may be lost; what it stands for is in the database.
            return

    async def listen(self, subject: str, handler: SignalHandler) -> Callable[[], None]:
        """Call `handler` with every payload sent from now on; what is returned ends that."""
        full = signal_subject(subject)
        remove = self._here.add(full, handler)
        wanted = True

        def stop() -> None:
            nonlocal wanted
            remove()
            if wanted:
                wanted = False
                self._subscriptions.drop([full])

        self._subscriptions.want([full])
        await self._subscriptions.confirm([full])
        return stop

    async def reachable(self) -> bool:
        """Whether the bus answers; when it does, what others sent before has reached the listeners."""
        try:
            await self._line.caught_up(REACHABLE_S)
        except BusAway:
            return False
        return True

    def arrived(self, subject: str, payload: bytes) -> None:
        """Hand a signal to its listeners here."""
        self._here.tell(subject, payload)

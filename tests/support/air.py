"""Signals as they travel between nodes in a test: at once, and only while nothing is in the way."""

from __future__ import annotations

from collections.abc import Callable


class Air:
    """What carries the signals of every node of a test."""

    def __init__(self) -> None:
        self.wires: list[Wire] = []
        self.away = False
        """Nothing is carried, as when the bus restarts."""

    def wire(self) -> Wire:
        """Return the `Signals` of one more node."""
        wire = Wire(self)
        self.wires.append(wire)
        return wire


class Wire:
    """One node's `Signals`."""

    def __init__(self, air: Air) -> None:
        self._air = air
        self._handlers: dict[str, dict[object, Callable[[bytes], None]]] = {}
        self.mute = False
        """What this node sends is lost."""
        self.deaf = False
        """What others send does not reach this node."""

    async def signal(self, subject: str, payload: bytes) -> None:
        if self._air.away or self.mute:
            return
        for wire in list(self._air.wires):
            if not wire.deaf:
                wire.hear(subject, payload)

    async def listen(self, subject: str, handler: Callable[[bytes], None]) -> Callable[[], None]:
        handlers, key = self._handlers.setdefault(subject, {}), object()
        handlers[key] = handler

        def end() -> None:
            handlers.pop(key, None)

        return end

    @property
    def listening(self) -> list[str]:
        """The subjects somebody listens to at this node."""
        return [subject for subject, handlers in self._handlers.items() if handlers]

    async def reachable(self) -> bool:
        return not self._air.away

    def hear(self, subject: str, payload: bytes) -> None:
        """Hand a payload to who listens at this node."""
        for handler in list(self._handlers.get(subject, {}).values()):
            handler(payload)

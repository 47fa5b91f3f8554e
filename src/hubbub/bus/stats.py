"""What went over the bus, counted so that nobody has to assume it.

Kinds of traffic are `user`, `conversation`, `all`, `signal`, `call`, `answer` and `tally`.  Wiring turns them into
metrics; nothing here knows of any.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

KINDS = {
    "u": "user",
    "c": "conversation",
    "all": "all",
    "s": "signal",
    "q": "call",
    "r": "answer",
    "t": "tally",
}
"""The word after the prefix of a subject, and what travels there."""


@dataclass(slots=True)
class Traffic:
    """One direction of one kind."""

    messages: int = 0
    bytes: int = 0
    items: int = 0
    """Events, signals, requests or answers in the messages; an event that goes to two subjects counts twice."""


def _traffic() -> dict[str, Traffic]:
    return {kind: Traffic() for kind in KINDS.values()}


@dataclass(slots=True)
class BusStats:
    """The counters of one process; they only rise, but for `connected` and `subjects`."""

    sent: dict[str, Traffic] = field(default_factory=_traffic)
    received: dict[str, Traffic] = field(default_factory=_traffic)
    dropped: Counter[str] = field(default_factory=Counter)
    """Messages by why they were not used: `signature`, `form`, `version`, `epoch`, `repeated`, `parts`."""
    heard: int = 0
    """Events that concerned somebody here."""
    unwanted: int = 0
    """Events that came with a followed bucket and concerned nobody here."""
    repeated: int = 0
    """Events that came once more over another subject."""
    unknown: int = 0
    """Events of kinds this version does not know."""
    holes: int = 0
    """Times at which something may have been lost, merged as the listeners were told."""
    connects: int = 0
    refused: int = 0
    """Publishes that the bus did not take."""
    subjects: int = 0
    """Subjects subscribed now."""
    connected: bool = False

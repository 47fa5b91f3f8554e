"""What a crowd is told to do, and what it tells afterwards; times are nanoseconds of the monotonic clock."""

from __future__ import annotations

import msgspec

from hubbub.lab.checker import Report
from hubbub.lab.load.client import Seat


class Task(msgspec.Struct, kw_only=True):
    """Who talks, and where; neighbours in `seats` (0 and 1, 2 and 3 ...) talk to each other."""

    server: str
    """Whom to ask where to connect."""
    seats: list[Seat]
    addresses: list[str] = []
    """Where each connects always, instead of asking; empty: they ask."""
    size: int = 200
    settle_s: float = 120.0
    """How long the last answers and entries may take in the end; it ends as soon as nothing is missing."""
    backoff_s: float = 30.0
    """The longest wait between two attempts to connect; the SDK's."""
    result: str
    """The file that gets what is told."""


class Spoken(msgspec.Struct, array_like=True):
    """One message."""

    sender: int
    receiver: int
    """Numbers of seats."""
    due_ns: int
    acked_ns: int = 0
    arrived_ns: int = 0
    """When the receiver had it first; 0: never."""


class Outage(msgspec.Struct, array_like=True):
    """One connection that ended, until the next one was ready."""

    person: int
    why: str
    lost_ns: int
    back_ns: int = 0
    tries: int = 0
    asked_ns: int = 0
    """When it asked first where to connect."""
    led_ns: int = 0
    """When it was told; like the next, of the try that came to an end."""
    opened_ns: int = 0
    """When its socket was taken."""


class Answer(msgspec.Struct, array_like=True):
    """Something else than "accepted" to a message."""

    person: int
    code: str
    """A row of errors.toml; `unknown(…)` where the server cannot tell."""
    at_ns: int


class Told(msgspec.Struct, kw_only=True):
    """Everything a crowd did and saw."""

    spoken: list[Spoken] = []
    outages: list[Outage] = []
    answers: list[Answer] = []
    refused: dict[str, int] = {}
    """Messages that were refused for good, by code."""
    logins_refused: dict[str, int] = {}
    """Hellos that were refused, by code."""
    missing: list[str] = []
    """What somebody online still lacked in the end, in words."""
    unanswered: int = 0
    away: int = 0
    """People who were not connected in the end."""
    places: list[str] = []
    """The node of each person, in the end."""
    load_cpu_s: float = 0.0
    """Processor time of the crowd itself, from its start on."""
    report: Report = msgspec.field(default_factory=Report)

"""Figures out of what a crowd told: gaps, delays, and when all was well again.

Everything here is pure.  Times come in nanoseconds of one clock and leave in seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from hubbub.lab.figures.told import Outage, Spoken


def percentile(values: Iterable[float], percent: float) -> float:
    """Return the smallest value that `percent` of all do not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] if ordered else 0.0


def longest_gap_s(moments_ns: Iterable[int], begin_ns: int, end_ns: int) -> float:
    """Return the longest time between neighbours from `begin_ns` to `end_ns`, both of which count as one."""
    inside = sorted(moment for moment in moments_ns if begin_ns < moment < end_ns)
    return max(after - before for before, after in pairwise([begin_ns, *inside, end_ns])) / 1e9


def acks_within(spoken: Iterable[Spoken], begin_ns: int, end_ns: int) -> list[Spoken]:
    """Return the messages that were acknowledged in that time."""
    return [each for each in spoken if begin_ns <= each.acked_ns < end_ns]


def delays_s(spoken: Iterable[Spoken]) -> list[float]:
    """Return how long after they were due messages arrived."""
    return [(each.arrived_ns - each.due_ns) / 1e9 for each in spoken if each.arrived_ns]


def ack_delays_s(spoken: Iterable[Spoken]) -> list[float]:
    """Return how long after they were due messages were acknowledged."""
    return [(each.acked_ns - each.due_ns) / 1e9 for each in spoken if each.acked_ns]


def outages_s(outages: Iterable[Outage]) -> list[float]:
    """Return how long each lasted; one that never ended lasts for ever."""
    return [(each.back_ns - each.lost_ns) / 1e9 if each.back_ns else math.inf for each in outages]


def steps_s(outages: Iterable[Outage], begin_ns: int) -> dict[str, str]:
    """Return when the first, the middle and the last one took each step on the way back, by the step's name."""
    ended = [each for each in outages if each.lost_ns >= begin_ns and each.back_ns]
    found = {}
    for step in ("lost", "asked", "led", "opened", "back"):
        moments = sorted((getattr(each, f"{step}_ns") - begin_ns) / 1e9 for each in ended)
        if moments:
            found[step] = " / ".join(f"{percentile(moments, percent):.2f}" for percent in (0, 50, 100))
    return found


def all_back_ns(outages: Sequence[Outage], begin_ns: int) -> int:
    """Return when the last of those who were lost since `begin_ns` was back; 0: not all came back."""
    since = [each.back_ns for each in outages if each.lost_ns >= begin_ns]
    return max(since, default=begin_ns) if all(since) else 0


def all_had_ns(spoken: Iterable[Spoken], due_from_ns: int, due_until_ns: int) -> int:
    """Return when the last message that was due in that time had been acknowledged and was there; 0: never."""
    had = [
        max(each.acked_ns, each.arrived_ns) if each.acked_ns and each.arrived_ns else 0
        for each in spoken
        if due_from_ns <= each.due_ns < due_until_ns
    ]
    return max(had, default=0) if all(had) else 0


def seconds_until(moment_ns: int, since_ns: int) -> float:
    """Return the time between two moments, for ever when the later one never came."""
    return (moment_ns - since_ns) / 1e9 if moment_ns else math.inf

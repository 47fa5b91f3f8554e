"""Decide whom to call about what, from what is true now.  Pure: no clock, no I/O.

What somebody has read meanwhile, said themselves, muted or was called about already is nothing to call for.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hubbub.push.model import Quiet, Rule, Said, Sight

__all__ = ["count_of", "is_quiet", "worth_calling", "zone_of"]


def worth_calling(sight: Sight | None, told: int, since_ms: int) -> tuple[Said, ...]:
    """Return what somebody should be called about, oldest first; nothing when they need not be.

    What was said before `since_ms`, when they could not be called yet, is nothing either.
    """
    if sight is None or sight.rule is Rule.NOTHING:
        return ()
    seen = max(told, sight.read_seq)
    return tuple(
        one
        for one in sight.said
        if one.seq > seen and one.time_ms >= since_ms and (one.mentioned or sight.rule is Rule.ALL)
    )


def count_of(sight: Sight, fresh: tuple[Said, ...]) -> int:
    """Return how many messages wait, as far as they are called for."""
    return max(sight.unread if sight.rule is Rule.ALL else sight.mentions, len(fresh))


def is_quiet(quiet: Quiet, now_ms: int) -> bool:
    """Whether somebody does not want to be called now."""
    if now_ms < quiet.until_ms:
        return True
    if quiet.from_minute == quiet.to_minute:
        return False
    now = datetime.fromtimestamp(now_ms / 1000, zone_of(quiet.time_zone) or UTC)
    minute = now.hour * 60 + now.minute
    if quiet.from_minute < quiet.to_minute:
        return quiet.from_minute <= minute < quiet.to_minute
    return minute >= quiet.from_minute or minute < quiet.to_minute


def zone_of(name: str) -> ZoneInfo | None:
    """Return a time zone by its name; None for one that is not known here."""
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        return None

"""What is worth a call, and when nobody is to be called."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from hubbub.push.deciding import count_of, is_quiet, worth_calling, zone_of
from hubbub.push.model import Quiet, Rule, Said, Sight

PLAIN = Said(5, 5_000, "Romeo", "Soft!")
MENTION = Said(6, 6_000, "Nurse", "@juliet", mentioned=True)
SEEN = Sight("c" * 32, "Verona", head=7, read_seq=4, unread=2, mentions=1, rule=Rule.ALL, said=(PLAIN, MENTION))


def test_what_is_unread_and_new_is_worth_a_call() -> None:
    assert worth_calling(SEEN, 0, 0) == (PLAIN, MENTION)
    assert worth_calling(SEEN, 5, 0) == (MENTION,)
    assert worth_calling(SEEN, 6, 0) == ()
    assert worth_calling(replace(SEEN, read_seq=6), 0, 0) == ()
    assert worth_calling(SEEN, 0, 5_500) == (MENTION,)
    assert worth_calling(None, 0, 0) == ()


def test_a_rule_says_what_of_it() -> None:
    assert worth_calling(replace(SEEN, rule=Rule.MENTIONS), 0, 0) == (MENTION,)
    assert worth_calling(replace(SEEN, rule=Rule.NOTHING), 0, 0) == ()
    assert count_of(SEEN, (PLAIN, MENTION)) == 2
    assert count_of(replace(SEEN, unread=40), (MENTION,)) == 40
    assert count_of(replace(SEEN, rule=Rule.MENTIONS, unread=40), (MENTION,)) == 1


@pytest.mark.parametrize(
    ("hour", "quiet"), [(21, False), (22, True), (23, True), (0, True), (6, True), (7, False), (12, False)]
)
def test_a_night_reaches_over_midnight(hour: int, quiet: bool) -> None:
    night = Quiet(from_minute=22 * 60, to_minute=7 * 60, time_zone="Europe/Rome")
    now = datetime(2025, 10, 3, hour, 30 if hour == 12 else 0, tzinfo=ZoneInfo("Europe/Rome"))
    assert is_quiet(night, int(now.timestamp() * 1000)) is quiet


def test_hours_within_a_day_and_without_a_zone() -> None:
    noon = int(datetime(2025, 10, 3, 12, tzinfo=UTC).timestamp() * 1000)
    assert is_quiet(Quiet(from_minute=12 * 60, to_minute=13 * 60), noon)
    assert not is_quiet(Quiet(from_minute=13 * 60, to_minute=14 * 60), noon)
    assert not is_quiet(Quiet(from_minute=60, to_minute=60), noon)


def test_somebody_who_is_not_to_be_disturbed_is_left_alone_until_then() -> None:
    assert is_quiet(Quiet(until_ms=10), 9)
    assert not is_quiet(Quiet(until_ms=10), 10)


def test_a_time_zone_that_is_not_known_is_none() -> None:
    assert [zone_of(name) for name in ("", "Verona/Old_Town", "../../etc/passwd", "/etc/passwd")] == [None] * 4

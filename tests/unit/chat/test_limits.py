"""How fast one person may act."""

from __future__ import annotations

import pytest

from hubbub.base.clock import ManualClock
from hubbub.base.errors import RateLimited
from hubbub.chat.limits import Allowance


def allowed(allowance: Allowance, who: str, tries: int) -> int:
    done = 0
    for _ in range(tries):
        try:
            allowance.take(who)
        except RateLimited:
            continue
        done += 1
    return done


def test_a_burst_is_allowed_and_then_the_rate() -> None:
    clock = ManualClock()
    allowance = Allowance(clock, per_s=10, burst=5, remembered=10)
    assert allowed(allowance, "anna", 20) == 5
    clock.advance(0.2)
    assert allowed(allowance, "anna", 20) == 2
    clock.advance(3600)
    assert allowed(allowance, "anna", 20) == 5


def test_a_refusal_says_when_to_come_back_and_costs_nothing() -> None:
    clock = ManualClock()
    allowance = Allowance(clock, per_s=2, burst=1, remembered=10)
    allowance.take("anna")
    for _ in range(3):
        with pytest.raises(RateLimited) as refusal:
            allowance.take("anna")
        assert refusal.value.retry_after_s == pytest.approx(0.5)
    clock.advance(0.5)
    allowance.take("anna")


def test_people_do_not_use_up_each_others_allowance() -> None:
    allowance = Allowance(ManualClock(), per_s=1, burst=2, remembered=10)
    assert [allowed(allowance, who, 5) for who in ("anna", "ben")] == [2, 2]


def test_a_rate_of_nought_means_no_limit() -> None:
    allowance = Allowance(ManualClock(), per_s=0, burst=1, remembered=10)
    assert allowed(allowance, "anna", 1000) == 1000


def test_only_so_many_people_are_remembered_and_the_longest_idle_is_forgotten() -> None:
    allowance = Allowance(ManualClock(), per_s=1, burst=1, remembered=2)
    for who in ("anna", "ben", "cleo"):
        allowance.take(who)
    assert allowed(allowance, "anna", 1) == 1  # forgotten, in her favour
    assert allowed(allowance, "cleo", 1) == 0

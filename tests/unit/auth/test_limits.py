"""Allowances that end, return, and forget who they must forget."""

from __future__ import annotations

import pytest

from hubbub.auth.limits import Allowance, Curve, Failed, neighbourhood
from hubbub.base.clock import ManualClock
from hubbub.base.errors import RateLimited


def test_a_burst_is_allowed_and_then_the_rate() -> None:
    clock = ManualClock()
    allowance = Allowance(clock, per_s=2, burst=3)
    for _ in range(3):
        allowance.take("a")
    with pytest.raises(RateLimited) as refused:
        allowance.take("a")
    assert refused.value.retry_after_s == pytest.approx(0.5)
    clock.advance(0.5)
    allowance.take("a")
    with pytest.raises(RateLimited):
        allowance.take("a")
    allowance.take("b")


def test_a_refusal_costs_nothing() -> None:
    clock = ManualClock()
    allowance = Allowance(clock, per_s=1, burst=1)
    allowance.take("a")
    for _ in range(50):
        with pytest.raises(RateLimited):
            allowance.take("a")
    clock.advance(1)
    allowance.take("a")


def test_a_rate_of_nothing_is_no_limit() -> None:
    allowance = Allowance(ManualClock(), per_s=0, burst=1)
    for _ in range(1000):
        allowance.take("a")


def test_only_so_many_keys_are_remembered() -> None:
    allowance = Allowance(ManualClock(), per_s=1, burst=1, keys=10)
    for n in range(1000):
        allowance.take(str(n))
    with pytest.raises(RateLimited):
        allowance.take("999")
    allowance.take("0")


def test_waits_double_up_to_the_longest_and_time_forgives() -> None:
    curve, failed, waits = Curve(free=1, first_ms=1_000, longest_ms=60_000), None, []
    for _ in range(2000):
        failed = curve.next(failed, 0)
        waits.append(failed.until_ms)
    assert waits[:5] == [0, 1_000, 2_000, 4_000, 8_000]
    assert max(waits) == 60_000
    assert curve.next(failed, 120_000) == Failed(2001, 180_000)
    assert curve.next(failed, 120_001) == Failed(1, 120_001)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2:3::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("", "unix:", False),
    ],
)
def test_an_ipv6_customer_is_one_neighbourhood(one: str, other: str, same: bool) -> None:
    assert (neighbourhood(one) == neighbourhood(other)) is same

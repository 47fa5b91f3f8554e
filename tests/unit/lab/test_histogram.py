"""Percentiles from buckets are close to those of the numbers themselves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hubbub.lab.histogram import Histogram

DURATIONS = st.lists(st.integers(1, 3_600_000_000_000), min_size=1, max_size=200)


@given(DURATIONS, st.sampled_from([50, 95, 99]))
def test_a_percentile_is_never_below_the_true_one_and_at_most_a_bucket_above(
    durations: list[int], percent: int
) -> None:
    histogram = Histogram()
    for ns in durations:
        histogram.add(ns)
    ordered = sorted(durations)
    true_ns = next(ns for at, ns in enumerate(ordered, 1) if at >= len(ordered) * percent / 100)
    found = histogram.percentile_ms(percent)
    assert found is not None
    assert true_ns * 0.999 <= found * 1e6 <= max(true_ns * 1.04, true_ns + 2048)


@given(DURATIONS, DURATIONS)
def test_two_histograms_add_up(one: list[int], two: list[int]) -> None:
    apart, together = (Histogram(), Histogram()), Histogram()
    for histogram, durations in zip(apart, (one, two), strict=True):
        for ns in durations:
            histogram.add(ns)
            together.add(ns)
    apart[0].merge(apart[1])
    assert apart[0].summary() == together.summary()


def test_nothing_counted_has_no_percentiles() -> None:
    assert Histogram().summary() is None

"""Runs of numbers behave like the sets they stand for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hubbub.lab.ranges import Ranges

RUNS = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 8)).map(lambda run: (run[0], run[0] + run[1] - 1)))


def numbers(ranges: Ranges) -> set[int]:
    return {number for low, high in ranges for number in range(low, high + 1)}


def plain(runs: list[tuple[int, int]]) -> set[int]:
    return {number for low, high in runs for number in range(low, high + 1)}


@given(RUNS, RUNS, st.integers(1, 40), st.integers(1, 48))
def test_ranges_are_sets(one: list[tuple[int, int]], two: list[tuple[int, int]], low: int, high: int) -> None:
    left, right = Ranges(one), Ranges(two)
    assert numbers(left) == plain(one)
    assert left.count == len(plain(one))
    assert left.top == max(plain(one), default=0)
    assert (low in left) == (low in plain(one))
    assert numbers(left.minus(right)) == plain(one) - plain(two)
    assert numbers(left.within(low, high)) == {number for number in plain(one) if low <= number <= high}
    left.update(right)
    assert numbers(left) == plain(one) | plain(two)


@given(RUNS)
def test_runs_are_disjoint_and_not_adjacent(runs: list[tuple[int, int]]) -> None:
    flat = [end for run in Ranges(runs) for end in run]
    assert flat == sorted(flat)
    assert all(after - before > 1 for before, after in zip(flat[1::2], flat[2::2], strict=False))

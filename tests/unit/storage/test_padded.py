"""Lists of values come in few lengths and lose nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hubbub.storage.padded import padded


@given(st.lists(st.integers()), st.integers(min_value=1, max_value=40))
def test_lists_hold_every_value_in_order_and_nothing_else(values: list[int], at_once: int) -> None:
    lists = list(padded(values, at_once))
    found: list[int] = []
    for some in lists:
        own = min(at_once, len(values) - len(found))
        assert len(some).bit_count() == 1
        assert len(some) < 2 * own
        assert set(some[own:]) <= {some[own - 1]}
        found += some[:own]
    assert found == values

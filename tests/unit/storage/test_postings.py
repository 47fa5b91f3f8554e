"""A set of small numbers and the bytes of a row are the same thing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hubbub.storage.chat.postings import ascending, descending, packed, unpacked
from hubbub.storage.tables.search import BLOCK, POSTINGS_BYTES

SETS = st.sets(st.integers(0, BLOCK - 1), min_size=1, max_size=600)


@given(SETS)
def test_a_set_comes_back_from_its_row(numbers: set[int]) -> None:
    bits = sum(1 << number for number in numbers)
    row = packed(bits)
    assert unpacked(row) == bits
    assert len(row) <= min(POSTINGS_BYTES, 1 + 2 * len(numbers))
    assert list(ascending(bits)) == sorted(numbers)
    assert list(descending(bits)) == sorted(numbers, reverse=True)


def test_a_full_block_fits_its_column() -> None:
    assert len(packed((1 << BLOCK) - 1)) == POSTINGS_BYTES

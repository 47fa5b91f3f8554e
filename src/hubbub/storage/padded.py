"""Lists of values for `IN`, in few lengths.

A database prepares a statement for every length of a list anew, and each of them is kept for as long as its connection.
So lists are cut to a size, and filled up to the next power of two with the value they end with, which asks for nothing
more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def padded(values: Sequence[T], at_once: int) -> Iterator[list[T]]:
    """Return these values in lists whose lengths are powers of two, of at most `at_once` values of their own."""
    for start in range(0, len(values), at_once):
        some = list(values[start : start + at_once])
        yield some + [some[-1]] * ((1 << (len(some) - 1).bit_length()) - len(some))

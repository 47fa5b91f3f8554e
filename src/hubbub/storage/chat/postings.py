"""The messages of a block that have a term: a set of small numbers, as one integer in memory and few bytes in a row.

In memory bit N stands for the Nth sequence number of the block, so that two sets are joined and cut by one operation of
a processor's loop.  In a row there are either two bytes for each number or the bits themselves, whichever is shorter;
the first byte says which.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator

_FEW = b"\0"
_MANY = b"\1"


def packed(bits: int) -> bytes:
    """Return the bytes of a set that is not empty."""
    count = bits.bit_count()
    whole = (bits.bit_length() + 7) // 8
    if 2 * count >= whole:
        return _MANY + bits.to_bytes(whole, "little")
    numbers = array("H", ascending(bits))
    if sys.byteorder == "big":
        numbers.byteswap()
    return _FEW + numbers.tobytes()


def unpacked(row: bytes) -> int:
    """Return the set of a row."""
    if row[:1] == _MANY:
        return int.from_bytes(row[1:], "little")
    numbers = array("H", row[1:])
    if sys.byteorder == "big":
        numbers.byteswap()
    if len(numbers) == 1:
        return 1 << numbers[0]
    image = bytearray(numbers[-1] // 8 + 1)
    for number in numbers:
        image[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(image, "little")


def ascending(bits: int) -> Iterator[int]:
    """Return the numbers of a set, the smallest first."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


def descending(bits: int) -> Iterator[int]:
    """Return the numbers of a set, the largest first."""
    while bits:
        number = bits.bit_length() - 1
        yield number
        bits ^= 1 << number

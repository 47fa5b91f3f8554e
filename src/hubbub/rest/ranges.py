"""The one part of a file that a Range header asks for (RFC 9110 section 14).

Several parts in one answer are no use to a player or a downloader; who asks for them gets everything, which the RFC
allows.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from hubbub.base.errors import ChatError, Code

_RANGE = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*")


class Part(NamedTuple):
    """The bytes [first, end)."""

    first: int
    end: int


class NoSuchPart(ChatError):
    """The part begins behind the end; says where that is."""

    def __init__(self, size: int) -> None:
        super().__init__(Code.BAD_RANGE)
        self.size = size


def part_of(header: str, size: int) -> Part | None:
    """Return the part, or None for all: there is no header, or one that is not understood.

    Raises NoSuchPart.
    """
    found = _RANGE.fullmatch(header)
    if found is None or found[1] == found[2] == "":
        return None
    if not found[1]:
        length = int(found[2])
        if length == 0 or size == 0:
            raise NoSuchPart(size)
        return Part(max(0, size - length), size)
    first = int(found[1])
    if found[2] and int(found[2]) < first:
        return None
    if first >= size:
        raise NoSuchPart(size)
    return Part(first, min(int(found[2]) + 1, size) if found[2] else size)


def matches(header: str, etag: str) -> bool:
    """Whether an If-None-Match header names this tag (RFC 9110 section 13.1.2: weakly compared)."""
    return any(tag.strip().removeprefix("W/") in (etag, "*") for tag in header.split(","))

"""Ids: UUIDs written as 32 lower-case hexadecimal digits.

New ids are version 7 (RFC 9562 section 5.7): they begin with the time, so rows that are made together lie together in
an index.  Nothing reads the time back out of an id; order comes from sequence numbers alone.
"""

from __future__ import annotations

import hashlib
import os
import time

NOBODY = "0" * 32
"""Stands where an id must be and no person is meant: the sender of entries the system wrote."""

SYSTEM_CONVERSATION = "0" * 31 + "1"
"""The announcements conversation, of which everybody is a member without a row."""

GENERAL_CHANNEL = "0" * 31 + "2"
"""The channel that exists from the start."""

_HEX = frozenset("0123456789abcdef")


def new_id() -> str:
    """Return a fresh UUIDv7."""
    ms = time.time_ns() // 1_000_000
    tail = bytearray(os.urandom(10))
    tail[0] = 0x70 | (tail[0] & 0x0F)
    tail[2] = 0x80 | (tail[2] & 0x3F)
    return f"{ms:012x}{tail.hex()}"


def parse_id(text: str) -> str:
    """Return the id in `text`, which may be upper case or carry a UUID's hyphens.

    Raises ValueError for anything else.
    """
    if len(text) == 32 and _HEX.issuperset(text):
        return text
    plain = text.replace("-", "").lower()
    if len(plain) != 32 or len(text) not in (32, 36) or not _HEX.issuperset(plain):
        raise ValueError("not an id")
    return plain


def direct_id(one: str, other: str) -> str:
    """Return the id of the private chat of two people, the same from either side.

    Because the id is a function of the pair, two racing openings meet in one primary key.
    """
    pair = "".join(sorted((one, other)))
    return hashlib.blake2b(b"hubbub direct " + pair.encode(), digest_size=16).hexdigest()

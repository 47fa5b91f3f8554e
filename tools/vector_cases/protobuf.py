"""Protobuf by hand: just enough to write a frame down field by field.

The vectors must not be made by the library that the server uses, or a mistake of that library would be golden.
"""

from __future__ import annotations

ROMEO = "0190000000007000800000000000000a"
JULIET = "0190000000007000800000000000000b"
MERCUTIO = "0190000000007000800000000000000c"
ROOM = "01900000000070008000000000000100"
OTHER_ROOM = "01900000000070008000000000000200"
KEY_A = "019000000000700080000000000000a1"
KEY_B = "019000000000700080000000000000b2"
EPOCH = "0190000000007000800000000000e0c4"
SESSION = "01900000000070008000000000005e55"
DEVICE = "0190000000007000800000000000de1c"
TIME = 1763668800000


def varint(value: int) -> bytes:
    """Return a base-128 varint: seven bits per byte, the least significant first."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def num(field: int, value: int) -> bytes:
    """Return a field of type varint: integers, booleans, enums."""
    return varint(field << 3) + varint(value)


def sub(field: int, *parts: str | bytes) -> bytes:
    """Return a field of type bytes: a string, bytes, or a message made of its fields."""
    body = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    return varint(field << 3 | 2) + varint(len(body)) + body

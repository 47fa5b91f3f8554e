"""Where a stream of events stands, as text that its client brings back and need not understand.

It holds the client's version and one sequence number per conversation, so any node can go on from it and nothing is
kept for a stream that ended.  It is no secret and no right: what is read from a position is read as the one who asks.
"""

from __future__ import annotations

import base64
import binascii
import hashlib

import msgspec

from hubbub.base.errors import ChatError, Code

__all__ = ["MOST", "Position", "read", "write"]

MOST = 500
"""Conversations a cursor has room for: with more it would not fit into the head of a request."""

_FORM = 1
_ID_BYTES = 16
_LONGEST = 9
"""Bytes of a number: seven bits each, up to 2^63 - 1."""


class Position(msgspec.Struct):
    """What a client has: everything up to these numbers."""

    version: int
    """Of the client's own rows."""
    seen: dict[str, int]
    """By conversation."""


def write(epoch: str, user_id: str, position: Position) -> str:
    """Return the cursor of a position."""
    parts = [bytes((_FORM,)), _mark(epoch, user_id), _number(position.version)]
    for conversation_id, seq in position.seen.items():
        parts += (bytes.fromhex(conversation_id), _number(seq))
    return base64.urlsafe_b64encode(b"".join(parts)).rstrip(b"=").decode()


def read(cursor: str, epoch: str, user_id: str) -> Position | None:
    """Return the position of a cursor, or None for one of another epoch or another person.

    Raises ChatError(BAD_CURSOR) for what is no cursor.
    """
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        if data[0] != _FORM or len(data) < 9:
            raise ChatError(Code.BAD_CURSOR)
        version, at = _read_number(data, 9)
        seen: dict[str, int] = {}
        while at < len(data):
            conversation_id = data[at : at + _ID_BYTES]
            seen[conversation_id.hex()], at = _read_number(data, at + _ID_BYTES)
    except (ValueError, IndexError, binascii.Error):
        raise ChatError(Code.BAD_CURSOR) from None
    if len(seen) > MOST:
        raise ChatError(Code.BAD_CURSOR)
    return Position(version, seen) if data[1:9] == _mark(epoch, user_id) else None


def _mark(epoch: str, user_id: str) -> bytes:
    """Return what tells the cursors of one person and one history of the log from others."""
    return hashlib.blake2b(f"{epoch} {user_id}".encode(), digest_size=8).digest()


def _number(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def _read_number(data: bytes, at: int) -> tuple[int, int]:
    """Return a number and the place after it.  Raises IndexError or ValueError."""
    value = 0
    for place in range(_LONGEST):
        part = data[at + place]
        value |= (part & 0x7F) << 7 * place
        if part <= 0x7F:
            return value, at + place + 1
    raise ValueError("a number is too long")

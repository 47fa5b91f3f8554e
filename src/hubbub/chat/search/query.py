"""The one box: words, phrases in quotation marks, and filters such as `from:romeo`.

A filter's value may stand in quotation marks.  What only looks like a filter is a word.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

import msgspec

from hubbub.base.errors import ChatError, Code

_PIECE = re.compile(r'(?:(from|in|before|after|has):)?(?:"([^"]*)"?|(\S+))', re.IGNORECASE)
_MOST = 20
"""Words and filters in one query."""
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class Asked(msgspec.Struct):
    """A query taken apart; names are as they were typed."""

    words: list[str] = msgspec.field(default_factory=list)
    ended: bool = False
    """Whether the last word is finished: it stands in quotation marks, or a filter follows it."""
    senders: list[str] = msgspec.field(default_factory=list)
    places: list[str] = msgspec.field(default_factory=list)
    before_ms: int | None = None
    """Only what was sent before this moment."""
    after_ms: int | None = None
    """Only what was sent at or after this moment."""
    has_file: bool = False


def take_apart(
    query: str, *, from_: str = "", in_: str = "", before: str = "", after: str = "", has: str = ""
) -> Asked:
    """Read a query and the filters beside it; both narrow.  Raises BAD_REQUEST for a value that makes no sense."""
    asked = Asked()
    pieces = list(_PIECE.finditer(query))
    if len(pieces) > _MOST:
        raise ChatError(Code.BAD_REQUEST, f"A query has at most {_MOST} words.")
    for piece in pieces:
        name, quoted, plain = piece.groups()
        value = quoted if quoted is not None else plain
        if not name:
            if value:
                asked.words.append(value)
                asked.ended = quoted is not None
        elif value:
            _filter(asked, name.lower(), value)
    for name, value in (("from", from_), ("in", in_), ("before", before), ("after", after), ("has", has)):
        if value:
            _filter(asked, name, value)
    return asked


def _filter(asked: Asked, name: str, value: str) -> None:
    match name:
        case "from":
            asked.senders.append(value.removeprefix("@"))
        case "in":
            asked.places.append(value.removeprefix("#"))
        case "before":
            moment = moment_of(value)
            asked.before_ms = moment if asked.before_ms is None else min(moment, asked.before_ms)
        case "after":
            moment = moment_of(value)
            asked.after_ms = moment if asked.after_ms is None else max(moment, asked.after_ms)
        case _:
            if value.lower() != "file":
                raise ChatError(Code.BAD_REQUEST, "has: knows file only.")
            asked.has_file = True


def moment_of(value: str) -> int:
    """Return milliseconds for a date (its beginning in UTC), a time of RFC 3339, or milliseconds."""
    try:
        if value.isascii() and value.isdigit() and len(value) <= 15:
            return int(value)
        moment = datetime.fromisoformat(value)
        if _DATE.fullmatch(value) or moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return round(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise ChatError(Code.BAD_REQUEST, f"{value!r} is no date such as 2026-01-31.") from None

"""What comes in through paths, queries and headers, made into what chat takes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated

from litestar.params import HeaderParameter, PathParameter, QueryParameter

from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import new_id, parse_id

__all__ = [
    "MAX_NUMBER",
    "Cursor",
    "Emoji",
    "Limit",
    "Query",
    "Seq",
    "TargetSeq",
    "an_id",
    "client_id_of",
    "conversation_of",
    "id_after",
    "ids_of",
    "user_of",
]

MAX_NUMBER = 2**53 - 1
"""The largest number every JSON parser keeps exactly (RFC 8259 section 6); more than any seq or time there will be."""

Limit = Annotated[
    int, QueryParameter(ge=0, le=1_000_000, description="How many at most; 0 or none: the server's choice.")
]
Cursor = Annotated[
    str, QueryParameter(max_length=1000, description="`next_cursor` of the page before; none for the first.")
]
Query = Annotated[str, QueryParameter(name="query", max_length=100, description="Part of the name to find.")]
Seq = Annotated[int, QueryParameter(ge=0, le=MAX_NUMBER, description="A sequence number; 0 for none.")]
TargetSeq = Annotated[int, PathParameter(ge=1, le=MAX_NUMBER, description="The sequence number of a message.")]
Emoji = Annotated[str, PathParameter(min_length=1, max_length=64, description="One emoji or a short name.")]

IdempotencyKey = Annotated[
    str,
    HeaderParameter(
        name="Idempotency-Key",
        max_length=256,
        description="A key under which a retry finds the first attempt; another way to give client_id.",
    ),
]


def an_id(text: str, code: Code, message: str = "") -> str:
    """Return the id in `text`.  Raises ChatError with `code` for what cannot be one."""
    try:
        return parse_id(text)
    except ValueError:
        raise ChatError(code, message) from None


def id_after(cursor: str) -> str:
    """Return the id that a page begins after; empty for the first.  Raises ChatError(BAD_CURSOR)."""
    return an_id(cursor, Code.BAD_CURSOR) if cursor else ""


def conversation_of(text: str) -> str:
    return an_id(text, Code.CONVERSATION_NOT_FOUND)


def user_of(text: str) -> str:
    return an_id(text, Code.USER_NOT_FOUND)


def ids_of(texts: Sequence[str]) -> tuple[str, ...]:
    """Return people's ids, each once, in the order given."""
    return tuple(dict.fromkeys(user_of(text) for text in texts))


def client_id_of(key: str, given: str = "") -> str:
    """Return the command's client_id: from the body, from Idempotency-Key, or a fresh one.

    A key that is no UUID becomes one by hashing, so that any key a caller likes makes a retry find the first attempt.
    """
    if given:
        return an_id(given, Code.BAD_REQUEST, "client_id is a UUID.")
    key = key.strip().strip('"')
    if not key:
        return new_id()
    try:
        return parse_id(key)
    except ValueError:
        return hashlib.blake2b(b"hubbub idempotency key " + key.encode("utf-8", "replace"), digest_size=16).hexdigest()

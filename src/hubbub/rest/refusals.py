"""Which errors an operation may answer, said beside it for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from hubbub.base.errors import Code

__all__ = ["ANY", "AUTHENTICATED", "BODY", "COMMAND", "READ", "refuses"]

ANY = (
    Code.BAD_REQUEST,
    Code.HEADER_TOO_LARGE,
    Code.INTERNAL_ERROR,
    Code.OVERLOADED,
    Code.UNAVAILABLE,
    Code.TIMEOUT,
)
"""Whatever is asked."""

BODY = (Code.TOO_LARGE, Code.STORAGE_FULL)
"""With a body, or whatever else writes."""

AUTHENTICATED = (
    Code.UNAUTHENTICATED,
    Code.BAD_TOKEN,
    Code.TOKEN_EXPIRED,
    Code.SESSION_ENDED,
    Code.WRONG_USER,
    Code.INSUFFICIENT_SCOPE,
    Code.SECOND_FACTOR_REQUIRED,
    Code.RATE_LIMITED,
)
"""Wherever a token is needed."""

READ = (Code.CONVERSATION_NOT_FOUND, Code.NOT_A_MEMBER, Code.BANNED)
"""Reading in a conversation."""

COMMAND = (
    *READ,
    Code.CONVERSATION_DISSOLVED,
    Code.FORBIDDEN,
    Code.MUTED,
    Code.SLOW_MODE,
    Code.WORDS_REFUSED,
    Code.HELD_FOR_REVIEW,
    Code.CONFLICT,
    Code.PREDECESSOR_MISSING,
    Code.MESSAGE_NOT_FOUND,
    Code.MESSAGE_RECALLED,
    Code.TEXT_TOO_LONG,
    Code.FILE_NOT_FOUND,
    Code.USER_NOT_FOUND,
    Code.UNKNOWN_OUTCOME,
    Code.STORAGE_FULL,
)
"""Writing in a conversation."""


def refuses(*codes: Code, **more: Any) -> dict[str, Any]:
    """Return a handler's `opt` saying which errors it has beside those of every operation.

    `scope` is what a client's token needs, `permission` what the person needs; without, everybody has it.
    """
    if more.get("permission") is not None and Code.FORBIDDEN not in codes:
        codes = (*codes, Code.FORBIDDEN)
    return {"errors": codes, **more}

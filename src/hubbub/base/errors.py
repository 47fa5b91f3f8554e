"""Errors a peer may see: a code, a sentence, and whether to try again.

The codes are the rows of `spec/errors.toml`.  A class of its own exists only where an error carries fields or is caught
by type; everything else is `ChatError(Code.X)`.
"""

from __future__ import annotations

from typing import final

from hubbub.base.error_table import TABLE, Code, ErrorRow

__all__ = ["TABLE", "ChatError", "Code", "ErrorRow", "RateLimited"]


class ChatError(Exception):
    """Something a peer asked for was refused; `code` says why."""

    def __init__(self, code: Code, message: str = "", *, retry_after_s: float = 0.0) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.retry_after_s = retry_after_s

    @property
    def retry(self) -> bool:
        """Whether the same request may succeed later."""
        return TABLE[self.code].retry

    def __str__(self) -> str:
        return self.message or TABLE[self.code].en


@final
class RateLimited(ChatError):
    """The peer exceeded an allowance and may retry after a delay."""

    def __init__(self, *, after_s: float) -> None:
        super().__init__(Code.RATE_LIMITED, retry_after_s=after_s)

    def __str__(self) -> str:
        return f"Too many requests; try again in {self.retry_after_s:.3g} s."

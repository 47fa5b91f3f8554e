"""A refusal of the authorization server, by the name its standard gives it and by our own code."""

from __future__ import annotations

from typing import final

from hubbub.base.errors import ChatError, Code

__all__ = ["OAuthRefusal"]


@final
class OAuthRefusal(ChatError):
    """What a client asked for was refused; `error` is the word of RFC 6749, or of a standard beside it."""

    def __init__(self, error: str, code: Code = Code.BAD_REQUEST, message: str = "") -> None:
        super().__init__(code, message)
        self.error = error

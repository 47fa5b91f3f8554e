"""Refusals of the authorization server that say more than a code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from hubbub.base.errors import ChatError, Code

__all__ = ["OAuthRefusal", "SecondFactorNeeded"]


@final
class OAuthRefusal(ChatError):
    """What a client asked for was refused; `error` is the word of RFC 6749, or of a standard beside it."""

    def __init__(self, error: str, code: Code = Code.BAD_REQUEST, message: str = "") -> None:
        super().__init__(code, message)
        self.error = error


@final
class SecondFactorNeeded(ChatError):
    """The password was right, and is not enough; `have` names what the person has set up beside it."""

    def __init__(self, have: Sequence[str]) -> None:
        # An app that asks for a code must not ask somebody for one who has none to give.
        alone = "passkey" in have and "app" not in have
        super().__init__(Code.SECOND_FACTOR_NEEDED, _PASSKEY if alone else "")
        self.have = tuple(have)


_PASSKEY = (
    "The password is right; a passkey is needed as well: sign in by a browser, let this device in by a code from there"
    " (hubbub login --device), or give a recovery code."
)

"""What can go wrong for a program that uses the SDK, and what it may do about it.

Everything the SDK raises on purpose is a `HubbubError`: a code of `spec/errors.toml`, a sentence, whether the same
request may succeed later, and after how long.  Foreign exceptions (sockets, HTTP, protobuf) are translated once, where
they come in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hubbub.base.error_table import TABLE, Code
from hubbub.wire import hubbub_pb2 as pb

UNREACHABLE: Final = "unreachable"
"""The code of a server that could not be reached; it never travels, so it is no row of the table."""

CLOSED: Final = "closed"
"""The code of a wait that ended because the client was closed; it never travels either."""


class HubbubError(Exception):
    """A request was refused, or could not be made."""

    def __init__(
        self,
        code: str,
        message: str = "",
        *,
        retry: bool | None = None,
        retry_after: float = 0.0,
        second_factors: Sequence[str] = (),
    ) -> None:
        super().__init__(code, message)
        row = TABLE[Code(code)] if code in _CODES else None
        self.code = code
        """A row of `errors.toml`, or one this client does not know yet, or `unreachable` or `closed`."""
        self.message = message or (row.en if row else f"The server answered {code!r}.")
        self.retry = (row.retry if row else False) if retry is None else retry
        """Whether the same request, with the same client_id, may succeed later."""
        self.retry_after = retry_after
        """Seconds to wait before trying again; 0 when nothing was said."""
        self.second_factors = tuple(second_factors)
        """Of `second_factor_needed`: what the person has of `app`, `recovery_code` and `passkey`."""

    def __str__(self) -> str:
        return self.message


_CODES: Final = frozenset(str(code) for code in Code)

NORMAL: Final = 1000
ABNORMAL: Final = 1006
BAD_TOKEN_CLOSES: Final = frozenset({TABLE[Code.BAD_TOKEN].close, TABLE[Code.TOKEN_EXPIRED].close})
"""Close codes after which a fresh token may help."""


def _final_closes() -> dict[int, Code]:
    retried = {row.close for row in TABLE.values() if row.retry}
    rows = ((row.close, code) for code, row in reversed(TABLE.items()) if row.close and row.close not in retried)
    return dict(rows)


FINAL_CLOSES: Final = _final_closes()
"""Close codes after which connecting again cannot help, each with the code it most likely stands for."""


def from_wire(error: pb.Error) -> HubbubError:
    """Return the exception for an error frame."""
    return HubbubError(error.code, error.message, retry=error.retry, retry_after=error.retry_after_ms / 1000)


def from_close(close_code: int, reason: str) -> HubbubError:
    """Return the exception for a connection that ended."""
    if reason in _CODES:
        return HubbubError(reason)
    if close_code in FINAL_CLOSES:
        return HubbubError(FINAL_CLOSES[close_code], reason)
    for code, row in TABLE.items():
        if row.close == close_code:
            return HubbubError(code, reason)
    return HubbubError(UNREACHABLE, f"The connection was lost ({close_code}).", retry=True)

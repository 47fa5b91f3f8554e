"""How much of an allowance is left, in the words of the IETF draft `RateLimit header fields for HTTP`.

`RateLimit-Policy` says how many requests there may be at once and in which time they come back; `RateLimit` how many
are left now, and when there are more.  Whoever slows down by them is never refused.
"""

from __future__ import annotations

import math
from typing import Any

__all__ = ["allowance_headers", "say_allowance"]

_KEY = "hubbub.allowance"


def say_allowance(scope: Any, per_s: float, burst: float, left: float, more_after_s: float) -> None:
    """Have the answer to this request say what is left: so many requests, and when it will be more."""
    policy = f'"requests";q={math.floor(burst)};w={math.ceil(burst / per_s)}'
    now = f'"requests";r={max(0, math.floor(left))};t={math.ceil(more_after_s)}'
    scope[_KEY] = [(b"ratelimit-policy", policy.encode()), (b"ratelimit", now.encode())]


def allowance_headers(scope: Any) -> list[tuple[bytes, bytes]]:
    """Return the header fields for the answer; none where nothing was counted."""
    found: list[tuple[bytes, bytes]] = scope.get(_KEY, [])
    return found

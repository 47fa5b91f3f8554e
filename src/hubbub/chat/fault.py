"""A death at a chosen moment, for tests: the one between a commit and its publishing cannot be hit from outside.

What is committed and not announced is the case that the outbox and its sweep exist for.  The setting `chat.fault` is
empty wherever people are served.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

BEFORE_PUBLISH = "exit_before_publish"


def planned(fault: str) -> Callable[[], None] | None:
    """Return what is to be called before each publishing of entries; None when no fault is planned.

    `exit_before_publish:N` kills this process, as a power cut would, when the N-th batch of entries was committed and
    before anybody is told.  Raises ValueError for anything else.
    """
    if not fault:
        return None
    kind, _, number = fault.partition(":")
    if kind != BEFORE_PUBLISH or not number.isdecimal():
        raise ValueError(f"no such fault: {fault!r}")
    left = int(number)

    def count() -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return count

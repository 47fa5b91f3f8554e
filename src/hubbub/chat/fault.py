"""A death or a stop at a chosen moment, for tests: some moments cannot be hit from outside.

One is between a commit and its publishing: what is committed and not announced is the case that the outbox and its
sweep exist for.  Another is inside a transaction that holds its locks: the others must not wait for it.  The setting
`chat.fault` is empty wherever people are served.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

BEFORE_PUBLISH = "exit_before_publish"
IN_TRANSACTION = "stop_in_transaction"

_SIGNALS = {BEFORE_PUBLISH: signal.SIGKILL, IN_TRANSACTION: signal.SIGSTOP}


_spent: set[str] = set()
"""What this process was stopped by already: one that begins anew is not stopped again."""


def planned(fault: str, moment: str = BEFORE_PUBLISH) -> Callable[[], None] | None:
    """Return what is to be called at each such moment; None when no fault is planned for it.

    `exit_before_publish:N` kills this process, as a power cut would, when the N-th batch of entries was committed and
    before anybody is told.  `stop_in_transaction:N` stops it, until somebody lets it go on, while the N-th batch is
    being decided, its conversations locked.  Raises ValueError for anything else.
    """
    if not fault:
        return None
    kind, _, number = fault.partition(":")
    if kind not in _SIGNALS or not number.isdecimal():
        raise ValueError(f"no such fault: {fault!r}")
    if kind != moment:
        return None
    left = int(number)

    def count() -> None:
        nonlocal left
        left -= 1
        if left == 0 and fault not in _spent:
            _spent.add(fault)
            os.kill(os.getpid(), _SIGNALS[kind])

    return count

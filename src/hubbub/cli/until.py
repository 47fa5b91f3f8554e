"""Times on the command line: a span from now, or a moment."""

from __future__ import annotations

import re
import time
from datetime import datetime

import click

_UNITS_S = {"m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}


def end_of(span: str, until: str) -> int:
    """Return when something ends that lasts for a span or until a time; 0: it does not."""
    if span and until:
        raise click.UsageError("Say --for or --until, not both.")
    if span:
        found = re.fullmatch(r"(\d{1,6})([mhdw])", span)
        if found is None:
            raise click.UsageError("A span is a number and m, h, d or w: 30m, 12h, 7d.")
        return int((time.time() + int(found[1]) * _UNITS_S[found[2]]) * 1000)
    return moment(until)


def moment(text: str) -> int:
    """Return a time that was written out; 0 for none."""
    if not text:
        return 0
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1000)
    except ValueError:
        raise click.UsageError("A time is written 2030-01-31 or 2030-01-31T18:00.") from None

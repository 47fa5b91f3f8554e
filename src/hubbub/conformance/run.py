"""Run the checks, one after another, and say what came of each.

A check has a deadline and connections of its own; one that fails never keeps the next from being run.  The report is
data; `table` draws it for people.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from hubbub.base.errors import ChatError
from hubbub.client.http1 import HttpTrouble
from hubbub.conformance.check import Broken, Check, NotApplicable
from hubbub.conformance.checks import ALL
from hubbub.conformance.stand import NoStand, Stand
from hubbub.conformance.wires import Refused

CHECK_S: Final = 45.0
"""The longest a check may take."""


class Outcome(StrEnum):
    HELD = "held"
    BROKEN = "broken"
    SKIPPED = "skipped"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one check."""

    check: str
    rule: str
    says: str
    """The sentence of `spec/protocol.md` it holds to."""
    outcome: Outcome
    seen: str = ""
    """What the server did instead, or why the check does not apply."""
    took_ms: int = 0


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All of them."""

    server: str
    results: tuple[Result, ...]
    held: int
    broken: int
    skipped: int


def chosen(only: str = "") -> list[Check]:
    """Return the checks whose name or rule holds `only`."""
    return [check for check in ALL if only.lower() in f"{check.name.lower()} {check.rule}"]


async def run(stand: Stand, checks: Sequence[Check]) -> AsyncIterator[Result]:
    """Open the stand and yield one result after another.  Raises NoStand or HttpTrouble when nothing can be checked."""
    try:
        await stand.open()
        for check in checks:
            yield await _one(stand, check)
    finally:
        await stand.close()


async def _one(stand: Stand, check: Check) -> Result:
    began = time.monotonic()
    outcome, seen = Outcome.HELD, ""
    try:
        async with asyncio.timeout(CHECK_S):
            await check.play(stand)
    except Broken as exc:
        outcome, seen = Outcome.BROKEN, str(exc)
    except NotApplicable as exc:
        outcome, seen = Outcome.SKIPPED, str(exc)
    except TimeoutError:
        outcome, seen = Outcome.BROKEN, f"the check did not end within {CHECK_S:g} s"
    except (HttpTrouble, NoStand, Refused, OSError) as exc:
        outcome, seen = Outcome.BROKEN, f"the connection was refused or lost: {exc}"
    except ChatError as exc:
        outcome, seen = Outcome.BROKEN, f"a frame cannot be read: {exc}"
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as exc:
        # What a check takes for granted of an answer is not there.
        outcome, seen = Outcome.BROKEN, f"an answer has another shape: {exc!r}"
    await stand.clear()
    took_ms = int((time.monotonic() - began) * 1000)
    return Result(check=check.name, rule=check.rule, says=check.says, outcome=outcome, seen=seen, took_ms=took_ms)


def report(server: str, results: Sequence[Result]) -> Report:
    """Return the results with their counts."""

    def count(outcome: Outcome) -> int:
        return sum(result.outcome is outcome for result in results)

    return Report(
        server=server,
        results=tuple(results),
        held=count(Outcome.HELD),
        broken=count(Outcome.BROKEN),
        skipped=count(Outcome.SKIPPED),
    )


def line(result: Result, safe: Callable[[str], str] = str) -> str:
    """Return one line of the table; what the server said goes through `safe`."""
    row = f"{result.outcome:<8} {result.rule:<6} {result.check}"
    if result.outcome is Outcome.BROKEN:
        row += f"\n         the protocol: {result.says}\n         the server:   {safe(result.seen)}"
    elif result.seen:
        row += f" ({safe(result.seen)})"
    return row

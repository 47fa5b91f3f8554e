"""What a check is: a sentence of the protocol, and a play that fails when a server breaks it.

Checks are plain coroutine functions that get a `Stand` and raise `Broken`.  They say which sentence they hold to, word
for word, so that whoever reads a failure can look up what was promised; a test keeps the sentences in the document.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from hubbub.conformance.stand import Stand

Play = Callable[["Stand"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Check:
    """One check."""

    name: str
    """A sentence, also the name of its function."""
    rule: str
    """The number of the rule in `spec/protocol.md`."""
    says: str
    """The sentence of that rule, as it stands there but for line breaks."""
    play: Play


class Broken(Exception):
    """The server did not do what the sentence says; the text says what it did."""


class NotApplicable(Exception):
    """The server does not offer what the check is about, and need not."""


class Checks(list[Check]):
    """The checks of one room, in the order they are written."""

    def holds(self, rule: str, says: str) -> Callable[[Play], Play]:
        """Make a check of a function; its name is the check's."""

        def take(play: Play) -> Play:
            name = play.__name__.replace("_", " ")
            self.append(Check(name, rule, says, play))
            return play

        return take


def broken(sentence: str) -> NoReturn:
    """End the check: the server did something else."""
    raise Broken(sentence)


def equal(what: str, seen: object, wanted: object) -> None:
    """Hold that `what` is as it must be."""
    if seen != wanted:
        raise Broken(f"{what} is {_short(seen)}, not {_short(wanted)}")


def true(claim: object, otherwise: str) -> None:
    """Hold a claim; `otherwise` says what is the case if it does not hold."""
    if not claim:
        raise Broken(otherwise)


def one_of(what: str, seen: object, wanted: Collection[object]) -> None:
    """Hold that `what` is one of several."""
    if seen not in wanted:
        raise Broken(f"{what} is {_short(seen)}, none of {', '.join(map(_short, wanted))}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else text[:200] + "…"

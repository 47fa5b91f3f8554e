"""What the word before the cursor may become: people after `@`, commands after `/` or `:`, emoji after `:`.

Pure: it is given who and what there is, so it never waits while somebody types.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from hubbub.terminal.emoji import starting_with

SHOWN: Final = 8

_PERSON: Final = re.compile(r"(?<![\w@])@([\w.\-]*)$")
_PLACE: Final = re.compile(r"/(?:to|forward|join) +(\S.*)?$")
_EMOJI: Final = re.compile(r"(?<![\w:]):([a-z0-9_+\-]{2,})$")


class Choice(msgspec.Struct, frozen=True):
    """One way to go on."""

    text: str
    """What takes the place of the word."""
    label: str


class Choices(msgspec.Struct, frozen=True):
    """Ways to go on; `begin` is where the word begins that they replace."""

    begin: int
    choices: tuple[Choice, ...]


def complete(
    before: str, *, people: Iterable[str], orders: Sequence[tuple[str, str]], titles: Iterable[str] = ()
) -> Choices | None:
    """Return what may follow the text before the cursor; None for nothing.

    `orders`: (word, what it does); they stand at the beginning of a message alone.  `titles`: conversations with their
    sign, for the orders that take one.
    """
    if orders and (match := _PLACE.fullmatch(before)):
        return _places(match[1] or "", match.end() - len(match[1] or ""), titles)
    if before[:1] in ("/", ":") and " " not in before and "\n" not in before:
        found = [Choice(f"{word} ", f"{word}  {what}") for word, what in orders if word.startswith(before)]
        if len(found) == 1 and found[0].text == f"{before} ":
            return None
        if found:
            return Choices(0, tuple(found[:SHOWN]))
    if match := _PERSON.search(before):
        prefix = match[1].casefold()
        names = sorted({name for name in people if name.casefold().startswith(prefix)}, key=str.casefold)
        if names:
            return Choices(match.start(), tuple([Choice(f"@{name} ", f"@{name}") for name in names[:SHOWN]]))
    if match := _EMOJI.search(before):
        pairs = starting_with(match[1], SHOWN)
        if pairs:
            return Choices(match.start(), tuple([Choice(char, f"{char} :{name}:") for name, char in pairs]))
    return None


def _places(begun: str, begin: int, titles: Iterable[str]) -> Choices | None:
    wanted = begun.casefold()
    plain = wanted[:1] not in ("@", "#")
    fitting = [one for one in dict.fromkeys(titles) if one.casefold()[int(plain) :].startswith(wanted)]
    if not fitting or fitting == [begun]:
        return None
    fitting.sort(key=lambda one: wanted not in (one.casefold(), one[1:].casefold()))
    return Choices(begin, tuple([Choice(one, one) for one in fitting[:SHOWN]]))


def path_choices(before: str, begun: str, paths: Sequence[str]) -> Choices | None:
    """Return paths as ways to go on from `begun`, which stands at the end of `before`."""
    if not paths or list(paths) == [begun]:
        return None
    return Choices(len(before) - len(begun), tuple([Choice(path, path) for path in paths[:SHOWN]]))


def path_begun(before: str) -> str | None:
    """Return the path that is being typed for an order that takes one; None when none is."""
    match = re.fullmatch(r"/(?:file|save) +((?:[^\s\\]|\\.)*)", before)
    return match[1] if match else None

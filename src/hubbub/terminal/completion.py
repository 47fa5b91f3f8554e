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


def complete(before: str, *, people: Iterable[str], orders: Sequence[tuple[str, str]]) -> Choices | None:
    """Return what may follow the text before the cursor; None for nothing.

    `orders`: (word, what it does); they stand at the beginning of a message alone.
    """
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

"""Text as search sees it: without case, accents and widths, cut where scripts and numbers meet.

Words are runs of letters or of digits.  Scripts that are written without spaces, and symbols such as emoji, stand for
themselves character by character.  Folding remembers where each character came from, so that what is found in folded
text can be shown in the text people wrote.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from enum import IntEnum
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple


class Kind(IntEnum):
    """What a folded character is to search."""

    GAP = 0
    LETTER = 1
    DIGIT = 2
    SOLID = 3
    """A character of a script without spaces, or a symbol."""


class Run(NamedTuple):
    """A stretch of folded text whose characters are of one kind."""

    kind: Kind
    start: int
    end: int


class Folded(NamedTuple):
    """Folded text and, for each of its characters, the place in the normal form of what was folded."""

    text: str
    origins: list[int] | range


_WITHOUT_SPACES = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x9FFF),  # Han, kana, bopomofo
    (0xA000, 0xA4CF),  # Yi
    (0xAC00, 0xD7A3),  # Hangul, whose words grow at the end
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)


def normal(text: str) -> str:
    """Return the composed form, to which every position of a hit refers."""
    return text if text.isascii() or unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def fold(text: str) -> Folded:
    """Fold text that is `normal`."""
    if text.isascii():
        return Folded(text.lower(), range(len(text)))
    parts: list[str] = []
    origins: list[int] = []
    for at, character in enumerate(text):
        folded = _fold(character)
        parts.append(folded)
        origins += [at] * len(folded)
    return Folded("".join(parts), origins)


def runs(folded: str) -> Iterator[Run]:
    """Return the stretches of folded text that are no gaps."""
    at = 0
    for kind, characters in groupby(folded, kind_of):
        start, at = at, at + sum(1 for _ in characters)
        if kind is not Kind.GAP:
            yield Run(kind, start, at)


@lru_cache(maxsize=16_384)
def kind_of(character: str) -> Kind:
    """Return what a folded character is to search."""
    category = unicodedata.category(character)
    if category[0] in "PZC":
        return Kind.GAP
    point = ord(character)
    if category == "So" or (category[0] in "LMN" and any(first <= point <= last for first, last in _WITHOUT_SPACES)):
        return Kind.SOLID
    if category[0] in "LM":
        return Kind.LETTER
    return Kind.DIGIT if category[0] == "N" else Kind.GAP


@lru_cache(maxsize=16_384)
def _fold(character: str) -> str:
    """Return what stands for one character: nothing for accents, joiners and the tones of emoji."""
    if unicodedata.category(character) == "So":
        return character
    plain = "".join(part for part in unicodedata.normalize("NFKD", character) if not _is_dropped(part))
    return unicodedata.normalize("NFC", plain.casefold())


def _is_dropped(part: str) -> bool:
    point = ord(part)
    # Accents of Latin, Greek and Cyrillic only: in other scripts a mark makes another letter.
    accent = 0x300 <= point <= 0x36F
    return accent or 0xFE00 <= point <= 0xFE0F or 0x1F3FB <= point <= 0x1F3FF or unicodedata.category(part) == "Cf"

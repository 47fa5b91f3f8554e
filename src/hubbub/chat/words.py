"""Words that are not let through, found however they are dressed up.

A text is looked at without case, width and accents, and without whatever is no letter, digit or symbol: in every width
"B A D" and "b.a.d" are "bad", and two Chinese characters are a word whatever stands between them.  A word of letters is
found only from the beginning of a word to the end of one, so that "bad" is neither in "badge" nor in "pub advice"; an
asterisk at either end of a pattern lets it go on there.  Scripts without spaces are found anywhere.  Letters that
merely look alike are not taken for each other, nor are digits for letters: that would catch the innocent.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

import msgspec

from hubbub.base.errors import ChatError, Code
from hubbub.chat.model import Body
from hubbub.chat.search.folding import Kind, fold, kind_of, normal

__all__ = ["FilterAction", "Filters", "Verdict", "WordFilter", "clean_pattern"]

PATTERN_CHARS = 100
MASK = "*"
_WORDS = (Kind.LETTER, Kind.DIGIT)


class FilterAction(Enum):
    """What becomes of a message with such a word; the later ones win over the earlier."""

    MASK = "mask"
    """It is stored with asterisks in the word's place."""
    HOLD = "hold"
    """In a channel it waits for a moderator; where no moderator may read, it is refused."""
    REFUSE = "refuse"


_STRENGTH = list(FilterAction)


class WordFilter(msgspec.Struct, frozen=True):
    """One word or phrase, and what becomes of messages with it."""

    id: str
    pattern: str
    action: FilterAction
    created_by: str
    created_ms: int


class Verdict(msgspec.Struct, frozen=True):
    """What becomes of one message."""

    action: FilterAction
    filter_id: str
    masked: Body | None = None
    """The body to store in the place of what was sent; None: nothing is stored."""


class _Pattern(NamedTuple):
    open_start: bool
    open_end: bool
    filter: WordFilter


class _Bare(NamedTuple):
    """A text without dress, and where each of its characters stood."""

    text: str
    origins: list[int]
    begins: list[bool]
    """Whether no word goes on from before this character."""
    ends: list[bool]


class Filters:
    """Every filter that is in force."""

    def __init__(self, filters: Sequence[WordFilter] = ()) -> None:
        self._patterns: dict[str, list[_Pattern]] = {}
        """By what they look for."""
        for each in filters:
            stars = each.pattern.strip()
            bare = _undressed(stars).text
            if bare:
                pattern = _Pattern(stars.startswith("*"), stars.endswith("*"), each)
                self._patterns.setdefault(bare, []).append(pattern)
        self._lengths = sorted({len(bare) for bare in self._patterns})
        """There are few, however many patterns there are."""

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def judge(self, body: Body) -> Verdict | None:
        """Return what becomes of a message with this body; None: it is let through as it is."""
        text = normal(body.text)
        found = self._find(text)
        elsewhere = [*self._find(normal(body.fallback)), *self._find(normal(body.custom_json))]
        if not found and not elsewhere:
            return None
        worst = max((each.filter for each, _ in (*found, *elsewhere)), key=lambda one: _STRENGTH.index(one.action))
        if worst.action is not FilterAction.MASK:
            return Verdict(worst.action, worst.id)
        if elsewhere:
            # What stands in a value that only some program understands cannot be masked without breaking it.
            return Verdict(FilterAction.REFUSE, worst.id)
        characters = list(text)
        for _, (start, end) in found:
            characters[start:end] = [MASK if not one.isspace() else one for one in characters[start:end]]
        return Verdict(worst.action, worst.id, msgspec.structs.replace(body, text="".join(characters)))

    def _find(self, text: str) -> list[tuple[_Pattern, tuple[int, int]]]:
        if not text:
            return []
        bare = _undressed(text)
        found: list[tuple[_Pattern, tuple[int, int]]] = []
        for length in self._lengths:
            for at in range(len(bare.text) - length + 1):
                end = at + length
                if (patterns := self._patterns.get(bare.text[at:end])) is not None:
                    place = (bare.origins[at], bare.origins[end - 1] + 1)
                    found += [(pattern, place) for pattern in patterns if _stands(bare, pattern, at, end)]
        return found


def _stands(bare: _Bare, pattern: _Pattern, at: int, end: int) -> bool:
    return (pattern.open_start or bare.begins[at]) and (pattern.open_end or bare.ends[end - 1])


def _undressed(text: str) -> _Bare:
    folded, places = fold(normal(text))
    characters: list[str] = []
    origins: list[int] = []
    begins: list[bool] = []
    ends: list[bool] = []
    before = Kind.GAP
    for character, origin in zip(folded, places, strict=True):
        kind = kind_of(character)
        if kind is not Kind.GAP:
            goes_on = kind in _WORDS and kind is before
            if goes_on:
                ends[-1] = False
            characters.append(character)
            origins.append(origin)
            begins.append(not goes_on)
            ends.append(True)
        before = kind
    return _Bare("".join(characters), origins, begins, ends)


def clean_pattern(text: str) -> str:
    """Return a pattern as it is kept.  Raises ChatError(BAD_REQUEST) for one that can find nothing."""
    pattern = normal(" ".join(text.split()))
    if not pattern or len(pattern) > PATTERN_CHARS:
        raise ChatError(Code.BAD_REQUEST, f"A pattern has 1 to {PATTERN_CHARS} characters.")
    if not pattern.isprintable() or not _undressed(pattern).text:
        raise ChatError(Code.BAD_REQUEST, "A pattern needs a letter, a digit or a symbol.")
    return pattern

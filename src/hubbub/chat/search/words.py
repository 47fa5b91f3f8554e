"""The words somebody looks for, and whether they are in a text.

Each is found from the beginning of a word to the end of one; the last may go on, because it may still be being typed.
Where there are no spaces it is found anywhere.  In quotation marks several words stand together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from hubbub.chat.search.folding import Kind, fold, kind_of, normal, runs
from hubbub.chat.search.terms import pairs, term

_AROUND = ".,;:!?'\"()[]{}<>“”‘’„«»。，、；：！？（）《》「」『』【】…"
"""Marks around a word that say nothing about it."""

_WORDS = (Kind.LETTER, Kind.DIGIT)


class _Wanted(NamedTuple):
    pattern: re.Pattern[str]
    goes_on: bool


class Words:
    """What must be in a text, all of it."""

    def __init__(self, given: Sequence[str], *, last_goes_on: bool = True) -> None:
        """`given`: words, or phrases of several; what holds neither letter, digit nor symbol is left out."""
        self.terms: set[bytes] = set()
        """Every one of these stands for a text in which the words are."""
        self.beginnings: set[bytes] = set()
        """And something that begins with each of these."""
        self._wanted: list[_Wanted] = []
        for number, each in enumerate(given, 1):
            self._want(each, goes_on=last_goes_on and number == len(given))

    def __bool__(self) -> bool:
        return bool(self._wanted)

    def _want(self, given: str, *, goes_on: bool) -> None:
        folded = fold(normal(given)).text.strip()
        folded = folded.strip(_AROUND).strip() or folded
        stretches = list(runs(folded))
        if not stretches:
            return
        goes_on = goes_on and stretches[-1].end == len(folded)
        for kind, start, end in stretches:
            if kind is Kind.SOLID and end - start > 1:
                self.terms.update(pairs(folded, start, end))
            elif kind is Kind.SOLID or (goes_on and end == len(folded)):
                self.beginnings.add(term(folded[start:end]))
            else:
                self.terms.add(term(folded[start:end]))
        pattern = re.compile(r"\s+".join(map(re.escape, folded.split())))
        self._wanted.append(_Wanted(pattern, goes_on))

    def find(self, text: str) -> list[tuple[int, int]] | None:
        """Return where the words are in a text that is `normal`, in order and disjoint; None: not all of them are."""
        folded, origins = fold(text)
        found: list[tuple[int, int]] = []
        for wanted in self._wanted:
            places = _places(folded, wanted)
            if not places:
                return None
            found += places
        merged: list[tuple[int, int]] = []
        for start, end in sorted(found):
            first, last = origins[start], origins[end - 1] + 1
            if merged and first <= merged[-1][1]:
                first, last = merged[-1][0], max(last, merged.pop()[1])
            merged.append((first, last))
        return merged


def _places(folded: str, wanted: _Wanted) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    at = 0
    while (match := wanted.pattern.search(folded, at)) is not None:
        start, end = match.span()
        if _apart(folded, start) and (wanted.goes_on or _apart(folded, end)):
            found.append((start, end))
            at = end
        else:
            at = start + 1
    return found


def _apart(folded: str, at: int) -> bool:
    """Whether no word goes on across this place."""
    if not 0 < at < len(folded):
        return True
    kind = kind_of(folded[at])
    return kind not in _WORDS or kind is not kind_of(folded[at - 1])

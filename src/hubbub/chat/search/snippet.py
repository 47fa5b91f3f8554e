"""What is shown of a message that was found: the neighbourhood of the first hit, in pieces.

Pieces need no positions, which every language counts in another way, and no markup, which somebody would have to
escape.
"""

from __future__ import annotations

from collections.abc import Sequence

from hubbub.chat.search.found import Piece

BEFORE = 40
MOST = 240
"""Characters of a snippet."""


def snippet(text: str, hits: Sequence[tuple[int, int]]) -> tuple[Piece, ...]:
    """Return the part of a `normal` text around its first hit."""
    start = 0
    if hits and hits[0][1] > MOST - BEFORE:
        start = max(0, hits[0][0] - BEFORE)
        # Begin with a whole word where one begins nearby.
        if (space := text.find(" ", start, hits[0][0])) >= 0:
            start = space + 1
    end = min(len(text), start + MOST)
    pieces: list[Piece] = []
    at = start
    if start:
        pieces.append(Piece("…"))
    for first, last in hits:
        if first >= end:
            break
        last = min(last, end)
        if first > at:
            pieces.append(Piece(text[at:first]))
        pieces.append(Piece(text[first:last], hit=True))
        at = last
    if at < end:
        pieces.append(Piece(text[at:end]))
    if end < len(text):
        pieces.append(Piece("…"))
    return tuple(pieces)

"""Text in lines of so many columns, where a Chinese character takes two of them.

Lines break at spaces and beside wide characters; a word longer than a line is cut.  Widths are those of the library
that draws, so that everything on the screen agrees; they hold for text that went through `lined_up`.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len as columns
from rich.cells import get_character_cell_size as columns_of

__all__ = ["columns", "cut", "padded", "wrapped"]


def wrapped(text: str, width: int) -> list[str]:
    """Return `text` in lines of at most `width` columns; at least one line."""
    width = max(2, width)
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines += [paragraph] if columns(paragraph) <= width else _filled(paragraph, width)
    return lines


def _filled(paragraph: str, width: int) -> list[str]:
    lines: list[str] = []
    present, used = "", 0
    for piece, wide in _pieces(paragraph):
        if used + wide <= width:
            present, used = present + piece, used + wide
        elif piece.isspace():
            # A space at the end of a line is the break.
            lines.append(present)
            present, used = "", 0
        else:
            if present:
                lines.append(present.rstrip(" "))
            *whole, present = _cut_up(piece, width)
            lines += whole
            used = columns(present)
    if present or not lines:
        lines.append(present)
    return lines


def _pieces(text: str) -> Iterator[tuple[str, int]]:
    """Yield what must stay together, with its width: words, single wide characters, single spaces."""
    word, width = "", 0
    for char in text:
        wide = columns_of(char)
        if char == " " or wide == 2:
            if word:
                yield word, width
            yield char, wide
            word, width = "", 0
        else:
            word, width = word + char, width + wide
    if word:
        yield word, width


def _cut_up(word: str, width: int) -> Iterator[str]:
    """Yield a word in parts that fit a line."""
    if columns(word) <= width:
        yield word
        return
    part, used = "", 0
    for char in word:
        wide = columns_of(char)
        if used + wide > width:
            yield part
            part, used = "", 0
        part, used = part + char, used + wide
    yield part


def cut(text: str, width: int) -> str:
    """Return `text` in at most `width` columns, with an ellipsis if something was left out."""
    if columns(text) <= width:
        return text
    kept, used = "", 0
    for char in text:
        used += columns_of(char)
        if used > width - 1:
            break
        kept += char
    return kept + "…" if width > 0 else ""


def padded(text: str, width: int) -> str:
    """Return `text` cut or filled with spaces to exactly `width` columns."""
    text = cut(text, width)
    return text + " " * (width - columns(text))

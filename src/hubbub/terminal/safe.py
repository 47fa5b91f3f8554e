"""What people wrote, made safe for a terminal.

A message may hold anything, escape sequences included; none of it reaches the terminal as it is.  What changes the
width of a line depending on the terminal (joiners, variation selectors, towers of accents) is left out where columns
must line up.  It never touches what is stored or sent.
"""

from __future__ import annotations

import unicodedata
from typing import Final

# Bidirectional embeddings, overrides and isolates can make a line read as something else (Unicode TR 36).
_BIDI: Final = frozenset([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])

ACCENTS: Final = 4
"""How many marks may stand on one letter; no script needs more, and a tower of them covers the lines above."""


def _visible(code: int) -> str:
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"\\u{code:04x}"


_UNSAFE: Final = {
    code: _visible(code)
    for code in [*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *_BIDI, *range(0xD800, 0xE000)]
    if chr(code) not in "\n\t"
}

# Without a width of their own, and each terminal draws differently what they join or modify.
_WIDTHLESS: Final = dict.fromkeys(
    [0x00AD, 0x061C, 0x200B, 0x200D, 0x200E, 0x200F, 0x2060, 0xFE0E, 0xFE0F, 0xFEFF, *range(0xE0000, 0xE0080)]
)


def safe(text: str) -> str:
    """Return `text` with every control character made visible; line breaks and tabs stay."""
    return text.translate(_UNSAFE)


def line(text: str) -> str:
    """Return `text` safe and on one line."""
    return safe(text).replace("\n", " ").replace("\t", " ")


def lined_up(text: str) -> str:
    """Return `text` safe, and with a width that every terminal agrees on; tabs become spaces, line breaks stay."""
    text = safe(text.replace("\r\n", "\n")).replace("\t", "    ")
    if text.isascii():
        return text
    return _without_towers(text.translate(_WIDTHLESS))


def _without_towers(text: str) -> str:
    kept: list[str] = []
    height = 0
    for char in text:
        height = height + 1 if unicodedata.combining(char) or unicodedata.category(char) == "Me" else 0
        if height <= ACCENTS:
            kept.append(char)
    return "".join(kept)

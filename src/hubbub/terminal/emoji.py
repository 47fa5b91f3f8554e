"""Emoji by name where one writes: `:grinning_face:` becomes 😀, and a name that is begun is completed."""

from __future__ import annotations

import re
from typing import Final

from hubbub.base.emoji import emoji as emoji

_WORD: Final = re.compile(r":([a-z0-9_+\-]{1,100}):")

PER_PAGE: Final = 40


def with_emoji(text: str) -> str:
    """Return `text` with every `:name:` that is one replaced."""
    if ":" not in text:
        return text
    return _WORD.sub(lambda found: emoji().get(found[1], found[0]), text)


def starting_with(prefix: str, limit: int = 8) -> list[tuple[str, str]]:
    """Return (name, emoji) of those whose name begins with `prefix`, then those that contain it."""
    prefix = prefix.lower()
    first = [pair for pair in emoji().items() if pair[0].startswith(prefix)]
    if len(first) < limit:
        first += [pair for pair in emoji().items() if prefix in pair[0] and not pair[0].startswith(prefix)]
    return first[:limit]


def pages() -> int:
    """Return how many pages `page` has."""
    return -(-len(emoji()) // PER_PAGE)


def page(number: int) -> list[tuple[str, str]]:
    """Return (name, emoji) of one page, from 1 on; empty beyond the last."""
    begin = (number - 1) * PER_PAGE
    return list(emoji().items())[begin : begin + PER_PAGE] if number > 0 else []

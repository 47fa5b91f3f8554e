"""Emoji by name: `:grinning_face:` and the short names people know.

Names are Unicode's own, so there is no list to keep; only characters that take two columns in every terminal are among
them.  A few dozen short names are added by hand.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

_BLOCKS: Final = (
    range(0x2600, 0x27C0),
    range(0x2B00, 0x2C00),
    range(0x1F300, 0x1F650),
    range(0x1F680, 0x1F700),
    range(0x1F900, 0x1FB00),
)
_MODIFIERS: Final = range(0x1F3FB, 0x1F400)

_SHORT: Final = {
    "smile": "😄",
    "grin": "😁",
    "joy": "😂",
    "rofl": "🤣",
    "wink": "😉",
    "blush": "😊",
    "heart_eyes": "😍",
    "kiss": "😘",
    "cool": "😎",
    "thinking": "🤔",
    "cry": "😢",
    "sob": "😭",
    "angry": "😠",
    "rage": "😡",
    "scream": "😱",
    "sleep": "😴",
    "sweat": "😅",
    "shrug": "🤷",
    "facepalm": "🤦",
    "+1": "👍",
    "thumbsup": "👍",
    "-1": "👎",
    "thumbsdown": "👎",
    "ok": "👌",
    "clap": "👏",
    "wave": "👋",
    "pray": "🙏",
    "muscle": "💪",
    "point_right": "👉",
    "eyes": "👀",
    "heart": "💖",
    "broken_heart": "💔",
    "fire": "🔥",
    "star": "⭐",
    "tada": "🎉",
    "rocket": "🚀",
    "100": "💯",
    "check": "✅",
    "x": "❌",
    "warning": "🚧",
    "question": "❓",
    "exclamation": "❗",
    "bulb": "💡",
    "bug": "🐛",
    "coffee": "☕",
    "beer": "🍺",
    "cake": "🍰",
    "gift": "🎁",
    "sun": "🌞",
    "moon": "🌙",
    "cat": "🐱",
    "dog": "🐶",
    "rose": "🌹",
    "poop": "💩",
}
_WORD: Final = re.compile(r":([a-z0-9_+\-]{1,100}):")

PER_PAGE: Final = 40


@cache
def emoji() -> dict[str, str]:
    """Return every emoji by its names, the short ones first."""
    found = dict(_SHORT)
    for block in _BLOCKS:
        for code in block:
            char = chr(code)
            if unicodedata.east_asian_width(char) == "W" and code not in _MODIFIERS:
                name = re.sub(r"[^a-z0-9]+", "_", unicodedata.name(char, "").lower()).strip("_")
                if name:
                    found.setdefault(name, char)
    return found


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

"""Standard emoji by name: `grinning_face` and the short names people know.

Names are Unicode's own, so there is no list to keep; only characters that take two columns in every terminal are among
them.  A few dozen short names are added by hand.  A place's own emoji never take one of these names.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

__all__ = ["emoji"]

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

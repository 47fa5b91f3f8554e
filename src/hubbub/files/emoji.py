"""A place's own emoji: what they are called, and what is known of each.

An emoji is written `:name:`, in messages and as a reaction; that text is all that is stored, so a client which knows no
such emoji, and everybody once it was removed, sees its name.  Names are the same on every keyboard: NFKC, lower-case,
letters of any script.  With both colons one fits into a reaction.  Nobody's name is that of a standard emoji, which
people would get instead.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath

import msgspec

from hubbub.base.emoji import emoji as standard
from hubbub.base.errors import ChatError, Code

__all__ = [
    "EMOJI_PLACE",
    "NAME_CHARS",
    "PACK_CHARS",
    "Emoji",
    "about_entry",
    "emoji_name",
    "name_of_file",
    "names_of",
    "pack_name",
]

NAME_CHARS = 32
NAME_BYTES = 62
"""Two less than a reaction has (protocol.md 17.1)."""
PACK_CHARS = 64
ALIASES = 10

EMOJI_PLACE = "0" * 31 + "e"
"""Pictures of emoji are shown here, which is no conversation, so that they are kept and for everybody."""

_SIGNS = frozenset("_-+")
_RULE = (
    f"letters (of any script), digits, '_', '-' and '+', at most {NAME_CHARS} of them and {NAME_BYTES} bytes, beginning"
    " with a letter or a digit, and with at least one letter"
)


class Emoji(msgspec.Struct, frozen=True, kw_only=True):
    """One picture and its names."""

    name: str
    aliases: tuple[str, ...] = ()
    pack: str = ""
    """What it came with, or is sorted under; empty: nothing."""
    file_id: str
    moving: bool = False
    created_by: str
    created_ms: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.aliases)


def emoji_name(given: str) -> str:
    """Return the name somebody means.  Raises ChatError(BAD_REQUEST), or CONFLICT for a standard one."""
    name = unicodedata.normalize("NFKC", given.encode("utf-8", "replace").decode()).strip().strip(":").lower()
    if not _is_name(name):
        raise ChatError(Code.BAD_REQUEST, f"An emoji cannot be called {given[:NAME_CHARS]!r}: a name is {_RULE}.")
    if name in standard():
        raise ChatError(Code.CONFLICT, f"{name!r} is the name of a standard emoji.")
    return name


def _is_name(name: str) -> bool:
    kinds = [unicodedata.category(char)[0] if char not in _SIGNS else "_" for char in name]
    return (
        0 < len(name) <= NAME_CHARS
        and len(name.encode()) <= NAME_BYTES
        and kinds[0] in "LN"
        and "L" in kinds
        and all(kind in "LM_" or char.isdecimal() for kind, char in zip(kinds, name, strict=True))
    )


def names_of(given: Iterable[str]) -> tuple[str, ...]:
    """Return the other names of an emoji, each once."""
    names = tuple(dict.fromkeys(emoji_name(one) for one in given))
    if len(names) > ALIASES:
        raise ChatError(Code.BAD_REQUEST, f"An emoji has at most {ALIASES} other names.")
    return names


def name_of_file(path: str) -> str:
    """Return what the picture of a pack is called: `Party Parrot.gif` is `party_parrot`."""
    return emoji_name("_".join(PurePosixPath(path).stem.split()))


def pack_name(given: str) -> str:
    """Return a pack's name.  Raises ChatError(BAD_REQUEST)."""
    name = " ".join(unicodedata.normalize("NFC", given.encode("utf-8", "replace").decode()).split())
    if len(name) > PACK_CHARS or not name.isprintable():
        raise ChatError(Code.BAD_REQUEST, f"A pack's name has at most {PACK_CHARS} characters.")
    return name


def about_entry(entry: str, wrong: str) -> str:
    """Return what is wrong with an entry of a pack, as a sentence."""
    shown = "".join(char if char.isprintable() else "?" for char in entry[:100])
    return f"{shown}: {wrong}." if shown else f"{wrong[:1].upper()}{wrong[1:]}."

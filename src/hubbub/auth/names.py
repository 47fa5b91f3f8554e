"""What a person may be called, and what may be a password.

Two names that look or fold alike must be one, so names are compared by a key: NFKC, case-folded, NFKC again (UAX 31,
section 5.2).  Letters of any script are letters.  The rules refuse what could make a name pass for something else in a
line of text: blanks, control characters, direction marks, what shows as nothing.  They do not judge whether two scripts
look alike.
"""

from __future__ import annotations

import unicodedata

from hubbub.auth.guesses import is_tried_first
from hubbub.base.errors import ChatError, Code

__all__ = ["clean_line", "clean_password", "clean_username", "name_key"]

USERNAME_MIN, USERNAME_MAX = 2, 32
DISPLAY_NAME_MAX = 64
SIGNATURE_MAX = 280
PASSWORD_MAX_BYTES = 1024

_INVISIBLE = frozenset(
    [0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]
)
"""Letters and marks that Unicode shows as nothing (Default_Ignorable_Code_Point), as they are after NFKC."""

_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def name_key(username: str) -> str:
    """Return the form in which names are compared; the text need not be a name."""
    folded = unicodedata.normalize("NFKC", username).casefold()
    return unicodedata.normalize("NFKC", folded)


def clean_username(username: str) -> str:
    """Return the name as it is shown.  Raises ChatError(BAD_USERNAME)."""
    name = unicodedata.normalize("NFKC", username.strip())
    if not USERNAME_MIN <= len(name) <= USERNAME_MAX or not (_is_letter(name[0]) or name[0].isdecimal()):
        raise ChatError(Code.BAD_USERNAME)
    # Marks belong to the letters of many scripts; they may follow one, never begin a name.
    if not all(_is_letter(c) or c.isdecimal() or c in "._-" or unicodedata.category(c) in ("Mn", "Mc") for c in name):
        raise ChatError(Code.BAD_USERNAME)
    if not _INVISIBLE.isdisjoint(map(ord, name)):
        raise ChatError(Code.BAD_USERNAME)
    return name


def _is_letter(char: str) -> bool:
    return unicodedata.category(char) in ("Lu", "Ll", "Lt", "Lm", "Lo")


def clean_line(text: str, what: str, limit: int) -> str:
    """Return one line of free text, trimmed.

    Raises ChatError(BAD_REQUEST) naming `what`.
    """
    line = unicodedata.normalize("NFC", text.strip())
    if len(line) > limit:
        raise ChatError(Code.BAD_REQUEST, f"{what} has at most {limit} characters.")
    for char in line:
        if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") or char in _BIDI_CONTROLS:
            raise ChatError(Code.BAD_REQUEST, f"{what} contains a character that is not allowed.")
    return line


def clean_password(password: str, username: str, *, min_chars: int) -> str:
    """Return a new password as it is hashed.  Raises ChatError(WEAK_PASSWORD)."""
    normal = normal_password(password)
    if len(normal) < min_chars:
        raise ChatError(Code.WEAK_PASSWORD, f"A password has at least {min_chars} characters.")
    if name_key(normal) == name_key(username):
        raise ChatError(Code.WEAK_PASSWORD, "The password must not be the name.")
    if len(set(normal)) == 1:
        raise ChatError(Code.WEAK_PASSWORD, "The password must not repeat one character.")
    if is_tried_first(normal, username):
        raise ChatError(Code.WEAK_PASSWORD, "The password is one of those that are tried first; think of another.")
    return normal


def normal_password(password: str) -> str:
    """Return a password in the one form every keyboard agrees on (NIST SP 800-63B: NFKC).

    Raises ChatError(WEAK_PASSWORD) for more bytes than are ever hashed, and for text that is not Unicode.
    """
    try:
        normal = unicodedata.normalize("NFKC", password)
        if len(normal.encode()) <= PASSWORD_MAX_BYTES:
            return normal
    except UnicodeEncodeError:
        raise ChatError(Code.WEAK_PASSWORD, "The password contains a character that is not allowed.") from None
    raise ChatError(Code.WEAK_PASSWORD, f"A password has at most {PASSWORD_MAX_BYTES} bytes.")

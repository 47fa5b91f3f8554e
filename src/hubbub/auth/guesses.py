"""Passwords that are tried first: those that leaked, and others that are known by how they are made.

What people choose most is a word from a small circle with digits or signs around it, a run of neighbouring keys, a
date, or something short said again.  So a password is looked at without what surrounds it and with digits read as the
letters they stand for.  It is no measure of strength, and asks nobody for digits or signs; nothing here does I/O.
"""

from __future__ import annotations

import re
import unicodedata

from hubbub.auth.common_passwords import common_passwords

__all__ = ["is_tried_first"]

_READ = str.maketrans("013457@$!|", "oieastasil")
_AROUND = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_REPEATED = re.compile(r"(.{1,4}?)\1+.{0,3}")
_RUNS = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "qazwsxedcrfvtgbyhnujm",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
)
_ALL_RUNS = tuple(line for run in _RUNS for line in (run, run[::-1]))
_RUN_MIN = 4
_CORE_MIN = 3
_LONG = 12

_WORDS = frozenset(
    """
    abc access admin administrator adobe alexander amanda america andrea andrew angel anthony apple arsenal ashley
    asshole austin azerty bailey banana barcelona baseball basketball batman bigdog biteme blessed blink boomer
    boston brandon buster butterfly cameron change changeme charles charlie cheese chelsea chicken chocolate christ
    computer cookie corvette cowboys dallas daniel default diamond dolphin dragon eagles elizabeth fender ferrari
    flower football forever freedom fuckyou george ginger golden google guest guitar hammer hannah harley heaven
    hello hockey hubbub hunter iloveyou internet iwantu jackson jasmine jennifer jessica jesus jordan joseph joshua
    justin juventus killer lakers letmein liverpool login london love loveme lovely lover madison maggie marina
    martin master matrix matthew mercedes merlin michael michelle mickey midnight minecraft money monkey monster
    mother mustang mylove naruto nicholas nicole office orange pass password passwort passwd patrick peanut pepper
    phoenix please pokemon porsche princess purple qazwsx qwerty qwertz ranger realmadrid richard robert root
    samantha samsung scooter secret server shadow silver simple slayer snoopy soccer spider spring starwars steelers
    stella student summer autumn winter sunshine superman sweet system taylor temp temporary tennis test tester
    testing thomas thunder tiger tigger trustno unknown user victoria welcome whatever william wilson woaini woshini
    xiaoming xxxxxx yamaha yankees zxcvbn
    """.split()  # noqa: SIM905 - it is a list to read
)


def is_tried_first(password: str, *words: str) -> bool:
    """Whether whoever guesses tries this password early; `words` are what they know, such as the person's name."""
    plain = unicodedata.normalize("NFKC", password).casefold()
    if plain in common_passwords():
        return True
    if _REPEATED.fullmatch(plain) or _is_run(plain):
        return True
    known = _WORDS | {_core(word.casefold()) for word in words}
    return any(_is_known(core, known, len(plain)) for core in (_AROUND.sub("", plain), _core(plain)))


def _is_known(core: str, known: frozenset[str], length: int) -> bool:
    if len(core) < _CORE_MIN:
        # One or two letters among digits; or only digits and signs, of which many may be dice.
        return length < _LONG
    return core in known or _twice(core, known) or (len(core) >= _RUN_MIN and _is_run(core))


def _core(text: str) -> str:
    """Return a word without what surrounds it, and with digits read as letters."""
    return _AROUND.sub("", _AROUND.sub("", text).translate(_READ))


def _twice(core: str, known: frozenset[str]) -> bool:
    half = len(core) // 2
    return len(core) % 2 == 0 and core[:half] == core[half:] and core[:half] in known


def _is_run(text: str) -> bool:
    """Whether a text is one run of keys or letters, or two of them."""
    if any(text in run for run in _ALL_RUNS):
        return True
    for cut in range(_RUN_MIN - 1, len(text) - _RUN_MIN + 2):
        first, second = text[:cut], text[cut:]
        if any(first in run for run in _ALL_RUNS) and any(second in run for run in _ALL_RUNS):
            return True
    return False

"""Passwords that whoever guesses begins with: those that leaked most often, and single words and names.

They are the lists that the library zxcvbn brings along, thirty thousand leaked passwords among them.  What is a common
word as well stands in another of its lists, so all of them are taken.  They are compared whole and without letter case.
Nobody is asked about a password, so nothing leaves this machine.
"""

from __future__ import annotations

import importlib.util
import unicodedata
from functools import cache

__all__ = ["common_passwords"]

_LIBRARY = "zxcvbn"
_LISTS = "frequency_lists"
_SHORTEST = 8
"""As long as passwords have to be, unless the settings say otherwise."""


@cache
def common_passwords() -> frozenset[str]:
    """Return them, case-folded.  The first call reads a file of 800 kB."""
    # The library ranks all it knows as soon as it is imported; only its words are wanted.
    library = importlib.util.find_spec(_LIBRARY)
    assert library is not None
    assert library.submodule_search_locations is not None
    (folder,) = library.submodule_search_locations
    spec = importlib.util.spec_from_file_location(f"{_LIBRARY}_{_LISTS}", f"{folder}/{_LISTS}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    words = (word for words in module.FREQUENCY_LISTS.values() for word in words if len(word) >= _SHORTEST)
    return frozenset(unicodedata.normalize("NFKC", word).casefold() for word in words)

"""What the terminal app says, in English and Chinese.

Every sentence has a key in both languages with the same places to fill in; a test holds that.  The language is chosen
by the person, or by the environment as other programs do it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Literal

from hubbub.base.error_table import TABLE
from hubbub.terminal.sentences import CHINESE, ENGLISH

Language = Literal["en", "zh"]

_QUARTER_MS: Final = 900_000
"""No time zone's day begins within a quarter of an hour."""

CATALOGUES: Final[Mapping[str, Mapping[str, str]]] = {"en": ENGLISH, "zh": CHINESE}


def language_of(environ: Mapping[str, str], chosen: str = "") -> Language:
    """Return the language of a person: what they chose, or what LC_ALL, LC_MESSAGES or LANG says."""
    variables = (environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    said = chosen or next((value for value in variables if value), "")
    return "zh" if said.lower().startswith("zh") else "en"


class Words:
    """The sentences of one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._sentences = CATALOGUES[language]

    def __call__(self, key: str, **values: object) -> str:
        """Return a sentence with its places filled in."""
        sentence = self._sentences[key]
        return sentence.format(**values) if values else sentence

    def refusal(self, sentence: str) -> str:
        """Return why something was refused in this language, as far as the sentence is a row of `errors.toml`."""
        return _TRANSLATED.get(sentence, sentence) if self.language == "zh" else sentence


_TRANSLATED: Final = {row.en: row.zh for row in TABLE.values()}
"""What servers and the SDK say in English, in Chinese."""


def clock_time(time_ms: int) -> str:
    """Return a moment in this machine's time zone, to the minute."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(time_ms / 1000))


def hour(time_ms: int) -> str:
    """Return the time of day in this machine's time zone."""
    return time.strftime("%H:%M", time.localtime(time_ms / 1000))


def day(time_ms: int) -> str:
    """Return the day in this machine's time zone."""
    return _day_of_quarter(time_ms // _QUARTER_MS)


@lru_cache(maxsize=4096)
def _day_of_quarter(quarter: int) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(quarter * _QUARTER_MS / 1000))

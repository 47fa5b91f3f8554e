"""Both languages say everything, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

import hubbub.terminal
from hubbub.base.error_table import TABLE, Code
from hubbub.client import HubbubError, State
from hubbub.terminal.commands import ORDERS
from hubbub.terminal.language import Words, language_of
from hubbub.terminal.sentences import CHINESE, ENGLISH
from hubbub.terminal.view.sheets import KEYS, SLASH

TERMINAL = Path(hubbub.terminal.__file__).parent
SOURCES = [*sorted(TERMINAL.rglob("*.py")), TERMINAL.parent / "cli/chat.py"]


def places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_both_languages_have_the_same_keys_with_the_same_places_to_fill_in() -> None:
    assert list(ENGLISH) == list(CHINESE)
    assert {key for key in ENGLISH if places(ENGLISH[key]) != places(CHINESE[key])} == set()


def test_every_key_that_is_asked_for_exists_and_every_one_that_exists_is_asked_for() -> None:
    text = "\n".join(path.read_text("utf-8") for path in SOURCES if path.name != "sentences.py")
    asked = set(re.findall(r"""["']([a-z][a-z ]*)["']""", text))
    asked |= {f"order {word}" for word in ORDERS} | {"order ;;"} | {f"slash {word}" for word in SLASH}
    asked |= {f"key {name}" for name in KEYS} | {f"state {state.value}" for state in State}
    assert set(ENGLISH) - asked == set()
    said = set(re.findall(r"""words\(\s*["']([^"']+)["']""", text))
    assert said - set(ENGLISH) == set()


@pytest.mark.parametrize(
    ("environ", "chosen", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "", "zh"),
        ({"LANG": "de_DE.UTF-8"}, "", "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "", "en"),
        ({"LANG": "zh_CN.UTF-8"}, "en", "en"),
        ({}, "", "en"),
    ],
)
def test_the_language_is_what_was_chosen_or_what_the_environment_says(
    environ: dict[str, str], chosen: str, language: str
) -> None:
    assert language_of(environ, chosen) == language


def test_a_refusal_is_told_in_the_language_of_the_person() -> None:
    refused = str(HubbubError("muted"))
    assert Words("en").refusal(refused) == refused
    assert Words("zh").refusal(refused) == TABLE[Code.MUTED].zh
    assert Words("zh").refusal("made up") == "made up"


def test_a_sentence_is_filled_in() -> None:
    assert Words("en")("typing one", name="juliet") == "juliet is typing …"
    assert Words("zh")("outbox", count=2) == "2 条待发送"

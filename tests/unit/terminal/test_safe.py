"""Nothing anybody writes reaches the terminal as it is, and columns line up."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from hubbub.terminal.emoji import emoji, page, pages, starting_with, with_emoji
from hubbub.terminal.safe import line, lined_up
from hubbub.terminal.wrap import columns, cut, padded, wrapped

DANGEROUS = {"Cc", "Cs", "Zl", "Zp"}
OVERRIDES = {chr(code) for code in [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200B, 0x200E, 0x200F]}


@given(st.text())
def test_no_control_character_and_no_override_is_left(text: str) -> None:
    shown = line(lined_up(text))
    assert not [char for char in shown if unicodedata.category(char) in DANGEROUS or char in OVERRIDES]


def test_an_escape_sequence_is_shown_as_what_it_is() -> None:
    assert line(lined_up("\x1b]0;owned\x07\x9b31m\u202edesrever\tb")) == "␛]0;owned␇\\u009b31m\\u202edesrever    b"


def test_a_tower_of_accents_is_cut() -> None:
    assert len(lined_up("a" + "\u0301" * 50)) == 5
    assert lined_up("a\u0323\u0302b") == "a\u0323\u0302b"


def test_joined_emoji_come_apart_so_that_every_terminal_agrees_on_their_width() -> None:
    assert lined_up("👩\u200d👧 ❤\ufe0f") == "👩👧 ❤"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.integers(2, 40))
def test_a_wrapped_line_is_never_wider_than_it_may_be(text: str, width: int) -> None:
    text = lined_up(text)
    lines = wrapped(text, width)
    assert lines
    assert max(map(columns, lines)) <= width
    kept = "".join(lines).replace(" ", "")
    assert kept == text.replace(" ", "").replace("\n", "")


def test_chinese_takes_two_columns_and_breaks_anywhere() -> None:
    assert wrapped("你好世界", 5) == ["你好", "世界"]
    assert wrapped("ab 你好 cd", 6) == ["ab 你", "好 cd"]
    assert padded("你好", 5) == "你好 "
    assert cut("你好世界", 5) == "你好…"


def test_words_stay_whole_where_they_fit() -> None:
    assert wrapped("what light through", 10) == ["what light", "through"]
    assert wrapped("abcdefghijkl", 5) == ["abcde", "fghij", "kl"]
    assert wrapped("", 5) == [""]
    assert wrapped("a\n\nb", 5) == ["a", "", "b"]


def test_every_emoji_takes_two_columns_and_has_a_name_that_gives_it() -> None:
    assert {cell_len(char) for char in emoji().values()} == {2}
    assert with_emoji("hi :smile: :no_such_thing: 10:30:45") == "hi 😄 :no_such_thing: 10:30:45"
    assert all(with_emoji(f":{name}:") == char for name, char in emoji().items())


def test_emoji_are_listed_in_pages() -> None:
    assert len(page(1)) == 40
    assert page(0) == page(pages() + 1) == []
    assert sum(len(page(number)) for number in range(1, pages() + 1)) == len(emoji())
    assert starting_with("rock")[0] == ("rocket", "🚀")

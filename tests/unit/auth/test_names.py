"""What a name is, and when two are one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.auth.names import clean_line, clean_username, name_key
from hubbub.base.errors import ChatError, Code


@pytest.mark.parametrize("name", ["ab", "romeo.m", "R2-D2", "a_b", "罗密欧", "ромео", "प्रिया", "한글", "x" * 32, "42"])
def test_names_of_any_script_are_names(name: str) -> None:
    assert clean_username(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a",
        "x" * 33,
        "a b",
        "a@b",
        ".ab",
        "-ab",
        "_ab",
        "a\x00b",
        "a\nb",
        "a\u200bb",
        "a\u202eb",
        "a🌹b",
        "ab\ud800",
        "a/b",
        "\u0301ab",
        "a'b",
        "a;b",
        "a\u034fb",
        "ab\ufe0f",
        "ab\u3164",
        "\uffa0\u115f",
        "ab\u180b",
        "ab\U000e0100",
    ],
)
def test_what_could_pass_for_something_else_is_no_name(name: str) -> None:
    with pytest.raises(ChatError) as refused:
        clean_username(name)
    assert refused.value.code is Code.BAD_USERNAME


@pytest.mark.parametrize(
    ("one", "other"), [("Romeo", "rOMEO"), ("ｒｏｍｅｏ", "romeo"), ("ß", "SS"), ("é", "e\u0301"), ("ﬁ", "FI")]
)
def test_names_that_look_or_fold_alike_have_one_key(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@given(st.text(max_size=40))
def test_a_key_is_its_own_key(text: str) -> None:
    assert name_key(name_key(text)) == name_key(text)


@given(st.text(max_size=40))
def test_a_clean_name_stays_clean_and_fits_its_column(text: str) -> None:
    try:
        name = clean_username(text)
    except ChatError:
        return
    assert clean_username(name) == name
    assert len(name_key(name)) <= 128


@given(st.text(max_size=80))
def test_a_clean_line_is_one_line(text: str) -> None:
    try:
        line = clean_line(text, "It", 64)
    except ChatError:
        return
    assert len(line.splitlines()) <= 1
    assert "\x00" not in line
    line.encode()

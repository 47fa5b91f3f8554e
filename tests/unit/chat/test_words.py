"""Words that are filtered, however they are dressed up, and innocent ones beside them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.base.errors import ChatError
from hubbub.base.ids import new_id
from hubbub.chat.model import Body
from hubbub.chat.words import FilterAction, Filters, WordFilter, clean_pattern

MASK, HOLD, REFUSE = FilterAction.MASK, FilterAction.HOLD, FilterAction.REFUSE


def filters(*patterns: str, action: FilterAction = REFUSE) -> Filters:
    return Filters([WordFilter(new_id(), pattern, action, new_id(), 0) for pattern in patterns])


def caught(pattern: str, text: str) -> bool:
    return filters(pattern).judge(Body(text=text)) is not None


@pytest.mark.parametrize(
    "text",
    [
        "bad",
        "BaD",
        "so bad!",
        "b a d",
        "b.a.d",
        "b-a_d",
        "ｂａｄ",
        "ＢＡＤ",
        "bád",
        "b\u200ba\u200bd",
        "b\u00ada\u2060d",
        "𝐛𝐚𝐝",
        "bad-tempered",
        "(bad)",
        "坏bad坏",
        "b\n\na\td",
    ],
)
def test_a_word_is_found_in_every_dress(text: str) -> None:
    assert caught("bad", text)


@pytest.mark.parametrize("text", ["badge", "abad", "pub advice", "ba", "b4d", "bd a", "ab a d"])
def test_an_innocent_text_is_let_through(text: str) -> None:
    assert not caught("bad", text)


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("bad*", "badge", True),
        ("bad*", "abadge", False),
        ("*bad", "abad", True),
        ("*bad", "badge", False),
        ("*bad*", "abadge", True),
        ("very bad", "VERY  bad", True),
        ("very bad", "verybad", True),
        ("very bad", "very badly", False),
        ("1234", "1-2-3-4", True),
        ("1234", "12345", False),
        ("🍆", "a 🍆 b", True),
    ],
)
def test_a_pattern_says_where_a_word_may_go_on(pattern: str, text: str, found: bool) -> None:
    assert caught(pattern, text) == found


@pytest.mark.parametrize("text", ["坏蛋", "你这个坏蛋!", "坏 蛋", "坏.蛋", "坏*蛋", "坏\u200b蛋", "坏　蛋", "坏、蛋"])
def test_chinese_is_found_anywhere_and_across_gaps(text: str) -> None:
    assert caught("坏蛋", text)
    assert not caught("坏蛋", text.replace("蛋", "人"))


def test_traditional_and_simplified_are_two_words() -> None:
    """Which is which is not known here; an operator filters both."""
    assert not caught("坏蛋", "壞蛋")


def test_a_masked_word_keeps_everything_around_it() -> None:
    both = filters("bad", "坏蛋", action=MASK)
    verdict = both.judge(Body(text="So B a D, 坏 蛋: badge"))
    assert verdict is not None
    assert verdict.masked == Body(text="So * * *, * *: badge")


def test_the_strictest_filter_decides() -> None:
    made = [
        WordFilter("1" * 32, "bad", MASK, "", 0),
        WordFilter("2" * 32, "worse", HOLD, "", 0),
        WordFilter("3" * 32, "worst", REFUSE, "", 0),
    ]
    for text, action in (("bad", MASK), ("bad worse", HOLD), ("worst worse bad", REFUSE)):
        verdict = Filters(made).judge(Body(text=text))
        assert verdict is not None
        assert verdict.action is action


def test_what_only_some_program_reads_is_looked_at_and_not_masked() -> None:
    masking = filters("bad", action=MASK)
    for body in (
        Body(custom_type="poll", custom_json='{"title":"b a d"}'),
        Body(custom_type="poll", custom_json="{}", fallback="bad"),
    ):
        verdict = masking.judge(body)
        assert verdict is not None
        assert verdict.action is REFUSE


def test_without_filters_nothing_is_looked_at() -> None:
    assert not Filters()
    assert Filters().judge(Body(text="bad")) is None


@pytest.mark.parametrize("pattern", ["", "  ", "*", "...", "x" * 101, "a\0b", "\u200b"])
def test_a_pattern_that_can_find_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(ChatError):
        clean_pattern(pattern)


def test_a_pattern_is_kept_on_one_line() -> None:
    assert clean_pattern("  very \n bad ") == "very bad"


@given(st.text(max_size=200), st.text(min_size=1, max_size=5))
def test_any_text_and_any_pattern_get_an_answer(text: str, pattern: str) -> None:
    try:
        made = clean_pattern(pattern)
    except ChatError:
        return
    verdict = filters(made, action=MASK).judge(Body(text=text.encode("utf-8", "replace").decode()))
    if verdict is not None:
        assert verdict.masked is not None
        assert filters(made, action=MASK).judge(Body(text=pattern)) is not None


def test_a_thousand_filters_cost_little() -> None:
    many = filters(*(f"word{number}" for number in range(1_000)))
    body = Body(text="Two households, both alike in dignity, in fair Verona. " * 4)
    many.judge(body)
    began = time.perf_counter()
    for _ in range(20):
        many.judge(body)
    # Some 200 microseconds on a quiet machine.
    assert (time.perf_counter() - began) / 20 < 0.005

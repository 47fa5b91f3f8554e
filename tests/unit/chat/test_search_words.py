"""What is found, as pure functions of text: laws that an index rests on, and what is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.base.errors import ChatError, Code
from hubbub.chat.search.folding import fold, normal
from hubbub.chat.search.query import Asked, moment_of, take_apart
from hubbub.chat.search.snippet import MOST, snippet
from hubbub.chat.search.terms import terms_of_text
from hubbub.chat.search.words import Words

TEXTS = st.text(st.sampled_from("abAB12é́ß 消息系统了カが한국กไ_.-\"'👍🏽️ＡＢﬁ"), max_size=24)


@given(TEXTS, st.lists(TEXTS, max_size=3), st.booleans())
def test_whatever_is_in_a_text_is_proposed_by_its_terms(text: str, words: list[str], goes_on: bool) -> None:
    wanted = Words(words, last_goes_on=goes_on)
    if wanted and wanted.find(normal(text)) is not None:
        terms = terms_of_text(text)
        assert wanted.terms <= terms
        assert all(any(term.startswith(each) for term in terms) for each in wanted.beginnings)


@given(TEXTS, st.integers(0, 23), st.integers(1, 24))
def test_any_whole_word_of_a_text_is_found_in_it(text: str, start: int, size: int) -> None:
    for word in normal(text).split():
        wanted = Words([word], last_goes_on=False)
        assert not wanted or wanted.find(normal(text)) is not None


@given(st.text(max_size=40))
def test_folding_twice_is_folding_once_and_points_into_the_text(text: str) -> None:
    composed = normal(text)
    folded, origins = fold(composed)
    assert len(folded) == len(origins)
    assert list(origins) == sorted(origins)
    assert all(0 <= at < len(composed) for at in origins)


@given(TEXTS, TEXTS)
def test_the_pieces_of_a_short_text_are_the_text(text: str, word: str) -> None:
    composed = normal(text)
    hits = Words([word]).find(composed) or []
    pieces = snippet(composed, hits)
    assert "".join(piece.text for piece in pieces) == composed
    assert [piece.text for piece in pieces if piece.hit] == [composed[first:last] for first, last in hits]


def test_a_snippet_of_a_long_text_shows_the_first_hit_in_its_neighbourhood() -> None:
    text = "word " * 200 + "needle in a " + "haystack " * 200
    pieces = snippet(text, Words(["needle"]).find(text) or [])
    assert [piece.text for piece in pieces if piece.hit] == ["needle"]
    assert pieces[0].text == pieces[-1].text == "…"
    assert pieces[1].text.startswith("word ")
    assert sum(len(piece.text) for piece in pieces) <= MOST + 2


def test_a_query_is_words_phrases_and_filters() -> None:
    asked = take_apart('hello "two words" from:@Romeo in:"the stage" before:2026-02-01 has:file http://x AFTER:5')
    assert asked == Asked(
        words=["hello", "two words", "http://x"],
        ended=False,
        senders=["Romeo"],
        places=["the stage"],
        before_ms=1_769_904_000_000,
        after_ms=5,
        has_file=True,
    )
    assert take_apart('"done"').ended
    assert take_apart("x", from_="me", after="7", before="9") == Asked(["x"], False, ["me"], [], 9, 7)
    assert take_apart('an "open end').words == ["an", "open end"]


@pytest.mark.parametrize(
    ("value", "moment"),
    [("0", 0), ("1970-01-02", 86_400_000), ("1970-01-01T01:00:00+01:00", 0), ("1970-01-01T00:00:01Z", 1_000)],
)
def test_moments_are_dates_times_or_milliseconds(value: str, moment: int) -> None:
    assert moment_of(value) == moment


@pytest.mark.parametrize("query", ["before:yesterday", "has:wings", "after:9999999999999999999", "a " * 30])
def test_what_makes_no_sense_is_refused(query: str) -> None:
    with pytest.raises(ChatError) as refused:
        take_apart(query)
    assert refused.value.code is Code.BAD_REQUEST

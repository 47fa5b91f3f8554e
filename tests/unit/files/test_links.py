"""Links are for one person, one file and one form of it, until they end."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from hubbub.base.clock import ManualClock
from hubbub.base.errors import ChatError, Code
from hubbub.files.links import Form, Links

ROMEO, JULIET, PORTRAIT, LETTER = (letter * 32 for letter in "abcd")


def parts(link: str) -> tuple[int, str]:
    query = parse_qs(urlsplit(link).query)
    return int(query["ends"][0]), query["signature"][0]


def refusal(links: Links, user: str, file: str, form: Form, ends: int, signature: str) -> Code | None:
    try:
        links.check(user, file, form, ends, signature)
    except ChatError as error:
        return error.code
    return None


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def links(clock: ManualClock) -> Links:
    return Links(bytes(32), clock, 3600.0)


def test_a_link_opens_what_it_was_made_for_and_nothing_else(links: Links) -> None:
    ends, signature = parts(links.link(ROMEO, PORTRAIT, "content"))
    assert refusal(links, ROMEO, PORTRAIT, "content", ends, signature) is None
    others: list[tuple[str, str, Form, int]] = [
        (JULIET, PORTRAIT, "content", ends),
        (ROMEO, LETTER, "content", ends),
        (ROMEO, PORTRAIT, "preview", ends),
        (ROMEO, PORTRAIT, "content", ends + 1),
    ]
    assert {refusal(links, *other, signature) for other in others} == {Code.BAD_TOKEN}
    for forged in ("", "x", signature[:-1], signature + "=", "é", "\0"):
        assert refusal(links, ROMEO, PORTRAIT, "content", ends, forged) is Code.BAD_TOKEN


def test_another_secret_makes_other_links(links: Links, clock: ManualClock) -> None:
    ends, signature = parts(Links(b"\1" * 32, clock, 3600.0).link(ROMEO, PORTRAIT, "content"))
    assert refusal(links, ROMEO, PORTRAIT, "content", ends, signature) is Code.BAD_TOKEN


def test_a_link_lasts_between_one_and_two_of_its_lengths_and_is_the_same_meanwhile(
    links: Links, clock: ManualClock
) -> None:
    first = links.link(ROMEO, PORTRAIT, "content")
    ends, signature = parts(first)
    left_s = (ends - clock.now_ms()) / 1000
    assert 3600 < left_s <= 7200
    clock.advance(left_s - 3600 - 1)
    assert links.link(ROMEO, PORTRAIT, "content") == first
    clock.advance(3600)
    assert refusal(links, ROMEO, PORTRAIT, "content", ends, signature) is None
    clock.advance(1)
    assert refusal(links, ROMEO, PORTRAIT, "content", ends, signature) is Code.TOKEN_EXPIRED

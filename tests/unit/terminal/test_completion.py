"""What the word before the cursor may become."""

from __future__ import annotations

import pytest

from hubbub.terminal.completion import complete

PEOPLE = ["juliet", "romeo", "rosaline", "林晓雨"]
ORDERS = [("/to", "open"), ("/theme", "light"), (":q", "search"), (":q!", "leave")]


def texts(before: str) -> list[str]:
    found = complete(before, people=PEOPLE, orders=ORDERS)
    return [choice.text for choice in found.choices] if found is not None else []


@pytest.mark.parametrize(
    ("before", "offered"),
    [
        ("hear me @ro", ["@romeo ", "@rosaline "]),
        ("@林", ["@林晓雨 "]),
        ("me@ro", []),
        ("/t", ["/to ", "/theme "]),
        ("say /t", []),
        (":q", [":q ", ":q! "]),
        ("/to", []),
        ("so :rocke", ["🚀"]),
        ("at 10:30", []),
        ("", []),
    ],
)
def test_it_offers_people_commands_and_emoji(before: str, offered: list[str]) -> None:
    assert texts(before)[: len(offered) or 1] == offered


def test_it_says_where_the_word_begins() -> None:
    found = complete("hear me @ro", people=PEOPLE, orders=())
    assert found is not None
    assert found.begin == 8

"""The links of a message, each in its one form."""

from __future__ import annotations

import pytest

from hubbub.links.address import key_of, links_in, normal


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("see https://verona.example/balcony, and tell", ["https://verona.example/balcony"]),
        ("(https://verona.example/a_(b))", ["https://verona.example/a_(b)"]),
        ("[here](https://verona.example/x)", ["https://verona.example/x"]),
        ("请看https://verona.example/信，好吗", ["https://verona.example/信"]),
        ("**https://verona.example**", ["https://verona.example/"]),
        ("<https://verona.example/a?b=c&d=e#f>", ["https://verona.example/a?b=c&d=e"]),
        (
            "http://a.example http://b.example http://c.example http://d.example",
            ["http://a.example/", "http://b.example/"],
        ),
        ("https://VERONA.example/X https://verona.example/X", ["https://verona.example/X"]),
        ("`https://verona.example/code` and ```\nhttps://verona.example/block\n```", []),
        ("ftp://verona.example mailto:romeo@verona.example javascript:alert(1)", []),
        ("https:// http://@ https://user:pass@verona.example/", []),
        ("", []),
    ],
)
def test_links_are_found_as_people_mean_them(text: str, links: list[str]) -> None:
    assert links_in(text, 2) == links


@pytest.mark.parametrize(
    "url",
    ["", "https://", "file:///etc/passwd", "http://[::1", "http://a.example:99999/", "http://a@b.example/", "x" * 3000],
)
def test_what_is_no_address_of_a_page_has_no_form(url: str) -> None:
    assert normal(url) == ""


def test_a_name_in_any_script_has_its_form_on_the_wire() -> None:
    assert normal("https://Bücher.example./x") == "https://xn--bcher-kva.example/x"
    assert normal("http://[2001:DB8::1]:8080") == "http://[2001:db8::1]:8080/"


def test_the_key_of_a_link_is_an_id() -> None:
    assert len(key_of("https://verona.example/")) == 32
    assert key_of("https://verona.example/") != key_of("https://verona.example/x")

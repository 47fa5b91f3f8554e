"""What a page says of itself, whatever it is written in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hubbub.links.page import DESCRIPTION_CHARS, SITE_CHARS, TITLE_CHARS, read_page

HERE = "https://verona.example/news/today"


def test_open_graph_comes_before_the_words_of_html() -> None:
    page = read_page(
        b"<html><head><title>plain</title><meta name=description content='plain words'>"
        b"<meta property='og:title' content='Feud &amp; love'><meta property=og:site_name content=Verona>"
        b"<meta property='og:image' content='../balcony.jpg'></head><body><meta property=og:title content=late>",
        "utf-8",
        HERE,
    )
    assert page is not None
    assert (page.title, page.description, page.site) == ("Feud & love", "plain words", "Verona")
    assert page.image_url == "https://verona.example/balcony.jpg"


def test_a_title_alone_is_enough_and_none_is_nothing() -> None:
    page = read_page(b"<title>\n  A \t plague\x00 </title>", "", HERE)
    assert page is not None
    assert (page.title, page.description, page.image_url) == ("A plague", "", "")
    for content in (b"", b"<html><body><h1>x</h1>", b"<title></title>", b"\xff\xfe\x00", b"<body><title>late</title>"):
        assert read_page(content, "", HERE) is None


def test_a_page_is_read_in_the_charset_it_is_written_in() -> None:
    for charset in ("gb18030", "big5", "utf-8", "windows-1252"):
        word = "café" if charset == "windows-1252" else "愛"
        said = f"<meta charset={charset}><title>{word}</title>".encode(charset)
        for declared in (charset, ""):
            page = read_page(said, declared, HERE)
            assert page is not None
            assert page.title == word, charset
    # Codecs of Python that are no charsets are not used, whatever a server says.
    for odd in ("idna", "punycode", "unicode_escape", "rot13", "base64", "none-such"):
        page = read_page(b"<title>soft</title>", odd, HERE)
        assert page is not None
        assert page.title == "soft"


def test_a_picture_is_of_the_web_or_none() -> None:
    for url in ("javascript:alert(1)", "data:image/png;base64,xx", "file:///etc/passwd", "http://[", ""):
        page = read_page(f"<title>x</title><meta property=og:image content='{url}'>".encode(), "", HERE)
        assert page is not None
        assert page.image_url in ("", HERE)


@given(st.binary(max_size=500), st.text(max_size=20))
def test_any_bytes_give_short_lines_or_nothing(content: bytes, charset: str) -> None:
    page = read_page(b"<title>" + content, charset, HERE)
    if page is not None:
        for text, limit in (
            (page.title, TITLE_CHARS),
            (page.description, DESCRIPTION_CHARS),
            (page.site, SITE_CHARS),
        ):
            assert len(text) <= limit
            assert "\0" not in text
            text.encode()

"""What a page says of itself: Open Graph (https://ogp.me) before the words of HTML.

Only the head is read, and only text comes out of it.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import urljoin

from hubbub.links.address import normal
from hubbub.links.model import Page

TITLE_CHARS = 200
DESCRIPTION_CHARS = 400
SITE_CHARS = 100

_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)
_CHARSETS = re.compile(
    r"utf-?(8|16|16le|16be)|iso-8859-\d{1,2}|latin-?1|us-ascii|windows-125\d|gb2312|gbk|gb18030|big5(-hkscs)?"
    r"|euc-(jp|kr)|shift[_-]jis|iso-2022-jp|koi8-[ru]",
    re.IGNORECASE,
)
_TITLES = ("og:title", "twitter:title")
_DESCRIPTIONS = ("og:description", "twitter:description", "description")
_IMAGES = ("og:image:secure_url", "og:image", "og:image:url", "twitter:image")


class _Head(HTMLParser):
    """Collects the title and the meta elements until the body begins."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: dict[str, str] = {}
        self.title = ""
        self.over = False
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.over:
            return
        if tag == "meta":
            given = dict(attrs)
            name = given.get("property") or given.get("name") or ""
            self.said.setdefault(name.lower(), given.get("content") or "")
        elif tag == "title" and not self.title:
            self._in_title = True
        elif tag == "body":
            self.over = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        elif tag == "head":
            self.over = True

    def handle_data(self, data: str) -> None:
        if self._in_title and len(self.title) < 10 * TITLE_CHARS:
            self.title += data

    def first(self, names: tuple[str, ...]) -> str:
        return next((value for name in names if (value := self.said.get(name, "").strip())), "")


def read_page(content: bytes, charset: str, url: str) -> Page | None:
    """Return what the page at `url` says of itself; None when it has no title."""
    head = _Head()
    text = _decoded(content, charset)
    for at in range(0, len(text), 16_384):
        head.feed(text[at : at + 16_384])
        if head.over:
            break
    title = _line(head.first(_TITLES) or head.title, TITLE_CHARS)
    if not title:
        return None
    image = head.first(_IMAGES)
    return Page(
        title,
        _line(head.first(_DESCRIPTIONS), DESCRIPTION_CHARS),
        _line(head.first(("og:site_name",)), SITE_CHARS),
        normal(_joined(url, image)) if image else "",
    )


def _decoded(content: bytes, charset: str) -> str:
    declared = _CHARSET.search(content[:4096])
    for name in (charset, declared[1].decode("ascii") if declared else ""):
        # Python knows codecs that are no way to write a page, some of which are slow on purpose.
        if _CHARSETS.fullmatch(name):
            try:
                return content.decode(name, "replace")
            except LookupError:
                continue
    return content.decode("utf-8", "replace")


def _joined(url: str, reference: str) -> str:
    try:
        return urljoin(url, reference.strip())
    except ValueError:
        return ""


def _line(text: str, limit: int) -> str:
    """Return a text in one line, cut at a word, without what cannot be shown or stored."""
    line = " ".join("".join(c if c.isprintable() or c.isspace() else " " for c in text).split())
    line = line.encode("utf-8", "ignore").decode()
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"

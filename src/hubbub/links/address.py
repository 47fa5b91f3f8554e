"""The links in a text, and the one form of each.

A link counts once however often a message has it.  What stands in code is not meant as a link.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import SplitResult, urlsplit, urlunsplit

LONGEST = 2000

_LINK = re.compile(r"https?://[^\s<>\"'`\\^{|}\u3000-\u303f\uff00-\uff60]+", re.IGNORECASE)
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_AT_THE_END = ".,;:!?*_~…'\""
_PAIRS = {")": "(", "]": "["}


def links_in(text: str, most: int) -> list[str]:
    """Return up to `most` different links of a message, in order, each in its one form."""
    found: dict[str, None] = {}
    for match in _LINK.finditer(_CODE.sub(" ", text)):
        url = normal(_trimmed(match[0]))
        if url:
            found[url] = None
        if len(found) == most:
            break
    return list(found)


def normal(url: str) -> str:
    """Return an address without its fragment, its host in small letters; "" for what is none that may be fetched."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    host = (parts.hostname or "").rstrip(".")
    if len(url) > LONGEST or parts.scheme.lower() not in ("http", "https") or not host or "@" in parts.netloc:
        return ""
    try:
        host = host.encode("ascii").decode() if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        return ""
    shown = f"[{host}]" if ":" in host else host
    netloc = shown if port is None else f"{shown}:{port}"
    return urlunsplit(SplitResult(parts.scheme.lower(), netloc, parts.path or "/", parts.query, ""))


def key_of(url: str) -> str:
    """Return the id under which a link is kept."""
    return hashlib.blake2b(b"hubbub link " + url.encode(), digest_size=16).hexdigest()


def _trimmed(link: str) -> str:
    """Return a link without the punctuation of the sentence around it."""
    while link:
        last = link[-1]
        if last in _AT_THE_END or (last in _PAIRS and link.count(_PAIRS[last]) < link.count(last)):
            link = link[:-1]
        else:
            break
    return link

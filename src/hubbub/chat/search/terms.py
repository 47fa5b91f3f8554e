"""The terms that stand for a message in an index.

A word is its own term.  Of a run without spaces every two neighbours are one, and its last character alone: so two
characters are found by one term, and a single one by everything that begins with it.  Long words are cut; what is found
by a cut term is looked at again.
"""

from __future__ import annotations

from collections.abc import Iterator

from hubbub.chat.model import Body, Post
from hubbub.chat.search.folding import Kind, fold, normal, runs

TERM_BYTES = 32

_MARK = b"\xff"
"""Begins terms that are no text: no UTF-8 holds this byte."""

HAS_FILE = _MARK + b"has:file"

ANYBODY = _MARK + b"@"
"""Every message has a term that begins so."""


def from_sender(user_id: str) -> bytes:
    """Return the term of everything this person wrote."""
    return ANYBODY + bytes.fromhex(user_id)


def has_file(body: Body) -> bool:
    """Whether a message carries a file."""
    return bool(body.files)


def text_of(body: Body) -> str:
    """Return the words of a message that search looks at: what it says, and what its files are called."""
    words = body.text or body.fallback
    return "\n".join([*([words] if words else []), *[file.name for file in body.files]]) if body.files else words


def terms_of_text(text: str) -> set[bytes]:
    """Return every term of a text."""
    found: set[bytes] = set()
    folded = fold(normal(text)).text
    for kind, start, end in runs(folded):
        if kind is Kind.SOLID:
            found.update(term(folded[at : at + 2]) for at in range(start, end - 1))
            start = end - 1
        found.add(term(folded[start:end]))
    return found


def terms_of_body(body: Body) -> set[bytes]:
    """Return every term of what a message says."""
    found = terms_of_text(text_of(body))
    if has_file(body):
        found.add(HAS_FILE)
    return found


def terms_of_post(post: Post, sender_id: str) -> set[bytes]:
    """Return every term of a message."""
    return terms_of_body(post.body) | {from_sender(sender_id)}


def term(folded: str) -> bytes:
    """Return the term of one folded word, or of the beginning of one."""
    return folded.encode("utf-8", "surrogatepass")[:TERM_BYTES]


def pairs(folded: str, start: int, end: int) -> Iterator[bytes]:
    """Return the terms of neighbours in a run without spaces."""
    return (term(folded[at : at + 2]) for at in range(start, end - 1))

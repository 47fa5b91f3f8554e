"""The nouns of links."""

from __future__ import annotations

from enum import IntEnum

import msgspec


class LinkState(IntEnum):
    """The numbers are stored and never reused."""

    WAITING = 1
    """Somebody asked, and nobody has looked yet."""
    READY = 2
    NOTHING = 3
    """There is nothing to show: no page, or none that says what it is."""


class SmallImage(msgspec.Struct, frozen=True):
    """A picture that is small enough to stand in a row."""

    content: bytes
    type: str
    width: int
    height: int


class Page(msgspec.Struct, frozen=True):
    """What a page says of itself."""

    title: str
    description: str = ""
    site: str = ""
    image_url: str = ""


class LinkRow(msgspec.Struct, frozen=True, kw_only=True):
    """A link as the database holds it."""

    key: str
    """The id made of its address."""
    url: str
    state: LinkState
    title: str = ""
    description: str = ""
    site: str = ""
    image: SmallImage | None = None


class Fetched(msgspec.Struct, frozen=True):
    """What was found at an address."""

    url: str
    """Where it was in the end."""
    type: str
    """Media type as it was declared, in small letters."""
    charset: str
    content: bytes
    """At most as much as was asked for; perhaps cut off."""

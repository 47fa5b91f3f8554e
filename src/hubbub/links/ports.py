"""What links need from the world."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hubbub.links.model import Fetched, LinkRow, SmallImage


class LinkStore(Protocol):
    """The rows of links."""

    async def ask(self, links: Sequence[tuple[str, str]], now_ms: int) -> dict[str, LinkRow]:
        """Return the rows of these (key, url); those that are not there are made WAITING."""

    async def claim(self, now_ms: int, lease_ms: int, limit: int) -> list[LinkRow]:
        """Return WAITING rows that nobody else works on, oldest first; they are the caller's for the lease."""

    async def settle(self, row: LinkRow, now_ms: int) -> None:
        """Write what was found."""

    async def forget(self, before_ms: int) -> None:
        """Delete what was asked for before then."""


class Refused(Exception):
    """An address is not fetched, or gave nothing that can be used; the sentence says why."""


class Fetcher(Protocol):
    async def fetch(self, url: str, *, types: Sequence[str], limit_bytes: int) -> Fetched:
        """Return what is at an address of the public internet, after redirects.

        Raises Refused for whatever cannot or must not be fetched, and for other types.
        """


class Shrink(Protocol):
    async def __call__(self, picture: bytes) -> SmallImage | None:
        """Return a small picture; None for what is no picture."""

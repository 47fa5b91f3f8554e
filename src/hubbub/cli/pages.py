"""Lists that the server answers page by page."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Mapping
from typing import Any

from hubbub.cli.run import Ask

__all__ = ["pages", "rows"]

_AT_ONCE = 200


async def pages(
    ask: Ask,
    path: str,
    of: str,
    limit: int = sys.maxsize,
    *,
    asked: Mapping[str, str] | None = None,
    at_once: int = _AT_ONCE,
) -> AsyncIterator[dict[str, Any]]:
    """Yield one page after another until there were `limit` rows, or there are no more.

    `of` names the field of a page that its rows are in, `asked` what is asked for besides.  A page may be short, or
    empty, and not be the last.
    """
    cursor, left = "", limit
    while left > 0:
        page = await ask("GET", path, params={**(asked or {}), "limit": str(min(at_once, left)), "cursor": cursor})
        yield page
        left -= len(page[of])
        cursor = page["next_cursor"]
        if not cursor:
            return


async def rows(
    ask: Ask, path: str, of: str, limit: int = sys.maxsize, *, asked: Mapping[str, str] | None = None
) -> AsyncIterator[dict[str, Any]]:
    """Yield what is on these pages, row by row."""
    async for page in pages(ask, path, of, limit, asked=asked):
        for row in page[of]:
            yield row

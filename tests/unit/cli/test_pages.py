"""Lists that the server answers page by page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hubbub.cli.pages import pages, rows


class Served:
    """Numbers in pages of these lengths."""

    def __init__(self, *lengths: int) -> None:
        self.lengths = lengths
        self.asked: list[Mapping[str, str]] = []

    async def ask(self, method: str, path: str, *, params: Mapping[str, str]) -> dict[str, Any]:
        at = int(params["cursor"] or 0)
        self.asked.append(params)
        more = at + 1 < len(self.lengths)
        length = min(self.lengths[at], int(params["limit"]))
        return {"numbers": [{"page": at}] * length, "next_cursor": str(at + 1) if more else ""}


async def test_a_page_without_rows_is_not_the_end() -> None:
    served = Served(2, 0, 1)
    found = [row["page"] async for row in rows(served.ask, "/numbers", "numbers")]
    assert found == [0, 0, 2]


async def test_no_more_rows_are_asked_for_than_are_wanted() -> None:
    served = Served(200, 200, 200)
    found = [len(page["numbers"]) async for page in pages(served.ask, "/numbers", "numbers", 250, asked={"of": "all"})]
    assert found == [200, 50]
    assert [(one["of"], one["limit"]) for one in served.asked] == [("all", "200"), ("all", "50")]

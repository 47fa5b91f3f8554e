"""The rows of links in a dict, for tests and for reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hubbub.links.model import LinkRow, LinkState


@dataclass
class _Kept:
    row: LinkRow
    asked_ms: int
    lease_ms: int = 0


def _age(kept: _Kept) -> tuple[int, str]:
    return kept.asked_ms, kept.row.key


class MemoryLinks:
    """A `links.ports.LinkStore`."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    async def ask(self, links: Sequence[tuple[str, str]], now_ms: int) -> dict[str, LinkRow]:
        for key, url in links:
            self._kept.setdefault(key, _Kept(LinkRow(key=key, url=url, state=LinkState.WAITING), now_ms))
        return {key: self._kept[key].row for key, _ in links}

    async def claim(self, now_ms: int, lease_ms: int, limit: int) -> list[LinkRow]:
        waiting = [each for each in self._kept.values() if each.row.state is LinkState.WAITING]
        free = sorted((each for each in waiting if each.lease_ms <= now_ms), key=_age)[:limit]
        for each in free:
            each.lease_ms = now_ms + lease_ms
        return [each.row for each in free]

    async def settle(self, row: LinkRow, now_ms: int) -> None:
        if row.key in self._kept:
            self._kept[row.key].row = row

    async def forget(self, before_ms: int) -> None:
        self._kept = {key: each for key, each in self._kept.items() if each.asked_ms >= before_ms}

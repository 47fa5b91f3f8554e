"""Bytes in a dict, for tests and for reading."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from hubbub.chat.ports import StoreUnavailable

PIECE_BYTES = 256 * 1024


class MemoryBlobs:
    """A `files.ports.Blobs` that forgets everything when it goes."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.away = False
        """Whether it answers nothing, as a store may."""

    def _answer(self) -> None:
        if self.away:
            raise StoreUnavailable("the store is away")

    async def put(self, key: str, source: Path) -> None:
        self._answer()
        self.kept[key] = await asyncio.to_thread(source.read_bytes)

    async def put_bytes(self, key: str, content: bytes) -> None:
        self._answer()
        self.kept[key] = content

    async def read(self, key: str, first: int, end: int) -> AsyncIterator[bytes]:
        self._answer()
        content = self.kept[key]
        for at in range(first, min(end, len(content)), PIECE_BYTES):
            yield content[at : min(at + PIECE_BYTES, end)]

    async def delete(self, keys: Sequence[str]) -> None:
        self._answer()
        for key in keys:
            self.kept.pop(key, None)

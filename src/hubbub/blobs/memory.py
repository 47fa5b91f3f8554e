"""Bytes in a dict, for tests and for reading."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

PIECE_BYTES = 256 * 1024


class MemoryBlobs:
    """A `files.ports.Blobs` that forgets everything when it goes."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def put(self, key: str, source: Path) -> None:
        self.kept[key] = await asyncio.to_thread(source.read_bytes)

    async def put_bytes(self, key: str, content: bytes) -> None:
        self.kept[key] = content

    async def read(self, key: str, first: int, end: int) -> AsyncIterator[bytes]:
        content = self.kept[key]
        for at in range(first, min(end, len(content)), PIECE_BYTES):
            yield content[at : min(at + PIECE_BYTES, end)]

    async def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            self.kept.pop(key, None)

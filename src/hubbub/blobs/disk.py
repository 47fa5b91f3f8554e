"""Bytes in files of a folder.

Every file is flushed before it counts as kept: a message that shows a file is durable, and so must the file be.  An
upload that lies on the same disk is moved and not copied.  What blocks runs in threads.
"""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from hubbub.chat.ports import StoreFull, StoreUnavailable

T = TypeVar("T")

PIECE_BYTES = 256 * 1024


class DiskBlobs:
    """A `files.ports.Blobs` in a folder, which is made."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder

    async def put(self, key: str, source: Path) -> None:
        await _in_thread(lambda: _take(source, self._folder / key))

    async def put_bytes(self, key: str, content: bytes) -> None:
        def write() -> None:
            fresh = _beside(self._folder / key)
            fresh.write_bytes(content)
            _take(fresh, self._folder / key)

        await _in_thread(write)

    async def read(self, key: str, first: int, end: int) -> AsyncIterator[bytes]:
        file = await _in_thread(lambda: (self._folder / key).open("rb", buffering=0))
        try:
            at = first
            while at < end:
                piece = await _in_thread(lambda at=at: os.pread(file.fileno(), min(PIECE_BYTES, end - at), at))  # type: ignore[misc]
                if not piece:
                    return
                yield piece
                at += len(piece)
        finally:
            file.close()

    async def delete(self, keys: Sequence[str]) -> None:
        def unlink() -> None:
            for key in keys:
                (self._folder / key).unlink(missing_ok=True)

        await _in_thread(unlink)


def _take(source: Path, target: Path) -> None:
    """Move a file to where it is kept, or copy it from another disk; it is on the disk when this returns."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _flush(source)
    try:
        source.replace(target)
    except OSError as problem:
        if problem.errno != errno.EXDEV:
            raise
        fresh = _beside(target)
        shutil.copyfile(source, fresh)
        _flush(fresh)
        fresh.replace(target)
    _flush(target.parent)


def _beside(target: Path) -> Path:
    """Return where a file is written before it has its name."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return target.with_name(f".{target.name}.{os.getpid()}")


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


async def _in_thread(work: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(work)
    except FileNotFoundError as missing:
        raise KeyError(str(missing)) from missing
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreFull(str(problem)) from problem
        raise StoreUnavailable(str(problem)) from problem

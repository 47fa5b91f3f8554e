"""Bytes on a disk or in any S3-compatible store, by obstore.

On a disk every file is flushed before it counts as kept: a message that shows a file is durable, and so must the file
be.  Nothing is listed and nothing is asked of a store but to keep, give and delete; names and types are rows.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Awaitable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, S3Store

from hubbub.chat.ports import StoreFull, StoreUnavailable
from hubbub.files.settings import FilesSettings

T = TypeVar("T")

PIECE_BYTES = 256 * 1024
_PART_BYTES = 5 * 1024 * 1024
"""A part of a multipart upload; only so much of a file is ever in memory, times the parts on their way."""
_PARTS_AT_ONCE = 2
_GET_TIMEOUT_S = 30
_CONNECT_TIMEOUT_S = 5


def open_blobs(settings: FilesSettings, folder: Path) -> StoredBlobs:
    """Return the store that the settings name; `folder` is where files are without a word in them."""
    if settings.store.startswith("s3://"):
        return _s3(settings)
    place = Path(settings.store) if settings.store else folder
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    return StoredBlobs(LocalStore(place), place)


def _s3(settings: FilesSettings) -> StoredBlobs:
    bucket, _, prefix = settings.store.removeprefix("s3://").partition("/")
    options: Any = {"timeout": timedelta(seconds=_GET_TIMEOUT_S * 10)}
    options["connect_timeout"] = timedelta(seconds=_CONNECT_TIMEOUT_S)
    given: dict[str, Any] = {"region": settings.s3_region, "virtual_hosted_style_request": not settings.s3_path_style}
    if settings.s3_endpoint:
        given["endpoint"] = settings.s3_endpoint
        options["allow_http"] = settings.s3_endpoint.startswith("http://")
    if settings.s3_key_id:
        # Without them the environment of the machine says who we are.
        given |= {"access_key_id": settings.s3_key_id, "secret_access_key": settings.s3_secret}
    retry: Any = {"max_retries": 3, "retry_timeout": timedelta(seconds=_GET_TIMEOUT_S)}
    return StoredBlobs(S3Store(bucket, prefix=prefix or None, client_options=options, retry_config=retry, **given))


class StoredBlobs:
    """A `files.ports.Blobs` over an object store; `folder` when that is a disk."""

    def __init__(self, store: LocalStore | S3Store, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder

    async def put(self, key: str, source: Path) -> None:
        if self._folder is not None and await asyncio.to_thread(_move, source, self._folder / key):
            return
        await self._do(
            obstore.put_async(self._store, key, source, chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE)
        )
        await self._flushed(key)

    async def put_bytes(self, key: str, content: bytes) -> None:
        await self._do(obstore.put_async(self._store, key, content))
        await self._flushed(key)

    async def read(self, key: str, first: int, end: int) -> AsyncIterator[bytes]:
        if first >= end:
            return
        found = await self._do(obstore.get_async(self._store, key, options={"range": (first, end)}))
        pieces = aiter(found.stream(min_chunk_size=PIECE_BYTES))
        while True:
            try:
                async with asyncio.timeout(_GET_TIMEOUT_S):
                    piece = memoryview(await self._do(anext(pieces)))
            except StopAsyncIteration:
                return
            for at in range(0, len(piece), PIECE_BYTES):
                yield bytes(piece[at : at + PIECE_BYTES])

    async def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            try:
                await self._do(obstore.delete_async(self._store, key))
            except KeyError:
                pass

    async def _flushed(self, key: str) -> None:
        if self._folder is not None:
            kept = self._folder / key
            await asyncio.to_thread(_flush, kept, kept.parent)

    async def _do(self, asked: Awaitable[T]) -> T:
        try:
            return await asked
        except (NotFoundError, FileNotFoundError) as missing:
            raise KeyError(str(missing)) from missing
        except (BaseError, OSError) as problem:
            if "No space left" in str(problem):
                raise StoreFull(str(problem)) from problem
            raise StoreUnavailable(str(problem)) from problem


def _move(source: Path, target: Path) -> bool:
    """Move a file to where it is kept; False when that is another disk."""
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with source.open("rb") as file:
            os.fsync(file.fileno())
        source.replace(target)
    except OSError as problem:
        if problem.errno == errno.EXDEV:
            return False
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreFull(str(problem)) from problem
        raise StoreUnavailable(str(problem)) from problem
    _flush(target.parent)
    return True


def _flush(*paths: Path) -> None:
    """Put files, and the names in folders, on the disk."""
    for each in paths:
        handle = os.open(each, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

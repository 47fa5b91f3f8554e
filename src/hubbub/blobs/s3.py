"""Bytes in any S3-compatible store, by obstore.

Nothing is listed and nothing is asked of a store but to keep, give and delete; names and types are rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from hubbub.chat.ports import StoreUnavailable
from hubbub.files.settings import FilesSettings

T = TypeVar("T")

PIECE_BYTES = 256 * 1024
_PART_BYTES = 5 * 1024 * 1024
"""A part of a multipart upload; only so much of a file is ever in memory, times the parts on their way."""
_PARTS_AT_ONCE = 2
_GET_TIMEOUT_S = 30
_CONNECT_TIMEOUT_S = 5


def open_s3(settings: FilesSettings) -> S3Blobs:
    """Return the store that the settings name."""
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
    return S3Blobs(S3Store(bucket, prefix=prefix or None, client_options=options, retry_config=retry, **given))


class S3Blobs:
    """A `files.ports.Blobs` in a bucket."""

    def __init__(self, store: S3Store) -> None:
        self._store = store

    async def put(self, key: str, source: Path) -> None:
        await _do(obstore.put_async(self._store, key, source, chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE))

    async def put_bytes(self, key: str, content: bytes) -> None:
        await _do(obstore.put_async(self._store, key, content))

    async def read(self, key: str, first: int, end: int) -> AsyncIterator[bytes]:
        if first >= end:
            return
        found = await _do(obstore.get_async(self._store, key, options={"range": (first, end)}))
        pieces = aiter(found.stream(min_chunk_size=PIECE_BYTES))
        while True:
            try:
                async with asyncio.timeout(_GET_TIMEOUT_S):
                    piece = memoryview(await _do(anext(pieces)))
            except StopAsyncIteration:
                return
            for at in range(0, len(piece), PIECE_BYTES):
                yield bytes(piece[at : at + PIECE_BYTES])

    async def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            try:
                await _do(obstore.delete_async(self._store, key))
            except KeyError:
                pass


async def _do(asked: Awaitable[T]) -> T:
    try:
        return await asked
    except (NotFoundError, FileNotFoundError) as missing:
        raise KeyError(str(missing)) from missing
    except (BaseError, OSError) as problem:
        raise StoreUnavailable(str(problem)) from problem

"""Files over HTTP: giving them to the server in pieces, and getting them in pieces.

A file that is downloaded appears under its name only when all of it is there.  What broke off is begun again by whoever
asks again; nothing is retried here.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from hubbub.base.error_table import Code
from hubbub.client.errors import HubbubError
from hubbub.client.http import HttpApi
from hubbub.client.login import Login
from hubbub.client.models import File

_PIECE_BYTES = 256 * 1024


class _Stored(msgspec.Struct):
    file_id: str
    name: str
    type: str
    size_bytes: int
    width: int
    height: int
    preview: bool


class Transfers:
    """Uploads and downloads of one person."""

    def __init__(self, http: HttpApi, login: Login) -> None:
        self._http = http
        self._login = login

    async def upload(self, source: str | Path | bytes, name: str) -> File:
        """Give the server a file.  Raises HubbubError, and OSError for a file that cannot be read."""
        path = None if isinstance(source, bytes) else Path(source)
        content: bytes | AsyncIterator[bytes] = _pieces(path) if path is not None else bytes(source)  # type: ignore[arg-type]
        answer = await self._http.call(
            "POST",
            "/api/v1/files",
            token=await self._login.token(self._http),
            params={"name": name or (path.name if path is not None else "")},
            content=content,
        )
        try:
            stored = msgspec.convert(answer, _Stored)
        except msgspec.ValidationError as exc:
            raise HubbubError(Code.INTERNAL_ERROR, "The server's answer holds no file.") from exc
        return File(
            stored.file_id,
            stored.name,
            stored.type,
            stored.size_bytes,
            stored.width,
            stored.height,
            stored.preview,
        )

    async def download(self, file_id: str, target: Path, *, preview: bool) -> None:
        """Write a file to `target`, whole or not at all.

        Raises HubbubError, and OSError for what cannot be written.
        """
        form = "preview" if preview else "content"
        token = await self._login.token(self._http)
        handle, fresh = await asyncio.to_thread(tempfile.mkstemp, dir=target.parent, prefix=f".{target.name[:50]}.")
        try:
            with os.fdopen(handle, "wb") as file:
                async for piece in self._http.pieces(f"/api/v1/files/{file_id}/{form}", token=token):
                    await asyncio.to_thread(file.write, piece)
            await asyncio.to_thread(Path(fresh).replace, target)
        except BaseException:
            await asyncio.to_thread(Path(fresh).unlink, missing_ok=True)
            raise


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as file:
        while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
            yield piece

"""Take files in, give them out, and delete what nobody shows.

An upload goes to a file on this node's disk as it comes, is looked at there, and is moved to where files are kept once
it is known to be whole and allowed; no more than a piece of it is ever in memory.  Its row exists before its bytes are
kept and is made ready after, so bytes without a row cannot be: whatever died in between is swept.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import logging
import re
import shutil
import unicodedata
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code, RateLimited
from hubbub.base.ids import new_id
from hubbub.base.loops import Loop
from hubbub.files import sniff
from hubbub.files.links import Form
from hubbub.files.model import (
    PREVIEW_TYPE,
    FileRow,
    FileState,
    Picture,
    Room,
    SmallPicture,
    content_key,
    preview_key,
)
from hubbub.files.ports import Blobs, FileStore, Pictures
from hubbub.files.settings import FilesSettings

_log = logging.getLogger(__name__)

NAME_BYTES = 255
_BUFFER_BYTES = 1024 * 1024
_SWEPT_AT_ONCE = 100


class Files:
    """Everything that is done with files.  `folder` is this process's own, for uploads under way."""

    def __init__(
        self,
        store: FileStore,
        blobs: Blobs,
        pictures: Pictures,
        clock: Clock,
        settings: FilesSettings,
        folder: Path,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._pictures = pictures
        self._clock = clock
        self._settings = settings
        self.folder = folder
        self._under_way: Counter[str] = Counter()
        self._sweeping = Loop("files that nobody shows", self.sweep, every_s=settings.sweep_interval_s)

    def use(self, settings: FilesSettings) -> None:
        """Go by these limits from now on."""
        self._settings = settings

    async def start(self, *, sweeps: bool) -> None:
        """Make room for uploads; what an earlier process left of some is deleted."""
        await asyncio.to_thread(_empty, self.folder)
        if sweeps:
            self._sweeping.start()

    async def stop(self) -> None:
        await self._sweeping.stop()

    # ------------------------------------------------------------ in

    async def upload(
        self, user_id: str, name: str, content: AsyncIterator[bytes], *, length: int | None = None
    ) -> FileRow:
        """Keep a file; `length` is what the uploader said.  Cancelling leaves nothing.

        Raises FILE_TOO_LARGE, FILE_QUOTA, RATE_LIMITED, STORAGE_FULL, or BAD_REQUEST for a file without a byte.
        """
        if length is not None:
            await self._need_room(user_id, length)
        async with self._working(user_id) as folder:
            return await self._take(user_id, a_name(name), content, folder)

    async def upload_small(
        self, user_id: str, content: AsyncIterator[bytes], *, length: int | None, pack: bool
    ) -> list[tuple[str, FileRow]]:
        """Keep a picture, or each of a ZIP with pictures, small enough for a line of text; all of them or none.

        Each comes with its place in the ZIP.  Nothing shows them yet.  Raises what `upload` does, and BAD_REQUEST for
        what is not understood.
        """
        settings = self._settings
        most = min(settings.file_bytes, settings.emoji_pack_bytes if pack else settings.emoji_bytes)
        if length is not None and length > most:
            raise ChatError(Code.FILE_TOO_LARGE)
        async with self._working(user_id) as folder:
            spool = folder / "upload"
            size, _, _ = await self._receive(content, spool, most)
            if not size:
                raise ChatError(Code.BAD_REQUEST, "The file is empty.")
            kept: list[tuple[str, FileRow]] = []
            try:
                for small in await self._pictures.shrink(spool, folder, pack=pack):
                    row = await self._keep_small(user_id, small)
                    kept.append((small.entry, row))
            except BaseException:
                await asyncio.shield(self.forget([row for _, row in kept]))
                raise
            return kept

    async def _keep_small(self, user_id: str, small: SmallPicture) -> FileRow:
        picture = small.picture
        size, digest = await asyncio.to_thread(_measure, picture.clean)
        name = f"{a_name(small.entry).rpartition('.')[0] or 'emoji'}.webp"
        return await self._keep(self._row(user_id, name, picture.type, size, digest, picture), picture.clean, picture)

    async def forget(self, rows: Sequence[FileRow]) -> None:
        """Throw away what was uploaded a moment ago and is not wanted after all; what cannot be is swept later."""
        going = [self._store.discard(row.owner_id, row.id) for row in rows]
        await asyncio.gather(*going, return_exceptions=True)

    @asynccontextmanager
    async def _working(self, user_id: str) -> AsyncIterator[Path]:
        """Give a folder for one upload of somebody who has not too many under way.

        Raises RATE_LIMITED for one too many, and STORAGE_FULL when the disk is full while it is worked on.
        """
        if self._under_way[user_id] >= self._settings.uploads_at_once:
            raise RateLimited(after_s=1.0)
        self._under_way[user_id] += 1
        folder = self.folder / new_id()
        try:
            await asyncio.to_thread(folder.mkdir, mode=0o700)
            yield folder
        except OSError as problem:
            if problem.errno in (errno.ENOSPC, errno.EDQUOT):
                raise ChatError(Code.STORAGE_FULL) from problem
            raise
        finally:
            self._under_way[user_id] -= 1
            if not self._under_way[user_id]:
                del self._under_way[user_id]
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))

    async def _need_room(self, user_id: str, length: int) -> None:
        """Refuse before a byte is read what would be refused after the last one."""
        if length > self._settings.file_bytes:
            raise ChatError(Code.FILE_TOO_LARGE)
        limit = self._settings.user_bytes
        if limit and await self._store.used_bytes(user_id) + length > limit:
            raise ChatError(Code.FILE_QUOTA)

    async def _take(self, user_id: str, name: str, content: AsyncIterator[bytes], folder: Path) -> FileRow:
        spool = folder / "upload"
        size, digest, head = await self._receive(content, spool, self._settings.file_bytes)
        if not size:
            raise ChatError(Code.BAD_REQUEST, "The file is empty.")
        kind = sniff.media_type(head, whole=size == len(head))
        picture: Picture | None = None
        if kind in sniff.PICTURES:
            if size <= self._settings.picture_bytes:
                picture = await self._pictures.make(spool, folder)
            if picture is None:
                # What was not made anew is not shown in place.
                kind = sniff.BYTES
        if picture is not None:
            spool, kind = picture.clean, picture.type
            size, digest = await asyncio.to_thread(_measure, spool)
        return await self._keep(self._row(user_id, name, kind, size, digest, picture), spool, picture)

    def _row(self, user_id: str, name: str, kind: str, size: int, digest: bytes, picture: Picture | None) -> FileRow:
        now_ms = self._clock.now_ms()
        preview = picture.preview if picture else None
        return FileRow(
            id=new_id(),
            owner_id=user_id,
            name=name,
            type=kind,
            size_bytes=size,
            sha256=digest,
            width=picture.width if picture else 0,
            height=picture.height if picture else 0,
            preview_bytes=preview.stat().st_size if preview else 0,
            state=FileState.STORING,
            created_ms=now_ms,
            unused_ms=now_ms,
        )

    async def _receive(self, content: AsyncIterator[bytes], spool: Path, most: int) -> tuple[int, bytes, bytes]:
        """Write what comes; return its size, its digest and its first bytes."""
        digest = hashlib.sha256()
        size, head, waiting = 0, b"", bytearray()
        async for piece in content:
            size += len(piece)
            if size > most:
                raise ChatError(Code.FILE_TOO_LARGE)
            if len(head) < sniff.HEAD_BYTES:
                head = (head + piece)[: sniff.HEAD_BYTES]
            waiting += piece
            if len(waiting) >= _BUFFER_BYTES:
                await asyncio.to_thread(_append, spool, digest, bytes(waiting))
                waiting.clear()
        await asyncio.to_thread(_append, spool, digest, bytes(waiting))
        return size, digest.digest(), head

    async def _keep(self, row: FileRow, spool: Path, picture: Picture | None) -> FileRow:
        preview = picture.preview if picture else None
        await self._store.reserve(row, limit_bytes=self._settings.user_bytes)
        try:
            await self._blobs.put(content_key(row.id), spool)
            if preview is not None:
                await self._blobs.put(preview_key(row.id), preview)
            if await self._store.ready(row.id, row.unused_ms):
                return row
        except BaseException:
            # Best effort: what cannot be said now is seen by the sweep.
            await asyncio.shield(asyncio.gather(self._store.discard(row.owner_id, row.id), return_exceptions=True))
            raise
        raise ChatError(Code.TIMEOUT)

    # ------------------------------------------------------------ out

    async def find(self, user_id: str, file_ids: Sequence[str]) -> dict[str, FileRow]:
        """Return those that are for this person."""
        return await self._store.find(user_id, file_ids)

    async def need(self, user_id: str, file_id: str) -> FileRow:
        """Return a file, or raise FILE_NOT_FOUND."""
        row = (await self._store.find(user_id, [file_id])).get(file_id)
        if row is None:
            raise ChatError(Code.FILE_NOT_FOUND)
        return row

    async def portray(self, user_id: str, file_id: str) -> FileRow:
        """Let a picture of one's own show its owner, to everybody.

        Raises FILE_NOT_FOUND, or BAD_REQUEST for what is no picture that was understood.
        """
        row = await self.need(user_id, file_id)
        if row.owner_id != user_id:
            raise ChatError(Code.FILE_NOT_FOUND)
        if not row.width:
            raise ChatError(Code.BAD_REQUEST, "That file is not a picture.")
        if not await self._store.portray(user_id, file_id):
            raise ChatError(Code.FILE_NOT_FOUND)
        return row

    async def unportray(self, user_id: str, *, but: str = "") -> None:
        """Let no file but this show somebody any more; the others are swept after a while."""
        await self._store.unportray(user_id, but, self._clock.now_ms())

    async def read(self, row: FileRow, form: Form, first: int, end: int) -> AsyncIterator[bytes]:
        """Yield the bytes [first, end) of a file or of its small picture."""
        key = content_key(row.id) if form == "content" else preview_key(row.id)
        try:
            async for piece in self._blobs.read(key, first, end):
                yield piece
        except KeyError:
            # Its row says that it is there: somebody took it from the store, or restored the one without the other.
            _log.error("the bytes of file %s are gone from the store", row.id)
            raise ChatError(Code.FILE_NOT_FOUND) from None

    async def room(self, user_id: str) -> Room:
        """Return how much room somebody has."""
        used = await self._store.used_bytes(user_id)
        return Room(used, self._settings.user_bytes, self._settings.file_bytes)

    # ------------------------------------------------------------ away

    async def discard(self, user_id: str, file_id: str) -> None:
        """Throw away one's own file.  Raises FILE_NOT_FOUND, or CONFLICT while a message shows it."""
        row = await self.need(user_id, file_id)
        if row.owner_id != user_id:
            raise ChatError(Code.FORBIDDEN)
        if not await self._store.discard(user_id, file_id):
            raise ChatError(Code.CONFLICT, "A message shows the file, or it is your picture.")

    async def sweep(self) -> None:
        """Delete what no message has shown for a while.  Any number of nodes may do it at once."""
        while True:
            before_ms = self._clock.now_ms() - int(self._settings.unused_s * 1000)
            gone = await self._store.sweep(before_ms, _SWEPT_AT_ONCE)
            await self._blobs.delete([key for row in gone for key in (content_key(row.id), preview_key(row.id))])
            await self._store.forget(gone)
            if len(gone) < _SWEPT_AT_ONCE:
                return


def a_name(given: str) -> str:
    """Return a name that any system can show and save: no folders, nothing invisible, not too long."""
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", given.encode("utf-8", "ignore").decode())[-1])
    # Marks that turn the direction of writing make "exe.gpj" of "jpg.exe"; they are of the category Cf.
    name = "".join(c for c in name if unicodedata.category(c) not in ("Cc", "Cf", "Co", "Zl", "Zp") or c == "\u200d")
    name = name.strip(" .")
    if len(name.encode()) > NAME_BYTES:
        stem, dot, ending = name.rpartition(".")
        ending = f".{ending}" if dot and len(ending.encode()) <= 16 else ""
        stem = stem if ending else name
        name = stem.encode()[: NAME_BYTES - len(ending.encode())].decode("utf-8", "ignore") + ending
    return name or "file"


def type_of(row: FileRow, form: Form) -> str:
    return row.type if form == "content" else PREVIEW_TYPE


def _append(path: Path, digest: hashlib._Hash, content: bytes) -> None:
    # Opened by each that writes: whoever waits for this thread may be gone before it has a file to give them.
    digest.update(content)
    with path.open("ab") as file:
        file.write(content)


def _measure(path: Path) -> tuple[int, bytes]:
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").digest()


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)

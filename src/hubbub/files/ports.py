"""What files need from the world: rows, a place for bytes, and somebody who understands pictures."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Protocol

from hubbub.files.emoji import Emoji
from hubbub.files.model import FileRow, Picture, SmallPicture


class FileStore(Protocol):
    """The rows of files.  Which messages show them is written by the log, in the transaction of the message."""

    async def reserve(self, row: FileRow, *, limit_bytes: int) -> None:
        """Insert a row that is STORING and charge its owner's room; 0 means no limit.

        Raises ChatError(FILE_QUOTA) when it does not fit; nothing is stored then.
        """

    async def ready(self, file_id: str, unused_ms: int) -> bool:
        """Make it READY; False when it was swept away meanwhile."""

    async def find(self, user_id: str, file_ids: Sequence[str]) -> dict[str, FileRow]:
        """Return those that are READY and for this person: their own, in a message they may see, or a portrait."""

    async def portray(self, user_id: str, file_id: str) -> bool:
        """Have one's own READY file kept, and be for everybody, as a picture of its owner; False when there is none."""

    async def unportray(self, user_id: str, but: str, now_ms: int) -> None:
        """End that for every other file of this person; it is then used by nobody from `now_ms` on."""

    async def used_bytes(self, user_id: str) -> int:
        """Return how much of their room somebody takes."""

    async def discard(self, user_id: str, file_id: str) -> bool:
        """Make one's own file GONE; False when there is none, or a message shows it."""

    async def sweep(self, unused_before_ms: int, limit: int) -> list[FileRow]:
        """Make GONE what no message has shown since then, and return all that are GONE, oldest first.

        Uploads that were never completed are among them.
        """

    async def forget(self, rows: Sequence[FileRow]) -> None:
        """Delete the rows of files whose bytes were deleted, and give their room back.  Twice does no harm."""


class Blobs(Protocol):
    """Where bytes are kept, whole and under a key.  Errors are StoreUnavailable, or KeyError for what is not there."""

    async def put(self, key: str, source: Path) -> None:
        """Keep the bytes of a file, durably; what was there under that key is replaced whole.

        The file may be gone afterwards.
        """

    async def put_bytes(self, key: str, content: bytes) -> None:
        """Keep a few bytes."""

    def read(self, key: str, first: int, end: int) -> AsyncIterator[bytes]:
        """Yield the bytes [first, end), in pieces of at most a few hundred KiB."""

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete what is there of these."""


class Pictures(Protocol):
    """Understands pictures."""

    async def make(self, source: Path, folder: Path) -> Picture | None:
        """Write the picture without anything that is not picture, and a small one, into a folder.

        None: it is no picture that can be understood within the limits.
        """

    async def shrink(self, source: Path, folder: Path, *, pack: bool) -> list[SmallPicture]:
        """Write a picture, or each of a ZIP with pictures, into a folder, small enough for a line of text.

        Raises ChatError(BAD_REQUEST) that says what is wrong, and with which entry, or STORAGE_FULL.
        """


class EmojiStore(Protocol):
    """A place's own emoji.  Who changes them is remembered in the audit log, in the same transaction."""

    async def version(self) -> int:
        """Return a number that rises with every change; 0: there never was one."""

    async def listed(self) -> tuple[int, list[Emoji]]:
        """Return the version and every emoji, in the order of their packs and names."""

    async def add(self, made: Sequence[Emoji], *, most: int) -> int:
        """Add all of them or none, keep their pictures, and return the version.

        Raises ChatError: CONFLICT for a name that is taken or with more than `most` names, FILE_NOT_FOUND for a picture
        that was swept away.
        """

    async def remove(self, name: str, now_ms: int) -> int:
        """Take a name away, and with the first one the emoji and its picture; return the version, 0 for none such."""

    async def remove_pack(self, pack: str, now_ms: int) -> int:
        """Take every emoji of a pack away; return the version, 0 where there is none."""

    async def picture(self, file_id: str) -> FileRow | None:
        """Return the file that an emoji is drawn from."""

"""The nouns of files: what was uploaded, how much room there is, and what a picture was made into."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path

import msgspec


class FileState(IntEnum):
    """The numbers are stored and never reused."""

    STORING = 1
    """Its room is taken and its bytes are on their way; nobody sees it."""
    READY = 2
    GONE = 3
    """Nobody sees it any more; its bytes are being deleted."""


class FileRow(msgspec.Struct, frozen=True, kw_only=True):
    """A file as the database holds it."""

    id: str
    owner_id: str
    name: str
    type: str
    """Media type, by what the bytes say."""
    size_bytes: int
    sha256: bytes
    width: int = 0
    """Of pictures that were understood."""
    height: int = 0
    preview_bytes: int = 0
    """Size of the small picture; 0: there is none."""
    state: FileState = FileState.STORING
    created_ms: int = 0
    unused_ms: int = 0
    """Since when no message shows it; 0 while one does."""

    @property
    def room_bytes(self) -> int:
        """What its owner's room is charged."""
        return self.size_bytes + self.preview_bytes


class Room(msgspec.Struct, frozen=True):
    """How much room somebody has."""

    used_bytes: int
    limit_bytes: int
    """0: no limit."""
    file_bytes: int
    """The largest file."""


class Picture(msgspec.Struct, frozen=True):
    """What a picture was made into: the same picture without anything that is not picture, and a small one."""

    type: str
    width: int
    height: int
    clean: Path
    preview: Path | None
    """None where the picture is small itself."""
    preview_width: int = 0
    preview_height: int = 0


class SmallPicture(msgspec.Struct, frozen=True):
    """A picture that was made small enough for a line of text."""

    entry: str
    """Where in a pack it was; empty: it came by itself."""
    picture: Picture


PREVIEW_TYPE = "image/webp"


def content_key(file_id: str) -> str:
    """Return where the bytes of a file are."""
    return f"{file_id[-2:]}/{file_id}"


def preview_key(file_id: str) -> str:
    """Return where the small picture of a file is."""
    return f"{file_id[-2:]}/{file_id}.preview"

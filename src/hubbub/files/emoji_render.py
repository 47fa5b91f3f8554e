"""Make pictures small enough for a line of text, in a process of its own: `python -m hubbub.files.emoji_render …`.

It is to emoji what `files.render` is to pictures in messages, under the same limits: what strangers wrote is decoded
where nothing else runs.  A pack is a ZIP, which strangers wrote as well, so it is opened here too; it is read entry by
entry, never by what it says of itself, and a picture that is not understood spoils it all.  Every picture becomes a
WebP with the pixels and nothing else; one that moves goes on moving, and has a still of its first frame beside it.

The answer is one line of JSON: what was made, what is wrong with which entry, or that the disk is full.  Anything else
means: not understood.
"""

from __future__ import annotations

import errno
import json
import sys
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hubbub.files.render import FORMATS, QUALITY, duration_of, limit

_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED = 0x1
_TAIL_BYTES = 22
_DIRECTORY_BYTES = 512 * 1024
"""Of a ZIP's directory: it is all read before an entry is."""


class Wrong(Exception):
    """What is wrong, and with which entry of a pack."""

    def __init__(self, why: str, entry: str = "") -> None:
        super().__init__(why, entry)
        self.why = why
        self.entry = entry


def main(kind: str, source: str, folder: str, pixels: str, px: str, each_bytes: str, most: str, seconds: str) -> None:
    """Write `0`, `0.still`, `1` … into the folder; print what they are."""
    limit(seconds)
    try:
        made = render(kind == "pack", Path(source), Path(folder), int(pixels), int(px), int(each_bytes), int(most))
        said: dict[str, Any] = {"made": made}
    except Wrong as wrong:
        said = {"wrong": wrong.why, "entry": wrong.entry}
    except OSError as problem:
        if not _is_full(problem):
            raise
        said = {"full": True}
    print(json.dumps(said))  # noqa: T201


def render(
    pack: bool, source: Path, folder: Path, pixels: int, px: int, each_bytes: int, most: int
) -> list[dict[str, Any]]:
    """Return the entry, size and kind of each picture.  Raises Wrong, or OSError when the disk is full."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = pixels
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    made: list[dict[str, Any]] = []
    for entry, picture in _unpacked(source, folder, each_bytes, most) if pack else (("", source),):
        target = folder / str(len(made))
        try:
            size, moving = _shrink(picture, target, pixels, px)
        except Exception as problem:
            if _is_full(problem):
                raise
            # Pillow raises whatever a broken picture makes it.
            raise Wrong("it is no picture that is understood: PNG, GIF, WebP, JPEG or AVIF", entry) from None
        if target.stat().st_size > each_bytes:
            raise Wrong(f"it takes more than {each_bytes:,} bytes", entry)
        made.append({"entry": entry, "width": size[0], "height": size[1], "moving": moving})
    if not made:
        raise Wrong("there is no picture in it")
    return made


def _shrink(source: Path, target: Path, pixels: int, px: int) -> tuple[tuple[int, int], bool]:
    from PIL import Image, ImageOps, ImageSequence

    with Image.open(source, formats=list(FORMATS)) as picture:
        frames = int(getattr(picture, "n_frames", 1))
        if picture.width * picture.height * frames > pixels:
            raise ValueError("too many pixels")
        shown: list[Any] = []
        durations: list[int] = []
        for frame in ImageSequence.Iterator(picture):
            durations.append(duration_of(frame))
            whole = frame.convert("RGBA") if frames > 1 else ImageOps.exif_transpose(frame).convert("RGBA")
            whole.thumbnail((px, px))
            whole.info = {}
            shown.append(whole)
    options: dict[str, Any] = {"quality": QUALITY, "method": 4}
    if frames > 1:
        shown[0].save(target.with_suffix(".still"), "WEBP", **options)
        options |= {"save_all": True, "append_images": shown[1:], "duration": durations, "loop": 0}
    shown[0].save(target, "WEBP", **options)
    return shown[0].size, frames > 1


# ---------------------------------------------------------------- packs


def _unpacked(archive: Path, folder: Path, each_bytes: int, most: int) -> Iterator[tuple[str, Path]]:
    """Yield each picture of a ZIP, in a file that the next one replaces."""
    _check_directory(archive)
    spot = folder / "entry"
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = [one for one in opened.infolist() if not _is_chaff(one.filename)]
            if len(entries) > most:
                raise Wrong(f"a pack has at most {most:,} pictures")
            for one in entries:
                _extract(opened, one, spot, each_bytes)
                yield one.filename, spot
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError, RuntimeError) as problem:
        if _is_full(problem):
            raise
        raise Wrong("it is no ZIP that is understood") from None


def _extract(opened: zipfile.ZipFile, one: zipfile.ZipInfo, spot: Path, each_bytes: int) -> None:
    if one.flag_bits & _ENCRYPTED:
        raise Wrong("it is encrypted", one.filename)
    if one.compress_type not in _METHODS:
        raise Wrong("it is packed in a way that is not understood", one.filename)
    try:
        with opened.open(one) as packed:
            # What it says of its size is a word; what comes out counts.
            content = packed.read(each_bytes + 1)
    except (zipfile.BadZipFile, EOFError, ValueError, OSError, zlib.error):
        raise Wrong("it is damaged", one.filename) from None
    if len(content) > each_bytes:
        raise Wrong(f"it has more than {each_bytes:,} bytes", one.filename)
    spot.write_bytes(content)


def _is_full(problem: Exception) -> bool:
    """Whether the disk is full, which says nothing of the picture."""
    return isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT)


def _is_chaff(name: str) -> bool:
    """Whether an entry is a folder, or something that systems put beside what people packed."""
    parts = name.split("/")
    return not parts[-1] or parts[-1].startswith(".") or parts[-1] == "Thumbs.db" or "__MACOSX" in parts


def _check_directory(archive: Path) -> None:
    """Refuse a ZIP whose directory is much larger than that of a pack."""
    content = archive.read_bytes()
    end = len(content) - _TAIL_BYTES
    if content[end : end + 4] != b"PK\5\6" or content[-2:] != b"\0\0":
        end = content.rfind(b"PK\5\6")
    directory = int.from_bytes(content[end + 12 : end + 16], "little")
    # A locator of the larger format would say something else of it.
    if end < 0 or directory > _DIRECTORY_BYTES or content[max(0, end - 20) : end][:4] == b"PK\6\7":
        raise Wrong("it is no ZIP that is understood")


if __name__ == "__main__":
    main(*sys.argv[1:])

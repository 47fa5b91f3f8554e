"""Pictures are made anew: what is left is the picture."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec
import pytest
from PIL import Image, ImageSequence
from unit.files.images import SECRET, a_bomb, a_moving_picture, a_picture

from hubbub.files.model import Picture
from hubbub.files.pictures import PictureProcesses
from hubbub.files.settings import FilesSettings

SETTINGS = FilesSettings(preview_px=320)


async def made(content: bytes, folder: Path, settings: FilesSettings = SETTINGS) -> Picture | None:
    source = folder / "source"
    source.write_bytes(content)
    return await PictureProcesses(settings).make(source, folder)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
async def test_nothing_but_the_picture_is_left(kind: str, tmp_path: Path) -> None:
    before = a_picture("PNG" if kind == "AVIF" else kind)
    if kind == "AVIF":
        written = io.BytesIO()
        exif = Image.Exif()
        exif[0x010F] = SECRET.decode()
        Image.open(io.BytesIO(before)).save(written, "AVIF", exif=exif)
        before = written.getvalue()
    picture = await made(before + SECRET, tmp_path)
    assert picture is not None
    after = picture.clean.read_bytes()
    assert SECRET not in after
    assert (picture.type, picture.width, picture.height) == (f"image/{kind.lower()}", 800, 400)
    assert picture.preview is not None
    with Image.open(picture.clean) as clean, Image.open(picture.preview) as preview:
        assert not clean.getexif()
        assert (clean.format, clean.size) == (kind, (800, 400))
        assert (preview.format, preview.size) == ("WEBP", (320, 160))


async def test_a_picture_that_lies_on_its_side_is_turned_for_good(tmp_path: Path) -> None:
    picture = await made(a_picture(turned=True), tmp_path)
    assert picture is not None
    assert (picture.width, picture.height) == (400, 800)
    assert picture.preview is not None
    with Image.open(picture.preview) as preview:
        assert preview.size == (160, 320)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
async def test_a_moving_picture_still_moves_as_it_did(kind: str, tmp_path: Path) -> None:
    picture = await made(a_moving_picture(kind), tmp_path)
    assert picture is not None
    with Image.open(picture.clean) as clean:
        frames = ImageSequence.Iterator(clean)
        assert [frame.load() and frame.info["duration"] for frame in frames] == [100, 150, 200, 250]
    assert picture.preview is not None


async def test_a_small_picture_needs_no_smaller_one(tmp_path: Path) -> None:
    picture = await made(a_picture(size=(320, 200)), tmp_path)
    assert picture is not None
    assert picture.preview is None


async def test_what_would_burst_memory_is_not_unpacked(tmp_path: Path) -> None:
    assert await made(a_bomb(), tmp_path) is None
    few = msgspec.structs.replace(SETTINGS, picture_pixels=64 * 32 * 3)
    assert await made(a_moving_picture(), tmp_path, few) is None


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff" + b"x" * 1000, a_picture()[:3000], b"<svg/>", b"%!PS\n"])
async def test_what_cannot_be_understood_is_no_picture(content: bytes, tmp_path: Path) -> None:
    assert await made(content, tmp_path) is None


async def test_a_picture_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    assert await made(a_picture(), tmp_path, msgspec.structs.replace(SETTINGS, picture_s=0.001)) is None

"""Pictures with something in them that is not picture."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from PIL import Image, PngImagePlugin

SECRET = b"Mantua, 45 N 10 E"
TURNED = 0x0112
MAKER = 0x010F


def a_picture(kind: str = "JPEG", size: tuple[int, int] = (800, 400), *, turned: bool = False) -> bytes:
    """Return a picture whose metadata hold a secret; `turned`: it lies on its side and says so."""
    exif = Image.Exif()
    exif[MAKER] = SECRET.decode()
    if turned:
        exif[TURNED] = 6
    options: dict[str, Any] = {"exif": exif}
    if kind == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_text("Comment", SECRET.decode())
        options["pnginfo"] = text
    if kind in ("GIF", "JPEG"):
        options["comment"] = SECRET
    if kind == "GIF":
        del options["exif"]
    written = io.BytesIO()
    Image.effect_mandelbrot(size, (-2, -1, 1, 1), 30).convert("RGB").save(written, kind, **options)
    assert SECRET in written.getvalue()
    return written.getvalue()


def a_moving_picture(kind: str = "GIF", frames: int = 4) -> bytes:
    """Return a picture that moves, each frame shown a little longer than the one before."""
    written = io.BytesIO()
    pictures = [Image.new("RGB", (64, 32), (60 * number, 0, 0)) for number in range(frames)]
    durations = [100 + 50 * number for number in range(frames)]
    pictures[0].save(written, kind, save_all=True, append_images=pictures[1:], duration=durations, loop=0)
    return written.getvalue()


def a_pack(entries: dict[str, bytes]) -> bytes:
    """Return a ZIP of these files."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in entries.items():
            packed.writestr(name, content)
    return written.getvalue()


def a_bomb() -> bytes:
    """Return a few bytes that claim to be four hundred million pixels."""
    written = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(written, "PNG")
    return written.getvalue()

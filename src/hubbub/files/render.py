"""Make a picture anew, in a process of its own: `python -m hubbub.files.render SOURCE CLEAN PREVIEW …`.

Decoders of pictures are large programs in C that read what strangers wrote, so they run where nothing else does, with
little memory, little time and no other file than the one.  What is written has the pixels of the picture and its colour
profile, and nothing else: no place, no camera, no comments, and no bytes behind its end.  One that is turned by its
metadata is turned for good.  The answer is one line of JSON on standard output; anything else means: not understood.
"""

from __future__ import annotations

import json
import resource
import sys
import warnings
from pathlib import Path
from typing import Any

MEMORY_BYTES = 2 * 1024 * 1024 * 1024
QUALITY = 90
PREVIEW_QUALITY = 80

_ORIENTATION = 0x0112
_NOTHING_ELSE = {"exif": b"", "xmp": b""}

FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp", "AVIF": "image/avif"}


def main(source: str, clean: str, preview: str, pixels: str, preview_px: str, seconds: str) -> None:
    """Write the clean picture and the small one; print what it is."""
    limit(seconds)
    print(json.dumps(render(Path(source), Path(clean), Path(preview), int(pixels), int(preview_px))))  # noqa: T201


def limit(seconds: str) -> None:
    """Let this process take no more memory and time than a picture may."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    most = int(float(seconds)) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def render(source: Path, clean: Path, preview: Path, pixels: int, preview_px: int) -> dict[str, Any]:
    """Return type, width, height and the size of the small picture, if there is one.  Raises what Pillow raises."""
    from PIL import Image, ImageOps, ImageSequence

    Image.MAX_IMAGE_PIXELS = pixels
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    with Image.open(source, formats=list(FORMATS)) as picture:
        kind = str(picture.format)
        frames = int(getattr(picture, "n_frames", 1))
        width, height = picture.size
        if width * height * frames > pixels:
            raise ValueError("too many pixels")
        options: dict[str, Any] = {"icc_profile": picture.info.get("icc_profile")}
        if frames > 1:
            whole: Any = picture
            options |= _moving(kind, picture, [duration_of(frame) for frame in ImageSequence.Iterator(picture)])
            picture.seek(0)
        else:
            picture.load()
            turned = picture.getexif().get(_ORIENTATION, 1) != 1
            whole = ImageOps.exif_transpose(picture) if turned else picture
            options |= _still(kind, turned=turned)
        whole.info = {name: whole.info[name] for name in ("transparency",) if name in whole.info}
        whole.save(clean, kind, **options)
        width, height = whole.size
        small: tuple[int, int] | None = None
        if max(width, height) > preview_px or frames > 1:
            picture.seek(0)
            first = whole.convert("RGBA" if _is_clear(whole) else "RGB")
            first.thumbnail((preview_px, preview_px))
            first.save(preview, "WEBP", quality=PREVIEW_QUALITY, method=4)
            small = first.size
    return {"type": FORMATS[kind], "width": width, "height": height, "preview": small}


def _still(kind: str, *, turned: bool) -> dict[str, Any]:
    """Return options that keep as much of the picture as it had."""
    match kind:
        case "JPEG":
            # The same tables lose hardly anything a second time.
            return {"quality": QUALITY if turned else "keep", "optimize": True, **_NOTHING_ELSE}
        case "WEBP":
            return {"quality": QUALITY, "method": 2, **_NOTHING_ELSE}
        case "AVIF":
            return {"quality": QUALITY, "speed": 9, **_NOTHING_ELSE}
        case "PNG":
            return {"exif": b""}
    return {}


def _moving(kind: str, picture: Any, durations: list[int]) -> dict[str, Any]:
    options = {"save_all": True, "duration": durations, "loop": picture.info.get("loop", 0 if kind != "GIF" else None)}
    if kind == "GIF" and options["loop"] is None:
        del options["loop"]  # played once
    return options | (_still(kind, turned=True) if kind != "PNG" else {"exif": b""})


def duration_of(frame: Any) -> int:
    """Return how long a frame is shown, in milliseconds."""
    frame.load()  # WebP says it then
    return int(frame.info.get("duration", 100))


def _is_clear(picture: Any) -> bool:
    return picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info


if __name__ == "__main__":
    main(*sys.argv[1:])

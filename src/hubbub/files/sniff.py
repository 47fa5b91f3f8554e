"""Say what a file is by its first bytes.

What an uploader says of a file is not believed: a page of HTML named `cat.png` must not be shown as one.  Only kinds
that are shown in place are told apart, and a few that people like to see named; all else is bytes or plain text.
The marks are those of https://mimesniff.spec.whatwg.org sections 6 and 7.
"""

from __future__ import annotations

HEAD_BYTES = 4096
"""So many first bytes are looked at."""

BYTES = "application/octet-stream"
TEXT = "text/plain"

PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"})
"""Kinds that are understood; one that is not made anew is not shown in place."""

PLAYED = frozenset(
    {"audio/mpeg", "audio/ogg", "audio/wav", "audio/flac", "audio/aac", "audio/mp4", "audio/webm", "video/mp4"}
    | {"video/webm", "video/ogg", "video/quicktime"}
)
"""Kinds that a browser plays and that hold nothing it would run."""

_MARKS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": BYTES}
_BRANDS = {b"avif": "image/avif", b"avis": "image/avif", b"M4A ": "audio/mp4", b"M4B ": "audio/mp4"}
_QUICKTIME = b"qt  "
_TEXT_CONTROLS = frozenset(range(0x20)) - {0x09, 0x0A, 0x0C, 0x0D, 0x1B}


def media_type(head: bytes, *, whole: bool = False) -> str:
    """Return the media type of a file by its first bytes; `whole` when these are all it has."""
    for at, mark, kind in _MARKS:
        if head.startswith(mark, at):
            return kind
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], BYTES)
    if head[4:8] == b"ftyp":
        return _of_mp4(head)
    if head[:4] == b"OggS":
        return "video/ogg" if b"\x80theora" in head[:512] else "audio/ogg"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return _of_matroska(head)
    if len(head) > 2 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return "audio/aac"
    if len(head) > 2 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2 and head[2] & 0xF0 not in (0x00, 0xF0):
        return "audio/mpeg"
    return TEXT if _is_text(head, whole) else BYTES


def is_shown(kind: str) -> bool:
    """Whether a browser may show it in place; everything else is saved and never opened."""
    return kind in PICTURES or kind in PLAYED


def _of_mp4(head: bytes) -> str:
    """Look at the brands of an ISO base media file (ISO/IEC 14496-12 section 4.3)."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))]
    for brand in brands:
        if brand in _BRANDS:
            return _BRANDS[brand]
    return "video/quicktime" if brands[0] == _QUICKTIME else "video/mp4"


def _of_matroska(head: bytes) -> str:
    if b"webm" not in head[:64]:
        return BYTES
    # A track of video names its codec V_…; what a browser records as sound has none.
    return "video/webm" if b"V_VP" in head or b"V_AV1" in head else "audio/webm"


def _is_text(head: bytes, whole: bool) -> bool:
    if _TEXT_CONTROLS.intersection(head):
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # A letter may be cut in two where the first bytes end.
        return not whole and error.start >= len(head) - 3 and error.reason == "unexpected end of data"
    return True

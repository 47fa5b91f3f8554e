"""A file is what its bytes say, whatever its name is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.files.images import a_moving_picture, a_picture

from hubbub.files.sniff import BYTES, HEAD_BYTES, PICTURES, PLAYED, TEXT, is_shown, media_type

FTYP = b"\0\0\0\x1cftyp"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (a_picture(), "image/jpeg"),
        (a_picture("PNG"), "image/png"),
        (a_picture("WEBP"), "image/webp"),
        (a_moving_picture(), "image/gif"),
        (FTYP + b"isom\0\0\2\0isomiso2avc1mp41", "video/mp4"),
        (FTYP + b"qt  \0\0\2\0qt  \0\0\0\0\0\0\0\0", "video/quicktime"),
        (FTYP + b"mif1\0\0\0\0avifmif1miaf", "image/avif"),
        (FTYP + b"M4A \0\0\2\0M4A mp42isom", "audio/mp4"),
        (b"\x1a\x45\xdf\xa3" + b"\0" * 20 + b"\x42\x82\x84webm" + b"\0" * 60 + b"V_VP9", "video/webm"),
        (b"\x1a\x45\xdf\xa3" + b"\0" * 20 + b"\x42\x82\x84webm" + b"\0" * 60 + b"A_OPUS", "audio/webm"),
        (b"OggS" + b"\0" * 24 + b"OpusHead", "audio/ogg"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"),
        (b"ID3\4\0\0", "audio/mpeg"),
        (b"\xff\xfb\x90\x64", "audio/mpeg"),
        (b"fLaC\0", "audio/flac"),
        (b"%PDF-1.7", "application/pdf"),
        (b"PK\x03\x04", "application/zip"),
        (b"<!doctype html><script>alert(1)</script>", TEXT),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", TEXT),
        ("罗密欧".encode(), TEXT),
        (b"\x7fELF\x02\x01", BYTES),
        (b"\0" * 20, BYTES),
        (b"caf\xe9 latin one", BYTES),
        (b"", TEXT),
    ],
)
def test_bytes_say_what_they_are(head: bytes, kind: str) -> None:
    assert media_type(head[:HEAD_BYTES], whole=len(head) <= HEAD_BYTES) == kind


def test_a_letter_that_is_cut_in_two_is_still_text() -> None:
    head = ("ab" + "爱" * HEAD_BYTES).encode()[:HEAD_BYTES]
    assert media_type(head) == TEXT
    assert media_type(head, whole=True) == BYTES


@given(st.binary(max_size=200))
def test_any_bytes_have_a_type_and_nothing_that_runs_is_shown(head: bytes) -> None:
    kind = media_type(head, whole=True)
    assert is_shown(kind) == (kind in PICTURES | PLAYED)
    assert not any(word in kind for word in ("html", "xml", "svg", "script"))

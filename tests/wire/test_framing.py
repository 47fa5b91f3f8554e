"""Any bytes in any pieces give frames or one documented error."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.base.errors import Code
from hubbub.wire.framing import FrameReader, websocket_close, websocket_message, with_length

LIMIT = 300


def read(pieces: list[bytes]) -> tuple[list[bytes], Code | None]:
    reader = FrameReader(LIMIT)
    frames: list[bytes] = []
    for piece in pieces:
        frames += reader.feed(piece)
        assert reader.pending_bytes <= LIMIT + 5
    return frames, reader.error.code if reader.error else None


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[low:high] for low, high in pairwise(edges)]


@given(st.lists(st.binary(max_size=LIMIT), max_size=8), st.lists(st.integers(0, 10_000), max_size=20))
def test_frames_survive_any_cutting(frames: list[bytes], places: list[int]) -> None:
    stream = b"".join(with_length(frame) for frame in frames)
    assert read(cut(stream, places)) == (frames, None)


@given(st.binary(max_size=2000), st.lists(st.integers(0, 10_000), max_size=20))
def test_any_bytes_give_the_same_whatever_the_pieces(data: bytes, places: list[int]) -> None:
    whole = read([data])
    assert read(cut(data, places)) == whole
    assert whole[1] in (None, Code.BAD_FRAME, Code.TOO_LARGE)


def test_a_length_over_the_limit_is_refused_before_its_bytes_come() -> None:
    reader = FrameReader(LIMIT)
    assert reader.feed(b"\x01a" + with_length(b"x" * (LIMIT + 1))[:2]) == [b"a"]
    assert reader.error is not None
    assert reader.error.code is Code.TOO_LARGE
    assert reader.pending_bytes == 0


def test_a_prefix_that_never_ends_is_refused() -> None:
    reader = FrameReader(LIMIT)
    assert reader.feed(b"\x80" * 5) == []
    assert reader.error is not None
    assert reader.error.code is Code.BAD_FRAME


def test_nothing_is_read_after_an_error() -> None:
    reader = FrameReader(LIMIT)
    reader.feed(b"\xff" * 10)
    assert reader.feed(b"\x01a") == []


@pytest.mark.parametrize(("size", "header"), [(0, 2), (125, 2), (126, 4), (65535, 4), (65536, 10)])
def test_websocket_headers_have_the_shortest_form(size: int, header: int) -> None:
    message = websocket_message(0x2, b"x" * size)
    assert len(message) == header + size
    assert message[0] == 0x82


def test_a_close_reason_is_cut_between_characters() -> None:
    frame = websocket_close(4401, "界" * 100)
    assert len(frame) <= 127
    assert frame[4:].decode() == "界" * 41

"""However a stream is cut up, and whatever stands between its frames, every delivery is counted once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hubbub.lab.load.shared import SharedReader, SharedStream
from hubbub.lab.load.sockets import length_frame, message_frame, varint
from hubbub.wire.framing import OPCODE_BINARY, websocket_message, with_length


def frame(first: int, last: int) -> bytes:
    """Return a frame of entries `first` to `last`, like a server's: length, then what it says."""
    payload = f"{first}-{last}".encode()
    return varint(len(payload)) + payload


def span_of(payload: bytes) -> tuple[int, int, int] | None:
    if b"-" not in payload:
        return None
    first, _, last = payload.partition(b"-")
    return int(first), int(last), 0


def a_stream() -> SharedStream:
    stream = SharedStream(length_frame, lambda payload: None)

    def read(payload: bytes) -> tuple[int, int, int] | None:
        seen = span_of(payload)
        return seen if seen is not None and seen[0] == stream.seqs[-1] + 1 else None

    stream.read = read
    return stream


SIZES = st.lists(st.integers(1, 9), min_size=1, max_size=30)


@given(SIZES, st.lists(st.integers(0, 29)), st.data())
def test_every_connection_gets_every_entry(sizes: list[int], foreign_at: list[int], data: st.DataObject) -> None:
    stream = a_stream()
    frames, seq = [], 0
    for size in sizes:
        frames.append(frame(seq + 1, seq + size))
        seq += size
    plain = b"".join(frames)
    answer = varint(4) + b"acks"
    mixed = b"".join(part + answer * foreign_at.count(at) for at, part in enumerate(frames))
    answers: list[bytes] = []
    readers = [SharedReader(stream, lambda payload: answers.append(payload)) for _ in range(3)]
    left = [plain, mixed, plain]
    while any(left):
        at = data.draw(st.sampled_from([at for at in range(3) if left[at]]))
        take = data.draw(st.integers(1, len(left[at])))
        readers[at].receive(left[at][:take])
        left[at] = left[at][take:]
    assert [reader.deliveries for reader in readers] == [seq] * 3
    assert [reader.runs for reader in readers] == [[(1, seq)]] * 3
    assert stream.deliveries == 3 * seq
    assert len(answers) == sum(at < len(frames) for at in foreign_at)


def test_entries_packed_otherwise_for_one_connection_are_recorded_for_it_alone() -> None:
    stream = a_stream()
    seen: list[tuple[int, int, int]] = []

    def foreign(payload: bytes) -> tuple[int, int, int] | None:
        found = span_of(payload)
        if found is not None:
            seen.append(found)
        return found

    usual, other = SharedReader(stream, foreign), SharedReader(stream, foreign)
    usual.receive(frame(1, 2) + frame(3, 6) + frame(7, 9) + frame(10, 10))
    other.receive(frame(1, 2) + frame(3, 4) + frame(5, 9) + frame(10, 10))
    assert usual.deliveries == other.deliveries == 10
    assert seen == [(3, 4, 0), (5, 9, 0)]
    assert other.runs == [(1, 2), (10, 10)]


@given(st.lists(st.binary(max_size=70_000), max_size=4))
def test_frames_are_found_where_the_wire_core_put_them(payloads: list[bytes]) -> None:
    for pack, find in ((with_length, length_frame), (lambda one: websocket_message(OPCODE_BINARY, one), message_frame)):
        whole = b"".join(map(pack, payloads))
        for data, wanted in ((whole, payloads), (whole[:-1], payloads[:-1])):
            at, found = 0, []
            while (span := find(data, at, len(data))) is not None:
                found.append(data[span[0] : span[1]])
                at = span[1]
            assert found == wanted

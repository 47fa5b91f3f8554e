"""Every golden vector of `spec/vectors`, run against the wire core."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format

from hubbub.base.errors import ChatError
from hubbub.wire import codec
from hubbub.wire import hubbub_pb2 as pb
from hubbub.wire.framing import FrameReader, with_length
from hubbub.wire.timeline import Timeline

FOLDER = Path(__file__).parents[2] / "spec/vectors"


def vectors(name: str) -> list[Any]:
    rows = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return [pytest.param(row, id=row["name"]) for row in rows]


def canonical(row: dict[str, Any]) -> bytes:
    return json.dumps(row["json"]).encode()


@pytest.mark.parametrize("row", vectors("client_frames"))
def test_a_client_frame_is_the_same_in_both_dialects(row: dict[str, Any]) -> None:
    binary, kind = codec.BINARY.decode_client(bytes.fromhex(row["hex"]))
    text, text_kind = codec.JSON.decode_client(canonical(row))
    assert binary == text
    assert kind == text_kind
    assert json.loads(codec.JSON.encode(binary)) == row["json"]
    assert pb.ClientFrame.FromString(codec.BINARY.encode(text)) == binary


@pytest.mark.parametrize("row", vectors("server_frames"))
def test_a_server_frame_is_the_same_in_both_dialects(row: dict[str, Any]) -> None:
    binary, kind = codec.BINARY.decode_server(bytes.fromhex(row["hex"]))
    text, text_kind = codec.JSON.decode_server(canonical(row))
    assert binary == text
    assert kind == text_kind
    assert json.loads(codec.JSON.encode(binary)) == row["json"]
    assert pb.ServerFrame.FromString(codec.BINARY.encode(text)) == binary


@pytest.mark.parametrize("row", vectors("lenient"))
def test_an_unusual_form_is_read(row: dict[str, Any]) -> None:
    dialect, data = (codec.JSON, row["text"].encode()) if "text" in row else (codec.BINARY, bytes.fromhex(row["hex"]))
    frame, _ = dialect.decode_client(data)
    assert json.loads(codec.JSON.encode(frame)) == row["json"]


@pytest.mark.parametrize("row", vectors("invalid"))
def test_a_broken_frame_gets_its_error(row: dict[str, Any]) -> None:
    dialect, data = (codec.JSON, row["text"].encode()) if "text" in row else (codec.BINARY, bytes.fromhex(row["hex"]))
    with pytest.raises(ChatError) as caught:
        dialect.decode_client(data)
    assert caught.value.code == row["error"]
    assert getattr(caught.value, "frame_id", 0) == row["reply_to"]


@pytest.mark.parametrize("row", vectors("framing"))
def test_a_stream_is_cut_into_its_frames(row: dict[str, Any]) -> None:
    reader = FrameReader(row["limit_bytes"])
    frames = [frame.hex() for chunk in row["chunks"] for frame in reader.feed(bytes.fromhex(chunk))]
    assert frames == row["frames"]
    assert (reader.error.code if reader.error else "") == row["error"]


@pytest.mark.parametrize("row", vectors("framing"))
def test_a_stream_is_cut_the_same_byte_by_byte(row: dict[str, Any]) -> None:
    reader = FrameReader(row["limit_bytes"])
    stream = bytes.fromhex("".join(row["chunks"]))
    frames = [frame.hex() for byte in stream for frame in reader.feed(bytes((byte,)))]
    assert frames == row["frames"]
    assert (reader.error.code if reader.error else "") == row["error"]


@pytest.mark.parametrize("row", vectors("client_frames"))
def test_a_framed_frame_comes_out_again(row: dict[str, Any]) -> None:
    reader = FrameReader(codec.FRAME_BYTES)
    assert reader.feed(with_length(bytes.fromhex(row["hex"]))) == [bytes.fromhex(row["hex"])]
    assert reader.pending_bytes == 0


@pytest.mark.parametrize("row", vectors("timeline"))
def test_a_conversation_is_shown_once_and_in_order(row: dict[str, Any]) -> None:
    timeline: Timeline[int] = Timeline(seen=row["seen"])
    for number, step in enumerate(row["steps"]):
        shown = timeline.cover(step["from_seq"], step["to_seq"], [(seq, seq) for seq in step["seqs"]])
        assert shown == step["shown"], f"step {number}"
        assert timeline.seen == step["seen"], f"step {number}"
        assert timeline.missing == (tuple(step["missing"]) if step["missing"] else None), f"step {number}"


def test_every_kind_of_frame_has_a_vector() -> None:
    """A frame added to the schema without a vector would be held to nothing."""
    for name, kind in (("client_frames", pb.ClientFrame), ("server_frames", pb.ServerFrame)):
        rows = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
        seen = {json_format.ParseDict(row["json"], kind()).WhichOneof("body") for row in rows}
        assert seen == {field.name for field in kind.DESCRIPTOR.oneofs_by_name["body"].fields}


def test_every_kind_of_entry_has_a_vector() -> None:
    rows = json.loads((FOLDER / "server_frames.json").read_text("utf-8"))
    pages = [json_format.ParseDict(row["json"], pb.ServerFrame()).entries for row in rows if "entries" in row["json"]]
    seen = {entry.WhichOneof("kind") for page in pages for entry in page.entries}
    assert seen == {field.name for field in pb.Entry.DESCRIPTOR.oneofs_by_name["kind"].fields}

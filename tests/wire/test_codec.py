"""The parser gives a frame or a documented error for any bytes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.base.errors import ChatError, Code
from hubbub.wire import hubbub_pb2 as pb
from hubbub.wire.codec import BINARY, JSON, Codec, UnknownFrame

DOCUMENTED = {Code.BAD_FRAME, Code.UNKNOWN_FRAME, Code.TOO_LARGE}

TEXT = pb.ClientFrame(
    id=7,
    submit=pb.Submit(
        conversation_id="a" * 32,
        client_id="b" * 32,
        message=pb.Message(body=pb.Body(text=pb.Text(text="Sanft! 🌒 مرحبا"))),
    ),
)


def refusal(codec: Codec, data: bytes) -> Code:
    with pytest.raises(ChatError) as caught:
        codec.decode_client(data)
    return caught.value.code


def outcome(codec: Codec, data: bytes) -> pb.ClientFrame | Code:
    try:
        frame, kind = codec.decode_client(data)
    except ChatError as error:
        return error.code
    return frame if frame.HasField(kind) else Code.INTERNAL_ERROR


@pytest.mark.parametrize("codec", [BINARY, JSON])
def test_a_frame_comes_back_as_it_was(codec: Codec) -> None:
    assert codec.decode_client(codec.encode(TEXT)) == (TEXT, "submit")
    answer = pb.ServerFrame(reply_to=7, error=pb.Error(code="muted", retry=True))
    assert codec.decode_server(codec.encode(answer)) == (answer, "error")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_binary_frame_or_a_documented_error(data: bytes) -> None:
    result = outcome(BINARY, data)
    assert isinstance(result, pb.ClientFrame) or result in DOCUMENTED


@given(st.binary(max_size=300))
def test_any_bytes_are_a_json_frame_or_a_documented_error(data: bytes) -> None:
    result = outcome(JSON, data)
    assert isinstance(result, pb.ClientFrame) or result in DOCUMENTED


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
bodies = st.sampled_from([field.json_name for field in pb.ClientFrame.DESCRIPTOR.fields])
inner_names = st.sampled_from(["conversationId", "message", "body", "text", "token", "resume", "have", "limit", "data"])


@given(
    st.dictionaries(
        bodies,
        json_values | st.dictionaries(inner_names, json_values | st.dictionaries(inner_names, json_values)),
        max_size=3,
    )
)
def test_any_json_object_is_a_frame_or_a_documented_error(value: dict[str, object]) -> None:
    result = outcome(JSON, json.dumps(value).encode())
    assert isinstance(result, pb.ClientFrame) or result in DOCUMENTED


@given(st.integers(0, 200))
def test_a_truncated_frame_is_refused_or_shorter(length: int) -> None:
    data = BINARY.encode(TEXT)[:length]
    result = outcome(BINARY, data)
    assert isinstance(result, pb.ClientFrame) or result in DOCUMENTED
    assert (result == TEXT) == (len(data) == len(BINARY.encode(TEXT)))


@pytest.mark.parametrize("codec", [BINARY, JSON])
def test_a_kind_nobody_knows_keeps_its_id(codec: Codec) -> None:
    known = codec.encode(pb.ClientFrame(id=9))
    data = b'{"id":"9","sing":{"loud":true}}' if codec.text else known + b"\xfa\x3f\x02\x08\x01"
    with pytest.raises(UnknownFrame) as caught:
        codec.decode_client(data)
    assert caught.value.frame_id == 9


def test_unknown_fields_are_ignored_in_both_dialects() -> None:
    assert JSON.decode_client(b'{"id":"1","ping":{"colour":"red"},"extra":[1]}')[1] == "ping"
    assert (
        BINARY.decode_client(pb.ClientFrame(id=1, ping=pb.Ping()).SerializeToString() + b"\xfa\x3f\x01x")[1] == "ping"
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b'{"id":',
        b'{"id":"x","ping":{}}',
        b'{"id":-1,"ping":{}}',
        b'{"id":1.5,"ping":{}}',
        b'{"id":1e999,"ping":{}}',
        b'{"id":123456789012345678901234567890,"ping":{}}',
        b'{"ping":{},"pong":{}}',
        b'{"id":NaN,"ping":{}}',
        b'{"ping":"\\ud800"}',
        b'{"hello":{"token":"\\ud800"}}',
        b'{"hello":{"token":"\xff"}}',
        b'{"ping":5}',
        b"[" * 100_000,
        b'{"submit":' * 5_000,
    ],
)
def test_misfit_json_is_a_bad_frame(data: bytes) -> None:
    assert refusal(JSON, data) is Code.BAD_FRAME


@pytest.mark.parametrize("data", [b"\xff", b"\x08", b"\x12\x05a", b"\x52\x02\x0a\xff", b"\x12\x04\x12\x02\xff\xfe"])
def test_misfit_bytes_are_a_bad_frame(data: bytes) -> None:
    assert refusal(BINARY, data) is Code.BAD_FRAME


def test_deeply_nested_groups_are_a_bad_frame() -> None:
    assert refusal(BINARY, b"\x0b" * 100_000) is Code.BAD_FRAME


@pytest.mark.parametrize("codec", [BINARY, JSON])
def test_a_frame_over_the_limit_is_too_large(codec: Codec) -> None:
    with pytest.raises(ChatError) as caught:
        codec.decode_client(codec.encode(TEXT), limit_bytes=10)
    assert caught.value.code is Code.TOO_LARGE


def test_nul_travels_as_any_character_and_is_judged_later() -> None:
    frame, _ = JSON.decode_client(b'{"hello":{"token":"a\\u0000b"}}')
    assert frame.hello.token == "a\0b"


def test_both_dialects_say_the_same() -> None:
    as_json = JSON.decode_client(JSON.encode(TEXT))[0]
    as_binary = BINARY.decode_client(BINARY.encode(TEXT))[0]
    assert as_json == as_binary

"""Frames as bytes, in the two dialects of the protocol.

Binary protobuf and canonical protobuf JSON carry the same frames, so both stand behind one face and nothing above this
module knows which one a peer speaks.  For any bytes, decoding gives a frame or a ChatError whose code is documented:
BAD_FRAME, UNKNOWN_FRAME or TOO_LARGE.  It judges form only; whether a frame makes sense is decided where it is used.
"""

from __future__ import annotations

from typing import Protocol, final

import msgspec
from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message

from hubbub.base.errors import ChatError, Code
from hubbub.wire import hubbub_pb2 as pb

SUBPROTOCOL_BINARY = "hubbub.v1.protobuf"
SUBPROTOCOL_JSON = "hubbub.v1.json"

FRAME_BYTES = 256 * 1024
"""The largest frame a server takes unless it is configured otherwise."""

# Frames nest about ten levels; a stranger's deeper text is refused before it costs stack.
_JSON_DEPTH = 32


@final
class UnknownFrame(ChatError):
    """A well-formed frame of a kind this side does not know; the connection stays."""

    def __init__(self, frame_id: int) -> None:
        super().__init__(Code.UNKNOWN_FRAME)
        self.frame_id = frame_id
        """What the answer carries as `reply_to`; 0 when the frame had no id."""


class Codec(Protocol):
    """One dialect."""

    subprotocol: str
    text: bool
    """Whether frames travel as WebSocket text messages."""

    def decode_client(self, data: bytes, limit_bytes: int = FRAME_BYTES) -> tuple[pb.ClientFrame, str]:
        """Return the frame in `data` and the name of its body.

        Raises ChatError with BAD_FRAME or TOO_LARGE, or UnknownFrame.
        """

    def decode_server(self, data: bytes) -> tuple[pb.ServerFrame, str]:
        """Return the frame in `data` and the name of its body.

        Raises ChatError with BAD_FRAME, or UnknownFrame: a client ignores a push of a kind it does not know.
        """

    def encode(self, frame: pb.ClientFrame | pb.ServerFrame) -> bytes:
        """Return the bytes of a frame."""


class BinaryCodec:
    """Binary protobuf."""

    subprotocol = SUBPROTOCOL_BINARY
    text = False

    def decode_client(self, data: bytes, limit_bytes: int = FRAME_BYTES) -> tuple[pb.ClientFrame, str]:
        if len(data) > limit_bytes:
            raise ChatError(Code.TOO_LARGE)
        try:
            frame = pb.ClientFrame.FromString(data)
        except DecodeError:
            raise ChatError(Code.BAD_FRAME) from None
        kind = frame.WhichOneof("body")
        if kind is None:
            raise UnknownFrame(frame.id)
        return frame, kind

    def decode_server(self, data: bytes) -> tuple[pb.ServerFrame, str]:
        try:
            frame = pb.ServerFrame.FromString(data)
        except DecodeError:
            raise ChatError(Code.BAD_FRAME) from None
        kind = frame.WhichOneof("body")
        if kind is None:
            raise UnknownFrame(frame.reply_to)
        return frame, kind

    def encode(self, frame: pb.ClientFrame | pb.ServerFrame) -> bytes:
        return frame.SerializeToString()


class JsonCodec:
    """Canonical protobuf JSON."""

    subprotocol = SUBPROTOCOL_JSON
    text = True

    def decode_client(self, data: bytes, limit_bytes: int = FRAME_BYTES) -> tuple[pb.ClientFrame, str]:
        if len(data) > limit_bytes:
            raise ChatError(Code.TOO_LARGE)
        frame = pb.ClientFrame()
        _parse_json(data, frame)
        kind = frame.WhichOneof("body")
        if kind is None:
            raise UnknownFrame(frame.id)
        return frame, kind

    def decode_server(self, data: bytes) -> tuple[pb.ServerFrame, str]:
        frame = pb.ServerFrame()
        _parse_json(data, frame)
        kind = frame.WhichOneof("body")
        if kind is None:
            raise UnknownFrame(frame.reply_to)
        return frame, kind

    def encode(self, frame: pb.ClientFrame | pb.ServerFrame) -> bytes:
        return msgspec.json.encode(json_format.MessageToDict(frame))


def _parse_json(data: bytes, frame: Message) -> None:
    try:
        value = msgspec.json.decode(data)
        if not isinstance(value, dict):
            raise ChatError(Code.BAD_FRAME)
        json_format.ParseDict(value, frame, ignore_unknown_fields=True, max_recursion_depth=_JSON_DEPTH)
    except (
        msgspec.DecodeError,
        json_format.Error,
        # json_format lets some misfit values through to the setters, which complain in their own ways.
        ValueError,
        TypeError,
        AttributeError,
        RecursionError,
        OverflowError,
    ):
        raise ChatError(Code.BAD_FRAME) from None


BINARY: Codec = BinaryCodec()
JSON: Codec = JsonCodec()
CODECS: dict[str, Codec] = {codec.subprotocol: codec for codec in (BINARY, JSON)}
"""By WebSocket subprotocol, the preferred one first."""

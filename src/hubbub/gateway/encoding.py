"""A frame as the bytes that go onto a socket, made once and shared by every connection that gets it."""

from __future__ import annotations

from enum import IntEnum

from hubbub.wire import hubbub_pb2 as pb
from hubbub.wire.codec import BINARY, JSON, Codec
from hubbub.wire.framing import OPCODE_BINARY, OPCODE_TEXT, websocket_message, with_length


class Encoding(IntEnum):
    """How a connection wants its frames: the dialect and what stands around it."""

    WS_BINARY = 0
    WS_JSON = 1
    TCP = 2


CODEC_OF: tuple[Codec, ...] = (BINARY, JSON, BINARY)
"""By encoding."""


def ready(frame: pb.ServerFrame, encoding: int) -> bytes:
    """Return the frame as it is written to a connection of that encoding."""
    if encoding == Encoding.WS_JSON:
        return websocket_message(OPCODE_TEXT, JSON.encode(frame))
    payload = frame.SerializeToString()
    if encoding == Encoding.WS_BINARY:
        return websocket_message(OPCODE_BINARY, payload)
    return with_length(payload)


class Push:
    """A server frame for many sessions; each encoding is made when the first session asks for it."""

    __slots__ = ("_ready", "frame")

    def __init__(self, frame: pb.ServerFrame) -> None:
        self.frame = frame
        self._ready: list[bytes | None] = [None, None, None]

    def ready(self, encoding: int) -> bytes:
        """Return the bytes for a connection of that encoding."""
        data = self._ready[encoding]
        if data is None:
            data = self._ready[encoding] = ready(self.frame, encoding)
        return data

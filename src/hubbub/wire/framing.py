"""Where one frame ends and the next begins, on a byte stream and inside WebSocket messages.

On raw TCP every frame is preceded by its length as a protobuf varint.  The length is judged before a byte of the frame
is kept, so a peer cannot make the other side buffer more than the limit.  WebSocket headers are made here as well
because a server sends them unmasked: one header and payload, joined once, serve any number of connections.
"""

from __future__ import annotations

from struct import Struct

from hubbub.base.errors import ChatError, Code

_VARINT_BYTES = 5
"""A longer prefix could only announce a frame of 32 GiB and more."""

_SHORT, _MEDIUM, _LONG = Struct("!BB"), Struct("!BBH"), Struct("!BBQ")
"""The three forms of an unmasked WebSocket header."""

OPCODE_TEXT = 0x1
OPCODE_BINARY = 0x2
OPCODE_CLOSE = 0x8
OPCODE_PONG = 0xA


class FrameReader:
    """Cuts a byte stream into frames, whatever pieces it arrives in."""

    __slots__ = ("_buffer", "_limit_bytes", "error")

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._buffer = bytearray()
        self.error: ChatError | None = None
        """Set once the stream cannot be followed any further; nothing is read after that."""

    @property
    def pending_bytes(self) -> int:
        """How much of an unfinished frame is kept; never more than the limit and its prefix."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """Return the frames that `data` completes, in order.

        Frames before a broken prefix are returned still; look at `error` after them.
        """
        if self.error is not None:
            return []
        buffer: bytes | bytearray = data
        if self._buffer:
            self._buffer += data
            buffer = self._buffer
        frames: list[bytes] = []
        position, end = 0, len(buffer)
        while position < end:
            length = buffer[position]
            start = position + 1
            if length & 0x80:
                length &= 0x7F
                shift = 7
                while start < end and start - position < _VARINT_BYTES:
                    byte = buffer[start]
                    start += 1
                    length |= (byte & 0x7F) << shift
                    shift += 7
                    if byte < 0x80:
                        break
                else:
                    if start - position < _VARINT_BYTES:
                        break  # The prefix itself is unfinished.
                    self.error = ChatError(Code.BAD_FRAME, "A length prefix has at most 5 bytes.")
                    break
            if length > self._limit_bytes:
                self.error = ChatError(Code.TOO_LARGE)
                break
            if end - start < length:
                break
            frames.append(bytes(buffer[start : start + length]))
            position = start + length
        if self.error is not None:
            self._buffer = bytearray()
        elif buffer is self._buffer:
            del self._buffer[:position]
        elif position < end:
            self._buffer += buffer[position:]
        return frames


def with_length(payload: bytes) -> bytes:
    """Return the payload behind its varint length, ready for a TCP stream."""
    length = len(payload)
    if length < 0x80:
        return bytes((length,)) + payload
    prefix = bytearray()
    while length >= 0x80:
        prefix.append(length & 0x7F | 0x80)
        length >>= 7
    prefix.append(length)
    return bytes(prefix) + payload


def websocket_message(opcode: int, payload: bytes) -> bytes:
    """Return one final, unmasked WebSocket frame (RFC 6455 section 5.2)."""
    length = len(payload)
    if length < 126:
        return _SHORT.pack(0x80 | opcode, length) + payload
    if length < 0x10000:
        return _MEDIUM.pack(0x80 | opcode, 126, length) + payload
    return _LONG.pack(0x80 | opcode, 127, length) + payload


def websocket_close(code: int, reason: str) -> bytes:
    """Return a close frame; the reason is cut to the 123 bytes a control frame has room for."""
    text = reason.encode()[:123].decode(errors="ignore").encode()
    return websocket_message(OPCODE_CLOSE, code.to_bytes(2) + text)

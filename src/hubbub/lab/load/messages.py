"""Texts that carry when they were meant to be sent, and submits built without building a message tree each time."""

from __future__ import annotations

import os
import time

from hubbub.lab.frames import text_digest
from hubbub.lab.history import Observer
from hubbub.lab.load.sockets import varint
from hubbub.wire import hubbub_pb2 as pb

STAMP_CHARS = 16


def stamped(sent_ns: int, filler: str) -> str:
    """Return a text that begins with the time it was meant to be sent; every process of a machine shares that clock."""
    return f"{sent_ns:016x}{filler}"


def stamp_of(text: str) -> int:
    """Return the time a text was meant to be sent, 0 when it carries none."""
    try:
        return int(text[:STAMP_CHARS], 16)
    except ValueError:
        return 0


class Sender:
    """Makes one device's messages to one conversation.

    A protobuf message is the concatenation of its fields, so the parts that stay the same are encoded once.
    """

    def __init__(self, observer: Observer, conversation: str, size: int) -> None:
        self._observer = observer
        self.conversation = conversation
        self._filler = ("The quick brown fox jumps over the lazy dog. " * (size // 45 + 1))[
            : max(0, size - STAMP_CHARS)
        ]
        self._series = f"{0x8000 | int.from_bytes(os.urandom(2)) >> 2:04x}{os.urandom(6).hex()}"
        self._count = 0
        self._conversation_part = pb.Submit(conversation_id=conversation).SerializeToString()
        self._action_part = b"" if size < STAMP_CHARS else _tail(size)

    def make(self, request: int, sent_ns: int) -> tuple[bytes, int]:
        """Return an encoded binary frame and the command's row in the history."""
        client_id, text = self._next(sent_ns)
        row = self._observer.submitted(self.conversation, client_id, text_digest(text))
        submit = b"%b\x12\x20%b%b%b" % (
            self._conversation_part,
            client_id.encode(),
            self._action_part,
            text.encode(),
        )
        return b"\x08%b\x52%b%b" % (varint(request), varint(len(submit)), submit), row

    def make_frame(self, request: int, sent_ns: int) -> tuple[pb.ClientFrame, int]:
        """Return the same as a message tree, for the JSON dialect."""
        client_id, text = self._next(sent_ns)
        row = self._observer.submitted(self.conversation, client_id, text_digest(text))
        message = pb.Message(body=pb.Body(text=pb.Text(text=text)))
        submit = pb.Submit(conversation_id=self.conversation, client_id=client_id, message=message)
        return pb.ClientFrame(id=request, submit=submit), row

    def _next(self, sent_ns: int) -> tuple[str, str]:
        # Version 7 UUIDs (RFC 9562 section 5.7), as the SDK makes them.
        self._count += 1
        ms = time.time_ns() // 1_000_000
        return f"{ms:012x}7{self._count & 0xFFF:03x}{self._series}", stamped(sent_ns, self._filler)


def _tail(size: int) -> bytes:
    """Return the encoded field headers in front of a text of `size` ASCII characters in a Submit."""
    probe = pb.Submit(message=pb.Message(body=pb.Body(text=pb.Text(text="x" * size)))).SerializeToString()
    return probe[: len(probe) - size]


def now_ns() -> int:
    """Return the clock that stamps are made with."""
    return time.monotonic_ns()


__all__ = ["Sender", "now_ns", "stamp_of", "stamped"]

"""A link that keeps what is written to it, for sessions under a clock of the test's own."""

from __future__ import annotations

from collections.abc import Sequence

from hubbub.gateway.encoding import Encoding
from hubbub.gateway.gateway import Gateway
from hubbub.wire import hubbub_pb2 as pb
from hubbub.wire.codec import BINARY
from hubbub.wire.framing import FrameReader


class RecordedLink:
    """One connection without a network; `waiting_bytes` is what the peer has not taken."""

    def __init__(self, gateway: Gateway) -> None:
        self.writes = 0
        self.frames: list[pb.ServerFrame] = []
        self.ended: tuple[int, str] | None = None
        self.aborted = False
        self.reading = True
        self.waiting_bytes = 0
        self._reader = FrameReader(1 << 24)
        self.session = gateway.open(self, Encoding.TCP)

    def say(self, frame: pb.ClientFrame) -> None:
        """Be the client."""
        self.session.receive(BINARY.encode(frame))

    def kinds(self) -> list[str | None]:
        """Return the names of what was received since the last call."""
        names = [frame.WhichOneof("body") for frame in self.frames]
        self.frames.clear()
        return [None if name is None else str(name) for name in names]

    def texts(self) -> list[str]:
        """Return what was said to it, in the order in which it came."""
        entries = [entry for frame in self.frames if frame.HasField("entries") for entry in frame.entries.entries]
        return [entry.message.body.text.text for entry in entries if entry.HasField("message")]

    # ------------------------------------------------------------ the port

    def write(self, frames: Sequence[bytes]) -> None:
        self.writes += 1
        for data in self._reader.feed(b"".join(frames)):
            self.frames.append(BINARY.decode_server(data)[0])

    def buffered(self) -> int:
        return self.waiting_bytes

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def close(self, code: int, reason: str) -> None:
        self.ended = (code, reason)

    def abort(self) -> None:
        self.aborted = True

    async def closed(self) -> None:
        return None

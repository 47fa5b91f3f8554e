"""One byte stream that a thousand connections receive alike.

A server that encodes once sends every member of a group the same bytes.  So the stream is decoded and recorded once,
from whoever gets ahead first; for everybody else it is enough that the bytes are equal, which one comparison tells.
Where a connection's bytes differ (an answer, a ping, entries packed otherwise) its frames are read one by one until it
is back in step.  Nothing is taken on trust: each byte of each connection is compared or decoded.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

from hubbub.lab.histogram import Histogram

Span = Callable[[bytes, int, int], tuple[int, int] | None]
Read = Callable[[bytes], tuple[int, int, int] | None]
"""Decode and record a payload; return (first seq, last seq, when it was meant to be sent), None for others."""


class SharedStream:
    """What all members receive, as far as any of them got."""

    def __init__(self, span: Span, read: Read) -> None:
        self.span = span
        self.read = read
        self.data = bytearray()
        self.ends: list[int] = [0]
        """Where each frame ends in `data`; the first is the beginning."""
        self.seqs: list[int] = [0]
        """The last seq of each frame."""
        self.counts: list[int] = [0]
        """How many entries there are up to each frame."""
        self.stamps: list[int] = [0]
        self.deliveries = 0
        self.latency = Histogram()
        self.clock: Callable[[], int] = lambda: 0
        self.begins_ns = 0
        self.extended_ns = 0
        """When the newest frame came to the first of all."""

    def extend(self, frame: bytes, first: int, last: int, stamp_ns: int) -> None:
        """Add a frame that was decoded: somebody got it first."""
        self.extended_ns = self.clock()
        self.data += frame
        self.ends.append(len(self.data))
        self.seqs.append(last)
        self.counts.append(self.counts[-1] + last - first + 1)
        self.stamps.append(stamp_ns)


class SharedReader:
    """One connection's place in the shared stream."""

    __slots__ = ("at", "deliveries", "foreign", "offset", "pending", "runs", "stream")

    def __init__(self, stream: SharedStream, foreign: Callable[[bytes], tuple[int, int, int] | None]) -> None:
        self.stream = stream
        self.foreign = foreign
        """Reads a payload that is not of the stream, and records it for this connection alone."""
        self.offset = len(stream.data)
        self.at = len(stream.ends) - 1
        self.pending = b""
        self.deliveries = 0
        self.runs: list[tuple[int, int]] = []
        """Runs of numbers received as part of the stream."""

    def receive(self, data: bytes) -> None:
        """Take what the socket brought."""
        stream = self.stream
        if not self.pending and stream.data.startswith(data, self.offset):
            self.offset += len(data)
        else:
            self._frames(data)
        at = self.at
        ends = stream.ends
        if at + 1 < len(ends) and ends[at + 1] <= self.offset:
            self.at = bisect_right(ends, self.offset, at + 1) - 1
            self._arrived(at, self.at)

    def _arrived(self, before: int, now: int) -> None:
        stream = self.stream
        count = stream.counts[now] - stream.counts[before]
        stream.deliveries += count
        self.deliveries += count
        low, high = stream.seqs[before] + 1, stream.seqs[now]
        runs = self.runs
        if runs and runs[-1][1] == low - 1:
            runs[-1] = (runs[-1][0], high)
        else:
            runs.append((low, high))
        sent_ns = stream.stamps[now]
        if sent_ns >= stream.begins_ns > 0:
            stream.latency.add(stream.clock() - sent_ns, count)

    def _frames(self, data: bytes) -> None:
        """Read frame by frame from the beginning of the one that is under way."""
        stream = self.stream
        ends = stream.ends
        if not self.pending:
            at = bisect_right(ends, self.offset) - 1
            self.pending = bytes(stream.data[ends[at] : self.offset])
            self.offset = ends[at]
        data = self.pending + data
        start, end = 0, len(data)
        while start < end:
            body = stream.span(data, start, end)
            if body is None:
                break
            frame = data[start : body[1]]
            if stream.data.startswith(frame, self.offset):
                self.offset += len(frame)
            elif self.offset == len(stream.data) and (seen := stream.read(data[body[0] : body[1]])) is not None:
                stream.extend(frame, *seen)
                self.offset += len(frame)
            else:
                self._foreign(data[body[0] : body[1]])
            start = body[1]
        rest = data[start:]
        if rest and stream.data.startswith(rest, self.offset):
            self.offset += len(rest)
            rest = b""
        self.pending = rest

    def _foreign(self, payload: bytes) -> None:
        seen = self.foreign(payload)
        if seen is None:
            return
        first, last, _ = seen
        stream = self.stream
        stream.deliveries += last - first + 1
        self.deliveries += last - first + 1
        # Packed otherwise than for the rest: go on behind the same number, if the stream has a frame that ends there.
        where = bisect_right(stream.seqs, last) - 1
        if stream.seqs[where] == last:
            self.settle()
            self.offset, self.at = stream.ends[where], where

    def settle(self) -> None:
        """Count what was received before the place changes."""
        at = bisect_right(self.stream.ends, self.offset, self.at) - 1
        if at > self.at:
            before, self.at = self.at, at
            self._arrived(before, at)

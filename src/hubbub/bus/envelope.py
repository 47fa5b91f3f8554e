"""What every message on the bus is wrapped in: who sent it, for which log, and the proof.

    mac 16 | version 1 | length of the head 1 | part 2 | parts 2 | number 8 | head | body

The head names epoch, node and incarnation; the mac is HMAC-SHA256, cut to 16 bytes, over the subject and all that
follows it, so nobody without the cluster's secret can speak, or move what others said to another subject.  The number
rises by one with every message of one sender on one subject: a receiver that sees it jump knows that the bus dropped
something, without waiting for the next announcement of heads, and whoever recorded a message cannot say it again to
somebody who has come further, over whatever connection.  What is larger than a message may be travels in parts,
one right after another, and arrives whole or not at all.
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Callable

import msgspec

from hubbub.bus.calls import Peer
from hubbub.bus.identity import BusIdentity
from hubbub.bus.stats import BusStats

VERSION = 1
PART_BYTES = 256 * 1024
JOINED_BYTES = 16 * 1024 * 1024
"""The largest body: more is a mistake, not a message."""

_MAC = 16
_FIXED = struct.Struct(">BBHHQ")
_START = _MAC + _FIXED.size
_PATIENCE = 64
"""A sender is forgotten when so many others were met since it spoke last: nodes speak every second, the dead do not."""


def _sign(secret: bytes, subject: str, data: bytes) -> bytes:
    return hmac.digest(secret, subject.encode() + b"\0" + data, "sha256")[:_MAC]


def _head(identity: BusIdentity) -> bytes:
    head = msgspec.msgpack.encode((identity.epoch, identity.node_id, identity.incarnation))
    if len(head) > 255:
        raise ValueError("the names of a node are too long")
    return head


class TooLarge(ValueError):
    """A body beyond JOINED_BYTES."""


class Sealer:
    """Wraps bodies for one sender."""

    def __init__(self, identity: BusIdentity) -> None:
        self._secret = identity.secret
        self._head = _head(identity)
        self._numbers: dict[str, int] = {}

    def seal(self, subject: str, body: bytes) -> list[bytes]:
        """Return the messages that carry `body`, to be sent in this order with nothing in between."""
        if len(body) <= PART_BYTES:
            return [self._message(subject, 0, 1, body)]
        if len(body) > JOINED_BYTES:
            raise TooLarge(f"{len(body)} bytes for {subject}")
        parts = range(0, len(body), PART_BYTES)
        return [self._message(subject, part, len(parts), body[at : at + PART_BYTES]) for part, at in enumerate(parts)]

    def last(self, subject: str) -> int:
        """Return the number of the last message on a subject."""
        return self._numbers.get(subject, 0)

    def _message(self, subject: str, part: int, parts: int, body: bytes) -> bytes:
        number = self._numbers[subject] = self._numbers.get(subject, 0) + 1
        data = _FIXED.pack(VERSION, len(self._head), part, parts, number) + self._head + body
        return _sign(self._secret, subject, data) + data


class Sender:
    """A peer that proved who it is."""

    __slots__ = ("epoch", "met", "peer", "seen", "tracks")

    def __init__(self, epoch: str, peer: Peer) -> None:
        self.epoch = epoch
        self.peer = peer
        self.seen = Seen()
        self.tracks: dict[str, _Track] = {}
        """How far it came, by subject."""
        self.met = 0
        """How many senders had been met when it spoke last."""

    def follows(self, subject: str) -> bool:
        """Whether something of it was heard since the subject was followed, so that what comes after it is owed."""
        track = self.tracks.get(subject)
        return track is not None and not track.broken

    def behind(self, subject: str, number: int) -> bool:
        """Whether messages up to this number are missing here; said once, they are not waited for."""
        track = self.tracks.get(subject)
        if track is None:
            track = self.tracks[subject] = _Track(0)
        if track.last >= number:
            return False
        track.last = number
        track.broken = False
        track.parts = []
        return True


class Seen:
    """The numbers of events that arrived lately, so that what comes over two subjects is handed on once.

    Two generations bound it: what is forgotten is at least one generation old, and the copies of an event are sent in
    one breath.  (Listening only to the lowest followed bucket of an event would need no memory and would be wrong: a
    node that just subscribed to a lower bucket, whose subscription the server had not taken when the event passed,
    would drop the copy from the higher one and wait for a copy that never comes.)
    """

    __slots__ = ("_new", "_old")
    _LIMIT = 8_192

    def __init__(self) -> None:
        self._new: set[int] = set()
        self._old: set[int] = set()

    def first(self, number: int) -> bool:
        """Whether this is the first time; it is remembered."""
        if number in self._new or number in self._old:
            return False
        self._new.add(number)
        if len(self._new) >= self._LIMIT:
            self._old, self._new = self._new, set()
        return True


class _Track:
    """How far one sender came on one subject, and the parts that wait for their rest."""

    __slots__ = ("broken", "last", "parts")

    def __init__(self, last: int) -> None:
        self.last = last
        self.broken = False
        """Whether nothing was heard for a while, so that what is missing is no news; nothing earlier comes after it."""
        self.parts: list[bytes] = []

    def rest(self) -> None:
        """Hear nothing for a while."""
        self.broken = True
        self.parts = []


class Opener:
    """Unwraps messages, and notices what is missing between them."""

    def __init__(
        self,
        identity: BusIdentity,
        stats: BusStats,
        *,
        on_jump: Callable[[str, Peer], None],
        on_epoch: Callable[[str, Peer], None],
    ) -> None:
        """`on_jump` is told the subject and whose message is missing.

        `on_epoch` is told the other log's epoch, once per message of it.
        """
        self._secret = identity.secret
        self._epoch = identity.epoch
        self._own = _head(identity)
        self._stats = stats
        self._on_jump = on_jump
        self._on_epoch = on_epoch
        self._senders: dict[bytes, Sender] = {}
        self._met = 0

    def open(self, subject: str, data: bytes) -> tuple[Sender, bytes] | None:
        """Return the sender and the body; None for what must not be used, or waits for its other parts."""
        dropped = self._stats.dropped
        if len(data) < _START:
            dropped["form"] += 1
            return None
        signed = data[_MAC:]
        if not hmac.compare_digest(_sign(self._secret, subject, signed), data[:_MAC]):
            dropped["signature"] += 1
            return None
        version, head_length, part, parts, number = _FIXED.unpack_from(signed)
        if version != VERSION:
            dropped["version"] += 1
            return None
        start = _FIXED.size + head_length
        head = signed[_FIXED.size : start]
        if head == self._own:
            # Some servers hand back what one said; it was heard here before it was sent.
            return None
        sender = self._senders.get(head) or self._meet(head)
        if sender is None:
            dropped["form"] += 1
            return None
        if sender.epoch != self._epoch:
            dropped["epoch"] += 1
            self._on_epoch(sender.epoch, sender.peer)
            return None
        sender.met = self._met
        body = self._follow(subject, sender, number, part, parts, signed[start:])
        return None if body is None else (sender, body)

    def forget(self, subject: str) -> None:
        """Miss nothing of what passes until this subject is subscribed again."""
        for sender in self._senders.values():
            track = sender.tracks.get(subject)
            if track is not None:
                track.rest()

    def forget_all(self) -> None:
        """Miss nothing of what passed before a reconnect, which is reported as a hole anyway."""
        for sender in self._senders.values():
            for track in sender.tracks.values():
                track.rest()

    def _meet(self, head: bytes) -> Sender | None:
        try:
            epoch, node_id, incarnation = msgspec.msgpack.decode(head, type=tuple[str, str, str])
        except msgspec.DecodeError:
            return None
        self._met += 1
        silent = [key for key, each in self._senders.items() if each.met < self._met - _PATIENCE]
        for key in silent:
            del self._senders[key]
        sender = self._senders[head] = Sender(epoch, Peer(node_id, incarnation))
        sender.met = self._met
        return sender

    def _follow(self, subject: str, sender: Sender, number: int, part: int, parts: int, body: bytes) -> bytes | None:
        track = sender.tracks.get(subject)
        if track is None:
            # Joined in the middle: whatever came before was before the subscription.
            track = sender.tracks[subject] = _Track(number - 1)
        if number <= track.last:
            self._stats.dropped["repeated"] += 1
            return None
        jumped = number != track.last + 1 and not track.broken
        track.last, track.broken = number, False
        if jumped:
            track.parts = []
            self._on_jump(subject, sender.peer)
        if parts == 1:
            return body
        return self._join(track, part, parts, body)

    def _join(self, track: _Track, part: int, parts: int, body: bytes) -> bytes | None:
        if part == 0:
            track.parts = [body]
        elif part == len(track.parts) and part < parts and part * PART_BYTES < JOINED_BYTES:
            track.parts.append(body)
        else:
            # Its beginning was lost, or passed before the subscription.
            track.parts = []
            self._stats.dropped["parts"] += 1
            return None
        if part + 1 < parts:
            return None
        whole = b"".join(track.parts)
        track.parts = []
        return whole

"""Events as bytes, and back.

A message carries triples (number, kind, event): the number is the publisher's own for an event that travels on several
subjects, and 0 for one that travels on one.  Each event is encoded once, however many messages carry it.  Kinds this
version does not know are passed over, and so are fields; entries of a kind it does not know become an announcement of
their heads, so whoever listens fetches them from a node that knows them.
"""

from __future__ import annotations

import logging

import msgspec
from msgspec import Raw

from hubbub.bus.stats import BusStats
from hubbub.chat.ports import (
    EntriesAppended,
    Event,
    HeadsAnnounced,
    LoginEnded,
    MarksMoved,
    TypingChanged,
    UserChanged,
)

_log = logging.getLogger(__name__)

Packed = tuple[int, int, Raw]
"""An event in a message: its number, its kind, its bytes."""

_KINDS: dict[int, type[Event]] = {
    1: EntriesAppended,
    2: UserChanged,
    3: MarksMoved,
    4: TypingChanged,
    5: HeadsAnnounced,
    6: LoginEnded,
}
"""The numbers travel and are never reused."""

_NUMBERS = {cls: number for number, cls in _KINDS.items()}


class _AnyEntry(msgspec.Struct):
    """What can be said of an entry whatever it is."""

    seq: int


class _AnyEntries(msgspec.Struct):
    conversation_id: str
    entries: list[_AnyEntry]
    audience: tuple[str, ...] | None


_encode = msgspec.msgpack.Encoder().encode
_decoders = {number: msgspec.msgpack.Decoder(cls) for number, cls in _KINDS.items()}
_any_entries = msgspec.msgpack.Decoder(_AnyEntries)
_message = msgspec.msgpack.Decoder(list[Packed])


def pack(number: int, event: Event) -> Packed:
    """Encode an event for every message that will carry it."""
    return number, _NUMBERS[type(event)], Raw(_encode(event))


def encode_message(events: list[Packed]) -> bytes:
    return _encode(events)


def decode_message(body: bytes) -> list[Packed]:
    """Return the events of a message, each still to be unpacked; raises ValueError for what is none."""
    return _message.decode(body)


def unpack(packed: Packed, stats: BusStats) -> Event | None:
    """Return the event; None when this version cannot know what it says."""
    _, kind, data = packed
    decoder = _decoders.get(kind)
    if decoder is None:
        stats.unknown += 1
        return None
    try:
        return decoder.decode(data)
    except msgspec.DecodeError as problem:
        stats.unknown += 1
        if kind != 1:
            _log.warning("an event of kind %d could not be read: %s", kind, problem)
            return None
    return _heads(data)


def _heads(data: Raw) -> HeadsAnnounced | None:
    try:
        some = _any_entries.decode(data)
    except msgspec.DecodeError as problem:
        _log.warning("entries could not be read: %s", problem)
        return None
    if not some.entries:
        return None
    return HeadsAnnounced({some.conversation_id: some.entries[-1].seq}, {some.conversation_id: some.audience})

"""From the events of one publish to the messages that carry them: one per subject, split by bytes.

What is promised is order for whoever has one conversation or one person in view, however many subjects they follow.
All events of a conversation in one round travel on the same subjects, in order, in every message; when its audience
changes, the round ends and its messages go first.  Between different conversations the order within one publish is
free, and between publishes it holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hubbub.bus.codec import Packed, encode_message, pack
from hubbub.bus.envelope import PART_BYTES
from hubbub.bus.subjects import Subjects
from hubbub.chat.ports import (
    EntriesAppended,
    Event,
    HeadsAnnounced,
    LoginEnded,
    MarksMoved,
    TypingChanged,
    UserChanged,
)

Message = tuple[str, bytes, int]
"""Subject, body, number of events."""

_OVERHEAD = 16
"""Bytes of a message per event, besides the event."""


class Packer:
    """Packs for one publisher, whose events it numbers."""

    def __init__(self, subjects: Subjects, limit_bytes: int = PART_BYTES) -> None:
        self._subjects = subjects
        self._limit = limit_bytes
        self._number = 0

    def pack(self, events: Sequence[Event]) -> list[Message]:
        """Return the messages in the order in which they must be sent."""
        messages: list[Message] = []
        waiting: dict[str, list[Packed]] = {}
        sizes: dict[str, int] = {}
        round_: dict[str, tuple[str, ...]] = {}
        for event in events:
            for key, subjects, piece in self._addressed(event):
                if key and round_.setdefault(key, subjects) != subjects:
                    messages += [self._message(subject, batch) for subject, batch in waiting.items() if batch]
                    waiting.clear()
                    sizes.clear()
                    round_.clear()
                    round_[key] = subjects
                for packed in self._packed(piece, len(subjects)):
                    size = len(packed[2]) + _OVERHEAD
                    for subject in subjects:
                        batch = waiting.setdefault(subject, [])
                        total = sizes.get(subject, 0) + size
                        if total > self._limit and batch:
                            messages.append(self._message(subject, batch))
                            waiting[subject] = batch = []
                            total = size
                        batch.append(packed)
                        sizes[subject] = total
        messages += [self._message(subject, batch) for subject, batch in waiting.items() if batch]
        return messages

    def _message(self, subject: str, batch: list[Packed]) -> Message:
        return subject, encode_message(batch), len(batch)

    def _addressed(self, event: Event) -> Iterator[tuple[str, tuple[str, ...], Event]]:
        """Yield what the order is kept by ("" for nothing), the subjects, and what goes to them."""
        match event:
            case EntriesAppended() | MarksMoved() | TypingChanged():
                name = event.conversation_id
                yield name, self._subjects.of_audience(name, event.audience), event
            case UserChanged() | LoginEnded():
                yield event.user_id, (self._subjects.of_user(event.user_id),), event
            case HeadsAnnounced():
                # Each head goes only where somebody may be concerned; those with the same way go together.
                ways: dict[tuple[str, ...], HeadsAnnounced] = {}
                for name, head in event.heads.items():
                    audience = event.audiences.get(name)
                    way = self._subjects.of_audience(name, audience)
                    part = ways.get(way)
                    if part is None:
                        part = ways[way] = HeadsAnnounced({}, {})
                    part.heads[name] = head
                    part.audiences[name] = audience
                for way, part in ways.items():
                    yield "", way, part

    def _packed(self, event: Event, copies: int) -> Iterator[Packed]:
        number = 0
        if copies > 1:
            self._number += 1
            number = self._number
        packed = pack(number, event)
        if len(packed[2]) <= self._limit or type(event) is not EntriesAppended or len(event.entries) == 1:
            # What is still too large goes in parts.
            yield packed
            return
        half = len(event.entries) // 2
        for entries in (event.entries[:half], event.entries[half:]):
            yield from self._packed(EntriesAppended(event.conversation_id, entries, event.audience), copies)

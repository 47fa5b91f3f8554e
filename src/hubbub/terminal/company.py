"""The others: who types, who is here, and how far they have received and read.

Nothing of it is in the log, and nothing depends on it; it is as fresh as the last word that came.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from hubbub.base.clock import Clock
from hubbub.client import Conversation, Kind, Message
from hubbub.client.models import Mark, Member, Presence, PresenceState

TYPING_S: Final = 6.0
"""After so long a silence nobody types any more (protocol.md 16.2)."""

RECEIPTS: Final = 100
"""Above this many members nobody is shown receipts."""

Standing = Literal["sent", "delivered", "read"]


class Company:
    """Everybody else, in every conversation."""

    def __init__(self, me: str, clock: Clock) -> None:
        self._me = me
        self._clock = clock
        self._marks: dict[str, dict[str, tuple[int, int]]] = {}
        self._typing: dict[str, dict[str, float]] = {}
        self._presence: dict[str, PresenceState] = {}

    # ------------------------------------------------------------ what is heard

    def marks(self, conversation_id: str, rows: Iterable[Mark | Member]) -> None:
        """Raise how far people have received and read; marks never fall."""
        held = self._marks.setdefault(conversation_id, {})
        for row in rows:
            read, delivered = held.get(row.user_id, (0, 0))
            held[row.user_id] = max(read, row.read_seq), max(delivered, row.delivered_seq)

    def typing(self, conversation_id: str, user_id: str, *, typing: bool) -> None:
        """Somebody types, or no longer."""
        until = self._clock.monotonic() + TYPING_S if typing else 0.0
        self._typing.setdefault(conversation_id, {})[user_id] = until

    def presence(self, presences: Iterable[Presence]) -> None:
        """People came or went."""
        self._presence |= {presence.user_id: presence.state for presence in presences}

    def forget(self) -> None:
        """The log begins anew: its numbers mean nothing."""
        self._marks.clear()

    # ------------------------------------------------------------ what is shown

    def is_here(self, user_id: str) -> bool:
        """Whether a person is online, as far as it is known."""
        return self._presence.get(user_id) is PresenceState.ONLINE

    def types(self, conversation_id: str) -> list[str]:
        """Return the ids of who types in a conversation now."""
        now = self._clock.monotonic()
        return [user_id for user_id, until in self._typing.get(conversation_id, {}).items() if until > now]

    def known_in(self, conversation_id: str) -> list[str]:
        """Return the ids of the members that were heard of."""
        return list(self._marks.get(conversation_id, {}))

    def standing(self, message: Message, place: Conversation | None) -> tuple[Standing, int]:
        """Return how far a message of one's own has come, and how many people read it."""
        if place is None or place.kind not in (Kind.DIRECT, Kind.GROUP) or place.member_count > RECEIPTS:
            return "sent", 0
        marks = self._marks.get(message.conversation_id, {})
        others = [mark for user_id, mark in marks.items() if user_id != self._me]
        readers = sum(read >= message.seq for read, _ in others)
        if readers:
            return "read", readers
        if any(delivered >= message.seq for _, delivered in others):
            return "delivered", 0
        return "sent", 0

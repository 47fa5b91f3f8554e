"""What was received and seen, merged before it is told.

A mark stands for everything below it, so only the highest of each conversation is kept, and they are told together
about once a second (protocol.md 14.2).  What could not be told is told later; a mark told twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator


class Receipts:
    """Marks that wait to be told; at most one per conversation."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[int, int]] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def note(self, conversation_id: str, *, read: int = 0, delivered: int = 0) -> None:
        """Raise the marks of one conversation."""
        old_read, old_delivered = self._waiting.get(conversation_id, (0, 0))
        self._waiting[conversation_id] = max(read, old_read), max(delivered, old_delivered)

    def take(self, limit: int) -> Iterator[tuple[str, int, int]]:
        """Yield (conversation, read, delivered) of up to `limit` marks and forget them; `note` those that fail."""
        for conversation_id in list(self._waiting)[:limit]:
            read, delivered = self._waiting.pop(conversation_id)
            yield conversation_id, read, delivered

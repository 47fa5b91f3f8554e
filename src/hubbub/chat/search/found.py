"""What is looked for, and what is found."""

from __future__ import annotations

import msgspec

from hubbub.chat.model import MAX_SEQ, ConversationState, UserRow


class Wanted(msgspec.Struct, frozen=True):
    """What a store is asked for: every condition narrows."""

    words: tuple[str, ...] = ()
    last_goes_on: bool = True
    senders: tuple[str, ...] = ()
    """One of these people wrote it; none: whoever."""
    conversation_ids: tuple[str, ...] = ()
    """It is in one of these; none: in whatever the reader is in or was in."""
    after_ms: int = 0
    before_ms: int = MAX_SEQ
    has_file: bool = False


class Piece(msgspec.Struct, frozen=True, omit_defaults=True):
    """A part of a snippet."""

    text: str
    hit: bool = False


class Hit(msgspec.Struct, frozen=True):
    """A message that was found; its whole text is where it stands."""

    conversation_id: str
    seq: int
    time_ms: int
    sender_id: str
    thread_seq: int
    snippet: tuple[Piece, ...]
    has_file: bool = False


class Found(msgspec.Struct, frozen=True):
    """What one query finds."""

    hits: tuple[Hit, ...] = ()
    """Newest first."""
    next_cursor: str = ""
    people: tuple[UserRow, ...] = ()
    """On the first page only, as the conversations."""
    conversations: tuple[ConversationState, ...] = ()

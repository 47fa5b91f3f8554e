"""Which messages a query means, and in which order they are found: the newest first.

Messages of one moment come in the order of their conversations' ids, so that the order is whole and a cursor can name a
place in it, also one where nothing stands.
"""

from __future__ import annotations

from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import parse_id
from hubbub.chat.model import MessageRow
from hubbub.chat.search.folding import normal
from hubbub.chat.search.found import Wanted
from hubbub.chat.search.terms import has_file, text_of
from hubbub.chat.search.words import Words

Place = tuple[int, str, int]
"""Where a message stands in the order of finds: (-time_ms, conversation, -seq)."""


def place(message: MessageRow) -> Place:
    """Return where a message stands in the order of finds."""
    return -message.time_ms, message.conversation_id, -message.seq


def cursor_at(at: Place) -> str:
    """Return the cursor behind a place."""
    return f"{-at[0]}.{at[1]}.{-at[2]}"


def place_of(cursor: str) -> Place:
    """Return the place a cursor names.  Raises BAD_CURSOR."""
    try:
        time_ms, id_, seq = cursor.split(".")
        return -int(time_ms), parse_id(id_) if id_ else "", -int(seq)
    except ValueError:
        raise ChatError(Code.BAD_CURSOR) from None


def is_meant(wanted: Wanted, words: Words, message: MessageRow) -> bool:
    """Whether a message in its current state is one that was asked for."""
    if message.recalled or not wanted.after_ms <= message.time_ms < wanted.before_ms:
        return False
    if wanted.senders and message.sender_id not in wanted.senders:
        return False
    if wanted.has_file and not has_file(message.post.body):
        return False
    return not words or words.find(normal(text_of(message.post.body))) is not None

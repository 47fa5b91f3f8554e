"""The nouns of push."""

from __future__ import annotations

from enum import Enum

import msgspec


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that may be called."""

    user_id: str
    device_id: str
    login_id: str
    """It is called for as long as this login lasts."""
    endpoint: str
    """Where its push service takes messages for it: whoever knows the address may send, so it is told to nobody."""
    p256dh: bytes
    """Its public key, an uncompressed point of P-256."""
    auth: bytes
    """16 bytes that only it and this server know."""
    content: bool = False
    """Whether the words of a message are sent along."""
    language: str = ""
    created_ms: int = 0


class Quiet(msgspec.Struct, frozen=True, omit_defaults=True):
    """When somebody is not to be called, on any device."""

    until_ms: int = 0
    """Not before then."""
    from_minute: int = 0
    """Every day from this minute of the day …"""
    to_minute: int = 0
    """… to this one; the same one twice is never."""
    time_zone: str = ""
    """In which the day is counted, such as `Europe/Rome`; empty: UTC."""


class Note(msgspec.Struct, frozen=True):
    """Somebody may have to be called about a conversation, or about what they wanted to be reminded of."""

    user_id: str
    conversation_id: str
    """The person themselves: it is about their reminders, counted by the person's versions."""
    head: int
    """Up to here there is something they have not been called about."""
    told: int
    """Up to here they were, or needed not be."""
    due_ms: int
    lease_ms: int = 0
    """Until then it is one worker's; the number also says whose."""
    tries: int = 0
    left: tuple[str, ...] = ()
    """The devices that are still to be called after a try that some were not reached by; empty: all."""


class Rule(Enum):
    """What somebody wants to be called for."""

    ALL = "all"
    MENTIONS = "mentions"
    NOTHING = "nothing"


class Said(msgspec.Struct, frozen=True):
    """A message that somebody has not read."""

    seq: int
    time_ms: int
    sender: str
    """Their name."""
    text: str
    """The beginning of it as plain text; empty when it has none."""
    mentioned: bool = False


class Sight(msgspec.Struct, frozen=True):
    """A conversation as one person sees it now."""

    conversation_id: str
    title: str
    """Empty for a private chat: it is called after who writes."""
    head: int
    read_seq: int
    unread: int
    mentions: int
    rule: Rule
    said: tuple[Said, ...]
    """The newest unread messages of others, oldest first; not all of them where there are many."""
    reminder_seq: int = 0
    """Above 0: it is about reminders.  The conversation is that of the newest, and this the message; what was `said`
    are the messages that were to be come back to, and they and `head` are numbered by the person's versions."""
    reminder_thread_seq: int = 0
    """Above 0: that message is only in this thread."""

"""The tables of the memory store: dicts by the same keys as in SQL, and what one person may see of them."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

from hubbub.base.errors import ChatError
from hubbub.base.ids import NOBODY
from hubbub.chat.contacts import Contact
from hubbub.chat.invites import JoinRequest
from hubbub.chat.model import (
    SMALL_AUDIENCE,
    ConversationKind,
    ConversationRow,
    Entry,
    MemberRow,
    MemberState,
    MessageRow,
    Own,
    Post,
    ReactionRow,
    ScheduledRow,
    UserRow,
)
from hubbub.chat.ports import StoredKey, StoredUserKey, Untold
from hubbub.chat.reminders import Reminder
from hubbub.files.emoji import EMOJI_PLACE
from hubbub.files.model import FileRow, FileState
from hubbub.storage.chat.sight import Spans, end_of, kept, sight, within

EVERYBODY = NOBODY


class LogRow:
    """An entry, and what counting must know of it."""

    __slots__ = ("counts", "entry", "recalled")

    def __init__(self, entry: Entry, counts: bool) -> None:
        self.entry = entry
        self.counts = counts
        self.recalled = False


class Seen(NamedTuple):
    """A conversation as one reader meets it."""

    conversation: ConversationRow
    member: MemberRow | None
    spans: Spans
    end: int


class MemoryTables:
    """All rows.  Whoever hands one out hands out a copy."""

    def __init__(self, small_audience: int = SMALL_AUDIENCE) -> None:
        self.small_audience = small_audience
        self.conversations: dict[str, ConversationRow] = {}
        self.log: defaultdict[str, dict[int, LogRow]] = defaultdict(dict)
        self.keys: dict[tuple[str, str, str], StoredKey] = {}
        self.user_keys: dict[tuple[str, str], StoredUserKey] = {}
        self.members: dict[tuple[str, str], MemberRow] = {}
        self.messages: dict[tuple[str, int], MessageRow] = {}
        self.reactions: dict[tuple[str, int, str, str], ReactionRow] = {}
        self.mentions: dict[tuple[str, int], frozenset[str]] = {}
        self.hidden: set[tuple[str, str, int]] = set()
        self.own: dict[tuple[str, str], Own] = {}
        self.contacts: dict[tuple[str, str], Contact] = {}
        self.held_marks: dict[tuple[str, str], tuple[int, int]] = {}
        """Where (read, delivered) of a blocker stood when they blocked somebody."""
        self.join_requests: dict[tuple[str, str], JoinRequest] = {}
        self.reminders: dict[tuple[str, str, int], Reminder] = {}
        self.versions: dict[str, int] = {}
        self.scheduled: dict[tuple[str, str, str], tuple[ScheduledRow, bytes]] = {}
        self.sending: set[tuple[str, str, str]] = set()
        """Those that are being sent."""
        self.outbox: dict[int, tuple[int, Untold]] = {}
        self.users: dict[str, UserRow] = {}
        self.files: dict[str, FileRow] = {}
        self.file_uses: set[tuple[str, str, int]] = set()
        self.is_held: Callable[[str, int], bool] = lambda conversation_id, time_ms: False
        """Whether a legal hold is over what was written in a conversation at a time."""
        self.copies: dict[tuple[str, int], tuple[Entry, int]] = {}
        """Held entries as they were before they were withdrawn, with the message that was recalled."""
        self.kept_files: set[tuple[str, str, int]] = set()
        """What `file_uses` was of messages that are held."""
        self.file_room: dict[str, int] = {}
        self.erased_to: dict[str, int] = {}
        self.under_hold: Callable[[str], bool] = lambda conversation_id: False
        """Whether a legal hold is over a conversation, whatever the time."""

    def look(self, user_id: str, conversation_id: str) -> Seen:
        """Return a conversation and the reader's place in it; raises as `sight` does."""
        conversation = self.conversations.get(conversation_id)
        member = self.members.get((conversation_id, user_id))
        spans = sight(conversation, member)
        assert conversation is not None
        end = end_of(spans, conversation.head)
        return Seen(copy.copy(conversation), copy.copy(member), kept(conversation, spans), end)

    def waiting(self, conversation_id: str) -> list[JoinRequest]:
        """Return who asks to be let in and is neither in nor banned, by person."""
        found = [request for (id_, _), request in sorted(self.join_requests.items()) if id_ == conversation_id]
        places = [self.members.get((request.conversation_id, request.user_id)) for request in found]
        settled = (MemberState.JOINED, MemberState.BANNED)
        return [
            request for request, place in zip(found, places, strict=True) if place is None or place.state not in settled
        ]

    def has_blocked(self, blocker: str, blocked: str) -> bool:
        """Whether the one has blocked the other."""
        row = self.contacts.get((blocker, blocked))
        return row is not None and row.blocked

    def locked(self, conversation_id: str) -> ConversationRow:
        """Return a conversation as a writer sees it: with who may not speak in it."""
        row = copy.copy(self.conversations[conversation_id])
        if row.kind is ConversationKind.DIRECT and row.peers is not None:
            one, other = row.peers
            pairs = ((one, other), (other, one))
            row.barred = tuple([blocked for blocker, blocked in pairs if self.has_blocked(blocker, blocked)])
        return row

    def file(self, user_id: str, file_id: str) -> FileRow | None:
        """Return a file that this person uploaded, or may see a message of, or that is a portrait or an emoji."""
        row = self.files.get(file_id)
        if row is None or row.state is not FileState.READY:
            return None
        shown = {(row.id, row.owner_id, 1), (row.id, EMOJI_PLACE, 1)}
        if row.owner_id == user_id or shown & self.file_uses:
            return row
        for id_, conversation_id, seq in self.file_uses:
            if id_ != file_id:
                continue
            try:
                if within(self.look(user_id, conversation_id).spans, seq):
                    return row
            except ChatError:
                continue
        return None

    def message(self, conversation_id: str, seq: int) -> MessageRow | None:
        """Return a message in its current state."""
        stored = self.log[conversation_id].get(seq)
        if stored is None or not isinstance(stored.entry.action, Post):
            return None
        state = self.messages.get((conversation_id, seq))
        if state is not None:
            return copy.copy(state)
        entry = stored.entry
        return MessageRow(conversation_id, seq, entry.time_ms, entry.sender_id, entry.client_id, stored.entry.action)

    def joined(self, conversation_id: str) -> list[str]:
        """Return the joined members, sorted."""
        return sorted(
            user_id
            for (id_, user_id), row in self.members.items()
            if id_ == conversation_id and row.state is MemberState.JOINED
        )

    def audience(self, conversation: ConversationRow) -> tuple[str, ...] | None:
        """Return the joined members of a small conversation."""
        if conversation.kind is ConversationKind.SYSTEM or conversation.member_count > self.small_audience:
            return None
        return tuple(self.joined(conversation.id))[: self.small_audience]

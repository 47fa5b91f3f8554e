"""Entries and messages as REST answers them, made from chat's in one place.

Ids are strings, sequence numbers and milliseconds are numbers, enumerations are words.
"""

from __future__ import annotations

import msgspec

from hubbub.base.ids import NOBODY
from hubbub.chat import model
from hubbub.chat.model import Body, ConversationChange, Dissolved, Edit, Post, Recall
from hubbub.rest.words import ActionName, Kind, RoleName, word

__all__ = ["Entry", "EntryPage", "HistoryPage", "Message", "Revision", "RevisionPage", "Stored"]


class _Out(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Stored(_Out, frozen=True, kw_only=True):
    """A command that is durable."""

    conversation_id: str
    client_id: str
    seq: int
    time_ms: int
    repeated: bool
    """An earlier attempt with this client_id had stored it."""

    @classmethod
    def of(cls, command: model.Submit, accepted: model.Accepted) -> Stored:
        return cls(
            conversation_id=command.conversation_id,
            client_id=command.client_id,
            seq=accepted.seq,
            time_ms=accepted.time_ms,
            repeated=accepted.repeated,
        )


class Created(_Out, frozen=True, kw_only=True, tag="created"):
    """The conversation began; always seq 1."""

    kind: Kind
    title: str
    user_ids: list[str]


class MemberChange(_Out, frozen=True, kw_only=True, tag="member"):
    """People came, went, or got another role."""

    action: ActionName
    user_ids: list[str]
    role: RoleName
    muted_until_ms: int
    own_role: str


class React(_Out, frozen=True, kw_only=True, tag="react"):
    target_seq: int
    emoji: str
    set: bool


class Pin(_Out, frozen=True, kw_only=True, tag="pin"):
    target_seq: int
    set: bool


Action = Post | Edit | Recall | React | Pin | MemberChange | ConversationChange | Created | Dissolved


def _action(action: model.Action) -> Action:
    match action:
        case model.Created():
            return Created(kind=word(action.kind), title=action.title, user_ids=list(action.user_ids))
        case model.MemberChange():
            return MemberChange(
                action=word(action.action),
                user_ids=list(action.user_ids),
                role=word(action.role),
                muted_until_ms=action.muted_until_ms,
                own_role=action.own_role,
            )
        case model.React():
            return React(target_seq=action.target_seq, emoji=action.emoji, set=action.set)
        case model.Pin():
            return Pin(target_seq=action.target_seq, set=action.set)
    return action


class Entry(_Out, frozen=True, kw_only=True, tag="entry"):
    """One durable change of a conversation."""

    conversation_id: str
    seq: int
    time_ms: int
    sender_id: str
    """Empty when the system wrote it."""
    client_id: str
    action: Action

    @classmethod
    def of(cls, entry: model.Entry) -> Entry:
        return cls(
            conversation_id=entry.conversation_id,
            seq=entry.seq,
            time_ms=entry.time_ms,
            sender_id="" if entry.sender_id == NOBODY else entry.sender_id,
            client_id=entry.client_id,
            action=_action(entry.action),
        )


class EntryPage(_Out, frozen=True, kw_only=True):
    """Entries as appended.

    A seq absent within [from_seq, to_seq] is withheld or erased.
    """

    conversation_id: str
    from_seq: int
    to_seq: int
    as_of: int
    reset: bool
    """Too much is missing: what is held below is stale; load the newest history page instead."""
    entries: list[Entry]

    @classmethod
    def of(cls, page: model.EntryPage) -> EntryPage:
        return cls(
            conversation_id=page.conversation_id,
            from_seq=page.from_seq,
            to_seq=page.to_seq,
            as_of=page.as_of,
            reset=page.reset,
            entries=[Entry.of(entry) for entry in page.entries],
        )


class Reaction(_Out, frozen=True, kw_only=True):
    emoji: str
    count: int
    user_ids: list[str]
    """The first hundred, in the order they reacted."""
    mine: bool


class Message(_Out, frozen=True, tag="message"):
    """A message as it is now."""

    conversation_id: str
    seq: int
    time_ms: int
    sender_id: str
    client_id: str
    body: Body
    reply_to_seq: int
    thread_seq: int
    also_in_conversation: bool
    mentions: list[str]
    mention_all: bool
    forwarded: model.Forwarded | None
    """Whose words it passes on; where they were said, if that is a public channel."""
    recalled: bool
    edits: int
    edited_ms: int
    pinned: bool
    reactions: list[Reaction]
    thread_replies: int
    thread_last_seq: int

    @classmethod
    def of(cls, state: model.MessageState) -> Message:
        row, post = state.message, state.message.post
        reactions = (
            [
                Reaction(emoji=one.emoji, count=one.count, user_ids=list(one.user_ids), mine=one.mine)
                for one in state.reactions
            ]
            if state.reactions
            else []
        )
        # By position: to match twenty names takes four times as long, and a page has fifty of these.
        return cls(
            row.conversation_id,
            row.seq,
            row.time_ms,
            "" if row.sender_id == NOBODY else row.sender_id,
            row.client_id,
            post.body,
            post.reply_to_seq,
            post.thread_seq,
            post.also_in_conversation,
            list(post.mentions),
            post.mention_all,
            post.forwarded,
            row.recalled,
            row.edits,
            row.edited_ms,
            row.pinned,
            reactions,
            row.thread_replies,
            row.thread_last_seq,
        )


class HistoryPage(_Out, frozen=True, kw_only=True):
    """Messages as they are at `as_of`, and lines about the conversation, ascending by seq.

    It covers [from_seq, to_seq]; a seq absent inside is withheld or erased.
    """

    conversation_id: str
    from_seq: int
    to_seq: int
    as_of: int
    more_before: bool
    more_after: bool
    items: list[Message | Entry]

    @classmethod
    def of(cls, page: model.HistoryPage) -> HistoryPage:
        return cls(
            conversation_id=page.conversation_id,
            from_seq=page.from_seq,
            to_seq=page.to_seq,
            as_of=page.as_of,
            more_before=page.more_before,
            more_after=page.more_after,
            items=[Entry.of(item) if isinstance(item, model.Entry) else Message.of(item) for item in page.items],
        )


class MessagePage(_Out, frozen=True, kw_only=True):
    """Messages as they are, the newest first."""

    messages: list[Message]
    """May be few, or none, and not be the end."""
    next_cursor: str
    """Empty on the last page."""


class Revision(_Out, frozen=True, kw_only=True):
    """What a message said from entry `seq` on."""

    seq: int
    time_ms: int
    body: Body


class RevisionPage(_Out, frozen=True, kw_only=True):
    """The original first."""

    revisions: list[Revision]
    next_cursor: str

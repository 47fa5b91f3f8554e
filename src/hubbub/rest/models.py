"""What REST answers, made from chat's nouns in one place.

Ids are strings, sequence numbers and milliseconds are numbers, enumerations are words.  Nothing here is read from a
request; what comes in is described beside the operation that takes it.
"""

from __future__ import annotations

import msgspec

from hubbub.auth.ports import Account
from hubbub.base.ids import NOBODY
from hubbub.chat import model
from hubbub.chat.model import MAX_SEQ, Body, ConversationChange, Dissolved, Edit, Post, Recall

__all__ = [
    "Conversation",
    "ConversationPage",
    "Entry",
    "EntryPage",
    "HistoryPage",
    "Me",
    "Member",
    "MemberPage",
    "Message",
    "Revision",
    "RevisionPage",
    "Scheduled",
    "ScheduledPage",
    "Stored",
    "User",
    "UserPage",
    "UserState",
]


class _Out(msgspec.Struct, frozen=True, kw_only=True):
    pass


# ---------------------------------------------------------------- people


class User(_Out, frozen=True, kw_only=True):
    """A person as everybody sees them."""

    user_id: str
    username: str
    display_name: str
    signature: str
    bot: bool

    @classmethod
    def of(cls, row: model.UserRow) -> User:
        return cls(
            user_id=row.id,
            username=row.username,
            display_name=row.display_name,
            signature=row.signature,
            bot=row.bot,
        )


class Me(User, frozen=True, kw_only=True):
    """A person as they see themselves."""

    is_admin: bool
    created_ms: int

    @classmethod
    def of_account(cls, account: Account) -> Me:
        return cls(
            user_id=account.id,
            username=account.username,
            display_name=account.display_name,
            signature=account.signature,
            bot=account.bot,
            is_admin=account.is_admin,
            created_ms=account.created_ms,
        )


class UserPage(_Out, frozen=True, kw_only=True):
    users: list[User]
    next_cursor: str
    """Empty on the last page."""


# ---------------------------------------------------------------- the log


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

    kind: str
    title: str
    user_ids: list[str]


class MemberChange(_Out, frozen=True, kw_only=True, tag="member"):
    """People came, went, or got another role."""

    action: str
    user_ids: list[str]
    role: str
    muted_until_ms: int


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
            return Created(kind=action.kind.name.lower(), title=action.title, user_ids=list(action.user_ids))
        case model.MemberChange():
            return MemberChange(
                action=action.action.name.lower(),
                user_ids=list(action.user_ids),
                role=action.role.name.lower(),
                muted_until_ms=action.muted_until_ms,
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
    """Entries as appended; a seq absent within [from_seq, to_seq] is withheld or erased."""

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


class Message(_Out, frozen=True, kw_only=True, tag="message"):
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
        return cls(
            conversation_id=row.conversation_id,
            seq=row.seq,
            time_ms=row.time_ms,
            sender_id="" if row.sender_id == NOBODY else row.sender_id,
            client_id=row.client_id,
            body=post.body,
            reply_to_seq=post.reply_to_seq,
            thread_seq=post.thread_seq,
            also_in_conversation=post.also_in_conversation,
            mentions=list(post.mentions),
            mention_all=post.mention_all,
            recalled=row.recalled,
            edits=row.edits,
            edited_ms=row.edited_ms,
            pinned=row.pinned,
            reactions=[
                Reaction(emoji=one.emoji, count=one.count, user_ids=list(one.user_ids), mine=one.mine)
                for one in state.reactions
            ],
            thread_replies=row.thread_replies,
            thread_last_seq=row.thread_last_seq,
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


class Revision(_Out, frozen=True, kw_only=True):
    """What a message said from entry `seq` on."""

    seq: int
    time_ms: int
    body: Body


class RevisionPage(_Out, frozen=True, kw_only=True):
    """The original first."""

    revisions: list[Revision]
    next_cursor: str


# ---------------------------------------------------------------- conversations


class Interval(_Out, frozen=True, kw_only=True):
    """Sequence numbers one may see, both ends included; `to_seq` 0: no end."""

    from_seq: int
    to_seq: int


class Conversation(_Out, frozen=True, kw_only=True):
    """A conversation as the caller sees it at `as_of`."""

    conversation_id: str
    kind: str
    title: str
    topic: str
    announcement: str
    dissolved: bool
    history_for_newcomers: bool
    mute_all: bool
    slow_mode_s: int
    member_count: int
    created_by: str
    created_ms: int
    peer_id: str
    """With `direct`: the other person."""
    as_of: int
    last_time_ms: int
    last_message: Message | None
    state: str
    role: str
    intervals: list[Interval]
    read_seq: int
    delivered_seq: int
    unread: int
    """Exact up to 99; 100 means more."""
    mentions: int
    muted_until_ms: int
    version: int

    @classmethod
    def of(cls, seen: model.ConversationState, user_id: str) -> Conversation:
        row, member = seen.conversation, seen.member
        return cls(
            conversation_id=row.id,
            kind=row.kind.name.lower(),
            title=row.title,
            topic=row.topic,
            announcement=row.announcement,
            dissolved=row.dissolved,
            history_for_newcomers=row.history_for_newcomers,
            mute_all=row.mute_all,
            slow_mode_s=row.slow_mode_s,
            member_count=row.member_count,
            created_by="" if row.created_by == NOBODY else row.created_by,
            created_ms=row.created_ms,
            peer_id=_peer(row, user_id),
            as_of=row.head,
            last_time_ms=row.last_time_ms,
            last_message=None if seen.last_message is None else Message.of(seen.last_message),
            state=member.state.name.lower(),
            role=member.role.name.lower(),
            intervals=[Interval(from_seq=low, to_seq=0 if high == MAX_SEQ else high) for low, high in member.intervals],
            read_seq=member.read_seq,
            delivered_seq=member.delivered_seq,
            unread=seen.unread,
            mentions=seen.mentions,
            muted_until_ms=member.muted_until_ms,
            version=member.version,
        )


def _peer(row: model.ConversationRow, user_id: str) -> str:
    if row.peers is None:
        return ""
    low, high = row.peers
    return high if user_id == low else low


class ConversationPage(_Out, frozen=True, kw_only=True):
    conversations: list[Conversation]
    next_cursor: str
    """Empty on the last page."""


class UserState(_Out, frozen=True, kw_only=True):
    """The caller's rows changed since a version, complete up to `version`."""

    since_version: int
    version: int
    more: bool
    """There is more: ask again since `version`."""
    conversations: list[Conversation]


class Member(_Out, frozen=True, kw_only=True):
    user_id: str
    role: str
    state: str
    read_seq: int
    delivered_seq: int
    muted_until_ms: int

    @classmethod
    def of(cls, row: model.MemberRow) -> Member:
        return cls(
            user_id=row.user_id,
            role=row.role.name.lower(),
            state=row.state.name.lower(),
            read_seq=row.read_seq,
            delivered_seq=row.delivered_seq,
            muted_until_ms=row.muted_until_ms,
        )


class MemberPage(_Out, frozen=True, kw_only=True):
    """Joined members by id, at `as_of`."""

    as_of: int
    members: list[Member]
    next_cursor: str


# ---------------------------------------------------------------- what waits for its time


class Scheduled(_Out, frozen=True, kw_only=True):
    """A message that waits for its time."""

    conversation_id: str
    client_id: str
    due_ms: int
    message: Post
    error: str
    """The code it was refused with when it came due."""


class ScheduledPage(_Out, frozen=True, kw_only=True):
    scheduled: list[Scheduled]
    next_cursor: str

"""People and conversations as REST answers them, made from chat's nouns in one place.

Ids are strings, sequence numbers and milliseconds are numbers, enumerations are words.  Nothing here is read from a
request; what comes in is described beside the operation that takes it.
"""

from __future__ import annotations

import msgspec

from hubbub.auth.ports import Account
from hubbub.base.ids import NOBODY
from hubbub.chat import model
from hubbub.chat.model import MAX_SEQ, Post
from hubbub.chat.rights import OwnRole
from hubbub.rest.contacts import Contact
from hubbub.rest.log_models import Message
from hubbub.rest.reminders import Reminder
from hubbub.rest.words import Kind, NotifyName, RoleName, State, word

__all__ = [
    "Conversation",
    "ConversationPage",
    "Me",
    "Member",
    "MemberPage",
    "Scheduled",
    "ScheduledPage",
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
    avatar: str
    """The file that shows them, for everybody to have; another picture is another file.  Empty: none."""

    @classmethod
    def of(cls, row: model.UserRow) -> User:
        return cls(
            user_id=row.id,
            username=row.username,
            display_name=row.display_name,
            signature=row.signature,
            bot=row.bot,
            avatar=row.avatar,
        )


class Me(User, frozen=True, kw_only=True):
    """A person as they see themselves."""

    is_admin: bool
    created_ms: int
    pending: bool
    """It waits for an admin to let it in."""
    email: str
    """An address that was proved to be theirs; empty: none."""
    muted_until_ms: int
    """Until when they may not say anything on this server; 0: they may."""

    @classmethod
    def of_account(cls, account: Account) -> Me:
        return cls(
            user_id=account.id,
            username=account.username,
            display_name=account.display_name,
            signature=account.signature,
            bot=account.bot,
            avatar=account.avatar,
            is_admin=account.is_admin,
            created_ms=account.created_ms,
            pending=account.pending,
            email=account.email,
            muted_until_ms=account.muted_until_ms,
        )


class UserPage(_Out, frozen=True, kw_only=True):
    users: list[User]
    next_cursor: str
    """Empty on the last page."""


# ---------------------------------------------------------------- conversations


class Interval(_Out, frozen=True, kw_only=True):
    """Sequence numbers one may see, both ends included; `to_seq` 0: no end."""

    from_seq: int
    to_seq: int


class Draft(_Out, frozen=True, kw_only=True):
    """What was written and not sent."""

    text: str
    reply_to_seq: int
    time_ms: int
    thread_seq: int
    """The thread it is to go into; 0: none."""

    @classmethod
    def of(cls, draft: model.Draft) -> Draft:
        return cls(text=draft.text, reply_to_seq=draft.reply_to_seq, time_ms=draft.time_ms, thread_seq=draft.thread_seq)


class Own(_Out, frozen=True, kw_only=True):
    """What the caller keeps of a conversation for themselves."""

    pinned: bool
    archived: bool
    marked_unread: bool
    muted_until_ms: int
    """No notifications until then."""
    folder: str
    """Empty: none."""
    notify: NotifyName
    draft: Draft | None
    thread_drafts: list[Draft]
    """What was written in threads and not sent, one for each."""

    @classmethod
    def of(cls, own: model.Own) -> Own:
        return cls(
            pinned=own.pinned,
            archived=own.archived,
            marked_unread=own.marked_unread,
            muted_until_ms=own.muted_until_ms,
            folder=own.folder,
            notify=word(own.notify),
            draft=None if own.draft is None else Draft.of(own.draft),
            thread_drafts=list(map(Draft.of, own.thread_drafts)),
        )


class Conversation(_Out, frozen=True, kw_only=True):
    """A conversation as the caller sees it at `as_of`."""

    conversation_id: str
    kind: Kind
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
    state: State
    role: RoleName
    intervals: list[Interval]
    read_seq: int
    delivered_seq: int
    unread: int
    """Exact up to 99; 100 means more."""
    mentions: int
    muted_until_ms: int
    version: int
    own: Own
    roles: list[OwnRole]
    """Roles of its own."""
    own_role: str
    """The one of them the caller has in place of `member`; empty: none."""
    join_requests: int
    """How many people wait to be let in, for those who may answer them; 100 means more than 99."""
    keep_days: int
    """For how many days messages are kept; 0: for ever, -1: as long as the place says."""
    kept_from: int
    """Nothing below this seq is there any more."""

    @classmethod
    def of(cls, seen: model.ConversationState, user_id: str) -> Conversation:
        row, member = seen.conversation, seen.member
        return cls(
            conversation_id=row.id,
            kind=word(row.kind),
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
            state=word(member.state),
            role=word(member.role),
            intervals=[Interval(from_seq=low, to_seq=0 if high == MAX_SEQ else high) for low, high in member.intervals],
            read_seq=member.read_seq,
            delivered_seq=member.delivered_seq,
            unread=seen.unread,
            mentions=seen.mentions,
            muted_until_ms=member.muted_until_ms,
            version=member.version,
            own=Own.of(seen.own),
            roles=list(row.roles),
            own_role=member.own_role,
            join_requests=seen.join_requests,
            keep_days=row.keep_days,
            kept_from=row.kept_from,
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
    contacts: list[Contact]
    reminders: list[Reminder]

    @classmethod
    def of(cls, state: model.UserState, user_id: str) -> UserState:
        return cls(
            since_version=state.since_version,
            version=state.version,
            more=state.more,
            conversations=[Conversation.of(one, user_id) for one in state.conversations],
            contacts=[Contact.of(one) for one in state.contacts],
            reminders=[Reminder.of(one) for one in state.reminders],
        )


class Member(_Out, frozen=True, kw_only=True):
    user_id: str
    role: RoleName
    state: State
    read_seq: int
    delivered_seq: int
    muted_until_ms: int
    own_role: str
    """The role of the conversation's own that they have in place of `member`; empty: none."""

    @classmethod
    def of(cls, row: model.MemberRow) -> Member:
        return cls(
            user_id=row.user_id,
            role=word(row.role),
            state=word(row.state),
            read_seq=row.read_seq,
            delivered_seq=row.delivered_seq,
            muted_until_ms=row.muted_until_ms,
            own_role=row.own_role,
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

"""The law a client follows: a snapshot and the entries after it are the same as a newer snapshot.

An entry applies to an object only if its seq is above the object's `as_of`; then it applies exactly as written here.
Everything the server filled into an entry (who wrote the recalled message, who had been mentioned before) is there so
that this can be done without looking anything up.  What cannot be known from here is never guessed: `Folded.ask_again`
says that the object must be fetched anew.  That is so when a capped count falls, when the message shown as the last one
is recalled, and when one's own place in the conversation begins or ends (which comes as user state anyway).

Pure functions over the values of `hubbub.chat.model`; the arguments are left as they are.
"""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec
from msgspec.structs import replace

from hubbub.chat.model import (
    UNREAD_CAP,
    ConversationChange,
    ConversationKind,
    ConversationRow,
    ConversationState,
    Created,
    Dissolved,
    Edit,
    Entry,
    HistoryPage,
    Mark,
    MemberAction,
    MemberChange,
    MemberRow,
    MessageRow,
    MessageState,
    Pin,
    Post,
    React,
    ReactionCount,
    Recall,
    Role,
)
from hubbub.chat.rules.conversations import apply_change
from hubbub.chat.rules.messages import withdrawn

REACTORS_SHOWN = 100

_LINES = (Created, MemberChange, ConversationChange, Dissolved)
"""What has a line of its own among the messages."""

T = TypeVar("T")


class Folded(msgspec.Struct, Generic[T], frozen=True):
    """An object after an entry; with `ask_again` it is only the best guess and must be fetched."""

    value: T
    ask_again: bool = False


# ---------------------------------------------------------------- a conversation as one person sees it


def fold_state(state: ConversationState, entry: Entry) -> Folded[ConversationState]:
    """Apply one entry to a conversation; `state.member` says whose view it is."""
    if entry.seq <= state.conversation.head:
        return Folded(state)
    me = state.member.user_id
    conversation = replace(state.conversation, head=entry.seq, last_time_ms=entry.time_ms)
    member = state.member
    last, unread, mentions = state.last_message, state.unread, state.mentions
    waiting = state.join_requests
    again = False
    action = entry.action
    match action:
        case Post():
            if entry.sender_id != me:
                unread = _count(unread, +action.counts)
                mentions = _count(mentions, +_mentions(action.mentions, action.mention_all, me))
            if action.counts and not action.withdrawn:
                last = message_of(entry, action)
        case Edit():
            if _is_unread(member, action.target_seq, action.target_sender_id):
                was = _mentions(action.previous_mentions, action.previous_mention_all, me)
                now = _mentions(action.mentions, action.mention_all, me)
                again = now < was and mentions >= UNREAD_CAP
                mentions = _count(mentions, now - was)
        case Recall():
            if _is_unread(member, action.target_seq, action.target_sender_id):
                was = _mentions(action.target_mentions, action.target_mention_all, me)
                again = (action.target_counts and unread >= UNREAD_CAP) or (was > 0 and mentions >= UNREAD_CAP)
                unread = _count(unread, -action.target_counts)
                mentions = _count(mentions, -was)
        case MemberChange():
            again = _came_or_went(action, me) or _count_is_unsure(conversation, action)
            # Whom it names may be one of those who wait to be let in.
            again = again or (state.join_requests > 0 and action.action in (MemberAction.ADD, MemberAction.BAN))
            conversation = replace(conversation, member_count=conversation.member_count + _came(action))
            member = _fold_role(member, entry.sender_id, action)
        case ConversationChange():
            apply_change(conversation, action)
            # The role this person has may give another right to let people in than before.
            again = action.roles is not None and member.own_role != ""
            if action.kept_from is not None:
                # How much of what was unread is gone, only the server knows.
                again = again or (bool(unread or mentions) and action.kept_from > member.read_seq + 1)
                if last is not None and last.message.seq < action.kept_from:
                    last = None
        case Dissolved():
            conversation, waiting = replace(conversation, dissolved=True), 0
        case Created() | React() | Pin():
            pass
    if last is not None and last.message.seq != entry.seq:
        shown = fold_message(last, entry, me)
        again = again or shown.ask_again or shown.value.message.recalled
        last = shown.value
    return Folded(ConversationState(conversation, member, unread, mentions, last, join_requests=waiting), again)


def fold_own_mark(state: ConversationState, mark: Mark) -> Folded[ConversationState]:
    """Raise one's own marks; what is unread below the head must be counted by the server."""
    read = max(state.member.read_seq, mark.read_seq)
    member = replace(state.member, read_seq=read, delivered_seq=max(state.member.delivered_seq, mark.delivered_seq))
    if read >= state.conversation.head:
        return Folded(replace(state, member=member, unread=0, mentions=0))
    return Folded(replace(state, member=member), ask_again=read > state.member.read_seq)


def _is_unread(member: MemberRow, seq: int, sender_id: str) -> bool:
    return seq > member.read_seq and sender_id != member.user_id and member.may_see(seq)


def _mentions(user_ids: tuple[str, ...], everybody: bool, me: str) -> int:
    return int(everybody or me in user_ids)


def _count(count: int, by: int) -> int:
    if count >= UNREAD_CAP:
        return UNREAD_CAP
    return max(0, count + by)


# ---------------------------------------------------------------- members


def fold_members(members: dict[str, MemberRow], entry: Entry) -> dict[str, MemberRow]:
    """Apply one entry to the joined members of a group: who they are, their roles and when they may speak again.

    Somebody who was muted, went and is added again is muted still, which no entry says (protocol.md 10.10).
    """
    action = entry.action
    if not isinstance(action, MemberChange):
        return members
    members = dict(members)
    match action.action:
        case MemberAction.ADD:
            for user_id in action.user_ids:
                members[user_id] = MemberRow(
                    entry.conversation_id,
                    user_id,
                    action.role,
                    read_seq=entry.seq,
                    delivered_seq=entry.seq,
                )
        case MemberAction.LEAVE | MemberAction.REMOVE | MemberAction.BAN:
            for user_id in action.user_ids:
                members.pop(user_id, None)
        case _:
            for user_id in {*action.user_ids, entry.sender_id} & members.keys():
                members[user_id] = _fold_role(members[user_id], entry.sender_id, action)
    return members


def fold_marks(members: dict[str, MemberRow], marks: tuple[Mark, ...]) -> dict[str, MemberRow]:
    """Raise the marks of members; marks never fall."""
    members = dict(members)
    for mark in marks:
        member = members.get(mark.user_id)
        if member is not None:
            members[mark.user_id] = replace(
                member,
                read_seq=max(member.read_seq, mark.read_seq),
                delivered_seq=max(member.delivered_seq, mark.delivered_seq),
            )
    return members


def _fold_role(member: MemberRow, sender_id: str, action: MemberChange) -> MemberRow:
    named = member.user_id in action.user_ids
    match action.action:
        case MemberAction.ROLE if named:
            return replace(member, role=action.role, own_role=action.own_role)
        case MemberAction.TRANSFER if named:
            return replace(member, role=Role.OWNER, own_role="")
        case MemberAction.TRANSFER if member.user_id == sender_id:
            return replace(member, role=Role.ADMIN)
        case MemberAction.MUTE if named:
            return replace(member, muted_until_ms=action.muted_until_ms)
    return member


def _came(action: MemberChange) -> int:
    match action.action:
        case MemberAction.ADD:
            return len(action.user_ids)
        case MemberAction.LEAVE | MemberAction.REMOVE | MemberAction.BAN:
            return -len(action.user_ids)
    return 0


def _came_or_went(action: MemberChange, me: str) -> bool:
    return me in action.user_ids and _came(action) != 0


def _count_is_unsure(conversation: ConversationRow, action: MemberChange) -> bool:
    """A channel bans people who may never have been in it."""
    return conversation.kind is ConversationKind.CHANNEL and action.action is MemberAction.BAN


# ---------------------------------------------------------------- a page of messages


def fold_history(page: HistoryPage, entry: Entry, me: str, *, thread_seq: int = 0) -> Folded[HistoryPage]:
    """Apply one entry to a page that `me` is shown; `thread_seq` if it is the page of that thread.

    A page that reaches the end of the log grows with it.
    """
    if entry.seq <= page.as_of:
        return Folded(page)
    again = False
    items: list[MessageState | Entry] = []
    kept_from = _kept_from(entry)
    more_before = page.more_before and page.from_seq > kept_from
    for item in page.items:
        if (item.message.seq if isinstance(item, MessageState) else item.seq) < kept_from:
            continue
        if isinstance(item, MessageState):
            folded = fold_message(item, entry, me)
            again = again or folded.ask_again
            item = folded.value
        items.append(item)
    to_seq = page.to_seq
    if not page.more_after:
        to_seq = entry.seq
        if isinstance(entry.action, Post):
            if not thread_seq or entry.action.thread_seq == thread_seq:
                items.append(message_of(entry, entry.action))
        elif (
            not thread_seq
            and not kept_from
            and isinstance(entry.action, Created | MemberChange | ConversationChange | Dissolved)
        ):
            items.append(entry)
    page = replace(page, items=tuple(items), to_seq=to_seq, as_of=entry.seq, more_before=more_before)
    return Folded(page, again)


def _kept_from(entry: Entry) -> int:
    """Return below which seq nothing is there any more after this entry; 0 for one that says nothing of it."""
    return entry.action.kept_from or 0 if isinstance(entry.action, ConversationChange) else 0


def message_of(entry: Entry, post: Post) -> MessageState:
    """Return a message as it is when it is posted."""
    return MessageState(
        MessageRow(entry.conversation_id, entry.seq, entry.time_ms, entry.sender_id, entry.client_id, post)
    )


def fold_message(state: MessageState, entry: Entry, me: str) -> Folded[MessageState]:
    """Apply one entry to one message, if it is about that message."""
    message, action = state.message, entry.action
    if entry.seq <= message.seq:
        return Folded(state)
    if isinstance(action, Post):
        if action.thread_seq != message.seq:
            return Folded(state)
        message = replace(message, thread_replies=message.thread_replies + 1, thread_last_seq=entry.seq)
        return Folded(replace(state, message=message))
    if not isinstance(action, Edit | Recall | React | Pin) or action.target_seq != message.seq:
        return Folded(state)
    match action:
        case Edit():
            post = replace(message.post, body=action.body, mentions=action.mentions, mention_all=action.mention_all)
            message = replace(message, post=post, edits=message.edits + 1, edited_ms=entry.time_ms)
        case Recall():
            message = replace(message, post=withdrawn(message.post), recalled=True, pinned=False)
        case Pin():
            message = replace(message, pinned=action.set)
        case React():
            return _fold_reaction(state, entry.sender_id, action, me)
    return Folded(replace(state, message=message))


def _fold_reaction(state: MessageState, sender_id: str, action: React, me: str) -> Folded[MessageState]:
    """Set or unset a reaction; doing so twice changes nothing.

    Beyond the first hundred people nobody can tell from here whether somebody had reacted already.
    """
    reactions = {each.emoji: each for each in state.reactions}
    known = reactions.get(action.emoji, ReactionCount(action.emoji, 0, ()))
    listed = sender_id in known.user_ids
    if not listed and known.count > len(known.user_ids) and sender_id != me:
        return Folded(state, ask_again=True)
    had = listed or (sender_id == me and known.mine)
    if had == action.set:
        return Folded(state)
    if action.set:
        user_ids = (*known.user_ids, sender_id)[:REACTORS_SHOWN]
        reactions[action.emoji] = ReactionCount(action.emoji, known.count + 1, user_ids, known.mine or sender_id == me)
    else:
        user_ids = tuple([each for each in known.user_ids if each != sender_id])
        reactions[action.emoji] = ReactionCount(action.emoji, known.count - 1, user_ids, known.mine and sender_id != me)
        if known.count == 1:
            del reactions[action.emoji]
    # A list that was cut has somebody else move up, whom only the server knows.
    again = not action.set and known.count > len(known.user_ids)
    return Folded(replace(state, reactions=tuple(reactions.values())), again)

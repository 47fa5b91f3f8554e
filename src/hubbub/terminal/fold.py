"""The law a client follows: a snapshot and the entries after it are the same as a newer snapshot (protocol.md 10.6).

An entry applies to an object only if its seq is above the object's `as_of`; then it applies exactly as written here.
What cannot be known from here is never guessed: the second value says that the object must be fetched anew.  Pure
functions over the SDK's values; the arguments are left as they are.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from hubbub.client.models import (
    Body,
    Conversation,
    ConversationChange,
    Created,
    Dissolved,
    Edit,
    Entry,
    MemberAction,
    MemberChange,
    Message,
    Pin,
    Post,
    Reaction,
    ReactionCount,
    Recall,
)

UNREAD_CAP: Final = 100
"""A count is exact below it; at it, it means: this many or more."""

REACTORS_SHOWN: Final = 100

_SETTINGS: Final = (
    "title",
    "topic",
    "announcement",
    "history_for_newcomers",
    "mute_all",
    "slow_mode_s",
    "keep_days",
    "kept_from",
)

Item = Message | Entry
"""What a history shows: messages, and lines about the conversation."""


def message_of(entry: Entry, post: Post) -> Message:
    """Return a message as it is when it is posted."""
    return Message(
        entry.conversation_id,
        entry.seq,
        entry.time_ms,
        entry.sender_id,
        entry.client_id,
        post,
        # An entry read after its message was taken back comes without its body (protocol.md 7.3).
        recalled=post.withdrawn,
    )


def item_of(entry: Entry) -> Item | None:
    """Return the item that an entry adds at the end of a conversation; None if it adds none."""
    match entry.action:
        case Post() as post:
            return message_of(entry, post)
        case ConversationChange(kept_from=int()):
            return None
        case Created() | MemberChange() | ConversationChange() | Dissolved():
            return entry
    return None


def kept_from(entry: Entry) -> int:
    """Return below which seq nothing is there any more after an entry; 0 when it says nothing of it."""
    return entry.action.kept_from or 0 if isinstance(entry.action, ConversationChange) else 0


def target_of(entry: Entry) -> int:
    """Return the seq of the message that an entry changes; 0 when it changes none."""
    match entry.action:
        case Edit(target=target) | Recall(target=target) | Reaction(target=target) | Pin(target=target):
            return target
        case Post(thread=thread):
            return thread
    return 0


def fold_message(message: Message, entry: Entry, me: str) -> tuple[Message, bool]:
    """Apply an entry to a message, if it is about that message; `me` is the reader."""
    if entry.seq <= message.seq or target_of(entry) != message.seq:
        return message, False
    action = entry.action
    match action:
        case Post():
            return replace(message, thread_replies=message.thread_replies + 1, thread_last_seq=entry.seq), False
        case Edit():
            post = message.post
            if not message.recalled:
                post = replace(post, body=action.body, mentions=action.mentions, mention_all=action.mention_all)
            return replace(message, post=post, edits=message.edits + 1, edited_ms=entry.time_ms), False
        case Recall():
            gone = replace(message.post, body=Body(), mentions=(), mention_all=False, withdrawn=True)
            return replace(message, post=gone, recalled=True, pinned=False), False
        case Pin():
            return replace(message, pinned=action.set), False
        case Reaction():
            return _fold_reaction(message, entry.sender_id, action, me)
    return message, False


def _fold_reaction(message: Message, sender_id: str, action: Reaction, me: str) -> tuple[Message, bool]:
    """Set or unset a reaction; doing so twice changes nothing.

    Beyond the first hundred people nobody can tell from here whether somebody had reacted already (protocol.md 10.8).
    """
    reactions = {each.emoji: each for each in message.reactions}
    known = reactions.get(action.emoji, ReactionCount(action.emoji, 0, ()))
    listed = sender_id in known.user_ids
    if not listed and known.count > len(known.user_ids) and sender_id != me:
        return message, True
    had = listed or (sender_id == me and known.mine)
    if had == action.set:
        return message, False
    if action.set:
        user_ids = (*known.user_ids, sender_id)[:REACTORS_SHOWN]
    else:
        user_ids = tuple([each for each in known.user_ids if each != sender_id])
    mine = action.set if sender_id == me else known.mine
    count = known.count + (1 if action.set else -1)
    reactions[action.emoji] = ReactionCount(action.emoji, count, user_ids, mine)
    if not count:
        del reactions[action.emoji]
    # A list that was cut has somebody else move up, whom only the server knows.
    again = not action.set and known.count > len(known.user_ids)
    return replace(message, reactions=tuple(reactions.values())), again


def fold_conversation(held: Conversation, entry: Entry, me: str) -> tuple[Conversation, bool]:
    """Apply an entry to a conversation as `me` sees it (protocol.md 10.9, 14.5)."""
    if entry.seq <= held.as_of:
        return held, False
    unread, mentions, last, again = held.unread, held.mentions, held.last_message, False
    changes: dict[str, object] = {}
    action = entry.action
    match action:
        case Post():
            counts = not action.thread or action.also_in_conversation
            if entry.sender_id != me:
                unread = _count(unread, int(counts))
                mentions = _count(mentions, int(_mentions(action.mentions, action.mention_all, me)))
            if counts and not action.withdrawn:
                last = message_of(entry, action)
        case Edit() if _is_unread(held, action.target, action.target_sender_id, me):
            was = _mentions(action.previous_mentions, action.previous_mention_all, me)
            now = _mentions(action.mentions, action.mention_all, me)
            again = now < was and mentions >= UNREAD_CAP
            mentions = _count(mentions, now - was)
        case Recall() if _is_unread(held, action.target, action.target_sender_id, me):
            was = _mentions(action.target_mentions, action.target_mention_all, me)
            again = (action.target_counts and unread >= UNREAD_CAP) or (was and mentions >= UNREAD_CAP)
            unread = _count(unread, -int(action.target_counts))
            mentions = _count(mentions, -int(was))
        case MemberChange():
            changes["member_count"] = held.member_count + _came(action)
            again = me in action.user_ids
        case ConversationChange():
            changes |= {name: value for name in _SETTINGS if (value := getattr(action, name)) is not None}
            if since := kept_from(entry):
                # How much of what was unread is gone, only the server knows.
                again = bool(unread or mentions) and since > held.read_seq + 1
                last = last if last is not None and last.seq >= since else None
        case Dissolved():
            changes["dissolved"] = True
    if last is not None and last.seq != entry.seq:
        last, unsure = fold_message(last, entry, me)
        again = again or unsure or last.recalled
    folded = replace(
        held,
        as_of=entry.seq,
        last_time_ms=entry.time_ms,
        unread=unread,
        mentions=mentions,
        last_message=last,
        **changes,
    )
    return folded, again


def _count(count: int, by: int) -> int:
    return UNREAD_CAP if count >= UNREAD_CAP else max(0, count + by)


def _mentions(user_ids: tuple[str, ...], everybody: bool, me: str) -> bool:
    return everybody or me in user_ids


def _is_unread(held: Conversation, seq: int, sender_id: str, me: str) -> bool:
    visible = any(first <= seq and (not last or seq <= last) for first, last in held.intervals)
    return seq > held.read_seq and sender_id != me and visible


def _came(action: MemberChange) -> int:
    match action.action:
        case MemberAction.ADD:
            return len(action.user_ids)
        case MemberAction.LEAVE | MemberAction.REMOVE | MemberAction.BAN:
            return -len(action.user_ids)
    return 0

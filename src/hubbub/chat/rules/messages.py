"""Posting, editing, recalling, reacting, pinning."""

from __future__ import annotations

from msgspec.structs import replace

from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import NOBODY
from hubbub.chat.model import (
    Accepted,
    Body,
    ConversationKind,
    ConversationRow,
    Edit,
    Forwarded,
    MemberRow,
    MemberState,
    MessageRow,
    Pin,
    Post,
    React,
    ReactionRow,
    Recall,
)
from hubbub.chat.rights import Right
from hubbub.chat.rules.batch import Batch
from hubbub.chat.rules.commands import Send
from hubbub.chat.rules.standing import (
    conversation_of,
    member_of,
    need,
    need_alive,
    need_ear,
    need_unmuted,
    need_voice,
    rights,
)
from hubbub.chat.words import FilterAction, Verdict


def post(batch: Batch, send: Send, conversation: ConversationRow, member: MemberRow | None) -> Accepted:
    """Store a message.  This is the hot path: plain members pay for a few comparisons."""
    action: Post = send.submit.action  # type: ignore[assignment]
    if member is None or member.muted_until_ms or member.own_role or conversation.mute_all or conversation.barred:
        need_voice(batch, conversation, member, send.caller)
    elif send.caller.muted_until_ms:
        need_unmuted(batch, send.caller)
    slow = member if conversation.slow_mode_s else None
    if slow is not None:
        _need_pause(batch, conversation, slow, send)
    if conversation.dissolved:
        need_alive(conversation)
    root = None
    if action.reply_to_seq:
        _visible(batch, conversation, member, action.reply_to_seq)
    if action.thread_seq:
        root = _visible(batch, conversation, member, action.thread_seq)
        if root.post.thread_seq:
            raise ChatError(Code.BAD_REQUEST, "A reply in a thread opens no thread of its own.")
    if action.forwarded is not None:
        action = _passed_on(batch, send, action.forwarded)
    elif send.verdict is not None:
        action = replace(action, body=_let_through(send.verdict, conversation))
    if action.forwarded is None and action.body.files:
        action = replace(action, body=batch.files(send.caller.user_id, action.body))
    accepted = batch.append(
        conversation, send.key, action, send.digest, action.counts, action.mention_all, action.mentions
    )
    if action.body.files:
        batch.show_files(conversation.id, accepted.seq, action.body)
    if root is not None:
        root.thread_replies += 1
        root.thread_last_seq = accepted.seq
        batch.touch_message(root)
    if slow is not None:
        slow.last_sent_ms = accepted.time_ms
        batch.touch_member(conversation, slow)
    return accepted


def _passed_on(batch: Batch, send: Send, named: Forwarded) -> Post:
    """Return the message that says what another says, if this person may read that one.

    Whoever may see a message may have its files, so they are theirs to pass on.
    """
    source = conversation_of(batch, named.conversation_id)
    member = batch.facts.members.get((source.id, send.caller.user_id))
    public = source.kind is ConversationKind.CHANNEL
    visits = member is None or member.state in (MemberState.NONE, MemberState.LEFT)
    if public and visits and source.history_for_newcomers:
        member = None
    else:
        # Who was put out may read what was there; what it says now is not theirs to pass on.
        member = member_of(batch, source, send.caller.user_id)
    target = _standing(batch, source, member, named.seq)
    # Passed on again, it is still what the first one wrote.
    origin = target.post.forwarded or Forwarded(
        conversation_id=source.id if public else "",
        seq=target.seq if public else 0,
        sender_id="" if target.sender_id == NOBODY else target.sender_id,
        time_ms=target.time_ms,
    )
    return Post(target.post.body, forwarded=origin)


def _let_through(verdict: Verdict, conversation: ConversationRow) -> Body:
    """Return what is stored of a message the word filters found something in, or refuse it.

    Moderators read what is held, so only what everybody may read is held: in a closed conversation it is refused.
    """
    if verdict.masked is not None:
        return verdict.masked
    held = verdict.action is FilterAction.HOLD and conversation.kind is ConversationKind.CHANNEL
    raise ChatError(Code.HELD_FOR_REVIEW if held else Code.WORDS_REFUSED)


def _need_pause(batch: Batch, conversation: ConversationRow, member: MemberRow, send: Send) -> None:
    """Refuse a member who sent too short a while ago; who may always speak is exempt."""
    if not member.last_sent_ms or Right.SPEAK_ALWAYS in rights(conversation, member, send.caller):
        return
    left_ms = member.last_sent_ms + conversation.slow_mode_s * 1000 - batch.moment(conversation)
    if left_ms > 0:
        raise ChatError(Code.SLOW_MODE, retry_after_s=left_ms / 1000)


def edit(batch: Batch, send: Send, conversation: ConversationRow, member: MemberRow | None) -> Accepted:
    """Give a message a new body; only its author may."""
    action: Edit = send.submit.action  # type: ignore[assignment]
    need_voice(batch, conversation, member, send.caller)
    need_alive(conversation)
    target = _standing(batch, conversation, member, action.target_seq)
    # What somebody passed on are another's words.
    if target.sender_id != send.caller.user_id or target.post.forwarded is not None:
        raise ChatError(Code.FORBIDDEN)
    before = target.post
    said = action.body if send.verdict is None else _let_through(send.verdict, conversation)
    entry = replace(
        action,
        body=batch.files(send.caller.user_id, said),
        previous_mentions=before.mentions,
        previous_mention_all=before.mention_all,
        target_sender_id=target.sender_id,
        target_counts=before.counts,
    )
    accepted = batch.append(conversation, send.key, entry, send.digest)
    batch.show_files(conversation.id, target.seq, entry.body)
    target.post = replace(before, body=entry.body, mentions=action.mentions, mention_all=action.mention_all)
    target.edits += 1
    target.edited_ms = accepted.time_ms
    batch.touch_message(target)
    if action.mentions != before.mentions or action.mention_all != before.mention_all:
        batch.mention(target, action.mention_all, action.mentions)
    return accepted


def recall(batch: Batch, send: Send, conversation: ConversationRow, member: MemberRow | None) -> Accepted:
    """Take a message back; its author may, also when muted, and those who manage the conversation."""
    action: Recall = send.submit.action  # type: ignore[assignment]
    need_alive(conversation)
    target = _standing(batch, conversation, member, action.target_seq)
    if target.sender_id != send.caller.user_id:
        need(conversation, member, send.caller, Right.RECALL)
    before = target.post
    entry = Recall(
        target_seq=action.target_seq,
        target_sender_id=target.sender_id,
        target_counts=before.counts,
        target_mentions=before.mentions,
        target_mention_all=before.mention_all,
    )
    accepted = batch.append(conversation, send.key, entry, send.digest)
    target.post = withdrawn(before)
    target.recalled = True
    target.pinned = False
    batch.touch_message(target)
    if before.mentions or before.mention_all:
        batch.mention(target, False, ())
    return accepted


def react(batch: Batch, send: Send, conversation: ConversationRow, member: MemberRow | None) -> Accepted:
    """Set a reaction or take it back.  Doing either twice is stored twice and changes nothing."""
    action: React = send.submit.action  # type: ignore[assignment]
    need_voice(batch, conversation, member, send.caller)
    need_alive(conversation)
    _standing(batch, conversation, member, action.target_seq)
    user_id = send.caller.user_id
    accepted = batch.append(conversation, send.key, action, send.digest)
    if action.set:
        batch.react(ReactionRow(conversation.id, action.target_seq, user_id, action.emoji, accepted.seq))
    else:
        batch.unreact((conversation.id, action.target_seq, user_id, action.emoji))
    return accepted


def pin(batch: Batch, send: Send, conversation: ConversationRow, member: MemberRow | None) -> Accepted:
    """Pin a message or take the pin away: either person of a direct chat, else those who manage."""
    action: Pin = send.submit.action  # type: ignore[assignment]
    if conversation.kind is not ConversationKind.DIRECT:
        need(conversation, member, send.caller, Right.PIN)
    need_ear(conversation, send.caller)
    need_alive(conversation)
    target = _standing(batch, conversation, member, action.target_seq)
    accepted = batch.append(conversation, send.key, action, send.digest)
    target.pinned = action.set
    batch.touch_message(target)
    return accepted


def withdrawn(before: Post) -> Post:
    """Return what is left of a message once it was recalled: its place, and nothing it said."""
    return replace(before, body=Body(), mentions=(), mention_all=False, withdrawn=True, forwarded=None)


def _visible(batch: Batch, conversation: ConversationRow, member: MemberRow | None, seq: int) -> MessageRow:
    """Return a message this member may see and that is still kept; to others it does not exist."""
    if seq < conversation.kept_from or (member is not None and not member.may_see(seq)):
        raise ChatError(Code.MESSAGE_NOT_FOUND)
    target = batch.message(conversation.id, seq)
    if target is None:
        raise ChatError(Code.MESSAGE_NOT_FOUND)
    return target


def _standing(batch: Batch, conversation: ConversationRow, member: MemberRow | None, seq: int) -> MessageRow:
    """Return a visible message that was not recalled."""
    target = _visible(batch, conversation, member, seq)
    if target.recalled:
        raise ChatError(Code.MESSAGE_RECALLED)
    return target

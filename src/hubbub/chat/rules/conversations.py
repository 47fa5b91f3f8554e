"""Making conversations, changing their settings, dissolving them."""

from __future__ import annotations

from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import GENERAL_CHANNEL, NOBODY
from hubbub.chat.model import (
    Accepted,
    ConversationChange,
    ConversationKind,
    ConversationRow,
    Created,
    MemberRow,
    MemberState,
    Role,
)
from hubbub.chat.ports import StoredUserKey
from hubbub.chat.rights import Right
from hubbub.chat.rules.batch import Batch
from hubbub.chat.rules.commands import Create, Establish, OpenDirect, Send, Settled, digest_of_action
from hubbub.chat.rules.standing import begin_stay, need, need_alive, need_people, need_rank, need_unmuted


def create(batch: Batch, command: Create) -> Settled:
    """Make a group or a channel, once per key of its creator."""
    user_id = command.caller.user_id
    stored = batch.facts.user_keys.get((user_id, command.client_id))
    if stored is not None:
        if stored.digest != command.digest:
            raise ChatError(Code.CONFLICT)
        return Settled(stored.conversation_id, changed=False)
    need_unmuted(batch, command.caller)
    need_people(batch, command.caller, command.user_ids)
    conversation = ConversationRow(
        command.conversation_id,
        command.kind,
        title=command.title,
        topic=command.topic,
        history_for_newcomers=command.history_for_newcomers,
    )
    people = tuple(dict.fromkeys((user_id, *command.user_ids)))
    _found(batch, conversation, user_id, command.client_id, people, command.digest)
    batch.place(conversation.id, user_id).role = Role.OWNER
    key = StoredUserKey(command.digest, conversation.id)
    batch.facts.user_keys[user_id, command.client_id] = key
    batch.user_keys.append((user_id, command.client_id, key))
    return Settled(conversation.id, changed=True)


def open_direct(batch: Batch, command: OpenDirect) -> Settled:
    """Make the private chat of two people unless it exists; its id is a function of the pair."""
    if command.conversation_id in batch.facts.conversations:
        return Settled(command.conversation_id, changed=False)
    one, other = sorted((command.caller.user_id, command.user_id))
    need_people(batch, command.caller, (command.user_id,))
    conversation = ConversationRow(command.conversation_id, ConversationKind.DIRECT, peers=(one, other))
    people = (one,) if one == other else (one, other)
    _found(batch, conversation, command.caller.user_id, command.conversation_id, people, None)
    return Settled(conversation.id, changed=True)


def establish(batch: Batch, command: Establish) -> Settled:
    """Make a conversation that exists from the start."""
    if command.conversation_id in batch.facts.conversations:
        return Settled(command.conversation_id, changed=False)
    conversation = ConversationRow(command.conversation_id, command.kind, title=command.title)
    _found(batch, conversation, NOBODY, command.conversation_id, (), None)
    return Settled(conversation.id, changed=True)


def _found(
    batch: Batch,
    conversation: ConversationRow,
    creator: str,
    client_id: str,
    people: tuple[str, ...],
    digest: bytes | None,
) -> None:
    """Write the first entry and the places of the first members."""
    conversation.created_by = creator
    conversation.created_ms = batch.now_ms
    conversation.member_count = len(people)
    batch.make(conversation)
    action = Created(conversation.kind, conversation.title, people)
    batch.append_membership(
        conversation,
        (conversation.id, creator, client_id),
        action,
        digest or digest_of_action(action),
        arrived=people,
    )
    for user_id in people:
        member = batch.place(conversation.id, user_id)
        member.state = MemberState.JOINED
        begin_stay(member, 1, with_history=True)
        member.read_seq = member.delivered_seq = 1
        batch.touch_member(conversation, member)


def change(batch: Batch, send: Send, conversation: ConversationRow, member: MemberRow | None) -> Accepted:
    """Change title, topic, announcement or settings; of the roles only the owner decides."""
    action: ConversationChange = send.submit.action  # type: ignore[assignment]
    need_unmuted(batch, send.caller)
    need(conversation, member, send.caller, Right.SETTINGS)
    if action.roles is not None:
        if conversation.kind not in (ConversationKind.GROUP, ConversationKind.CHANNEL):
            raise ChatError(Code.FORBIDDEN)
        need_rank(conversation, member, send.caller, Role.OWNER)
    need_alive(conversation)
    accepted = batch.append(conversation, send.key, action, send.digest)
    apply_change(conversation, action)
    return accepted


def apply_change(conversation: ConversationRow, action: ConversationChange) -> None:
    """Set the fields that are present."""
    for name in action.__struct_fields__:
        value = getattr(action, name)
        if value is not None:
            setattr(conversation, name, value)


def dissolve(batch: Batch, send: Send, conversation: ConversationRow, member: MemberRow | None) -> Accepted:
    """End a conversation for good; it stays readable."""
    if (
        conversation.kind not in (ConversationKind.GROUP, ConversationKind.CHANNEL)
        or conversation.id == GENERAL_CHANNEL
    ):
        raise ChatError(Code.FORBIDDEN)
    need_rank(conversation, member, send.caller, Role.OWNER)
    need_alive(conversation)
    accepted = batch.append(conversation, send.key, send.submit.action, send.digest)
    conversation.dissolved = True
    return accepted

"""Decide a batch of commands over the rows one transaction holds.

`needs` names the rows; `plan` is called with them inside the transaction and decides command by command, each seeing
what the earlier ones did.  For a submit the order of the questions is the contract (protocol.md 6.5, 6.8): first the
key, so that a retry of something stored is answered whatever happened since; then the predecessor; then who one is;
then what one may do; and a number is given out only when nothing can refuse any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from hubbub.base.errors import ChatError, Code
from hubbub.chat.model import (
    Accepted,
    Action,
    ConversationChange,
    ConversationKind,
    ConversationRow,
    Dissolved,
    Edit,
    MemberAction,
    MemberChange,
    MemberRow,
    MemberState,
    Pin,
    Post,
    React,
    Recall,
)
from hubbub.chat.ports import Changes, EntriesAppended, Facts, HeadsAnnounced, Needs
from hubbub.chat.rules import conversations, keeping, membership, messages
from hubbub.chat.rules.batch import Batch
from hubbub.chat.rules.commands import Command, Create, Establish, Expire, Join, Keep, Leave, OpenDirect, Outcome, Send
from hubbub.chat.rules.standing import conversation_of, member_of


class Plan(msgspec.Struct):
    """What becomes of a batch."""

    changes: Changes
    outcomes: list[Outcome]
    """One per command, in order."""
    appended: list[EntriesAppended | HeadsAnnounced]
    """What to tell once it is committed, in order; each with the audience that may hear of it."""


# ---------------------------------------------------------------- which rows


def needs(commands: Sequence[Command]) -> Needs:
    """Return the rows that `commands` are decided over."""
    needed = Needs()
    for command in commands:
        if type(command) is Send:
            _send_needs(needed, command)
        else:
            _other_needs(needed, command)
    return needed


def _send_needs(needed: Needs, send: Send) -> None:
    key = send.key
    conversation_id, user_id, _ = key
    submit = send.submit
    needed.conversations.add(conversation_id)
    needed.keys.add(key)
    needed.members.add((conversation_id, user_id))
    if submit.after:
        needed.keys.add((conversation_id, user_id, submit.after))
    action = submit.action
    if type(action) is Post:
        if action.forwarded is not None:
            source = action.forwarded
            # Locked as well: nobody is put out of it, and the message is not recalled, while it is passed on.
            needed.conversations.add(source.conversation_id)
            needed.members.add((source.conversation_id, user_id))
            needed.messages.add((source.conversation_id, source.seq))
        if action.body.files:
            needed.files.update([(user_id, each.id) for each in action.body.files])
        if action.reply_to_seq:
            needed.messages.add((conversation_id, action.reply_to_seq))
        if action.thread_seq:
            needed.messages.add((conversation_id, action.thread_seq))
    elif isinstance(action, Edit | Recall | React | Pin):
        needed.messages.add((conversation_id, action.target_seq))
        if type(action) is Edit:
            needed.files.update([(user_id, each.id) for each in action.body.files])
    elif isinstance(action, MemberChange):
        needed.members.update([(conversation_id, target) for target in action.user_ids])
        if action.action in (MemberAction.ADD, MemberAction.BAN):
            needed.users.update(action.user_ids)
        if action.action is MemberAction.ADD:
            _block_needs(needed, user_id, action.user_ids)


def _other_needs(needed: Needs, command: Command) -> None:
    match command:
        case Create():
            needed.user_keys.add((command.caller.user_id, command.client_id))
            needed.users.update(command.user_ids)
            _block_needs(needed, command.caller.user_id, command.user_ids)
        case OpenDirect():
            needed.conversations.add(command.conversation_id)
            needed.users.add(command.user_id)
            _block_needs(needed, command.caller.user_id, (command.user_id,))
        case Join():
            needed.conversations.add(command.conversation_id)
            needed.members.add((command.conversation_id, command.caller.user_id))
        case Leave():
            _send_needs(needed, command.as_send())
        case Establish() | Keep():
            needed.conversations.add(command.conversation_id)
        case Expire():
            needed.conversations.add(command.conversation_id)
            needed.held.add(command.conversation_id)
        case Send():
            _send_needs(needed, command)


def _block_needs(needed: Needs, user_id: str, others: Sequence[str]) -> None:
    for other in others:
        needed.blocks.update(((user_id, other), (other, user_id)))


# ---------------------------------------------------------------- what becomes of them


def plan(commands: Sequence[Command], facts: Facts, now_ms: int) -> Plan:
    """Decide every command in order.  `facts` belongs to this call and is changed by it."""
    batch = Batch(facts, now_ms)
    outcomes: list[Outcome] = []
    for command in commands:
        try:
            outcomes.append(_DECISIONS[type(command)](batch, command))
        except ChatError as refusal:
            # The outcome outlives this call; its frames need not.
            outcomes.append(refusal.with_traceback(None))
    changes = batch.changes()
    return Plan(changes, outcomes, batch.appended)


def send(batch: Batch, command: Send) -> Accepted:
    """Decide one submit."""
    facts = batch.facts
    key = command.key
    stored = facts.keys.get(key)
    if stored is not None:
        if stored.digest != command.digest:
            raise ChatError(Code.CONFLICT)
        return Accepted(stored.seq, stored.time_ms, True)
    submit = command.submit
    conversation_id, user_id, _ = key
    if submit.after and (conversation_id, user_id, submit.after) not in facts.keys:
        raise ChatError(Code.PREDECESSOR_MISSING)
    conversation = facts.conversations.get(conversation_id)
    if conversation is None:
        conversation = conversation_of(batch, conversation_id)
    member = facts.members.get((conversation_id, user_id))
    if member is None or member.state is not MemberState.JOINED or conversation.kind is ConversationKind.SYSTEM:
        member = member_of(batch, conversation, user_id)
    return _ACTIONS[type(submit.action)](batch, command, conversation, member)


def _refuse(batch: Batch, command: Send, conversation: ConversationRow, member: MemberRow | None) -> Accepted:
    raise ChatError(Code.BAD_REQUEST, "That is not something a client submits.")


class _Actions(dict[type[Action], Callable[[Batch, Send, ConversationRow, MemberRow | None], Accepted]]):
    def __missing__(self, kind: type[Action]) -> Callable[..., Accepted]:
        return _refuse


_ACTIONS = _Actions(
    {
        Post: messages.post,
        Edit: messages.edit,
        Recall: messages.recall,
        React: messages.react,
        Pin: messages.pin,
        MemberChange: membership.change,
        ConversationChange: conversations.change,
        Dissolved: conversations.dissolve,
    }
)

_DECISIONS: dict[type, Callable[[Batch, Any], Outcome]] = {
    Send: send,
    Create: conversations.create,
    OpenDirect: conversations.open_direct,
    Join: membership.join,
    Leave: membership.leave,
    Establish: conversations.establish,
    Keep: keeping.keep,
    Expire: keeping.expire,
}

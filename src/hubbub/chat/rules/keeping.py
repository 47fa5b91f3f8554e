"""How long the messages of a conversation are kept, and letting go of those that were kept long enough.

What goes is everything below one number, so that it is one entry and one column, however much it is: those who see the
log learn of it in its order, and no count, page or search needs to know more than the number.  It only grows.
"""

from __future__ import annotations

from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import NOBODY
from hubbub.chat.model import ConversationChange
from hubbub.chat.retention import days_kept
from hubbub.chat.rules.batch import Batch
from hubbub.chat.rules.commands import Expire, Keep, Settled, digest_of_action
from hubbub.chat.rules.conversations import apply_change


def keep(batch: Batch, command: Keep) -> Settled:
    """Change for how long messages are kept; members read it in the conversation, as a line of the place's own."""
    conversation = batch.facts.conversations.get(command.conversation_id)
    if conversation is None:
        raise ChatError(Code.CONVERSATION_NOT_FOUND)
    if conversation.keep_days == command.keep_days:
        return Settled(conversation.id, changed=False)
    batch.keeping_changed.append((conversation.id, conversation.keep_days, command.keep_days))
    action = ConversationChange(keep_days=command.keep_days)
    batch.append(conversation, (conversation.id, NOBODY, command.client_id), action, digest_of_action(action))
    apply_change(conversation, action)
    return Settled(conversation.id, changed=True)


def expire(batch: Batch, command: Expire) -> Settled:
    """Let go of everything below a seq, unless that is held, or is to be kept longer than when the seq was found."""
    conversation = batch.facts.conversations.get(command.conversation_id)
    if conversation is None:
        raise ChatError(Code.CONVERSATION_NOT_FOUND)
    days = days_kept(conversation.keep_days, command.place_days)
    done = command.kept_from <= conversation.kept_from
    if done or days != command.days or conversation.id in batch.facts.held:
        return Settled(conversation.id, changed=False)
    action = ConversationChange(kept_from=command.kept_from)
    key = (conversation.id, NOBODY, command.client_id)
    batch.append(conversation, key, action, digest_of_action(action), quiet=True)
    apply_change(conversation, action)
    return Settled(conversation.id, changed=True)

"""Who somebody is in a conversation, and what that allows.

direct: both may write unless one has blocked the other, nobody manages.  group: owner and admins manage.  channel: the
same, and whoever manages all channels.  system: only those who announce write or manage.
"""

from __future__ import annotations

from collections.abc import Iterable

from hubbub.base.errors import ChatError, Code
from hubbub.chat.model import MAX_SEQ, Caller, ConversationKind, ConversationRow, MemberRow, MemberState, Role
from hubbub.chat.rights import ALL, NONE, SPEAKING, Right
from hubbub.chat.rules.batch import Batch

_RIGHTS = {Role.NONE: NONE, Role.MEMBER: SPEAKING, Role.ADMIN: ALL, Role.OWNER: ALL}

INTERVALS = 64
"""How many separate stays are remembered; with more, the oldest are no longer shown."""


def conversation_of(batch: Batch, conversation_id: str) -> ConversationRow:
    """Return the conversation, or refuse."""
    conversation = batch.facts.conversations.get(conversation_id)
    if conversation is None:
        raise ChatError(Code.CONVERSATION_NOT_FOUND)
    return conversation


def member_of(batch: Batch, conversation: ConversationRow, user_id: str) -> MemberRow | None:
    """Return the place of somebody who is in the conversation now, or refuse; None in the system conversation."""
    if conversation.kind is ConversationKind.SYSTEM:
        return None
    member = batch.facts.members.get((conversation.id, user_id))
    if member is None and conversation.kind is ConversationKind.DIRECT:
        # Anybody can compute the id of two people's chat; whether they talk is theirs to know.
        raise ChatError(Code.CONVERSATION_NOT_FOUND)
    if member is None or member.state is not MemberState.JOINED:
        banned = member is not None and member.state is MemberState.BANNED
        raise ChatError(Code.BANNED if banned else Code.NOT_A_MEMBER)
    return member


def rank(conversation: ConversationRow, member: MemberRow | None, caller: Caller) -> Role:
    """Return the role the caller acts in."""
    kind = conversation.kind
    if kind is ConversationKind.DIRECT:
        return Role.MEMBER
    if kind is ConversationKind.SYSTEM:
        announces = caller.is_admin if caller.announces is None else caller.announces
        return Role.OWNER if announces else Role.NONE
    if caller.is_admin and kind is ConversationKind.CHANNEL:
        return Role.OWNER
    return member.role if member is not None else Role.NONE


def need_rank(conversation: ConversationRow, member: MemberRow | None, caller: Caller, least: Role) -> Role:
    """Return the caller's role, which is at least `least`, or refuse."""
    role = rank(conversation, member, caller)
    if role < least:
        raise ChatError(Code.FORBIDDEN)
    return role


def rights(conversation: ConversationRow, member: MemberRow | None, caller: Caller) -> frozenset[Right]:
    """Return what the caller may do here."""
    role = rank(conversation, member, caller)
    if role is Role.MEMBER and member is not None and member.own_role:
        return rights_of(conversation, member)
    return _RIGHTS[role]


def rights_of(conversation: ConversationRow, member: MemberRow) -> frozenset[Right]:
    """Return what somebody may do here by their place alone."""
    if member.role is Role.MEMBER and member.own_role:
        for own in conversation.roles:
            if own.id == member.own_role:
                return own.gives
    return _RIGHTS[member.role]


def need(conversation: ConversationRow, member: MemberRow | None, caller: Caller, right: Right) -> None:
    """Refuse who has no such right here."""
    if right not in rights(conversation, member, caller):
        raise ChatError(Code.FORBIDDEN)


FOR_EVER_MS = 2**52
"""A mute that lasts beyond this has no end."""


def need_unmuted(batch: Batch, caller: Caller) -> None:
    """Refuse those who may not say anything on this server now."""
    left_ms = caller.muted_until_ms - batch.now_ms
    if left_ms > 0:
        endless = caller.muted_until_ms >= FOR_EVER_MS
        raise ChatError(Code.MUTED, retry_after_s=0.0 if endless else left_ms / 1000)


def need_voice(batch: Batch, conversation: ConversationRow, member: MemberRow | None, caller: Caller) -> None:
    """Refuse those who may not say anything here now: the muted, and all but the managers where all are muted."""
    if caller.muted_until_ms:
        need_unmuted(batch, caller)
    if conversation.barred:
        need_ear(conversation, caller)
    if member is None:
        need_rank(conversation, member, caller, Role.ADMIN)
        return
    if member.muted_until_ms:
        left_ms = member.muted_until_ms - batch.moment(conversation)
        if left_ms > 0:
            raise ChatError(Code.MUTED, retry_after_s=left_ms / 1000)
    if conversation.mute_all or member.own_role:
        may = rights(conversation, member, caller)
        if Right.SEND not in may:
            raise ChatError(Code.FORBIDDEN)
        if conversation.mute_all and Right.SPEAK_ALWAYS not in may:
            raise ChatError(Code.MUTED)


def need_ear(conversation: ConversationRow, caller: Caller) -> None:
    """Refuse both people of a private chat in which one has blocked the other; only the blocker is told why."""
    if caller.user_id in conversation.barred:
        raise ChatError(Code.FORBIDDEN)
    if conversation.barred:
        raise ChatError(Code.FORBIDDEN, "You have blocked this person.")


def need_people(batch: Batch, caller: Caller, user_ids: Iterable[str]) -> None:
    """Refuse to bring together with the caller who does not exist, or has blocked the caller, or was by the caller.

    Who was blocked is not told so.
    """
    for user_id in user_ids:
        if user_id not in batch.facts.users:
            raise ChatError(Code.USER_NOT_FOUND, f"There is no such person: {user_id}.")
        if (user_id, caller.user_id) in batch.facts.blocks:
            raise ChatError(Code.FORBIDDEN)
        if (caller.user_id, user_id) in batch.facts.blocks:
            raise ChatError(Code.FORBIDDEN, "You have blocked this person.")


def need_alive(conversation: ConversationRow) -> None:
    """Refuse commands to a conversation that was dissolved."""
    if conversation.dissolved:
        raise ChatError(Code.CONVERSATION_DISSOLVED)


def begin_stay(member: MemberRow, first_seq: int, *, with_history: bool) -> None:
    """Open an interval at `first_seq`, or at the beginning of the log."""
    if with_history:
        member.intervals = ((1, MAX_SEQ),)
        return
    stays = [*member.intervals, (first_seq, MAX_SEQ)]
    if len(stays) > 1 and stays[-2][1] >= first_seq - 1:
        stays[-2:] = [(stays[-2][0], MAX_SEQ)]
    member.intervals = tuple(stays[-INTERVALS:])


def end_stay(member: MemberRow, last_seq: int) -> None:
    """Close the open interval; `last_seq` is the last entry this person sees."""
    if not member.intervals or member.intervals[-1][1] != MAX_SEQ:
        return
    low = member.intervals[-1][0]
    kept = member.intervals[:-1]
    member.intervals = (*kept, (low, last_seq)) if low <= last_seq else kept

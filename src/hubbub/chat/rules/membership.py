"""Who comes, who goes, and in which role.

A membership is a list of intervals of seq.  Whoever is removed or leaves still sees the entry that says so and nothing
after it.  In a channel joining and leaving are rows and no entries; everything else is an entry everywhere.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from hubbub.base.errors import ChatError, Code
from hubbub.chat.model import (
    Accepted,
    Caller,
    ConversationKind,
    ConversationRow,
    MemberAction,
    MemberChange,
    MemberRow,
    MemberState,
    Role,
)
from hubbub.chat.rights import Right
from hubbub.chat.rules.batch import Batch
from hubbub.chat.rules.commands import Join, Leave, Send, Settled, digest_of_action
from hubbub.chat.rules.standing import (
    begin_stay,
    conversation_of,
    end_stay,
    member_of,
    need,
    need_alive,
    need_people,
    rank,
    rights,
    rights_of,
)

_MANAGED = (ConversationKind.GROUP, ConversationKind.CHANNEL)


def change(batch: Batch, send: Send, conversation: ConversationRow, member: MemberRow | None) -> Accepted:
    """Decide a submitted change of membership."""
    action: MemberChange = send.submit.action  # type: ignore[assignment]
    if conversation.kind not in _MANAGED or member is None:
        raise ChatError(Code.FORBIDDEN)
    if action.action is MemberAction.LEAVE:
        if conversation.kind is ConversationKind.CHANNEL:
            raise ChatError(Code.BAD_REQUEST, "Leaving a channel is a request of its own.")
        return _leave_group(batch, send, conversation, member)
    decide = _DECISIONS.get(action.action)
    if decide is None:
        raise ChatError(Code.BAD_REQUEST)
    needed = _NEEDED.get(action.action)
    if needed is not None:
        need(conversation, member, send.caller, needed)
    return decide(batch, send, conversation, action, Doer.of(conversation, member, send.caller))


class Doer(msgspec.Struct, frozen=True):
    """Who changes a membership: the role they act in, and what they may do by it."""

    role: Role
    may: frozenset[Right]

    @classmethod
    def of(cls, conversation: ConversationRow, member: MemberRow, caller: Caller) -> Doer:
        return cls(rank(conversation, member, caller), rights(conversation, member, caller))

    def need_above(self, conversation: ConversationRow, row: MemberRow) -> None:
        """Refuse what would be done to somebody who is not below.

        Admins are above all members.  Who has a role of the conversation's own is above members who may do less.
        """
        above = row.role < self.role
        if self.role is Role.MEMBER:
            above = row.role is Role.MEMBER and rights_of(conversation, row) < self.may
        if not above:
            raise ChatError(Code.FORBIDDEN, f"That person's role is not below yours: {row.user_id}.")


# ---------------------------------------------------------------- coming


def _add(batch: Batch, send: Send, conversation: ConversationRow, action: MemberChange, doer: Doer) -> Accepted:
    if action.role > Role.MEMBER and doer.role < Role.OWNER:
        raise ChatError(Code.FORBIDDEN, "Only the owner makes admins.")
    need_alive(conversation)
    newcomers = []
    for user_id in action.user_ids:
        need_people(batch, send.caller, (user_id,))
        row = batch.member(conversation.id, user_id)
        if row is not None and row.state is MemberState.BANNED:
            raise ChatError(Code.BANNED, f"Banned from this conversation: {user_id}.")
        if row is None or row.state is not MemberState.JOINED:
            newcomers.append(user_id)
    if not newcomers:
        raise ChatError(Code.ALREADY_A_MEMBER)
    accepted = batch.append_membership(
        conversation, send.key, replace(action, user_ids=tuple(newcomers)), send.digest, arrived=newcomers
    )
    for user_id in newcomers:
        _seat(batch, conversation, user_id, action.role, accepted.seq, accepted.seq)
    return accepted


def join(batch: Batch, command: Join) -> Settled:
    """Let somebody into a channel, by a row and no entry, or with an invite into a group, by an entry."""
    conversation = conversation_of(batch, command.conversation_id)
    if conversation.kind is ConversationKind.SYSTEM:
        return Settled(conversation.id, changed=False)
    user_id = command.caller.user_id
    row = batch.member(conversation.id, user_id)
    if row is not None and row.state is MemberState.JOINED:
        return Settled(conversation.id, changed=False)
    if conversation.kind is ConversationKind.DIRECT and row is None:
        raise ChatError(Code.CONVERSATION_NOT_FOUND)
    invited = bool(command.client_id) and conversation.kind is ConversationKind.GROUP
    if conversation.kind is not ConversationKind.CHANNEL and not invited:
        raise ChatError(Code.NOT_A_MEMBER)
    if row is not None and row.state is MemberState.BANNED:
        raise ChatError(Code.BANNED)
    need_alive(conversation)
    if invited:
        # Who adds oneself has come by a link.
        action = MemberChange(MemberAction.ADD, (user_id,), Role.MEMBER)
        key = (conversation.id, user_id, command.client_id)
        accepted = batch.append_membership(conversation, key, action, digest_of_action(action), arrived=(user_id,))
        _seat(batch, conversation, user_id, Role.MEMBER, accepted.seq, accepted.seq)
        return Settled(conversation.id, changed=True)
    batch.change_audience(conversation, arrived=(user_id,))
    _seat(batch, conversation, user_id, Role.MEMBER, conversation.head + 1, conversation.head)
    return Settled(conversation.id, changed=True)


def _seat(batch: Batch, conversation: ConversationRow, user_id: str, role: Role, first_seq: int, read_seq: int) -> None:
    """Make somebody a member; what was said before counts as read."""
    row = batch.place(conversation.id, user_id)
    row.state = MemberState.JOINED
    row.role = role
    begin_stay(row, first_seq, with_history=conversation.history_for_newcomers)
    row.read_seq = max(row.read_seq, read_seq)
    row.delivered_seq = max(row.delivered_seq, row.read_seq)
    conversation.member_count += 1
    batch.touch_member(conversation, row)


# ---------------------------------------------------------------- going


def leave(batch: Batch, command: Leave) -> Accepted | Settled:
    """Let somebody go; whoever is gone already is gone."""
    conversation = batch.facts.conversations.get(command.conversation_id)
    if conversation is None or conversation.kind is not ConversationKind.CHANNEL:
        return submit_of_leave(batch, command)
    row = batch.member(conversation.id, command.caller.user_id)
    if row is None:
        raise ChatError(Code.NOT_A_MEMBER)
    if row.state is not MemberState.JOINED:
        return Settled(conversation.id, changed=False)
    _need_no_duty(conversation, row)
    batch.change_audience(conversation, departed=(row.user_id,))
    _unseat(batch, conversation, row, MemberState.LEFT, conversation.head)
    return Settled(conversation.id, changed=True)


def submit_of_leave(batch: Batch, command: Leave) -> Accepted:
    """Leave a group by the entry that says so."""
    send = command.as_send()
    stored = batch.facts.keys.get(send.key)
    if stored is not None:
        if stored.digest != send.digest:
            raise ChatError(Code.CONFLICT)
        return Accepted(stored.seq, stored.time_ms, repeated=True)
    conversation = conversation_of(batch, command.conversation_id)
    return change(batch, send, conversation, member_of(batch, conversation, command.caller.user_id))


def _leave_group(batch: Batch, send: Send, conversation: ConversationRow, member: MemberRow) -> Accepted:
    _need_no_duty(conversation, member)
    need_alive(conversation)
    action = MemberChange(MemberAction.LEAVE, (member.user_id,))
    accepted = batch.append_membership(conversation, send.key, action, send.digest, departed=(member.user_id,))
    _unseat(batch, conversation, member, MemberState.LEFT, accepted.seq)
    return accepted


def _need_no_duty(conversation: ConversationRow, member: MemberRow) -> None:
    if member.role is Role.OWNER and conversation.member_count > 1 and not conversation.dissolved:
        raise ChatError(Code.FORBIDDEN, "The owner hands the conversation over before leaving.")


def _remove(batch: Batch, send: Send, conversation: ConversationRow, action: MemberChange, doer: Doer) -> Accepted:
    need_alive(conversation)
    targets = _members_below(batch, conversation, action, doer)
    return _expel(batch, send, conversation, action, targets, MemberState.REMOVED)


def _ban(batch: Batch, send: Send, conversation: ConversationRow, action: MemberChange, doer: Doer) -> Accepted:
    """Remove people and keep them out; from a channel also those who never came."""
    need_alive(conversation)
    if conversation.kind is ConversationKind.GROUP:
        return _expel(
            batch, send, conversation, action, _members_below(batch, conversation, action, doer), MemberState.BANNED
        )
    targets = []
    for user_id in action.user_ids:
        row = batch.member(conversation.id, user_id)
        if row is None:
            if user_id not in batch.facts.users:
                raise ChatError(Code.USER_NOT_FOUND, f"There is no such person: {user_id}.")
            row = batch.place(conversation.id, user_id)
        if row.state is MemberState.JOINED:
            doer.need_above(conversation, row)
        if row.state is not MemberState.BANNED:
            targets.append(row)
    if not targets:
        raise ChatError(Code.BANNED, "They are banned already.")
    return _expel(batch, send, conversation, action, targets, MemberState.BANNED)


def _expel(
    batch: Batch,
    send: Send,
    conversation: ConversationRow,
    action: MemberChange,
    targets: list[MemberRow],
    state: MemberState,
) -> Accepted:
    user_ids = tuple([row.user_id for row in targets])
    accepted = batch.append_membership(
        conversation, send.key, replace(action, user_ids=user_ids), send.digest, departed=user_ids
    )
    for row in targets:
        _unseat(batch, conversation, row, state, accepted.seq)
    return accepted


def _unseat(batch: Batch, conversation: ConversationRow, row: MemberRow, state: MemberState, last_seq: int) -> None:
    if row.state is MemberState.JOINED:
        conversation.member_count -= 1
        end_stay(row, last_seq)
    row.state = state
    row.role, row.own_role = Role.NONE, ""
    batch.touch_member(conversation, row)


def _unban(batch: Batch, send: Send, conversation: ConversationRow, action: MemberChange, doer: Doer) -> Accepted:
    need_alive(conversation)
    rows = [batch.member(conversation.id, user_id) for user_id in action.user_ids]
    banned = [row for row in rows if row is not None and row.state is MemberState.BANNED]
    if not banned:
        raise ChatError(Code.USER_NOT_FOUND, "None of them is banned.")
    user_ids = tuple([row.user_id for row in banned])
    accepted = batch.append(conversation, send.key, replace(action, user_ids=user_ids), send.digest)
    for row in banned:
        row.state = MemberState.LEFT
        batch.touch_member(conversation, row)
    return accepted


# ---------------------------------------------------------------- roles


def _role(batch: Batch, send: Send, conversation: ConversationRow, action: MemberChange, doer: Doer) -> Accepted:
    if doer.role < Role.OWNER:
        raise ChatError(Code.FORBIDDEN, "Only the owner gives roles.")
    need_alive(conversation)
    if action.own_role and all(own.id != action.own_role for own in conversation.roles):
        raise ChatError(Code.NOT_FOUND, "The conversation has no such role.")
    targets = _members_below(batch, conversation, action, doer)
    accepted = batch.append(conversation, send.key, action, send.digest)
    for row in targets:
        row.role, row.own_role = action.role, action.own_role
        batch.touch_member(conversation, row)
    return accepted


def _transfer(batch: Batch, send: Send, conversation: ConversationRow, action: MemberChange, doer: Doer) -> Accepted:
    """Hand the conversation to a member; the former owner stays as an admin."""
    if doer.role < Role.OWNER:
        raise ChatError(Code.FORBIDDEN, "Only the owner hands a conversation over.")
    need_alive(conversation)
    former = batch.member(conversation.id, send.caller.user_id)
    heir = batch.member(conversation.id, action.user_ids[0])
    if heir is None or heir.state is not MemberState.JOINED:
        raise ChatError(Code.USER_NOT_FOUND, "Ownership goes to a member.")
    if former is None or former.role is not Role.OWNER or former is heir:
        raise ChatError(Code.FORBIDDEN, "Only the owner hands a conversation over, and to somebody else.")
    accepted = batch.append(conversation, send.key, action, send.digest)
    former.role = Role.ADMIN
    heir.role, heir.own_role = Role.OWNER, ""
    batch.touch_member(conversation, former)
    batch.touch_member(conversation, heir)
    return accepted


def _mute(batch: Batch, send: Send, conversation: ConversationRow, action: MemberChange, doer: Doer) -> Accepted:
    need_alive(conversation)
    targets = _members_below(batch, conversation, action, doer)
    accepted = batch.append(conversation, send.key, action, send.digest)
    for row in targets:
        row.muted_until_ms = action.muted_until_ms
        batch.touch_member(conversation, row)
    return accepted


def _members_below(batch: Batch, conversation: ConversationRow, action: MemberChange, doer: Doer) -> list[MemberRow]:
    """Return the people an action names, all of whom are members of a lower role."""
    targets = []
    for user_id in action.user_ids:
        row = batch.member(conversation.id, user_id)
        if row is None or row.state is not MemberState.JOINED:
            raise ChatError(Code.USER_NOT_FOUND, f"Not in this conversation: {user_id}.")
        doer.need_above(conversation, row)
        targets.append(row)
    return targets


_Decision = Callable[[Batch, Send, ConversationRow, MemberChange, Doer], Accepted]
_NEEDED = {
    MemberAction.ADD: Right.INVITE,
    MemberAction.REMOVE: Right.REMOVE,
    MemberAction.BAN: Right.REMOVE,
    MemberAction.UNBAN: Right.REMOVE,
    MemberAction.MUTE: Right.MUTE,
}
"""What an admin's rights cover; roles are given and conversations handed over by owners alone."""
_DECISIONS: dict[MemberAction, _Decision] = {
    MemberAction.ADD: _add,
    MemberAction.REMOVE: _remove,
    MemberAction.BAN: _ban,
    MemberAction.UNBAN: _unban,
    MemberAction.ROLE: _role,
    MemberAction.TRANSFER: _transfer,
    MemberAction.MUTE: _mute,
}

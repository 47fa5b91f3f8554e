"""Links that let people into a conversation, and people who ask to be let in.

Who has the id of an invite has the invite: a secret of 128 bits, made at the edge, that admins can take back.  With
`approval` it lets nobody in but makes a request that an admin answers; letting somebody in is then the admin's own ADD.
What is decided here is who may invite; who may come is decided with the conversation locked, as for every member.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import new_id
from hubbub.chat import checks
from hubbub.chat.invites import UNLIMITED, Invitation, Invite, InviteStore, JoinRequest, Opened
from hubbub.chat.model import (
    Caller,
    ConversationKind,
    ConversationRow,
    ConversationState,
    MemberAction,
    MemberChange,
    MemberState,
    Role,
    Submit,
)
from hubbub.chat.rights import Right
from hubbub.chat.rules import Command, Join, Send
from hubbub.chat.rules.standing import need, need_alive

NOTE_BYTES = 1_024
_USES = 1_000_000
_INVITES = 100
"""Invites of one conversation at a time."""


Tell = Callable[[Mapping[str, int], int], None]


class _Conversations(Protocol):
    async def conversation(self, user_id: str, conversation_id: str) -> ConversationState: ...


class Inviting:
    """The half of chat that lets people in by links."""

    def __init__(
        self,
        store: InviteStore,
        conversations: _Conversations,
        clock: Clock,
        do: Callable[[Command], Awaitable[object]],
        tell: Tell,
    ) -> None:
        """`tell` gets the new versions of people, and the outbox row to forget once they were told."""
        self._store = store
        self._conversations = conversations
        self._clock = clock
        self._do = do
        self._tell = tell

    async def create(self, caller: Caller, invite: Invite) -> Invite:
        """Make an invite under its id; the same again is the same one."""
        checks.an_id(invite.id, "id")
        conversation = await self._managed(caller, invite.conversation_id)
        now_ms = self._clock.now_ms()
        if invite.expires_ms and not now_ms < invite.expires_ms <= checks.TIME_MS:
            raise ChatError(Code.BAD_REQUEST, "expires_ms is not a time to come.")
        if not (invite.uses_left == UNLIMITED or 0 < invite.uses_left <= _USES):
            raise ChatError(Code.BAD_REQUEST, f"An invite is used between 1 and {_USES} times.")
        if invite.approval and conversation.kind is ConversationKind.CHANNEL:
            raise ChatError(Code.BAD_REQUEST, "Anybody may join a channel.")
        made = msgspec.structs.replace(invite, created_by=caller.user_id, created_ms=now_ms)
        if not await self._store.add_invite(made, _INVITES):
            raise ChatError(Code.RATE_LIMITED, f"A conversation has at most {_INVITES} invites; take one back.")
        return made

    async def invites(self, caller: Caller, conversation_id: str) -> list[Invite]:
        """Return what is still good of a conversation's invites, the newest first."""
        await self._managed(caller, conversation_id)
        found = await self._store.invites(conversation_id, _INVITES)
        return [invite for invite in found if self._is_good(invite)]

    async def revoke(self, caller: Caller, conversation_id: str, invite_id: str) -> None:
        """Take an invite back; one that is gone is gone."""
        await self._managed(caller, conversation_id)
        await self._store.drop_invite(conversation_id, checks.an_id(invite_id, "id"))

    async def look(self, caller: Caller, invite_id: str) -> Invitation:
        """Return where an invite leads.  Raises NOT_FOUND for one that is not good any more."""
        return _invitation(await self._opened(caller, invite_id))

    async def follow(self, caller: Caller, invite_id: str, note: str) -> Invitation:
        """Come in by an invite, or ask to be let in; who is in already stays."""
        checks.text(note, NOTE_BYTES, "note")
        opened = await self._opened(caller, invite_id)
        invite, member = opened.invite, opened.member
        if member is not None and member.state is MemberState.JOINED:
            return _invitation(opened)
        if member is not None and member.state is MemberState.BANNED:
            raise ChatError(Code.BANNED)
        need_alive(opened.conversation)
        if invite.approval:
            request = JoinRequest(invite.conversation_id, caller.user_id, self._clock.now_ms(), note)
            waiting = await self._store.ask_to_join(request)
            self._tell(waiting.versions, waiting.outbox_id)
            return msgspec.structs.replace(_invitation(opened), asked=True)
        if not await self._store.use_invite(invite_id):
            raise ChatError(Code.NOT_FOUND)
        await self._do(Join(caller, invite.conversation_id, new_id()))
        await self._wait_no_more(invite.conversation_id, [caller.user_id])
        return msgspec.structs.replace(_invitation(opened), joined=True, asked=False)

    async def withdraw(self, caller: Caller, invite_id: str) -> None:
        """Take back what the caller asked by an invite, also by one that has ended or is used up."""
        opened = await self._store.open_invite(checks.an_id(invite_id, "id"), caller.user_id)
        if opened is None:
            raise ChatError(Code.NOT_FOUND)
        await self._wait_no_more(opened.invite.conversation_id, [caller.user_id])

    async def requests(
        self, caller: Caller, conversation_id: str, cursor: str, limit: int
    ) -> tuple[list[JoinRequest], str]:
        """Return a page of who asks to be let in."""
        await self._managed(caller, conversation_id)
        return await self._store.join_requests(conversation_id, checks.a_cursor(cursor), limit)

    async def answer(self, caller: Caller, conversation_id: str, user_id: str, accept: bool) -> None:
        """Let somebody in who asked, or not; answering twice is answering once."""
        await self._managed(caller, conversation_id)
        user_id = checks.an_id(user_id, "user_id")
        if accept:
            asked, _ = await self._store.join_requests(conversation_id, _before(user_id), 1)
            if not asked or asked[0].user_id != user_id:
                raise ChatError(Code.NOT_FOUND)
            change = checks.submit(
                Submit(conversation_id, new_id(), MemberChange(MemberAction.ADD, (user_id,), Role.MEMBER))
            )
            try:
                await self._do(Send.of(caller, change))
            except ChatError as refusal:
                if refusal.code is not Code.ALREADY_A_MEMBER:
                    raise
        await self._wait_no_more(conversation_id, [user_id])

    async def _wait_no_more(self, conversation_id: str, user_ids: Sequence[str]) -> None:
        """Forget what these people asked: they are in, or will not be."""
        waiting = await self._store.drop_requests(conversation_id, user_ids)
        if waiting is not None:
            self._tell(waiting.versions, waiting.outbox_id)

    async def _managed(self, caller: Caller, conversation_id: str) -> ConversationRow:
        """Return a conversation whose members this caller chooses, or refuse."""
        state = await self._conversations.conversation(caller.user_id, checks.a_conversation_id(conversation_id))
        conversation = state.conversation
        if conversation.kind not in (ConversationKind.GROUP, ConversationKind.CHANNEL):
            raise ChatError(Code.FORBIDDEN)
        member = state.member if state.member.state is MemberState.JOINED else None
        need(conversation, member, caller, Right.INVITE)
        need_alive(conversation)
        return conversation

    async def _opened(self, caller: Caller, invite_id: str) -> Opened:
        opened = await self._store.open_invite(checks.an_id(invite_id, "id"), caller.user_id)
        if opened is None or not self._is_good(opened.invite):
            raise ChatError(Code.NOT_FOUND)
        return opened

    def _is_good(self, invite: Invite) -> bool:
        return invite.uses_left != 0 and (invite.expires_ms == 0 or invite.expires_ms > self._clock.now_ms())


def _invitation(opened: Opened) -> Invitation:
    conversation, member = opened.conversation, opened.member
    return Invitation(
        conversation.id,
        conversation.kind,
        conversation.title,
        conversation.member_count,
        opened.invite.approval,
        joined=member is not None and member.state is MemberState.JOINED,
        asked=opened.asked,
    )


def _before(user_id: str) -> str:
    """Return the cursor of the page that begins with this person."""
    number = int(user_id, 16)
    return f"{number - 1:032x}" if number else ""

"""What chat does for those who ask: the one interface gateways, REST and jobs see.

There are two implementations: `hubbub.chat.node.ChatNode` in this process, and, in a cluster, one that asks over the
bus.  Every method raises ChatError with a code; limits are clamped, cursors are opaque.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from hubbub.chat.contacts import Contact, ContactChange
from hubbub.chat.invites import Invitation, Invite, JoinRequest
from hubbub.chat.model import (
    Accepted,
    Caller,
    ConversationKind,
    ConversationState,
    Entered,
    EntryPage,
    Have,
    HistoryPage,
    Listening,
    MemberRow,
    MessageState,
    OwnChange,
    Resumed,
    Revision,
    ScheduledRow,
    Submit,
    UserRow,
    UserState,
)
from hubbub.chat.reminders import Reminder
from hubbub.chat.search.found import Found


class Chat(Protocol):
    def submit(self, caller: Caller, command: Submit) -> asyncio.Future[Accepted]:
        """Queue one command for the next commit; the future ends when it is durable or refused.

        It returns at once, so a gateway starts no task per frame.  Commands of one caller to one conversation are
        decided in the order of the calls.  The future fails with ChatError: a refusal, or UNKNOWN_OUTCOME.  Cancelling
        it does not take the command back.
        """

    async def create_conversation(
        self,
        caller: Caller,
        client_id: str,
        kind: ConversationKind,
        *,
        title: str,
        topic: str = "",
        user_ids: Sequence[str] = (),
        history_for_newcomers: bool = True,
    ) -> ConversationState:
        """Make a GROUP or a CHANNEL; the caller owns it.  Idempotent by client_id."""

    async def open_direct(self, caller: Caller, user_id: str) -> ConversationState:
        """Return the private chat with this person, making it the first time."""

    async def join(self, caller: Caller, conversation_id: str) -> ConversationState:
        """Join a CHANNEL; joining twice is no error."""

    async def leave(self, caller: Caller, conversation_id: str, client_id: str) -> None: ...

    async def set_mark(self, caller: Caller, conversation_id: str, read_seq: int, delivered_seq: int) -> None: ...

    async def hide(self, caller: Caller, conversation_id: str, seq: int) -> None: ...

    async def set_typing(self, caller: Caller, conversation_id: str, typing: bool) -> None: ...

    async def schedule(self, caller: Caller, command: Submit, due_ms: int) -> None: ...

    async def cancel_scheduled(self, caller: Caller, conversation_id: str, client_id: str) -> None: ...

    async def scheduled(self, caller: Caller, cursor: str, limit: int) -> tuple[list[ScheduledRow], str]: ...

    async def set_reminder(self, caller: Caller, conversation_id: str, seq: int, due_ms: int, note: str) -> Reminder:
        """Have the caller reminded of a message; another time moves it, and 0 takes it away."""

    async def reminders(self, caller: Caller, cursor: str, limit: int) -> tuple[list[Reminder], str]: ...

    async def entries(self, caller: Caller, conversation_id: str, after_seq: int, limit: int) -> EntryPage: ...

    async def entries_for_all(self, conversation_id: str, after_seq: int, limit: int) -> EntryPage:
        """For gateways only."""

    async def heads(self, conversation_ids: Sequence[str]) -> dict[str, int]: ...

    async def audience(self, caller: Caller) -> list[tuple[str, int, bool]]:
        """For gateways: (conversation, head, large) of everything the caller has joined, SYSTEM included."""

    async def listening(self, user_ids: Sequence[str]) -> list[Listening]:
        """For gateways that may have missed something: what each of these people hears of, and their versions."""

    async def add_new_user(self, user_id: str) -> None:
        """For accounts: put a new account into the default channels; doing it again is harmless."""

    async def history(
        self,
        caller: Caller,
        conversation_id: str,
        *,
        before_seq: int = 0,
        after_seq: int = 0,
        around_seq: int = 0,
        thread_seq: int = 0,
        limit: int = 0,
    ) -> HistoryPage: ...

    async def revisions(self, caller: Caller, conversation_id: str, target_seq: int) -> list[Revision]: ...

    async def pins(
        self, caller: Caller, conversation_id: str, cursor: str, limit: int
    ) -> tuple[list[MessageState], str]: ...

    async def conversation(self, caller: Caller, conversation_id: str) -> ConversationState: ...

    async def conversations(self, caller: Caller, cursor: str, limit: int) -> tuple[list[ConversationState], str]: ...

    async def channels(
        self, caller: Caller, query: str, cursor: str, limit: int
    ) -> tuple[list[ConversationState], str]: ...

    async def members(
        self, caller: Caller, conversation_id: str, cursor: str, limit: int
    ) -> tuple[int, list[MemberRow], str]: ...

    async def bans(
        self, caller: Caller, conversation_id: str, cursor: str, limit: int
    ) -> tuple[list[MemberRow], str]: ...

    async def user_state(self, caller: Caller, since_version: int, limit: int) -> UserState: ...

    async def resume(self, caller: Caller, epoch: str, user_version: int, have: Sequence[Have]) -> Resumed: ...

    async def enter(self, caller: Caller, epoch: str, user_version: int, have: Sequence[Have]) -> Entered:
        """For gateways: `listening` and `resume` in one question, whose second half is never older than the first."""

    async def epoch(self) -> str: ...

    async def users(self, caller: Caller, user_ids: Sequence[str], usernames: Sequence[str]) -> list[UserRow]: ...

    async def set_own(self, caller: Caller, conversation_id: str, change: OwnChange) -> None:
        """Change what the caller keeps of a conversation for themselves; returns when it is durable."""

    async def ask_contact(self, caller: Caller, user_id: str, note: str) -> Contact:
        """Ask somebody to be a contact; where they have asked already, that is a yes."""

    async def answer_contact(self, caller: Caller, user_id: str, accept: bool) -> Contact:
        """Answer somebody's request."""

    async def remove_contact(self, caller: Caller, user_id: str) -> Contact:
        """End being contacts, or take a request back."""

    async def arrange_contact(self, caller: Caller, user_id: str, change: ContactChange) -> Contact:
        """Name, group, block or unblock somebody, for the caller alone."""

    async def contacts(self, caller: Caller, cursor: str, limit: int) -> tuple[list[Contact], str]: ...

    async def hiding(self, caller: Caller, user_ids: Sequence[str]) -> list[str]:
        """For gateways: which of these people show the caller nothing of themselves, because they blocked them."""

    async def find_users(self, caller: Caller, query: str, cursor: str, limit: int) -> tuple[list[UserRow], str]: ...

    async def search(
        self,
        caller: Caller,
        query: str,
        *,
        from_: str = "",
        in_: str = "",
        before: str = "",
        after: str = "",
        has: str = "",
        cursor: str = "",
        limit: int = 0,
    ) -> Found:
        """Find messages, and on the first page people and conversations; the filters may stand in the query too."""

    async def create_invite(self, caller: Caller, invite: Invite) -> Invite:
        """Make a link into a conversation whose members the caller chooses, under the id it is given."""

    async def invites(self, caller: Caller, conversation_id: str) -> list[Invite]: ...

    async def revoke_invite(self, caller: Caller, conversation_id: str, invite_id: str) -> None: ...

    async def look_at_invite(self, caller: Caller, invite_id: str) -> Invitation: ...

    async def follow_invite(self, caller: Caller, invite_id: str, note: str) -> Invitation:
        """Come in by a link, or ask to be let in where that needs approval."""

    async def withdraw_join_request(self, caller: Caller, invite_id: str) -> None:
        """Take back what one asked by a link."""

    async def join_requests(
        self, caller: Caller, conversation_id: str, cursor: str, limit: int
    ) -> tuple[list[JoinRequest], str]: ...

    async def answer_join_request(self, caller: Caller, conversation_id: str, user_id: str, accept: bool) -> None: ...

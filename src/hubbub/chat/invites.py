"""What is kept of links into conversations, and of people who ask to be let in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from hubbub.chat.model import ConversationKind, ConversationRow, MemberRow

UNLIMITED = -1
"""An invite that may be used without end."""

ANSWERING = 100
"""So many of those who may answer a request are told of it at once; the others see it when they look."""


class Invite(msgspec.Struct, frozen=True):
    """A link into a conversation."""

    id: str
    conversation_id: str
    created_by: str = ""
    created_ms: int = 0
    expires_ms: int = 0
    """0: never."""
    uses_left: int = UNLIMITED
    approval: bool = False
    """Whether who follows it must be let in."""


class JoinRequest(msgspec.Struct, frozen=True):
    """Somebody who asks to be let in."""

    conversation_id: str
    user_id: str
    time_ms: int
    note: str = ""


class Opened(msgspec.Struct, frozen=True):
    """An invite as one person finds it."""

    invite: Invite
    conversation: ConversationRow
    member: MemberRow | None
    asked: bool


class Invitation(msgspec.Struct, frozen=True):
    """What somebody learns who has the link, and what became of following it."""

    conversation_id: str
    kind: ConversationKind
    title: str
    member_count: int
    approval: bool
    joined: bool = False
    asked: bool = False


class Waiting(msgspec.Struct, frozen=True):
    """Other people wait to be let in than before, and who is told of it."""

    versions: dict[str, int]
    """The new versions of those who may answer."""
    outbox_id: int


class InviteStore(Protocol):
    """What is kept of invites and requests."""

    async def add_invite(self, invite: Invite, most: int) -> bool:
        """Keep it, if it is not kept already; False when the conversation has as many as it may."""

    async def invites(self, conversation_id: str, limit: int) -> list[Invite]:
        """Return the newest first."""

    async def open_invite(self, invite_id: str, user_id: str) -> Opened | None: ...

    async def use_invite(self, invite_id: str) -> bool:
        """Take one of its uses; False when there is none left, or no invite."""

    async def drop_invite(self, conversation_id: str, invite_id: str) -> None: ...

    async def ask_to_join(self, request: JoinRequest) -> Waiting:
        """Keep it, in place of an earlier one of the same person.

        The rows of those who may answer, up to `ANSWERING`, count as changed, so that their devices hear of it.
        """

    async def join_requests(self, conversation_id: str, cursor: str, limit: int) -> tuple[list[JoinRequest], str]:
        """Return a page by person, and the next cursor; who is in by another way, or banned, waits no more."""

    async def drop_requests(self, conversation_id: str, user_ids: Sequence[str]) -> Waiting | None:
        """Forget what these people asked, and tell who was told of it; None when none of them did."""

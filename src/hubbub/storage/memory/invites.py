"""Invites of the memory store."""

from __future__ import annotations

import copy

from msgspec.structs import replace

from hubbub.chat.invites import UNLIMITED, Invite, JoinRequest, Opened
from hubbub.chat.model import SMALL_AUDIENCE
from hubbub.storage.chat.invites import after_person
from hubbub.storage.memory.search import MemorySearch


class MemoryInvites(MemorySearch):
    """The part of `MemoryStore` that keeps links and requests."""

    def __init__(self, small_audience: int = SMALL_AUDIENCE) -> None:
        super().__init__(small_audience)
        self._invites: dict[str, Invite] = {}

    async def add_invite(self, invite: Invite, most: int) -> bool:
        there = [each for each in self._invites.values() if each.conversation_id == invite.conversation_id]
        if invite.id not in self._invites and len(there) >= most:
            return False
        self._invites.setdefault(invite.id, invite)
        return True

    async def invites(self, conversation_id: str, limit: int) -> list[Invite]:
        found = [each for each in self._invites.values() if each.conversation_id == conversation_id]
        return sorted(found, key=lambda each: (-each.created_ms, each.id))[:limit]

    async def open_invite(self, invite_id: str, user_id: str) -> Opened | None:
        invite = self._invites.get(invite_id)
        if invite is None:
            return None
        id_ = invite.conversation_id
        conversation, member = self._tables.conversations[id_], self._tables.members.get((id_, user_id))
        return Opened(invite, copy.copy(conversation), copy.copy(member), (id_, user_id) in self._tables.join_requests)

    async def use_invite(self, invite_id: str) -> bool:
        invite = self._invites.get(invite_id)
        if invite is None or invite.uses_left == 0:
            return False
        if invite.uses_left != UNLIMITED:
            self._invites[invite_id] = replace(invite, uses_left=invite.uses_left - 1)
        return True

    async def drop_invite(self, conversation_id: str, invite_id: str) -> None:
        invite = self._invites.get(invite_id)
        if invite is not None and invite.conversation_id == conversation_id:
            del self._invites[invite_id]

    async def join_requests(self, conversation_id: str, cursor: str, limit: int) -> tuple[list[JoinRequest], str]:
        after = after_person(cursor) if cursor else ""
        found = [each for each in self._tables.waiting(conversation_id) if each.user_id > after]
        return found[:limit], found[limit - 1].user_id if len(found) > limit else ""

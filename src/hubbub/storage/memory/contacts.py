"""Contacts of the memory store."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import direct_id
from hubbub.chat.contacts import Contact, ContactPlan, ContactsChanged
from hubbub.storage.chat.blocks import is_private_chat
from hubbub.storage.chat.invites import after_person
from hubbub.storage.memory.invites import MemoryInvites


class MemoryContacts(MemoryInvites):
    """The part of `MemoryStore` that keeps what people are to each other."""

    def _advance(self, user_ids: set[str]) -> dict[str, int]:
        raise NotImplementedError

    def _leave_outbox(self, heads: dict[str, int], versions: dict[str, int]) -> int:
        raise NotImplementedError

    async def change_contacts(self, user_id: str, other_id: str, plan: ContactPlan) -> ContactsChanged:
        tables = self._tables
        owners = ((user_id, other_id), (other_id, user_id))
        if owners[0] not in tables.contacts and other_id not in tables.users:
            raise ChatError(Code.USER_NOT_FOUND)
        mine, theirs = [tables.contacts.get(key, Contact(key[1])) for key in owners]
        before = (mine, theirs)
        after = plan(mine, theirs)
        changed = [number for number in (0, 1) if after[number] != before[number]]
        if not changed:
            return ContactsChanged(after[0], {}, 0)
        versions = self._advance({owners[number][0] for number in changed})
        rows = list(after)
        for number in changed:
            key = owners[number]
            row = rows[number] = replace(after[number], version=versions[key[0]])
            tables.contacts[key] = row
            if row.blocked and not before[number].blocked:
                member = tables.members.get((direct_id(*key), key[0]))
                tables.held_marks[key] = (0, 0) if member is None else (member.read_seq, member.delivered_seq)
        return ContactsChanged(rows[0], versions, self._leave_outbox({}, versions))

    async def contacts(self, user_id: str, cursor: str, limit: int) -> tuple[list[Contact], str]:
        after = after_person(cursor) if cursor else ""
        rows = sorted(self._tables.contacts.items())
        found = [row for (owner, other), row in rows if owner == user_id and other > after and not row.empty]
        return found[:limit], found[limit - 1].user_id if len(found) > limit else ""

    async def blockers(self, user_id: str, among: Sequence[str]) -> set[str]:
        return {other for other in among if self._tables.has_blocked(other, user_id)}

    async def company(self, user_id: str, conversation_id: str) -> tuple[str, ...] | None:
        audience = await self.small_audience(conversation_id)
        if audience is not None and is_private_chat(conversation_id, audience) and user_id in audience:
            one, other = audience
            if self._tables.has_blocked(one, other) or self._tables.has_blocked(other, one):
                return (user_id,)
        return audience

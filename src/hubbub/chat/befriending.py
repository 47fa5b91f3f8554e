"""The half of chat that lets people know each other, or not.

It checks what comes in, has the store carry a rule of `contacts` out, and has both people's devices told: a contact is
a row of its person as a conversation is, so it goes the same way.  It decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.chat import checks
from hubbub.chat.contacts import (
    Contact,
    ContactChange,
    ContactPlan,
    ContactStore,
    answered,
    arranged,
    asked,
    removed,
)
from hubbub.chat.model import Caller

NOTE_BYTES = 1_024
NAME_BYTES = 256
GROUP_BYTES = 128

Tell = Callable[[Mapping[str, int], int], None]


class Befriending:
    """Contacts, over a store."""

    def __init__(self, store: ContactStore, clock: Clock, tell: Tell) -> None:
        """`tell` gets the new versions of people, and the outbox row to forget once they were told."""
        self._store = store
        self._clock = clock
        self._tell = tell

    async def ask(self, caller: Caller, user_id: str, note: str) -> Contact:
        """Ask somebody to be a contact; see `contacts.asked`."""
        note = checks.text(note, NOTE_BYTES, "note").strip()
        return await self._change(caller, user_id, partial(asked, note=note, now_ms=self._clock.now_ms()))

    async def answer(self, caller: Caller, user_id: str, accept: bool) -> Contact:
        """Answer somebody's request; see `contacts.answered`."""
        return await self._change(caller, user_id, partial(answered, accept=accept, now_ms=self._clock.now_ms()))

    async def remove(self, caller: Caller, user_id: str) -> Contact:
        """End being contacts; see `contacts.removed`."""
        return await self._change(caller, user_id, partial(removed, now_ms=self._clock.now_ms()))

    async def arrange(self, caller: Caller, user_id: str, change: ContactChange) -> Contact:
        """Name, group, block or unblock somebody; see `contacts.arranged`."""
        if change == ContactChange():
            raise ChatError(Code.BAD_REQUEST, "Nothing is to be changed.")
        change = ContactChange(
            change.blocked,
            None if change.name is None else checks.text(change.name, NAME_BYTES, "name").strip(),
            None if change.group is None else checks.text(change.group, GROUP_BYTES, "group").strip(),
        )
        return await self._change(caller, user_id, partial(arranged, change=change, now_ms=self._clock.now_ms()))

    async def contacts(self, caller: Caller, cursor: str, limit: int) -> tuple[list[Contact], str]:
        """Return a page of what the caller keeps of others."""
        return await self._store.contacts(caller.user_id, checks.a_cursor(cursor), limit)

    async def hiding(self, caller: Caller, user_ids: Sequence[str]) -> list[str]:
        """Return which of these people show the caller nothing of themselves."""
        return sorted(await self._store.blockers(caller.user_id, user_ids))

    async def _change(self, caller: Caller, user_id: str, plan: ContactPlan) -> Contact:
        other = checks.an_id(user_id, "user_id")
        if other == caller.user_id:
            raise ChatError(Code.BAD_REQUEST, "That is yourself.")
        changed = await self._store.change_contacts(caller.user_id, other, plan)
        if changed.versions:
            self._tell(changed.versions, changed.outbox_id)
        return changed.mine

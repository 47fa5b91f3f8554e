"""Reminders of the memory store."""

from __future__ import annotations

from msgspec.structs import replace

from hubbub.chat.reminders import Reminded, Reminder, ReminderChanged, ReminderPlan
from hubbub.storage.chat.reminders import cursor_of, split
from hubbub.storage.memory.contacts import MemoryContacts


class MemoryReminders(MemoryContacts):
    """The part of `MemoryStore` that keeps what people want to come back to."""

    async def change_reminder(
        self, user_id: str, conversation_id: str, seq: int, plan: ReminderPlan
    ) -> ReminderChanged:
        before = await self.reminder(user_id, conversation_id, seq)
        after = plan(before, len(self._reminders_of(user_id)))
        if after == before:
            return ReminderChanged(before, {}, 0)
        versions = self._advance({user_id})
        after = replace(after, version=versions[user_id])
        self._tables.reminders[user_id, conversation_id, seq] = after
        return ReminderChanged(after, versions, self._leave_outbox({}, versions))

    async def reminder(self, user_id: str, conversation_id: str, seq: int) -> Reminder:
        key = (user_id, conversation_id, seq)
        return self._tables.reminders.get(key, Reminder(conversation_id, seq))

    async def reminders(self, user_id: str, cursor: str, limit: int) -> tuple[list[Reminder], str]:
        found = self._reminders_of(user_id)
        if cursor:
            after = split(cursor)
            found = [row for row in found if _place(row) > after]
        return found[:limit], cursor_of(found[limit - 1]) if len(found) > limit else ""

    async def remind(self, now_ms: int, limit: int) -> Reminded:
        rows = self._tables.reminders.items()
        due = [(key, row) for key, row in rows if not row.due and 0 < row.due_ms <= now_ms]
        due = sorted(due, key=lambda pair: (pair[1].due_ms, *pair[0]))[:limit]
        if not due:
            return Reminded(0, {}, 0)
        versions = self._advance({key[0] for key, _ in due})
        for key, row in due:
            self._tables.reminders[key] = replace(row, due=True, version=versions[key[0]])
        return Reminded(len(due), versions, self._leave_outbox({}, versions))

    def _reminders_of(self, user_id: str) -> list[Reminder]:
        rows = self._tables.reminders.items()
        return sorted([row for key, row in rows if key[0] == user_id and not row.empty], key=_place)


def _place(row: Reminder) -> tuple[int, str, int]:
    return row.due_ms, row.conversation_id, row.seq

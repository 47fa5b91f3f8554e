"""The half of chat that reminds people.

It checks what comes in, has the store carry the rule of `reminders` out, looks about once a second for what has come
due, and has the person's devices told.  Any number of nodes may look: the store makes each due once.  What was made due
and not told, because the node died in between, is told by the sweep of the outbox.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.base.loops import Loop
from hubbub.chat import checks
from hubbub.chat.model import Caller, HistoryPage, MessageState
from hubbub.chat.reminders import Reminder, ReminderStore, wished
from hubbub.chat.settings import ChatSettings

NOTE_BYTES = 1_024

Tell = Callable[[Mapping[str, int], int], None]
Look = Callable[[Caller, str, int], Awaitable[HistoryPage]]


class Reminding:
    """Reminders, over a store."""

    def __init__(
        self, store: ReminderStore, look: Look, clock: Clock, settings: Callable[[], ChatSettings], tell: Tell
    ) -> None:
        """`look` says what a person sees about a seq; `tell` gets new versions, and the outbox row to forget then."""
        self._store = store
        self._look = look
        self._clock = clock
        self._settings = settings
        self._tell = tell
        self._loop = Loop("chat reminders", self.remind, every_s=settings().schedule_interval_s)

    def start(self) -> None:
        self._loop.start()

    async def stop(self) -> None:
        await self._loop.stop()

    async def set(self, caller: Caller, conversation_id: str, seq: int, due_ms: int, note: str) -> Reminder:
        """Set, move or take away (`due_ms` 0) the reminder of a message; see `reminders.wished`.

        Raises ChatError as reading does, and MESSAGE_NOT_FOUND or MESSAGE_RECALLED.
        """
        key = caller.user_id, checks.a_conversation_id(conversation_id), checks.a_seq(seq, "seq")
        note = checks.text(note, NOTE_BYTES, "note").strip()
        known = await self._store.reminder(*key)
        if due_ms and (known.due_ms, known.note) != (due_ms, note):
            await self._check_message(caller, key[1], key[2])
        settings = self._settings()
        plan = partial(
            wished,
            due_ms=due_ms,
            note=note,
            now_ms=self._clock.now_ms(),
            ahead_ms=settings.schedule_ahead_ms,
            most=settings.reminders_per_user,
        )
        changed = await self._store.change_reminder(*key, plan)
        if changed.versions:
            self._tell(changed.versions, changed.outbox_id)
        return changed.mine

    async def reminders(self, caller: Caller, cursor: str, limit: int) -> tuple[list[Reminder], str]:
        """Return a page of the caller's reminders, soonest first; those that are due come before all others."""
        return await self._store.reminders(caller.user_id, checks.a_cursor(cursor), limit)

    async def remind(self) -> None:
        """Remind everybody of what has come due."""
        most = self._settings().schedule_batch
        while True:
            done = await self._store.remind(self._clock.now_ms(), most)
            if done.versions:
                self._tell(done.versions, done.outbox_id)
            if done.count < most:
                return

    async def _check_message(self, caller: Caller, conversation_id: str, seq: int) -> None:
        page = await self._look(caller, conversation_id, seq)
        found = [one for one in page.items if isinstance(one, MessageState) and one.message.seq == seq]
        if not found:
            raise ChatError(Code.MESSAGE_NOT_FOUND)
        if found[0].message.recalled:
            raise ChatError(Code.MESSAGE_RECALLED)

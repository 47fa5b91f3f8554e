"""Letting messages go in the memory store."""

from __future__ import annotations

from hubbub.chat.model import Entry, Post
from hubbub.chat.retention import Keeping
from hubbub.storage.chat.retention import GONE
from hubbub.storage.chat.rows import kind_of
from hubbub.storage.memory.reminders import MemoryReminders


class MemoryRetention(MemoryReminders):
    """The part of `MemoryStore` that lets messages go."""

    async def keepings(self, after: str, limit: int) -> tuple[list[Keeping], str]:
        tables = self._tables
        ids = sorted(id_ for id_ in tables.conversations if id_ > after)
        found = []
        for id_ in ids[:limit]:
            row = tables.conversations[id_]
            oldest = tables.log[id_][max(row.kept_from, 1)].entry
            found.append(Keeping(id_, row.keep_days, row.kept_from, tables.erased_to.get(id_, 0), oldest.time_ms))
        return found, ids[limit - 1] if len(ids) >= limit else ""

    async def first_kept(self, conversation_id: str, since_ms: int) -> int:
        conversation = self._tables.conversations.get(conversation_id)
        if conversation is None:
            return 0
        log = self._tables.log[conversation_id]
        seqs = range(max(conversation.kept_from, 1), conversation.head + 1)
        old = [seq for seq in seqs if log[seq].entry.time_ms < since_ms]
        return old[-1] + 1 if any(isinstance(log[seq].entry.action, Post) for seq in old) else 0

    async def erase(self, conversation_id: str, most: int) -> bool:
        tables = self._tables
        conversation = tables.conversations.get(conversation_id)
        if conversation is None or tables.under_hold(conversation_id):
            return False
        first, end = tables.erased_to.get(conversation_id, 0) + 1, conversation.kept_from - 1
        last = min(end, first + most - 1)
        if last < first:
            return False
        for seq in range(first, last + 1):
            self._erase(conversation_id, seq)
        tables.erased_to[conversation_id] = last
        return last < end

    def _erase(self, conversation_id: str, seq: int) -> None:
        tables = self._tables
        row = tables.log[conversation_id][seq]
        gone = GONE.get(kind_of(row.entry.action))
        if gone is not None:
            said = row.entry
            row.entry = Entry(conversation_id, seq, said.time_ms, said.sender_id, said.client_id, gone)
            row.recalled = True
        tables.messages.pop((conversation_id, seq), None)
        tables.mentions.pop((conversation_id, seq), None)
        for key in [key for key in tables.reactions if key[:2] == (conversation_id, seq)]:
            del tables.reactions[key]
        self._unshow(conversation_id, seq)

    def _unshow(self, conversation_id: str, seq: int) -> None:
        raise NotImplementedError

"""What the writers of this process remember of conversations between two transactions.

A busy conversation is locked many times a second and hardly ever changes but for its head.  The cold columns are kept
with the revision they were read at, and member rows and small audiences with the members_version; both numbers are
read again under the lock of every transaction, so a remembered row is used only while it is still the stored one,
whoever wrote in between.  Only committed rows are ever remembered.

Three columns of a member row change without a new members_version.  Marks and the row's version only grow, and the
statements that write them let no older one win; who must know the marks themselves asks for a row whose marks are
true, which is remembered only where no other process could have raised them.  And while slow mode is on, when the time
of the last message matters, nothing of that conversation's members is remembered.

Several transactions of one process may be under way on a server's database.  Each touches the memory of a conversation
only while it holds that conversation's lock, so none sees what another has not committed.

The memory is bounded by an estimate of its bytes; the conversation that was longest unused goes first.
"""

from __future__ import annotations

import copy
from collections import OrderedDict

from hubbub.chat.model import SMALL_AUDIENCE, ConversationRow, MemberRow

_BYTES_PER_CONVERSATION = 1_000
_BYTES_PER_MEMBER = 500
_BYTES_PER_NAME = 90


class _Memory:
    """What is known of one conversation."""

    __slots__ = ("audience", "members", "members_version", "revision", "row", "size")

    def __init__(self) -> None:
        self.revision = -1
        self.row: ConversationRow | None = None
        self.members_version = -1
        self.members: dict[str, MemberRow] = {}
        self.audience: tuple[str, ...] | None = None
        self.size = _BYTES_PER_CONVERSATION


class Remembered:
    """Rows of recently used conversations.  It belongs to the thread that writes."""

    def __init__(
        self, limit_bytes: int = 16 << 20, *, shared: bool = False, small_audience: int = SMALL_AUDIENCE
    ) -> None:
        """`shared`: other processes write to the same database."""
        self.small_audience = small_audience
        """Up to how many members an audience is worth remembering, and is told one by one."""
        self._limit_bytes = limit_bytes
        self._shared = shared
        self._bytes = 0
        self._memories: OrderedDict[str, _Memory] = OrderedDict()

    def __len__(self) -> int:
        return len(self._memories)

    def conversation(self, id_: str, revision: int) -> ConversationRow | None:
        """Return the row as of this revision, or None.  It is not to be changed; its head is old."""
        memory = self._memories.get(id_)
        if memory is None or memory.revision != revision:
            return None
        self._memories.move_to_end(id_)
        return memory.row

    def keep_conversation(self, row: ConversationRow, revision: int) -> None:
        """Remember the cold columns of a committed row."""
        memory = self._open(row.id)
        memory.revision = revision
        memory.row = copy.copy(row)

    def member(self, conversation: ConversationRow, user_id: str, *, true_marks: bool = False) -> MemberRow | None:
        """Return a copy of the person's row, or None when it is not remembered."""
        memory = self._current(conversation)
        if memory is None or conversation.slow_mode_s or (true_marks and self._shared):
            return None
        row = memory.members.get(user_id)
        return None if row is None else copy.copy(row)

    def keep_member(self, conversation: ConversationRow, row: MemberRow) -> None:
        """Remember a committed row."""
        if conversation.slow_mode_s:
            return
        memory = self._at_version(conversation)
        if row.user_id not in memory.members:
            self._grow(memory, _BYTES_PER_MEMBER)
        memory.members[row.user_id] = copy.copy(row)

    def audience(self, conversation: ConversationRow) -> tuple[str, ...] | None:
        """Return the joined members, or None when they are not remembered."""
        memory = self._current(conversation)
        return None if memory is None else memory.audience

    def keep_audience(self, conversation: ConversationRow, audience: tuple[str, ...]) -> None:
        memory = self._at_version(conversation)
        if memory.audience is None:
            self._grow(memory, _BYTES_PER_NAME * len(audience))
        memory.audience = audience

    def forget_member(self, conversation_id: str, user_id: str) -> None:
        """Drop a row that is about to be written without a new members_version."""
        memory = self._memories.get(conversation_id)
        if memory is not None and memory.members.pop(user_id, None) is not None:
            self._grow(memory, -_BYTES_PER_MEMBER)

    def _current(self, conversation: ConversationRow) -> _Memory | None:
        memory = self._memories.get(conversation.id)
        if memory is None or memory.members_version != conversation.members_version:
            return None
        return memory

    def _at_version(self, conversation: ConversationRow) -> _Memory:
        memory = self._open(conversation.id)
        if memory.members_version != conversation.members_version:
            self._grow(memory, _BYTES_PER_CONVERSATION - memory.size)
            memory.members_version = conversation.members_version
            memory.members = {}
            memory.audience = None
        return memory

    def _open(self, id_: str) -> _Memory:
        memory = self._memories.get(id_)
        if memory is None:
            memory = self._memories[id_] = _Memory()
            self._bytes += memory.size
        self._memories.move_to_end(id_)
        while self._bytes > self._limit_bytes and len(self._memories) > 1:
            _, dropped = self._memories.popitem(last=False)
            self._bytes -= dropped.size
        return memory

    def _grow(self, memory: _Memory, size: int) -> None:
        memory.size += size
        self._bytes += size

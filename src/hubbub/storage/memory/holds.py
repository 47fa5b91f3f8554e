"""Legal holds in memory, over the tables of the memory store.

Each method is one transaction because none of them waits in its middle.  What is recalled under a hold is copied by the
store that recalls, which asks here what is held.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from hubbub.auth.audit import Act, Deed
from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import NOBODY, SYSTEM_CONVERSATION
from hubbub.chat.holds import (
    SUBJECTS,
    Export,
    HeldConversation,
    HeldEntry,
    HeldFile,
    HeldPage,
    Hold,
    Subject,
    SubjectKind,
    Subjects,
)
from hubbub.chat.model import ConversationKind, Edit, Entry, Post
from hubbub.files.model import FileState
from hubbub.storage.memory.audit import MemoryAudit
from hubbub.storage.memory.tables import MemoryTables

__all__ = ["MemoryHolds"]

_PUBLIC = (ConversationKind.CHANNEL, ConversationKind.SYSTEM)


class MemoryHolds:
    """A `HoldStore` that forgets everything when the process ends."""

    def __init__(self, tables: MemoryTables, clock: Clock, audit: MemoryAudit) -> None:
        self._tables = tables
        self._clock = clock
        self._audit = audit
        self._holds: dict[str, Hold] = {}
        self._subjects: dict[tuple[str, str], Subject] = {}
        self._exports: dict[str, Export] = {}
        tables.is_held = self._is_held
        tables.under_hold = self._is_under_hold

    # ------------------------------------------------------------ changing

    async def open(self, hold: Hold, subjects: Subjects) -> Hold:
        self._put(hold.id, subjects, hold.created_by, hold.created_ms)
        self._holds[hold.id] = hold
        about = {"name": hold.name, "reason": hold.reason, "from_ms": hold.from_ms, "until_ms": hold.until_ms}
        self._audit.note(Deed(Act.HOLD_OPENED, hold.id, {**about, **_named(subjects)}))
        return self._counted(hold)

    async def add(self, hold_id: str, subjects: Subjects, added_by: str) -> Hold | None:
        hold = self._open(hold_id)
        if hold is None:
            return None
        self._put(hold_id, subjects, added_by, self._clock.now_ms())
        self._audit.note(Deed(Act.HOLD_ADDED, hold_id, _named(subjects)))
        return self._counted(hold)

    async def remove(self, hold_id: str, subject_id: str) -> Hold | None:
        hold = self._open(hold_id)
        gone = self._subjects.pop((hold_id, subject_id), None) if hold is not None else None
        if hold is None or gone is None:
            return None
        named = Subjects((gone.id,)) if gone.kind is SubjectKind.PERSON else Subjects((), (gone.id,))
        self._audit.note(Deed(Act.HOLD_REMOVED, hold_id, _named(named)))
        return self._counted(hold)

    async def close(self, hold_id: str, closed_by: str) -> Hold | None:
        hold = self._open(hold_id)
        if hold is None:
            return None
        hold = self._holds[hold_id] = replace(hold, closed_by=closed_by, closed_ms=self._clock.now_ms())
        self._audit.note(Deed(Act.HOLD_CLOSED, hold_id, {"name": hold.name}))
        return self._counted(hold)

    def _put(self, hold_id: str, subjects: Subjects, added_by: str, now_ms: int) -> None:
        users, places = self._tables.users, self._tables.conversations
        if not users.keys() >= set(subjects.people):
            raise ChatError(Code.USER_NOT_FOUND)
        if not places.keys() >= set(subjects.conversations):
            raise ChatError(Code.CONVERSATION_NOT_FOUND)
        made = [Subject(SubjectKind.PERSON, id_, users[id_].username, added_by, now_ms) for id_ in subjects.people]
        made += [
            Subject(SubjectKind.CONVERSATION, id_, places[id_].title, added_by, now_ms)
            for id_ in subjects.conversations
        ]
        new = {(hold_id, one.id): one for one in made if (hold_id, one.id) not in self._subjects}
        if len(new) + sum(of == hold_id for of, _ in self._subjects) > SUBJECTS:
            raise ChatError(Code.CONFLICT, f"A hold is over at most {SUBJECTS:,} people and conversations.")
        self._subjects.update(new)

    # ------------------------------------------------------------ seeing

    async def hold(self, hold_id: str) -> Hold | None:
        hold = self._holds.get(hold_id)
        return None if hold is None else self._counted(hold)

    async def holds(self, closed: bool, cursor: str, limit: int) -> tuple[list[Hold], str]:
        rows = [
            self._counted(one)
            for key, one in sorted(self._holds.items())
            if (one.closed_ms > 0) == closed and key > cursor
        ]
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else ""

    async def subjects(self, hold_id: str) -> list[Subject]:
        mine = [one for (of, _), one in self._subjects.items() if of == hold_id]
        return sorted(mine, key=lambda one: (one.kind is SubjectKind.CONVERSATION, one.id))

    def _open(self, hold_id: str) -> Hold | None:
        hold = self._holds.get(hold_id)
        return hold if hold is not None and not hold.closed_ms else None

    def _counted(self, hold: Hold) -> Hold:
        kinds = [one.kind for (of, _), one in self._subjects.items() if of == hold.id]
        people = kinds.count(SubjectKind.PERSON)
        return replace(hold, people=people, conversations=len(kinds) - people)

    # ------------------------------------------------------------ what is held

    def _is_held(self, conversation_id: str, time_ms: int) -> bool:
        return any(
            (one.id == conversation_id or self._knew(one, conversation_id)) and _covers(hold, time_ms)
            for (of, _), one in self._subjects.items()
            if (hold := self._open(of)) is not None
        )

    def _is_under_hold(self, conversation_id: str) -> bool:
        return any(
            one.id == conversation_id or self._knew(one, conversation_id)
            for (of, _), one in self._subjects.items()
            if self._open(of) is not None
        )

    def _knew(self, subject: Subject, conversation_id: str) -> bool:
        if subject.kind is not SubjectKind.PERSON:
            return False
        return conversation_id == SYSTEM_CONVERSATION or (conversation_id, subject.id) in self._tables.members

    async def release(self) -> None:
        tables = self._tables
        gone = {key for key, (entry, _) in tables.copies.items() if not self._is_held(key[0], entry.time_ms)}
        messages = {(key[0], tables.copies[key][1]) for key in gone}
        for key in gone:
            del tables.copies[key]
        messages -= {(key[0], message_seq) for key, (_, message_seq) in tables.copies.items()}
        tables.kept_files -= {kept for kept in tables.kept_files if kept[1:] in messages}
        still = {kept[0] for kept in (*tables.kept_files, *tables.file_uses)}
        for id_, row in tables.files.items():
            if row.owner_id == NOBODY and row.state is FileState.READY and id_ not in still:
                tables.files[id_] = replace(row, unused_ms=1)

    # ------------------------------------------------------------ reading what is held

    async def begin_export(self, export: Export) -> bool:
        if self._open(export.hold_id) is None:
            return False
        self._exports[export.id] = export
        self._audit.note(Deed(Act.HOLD_READ, export.hold_id, {"export": export.id}))
        return True

    async def export(self, export_id: str) -> Export | None:
        return self._exports.get(export_id)

    async def finish_export(self, export: Export, *, sha256: str, entries: int, files: int) -> None:
        detail: dict[str, object] = {"export": export.id, "sha256": sha256, "entries": entries, "files": files}
        self._audit.note(Deed(Act.HOLD_EXPORTED, export.hold_id, detail))

    async def held(self, hold_id: str, cursor: str, limit: int) -> HeldPage | None:
        hold = self._open(hold_id)
        if hold is None:
            return None
        try:
            place, _, seq = cursor.partition(".")
            after = (place, int(seq)) if cursor else ("", 0)
        except ValueError:
            raise ChatError(Code.BAD_CURSOR) from None
        found: list[HeldEntry] = []
        for id_, log in sorted(self._tables.log.items()):
            for seq_, row in sorted(log.items()):
                if (id_, seq_) > after and self._holds_entry(hold, row.entry):
                    found.append(self._shown(row.entry))
        page, more = found[:limit], len(found) > limit
        places = [self._tables.conversations[id_] for id_ in sorted({each.entry.conversation_id for each in page})]
        senders = {each.entry.sender_id for each in page}
        names = {id_: self._tables.users[id_].username for id_ in senders if id_ in self._tables.users}
        return HeldPage(
            tuple(page),
            tuple(HeldConversation(one.id, one.kind, one.title) for one in places),
            names | {one.id: one.name for one in await self.subjects(hold_id) if one.id in senders},
            f"{page[-1].entry.conversation_id}.{page[-1].entry.seq}" if more else "",
        )

    async def held_files(self, hold_id: str, file_ids: Sequence[str]) -> dict[str, HeldFile]:
        hold = self._open(hold_id)
        if hold is None:
            return {}
        shown = {
            id_
            for id_, where, seq in (*self._tables.file_uses, *self._tables.kept_files)
            if (row := self._tables.log[where].get(seq)) is not None and self._holds_entry(hold, row.entry)
        }
        rows = [self._tables.files[id_] for id_ in file_ids if id_ in shown and id_ in self._tables.files]
        return {row.id: HeldFile(row.id, row.name, row.type, row.size_bytes, row.sha256) for row in rows}

    def _holds_entry(self, hold: Hold, entry: Entry) -> bool:
        where = entry.conversation_id
        if not _covers(hold, entry.time_ms):
            return False
        for (of, _), one in self._subjects.items():
            if of != hold.id:
                continue
            if one.id in (where, entry.sender_id):
                return True
            member = self._tables.members.get((where, one.id))
            public = self._tables.conversations[where].kind in _PUBLIC
            if member is not None and not public and member.may_see(entry.seq):
                return True
        return False

    def _shown(self, entry: Entry) -> HeldEntry:
        copied = self._tables.copies.get((entry.conversation_id, entry.seq))
        empty = isinstance(entry.action, Post | Edit) and entry.action.withdrawn
        return HeldEntry(entry if copied is None else copied[0], recalled=empty, erased=empty and copied is None)


def _covers(hold: Hold, time_ms: int) -> bool:
    return hold.from_ms <= time_ms and (not hold.until_ms or time_ms < hold.until_ms)


def _named(subjects: Subjects) -> dict[str, object]:
    return {"people": list(subjects.people), "conversations": list(subjects.conversations)}

"""What those who look after legal holds ask for: the rules around `HoldStore`.

Who may open one and who may read what one holds are two permissions, decided by whoever calls.  Here is decided what a
hold has to say of itself, and that an export is read by who began it.
"""

from __future__ import annotations

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import new_id
from hubbub.chat.holds import (
    NAME_CHARS,
    REASON_CHARS,
    SUBJECTS_AT_ONCE,
    Export,
    HeldFile,
    HeldPage,
    Hold,
    HoldStore,
    Subject,
    Subjects,
)

__all__ = ["Holding"]


class Holding:
    """Legal holds, for those who may."""

    def __init__(self, store: HoldStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    # ------------------------------------------------------------ holds

    async def open(
        self, name: str, reason: str, subjects: Subjects, opened_by: str, *, from_ms: int = 0, until_ms: int = 0
    ) -> Hold:
        """Begin a hold; once this returns nothing of it is lost.

        Raises BAD_REQUEST, USER_NOT_FOUND or CONVERSATION_NOT_FOUND.
        """
        name, reason = _text(name, "name", NAME_CHARS), _text(reason, "reason", REASON_CHARS)
        if until_ms and until_ms <= from_ms:
            raise ChatError(Code.BAD_REQUEST, "until_ms is after from_ms.")
        hold = Hold(new_id(), name, reason, opened_by, self._clock.now_ms(), from_ms=from_ms, until_ms=until_ms)
        return await self._store.open(hold, _some(subjects))

    async def add(self, hold_id: str, subjects: Subjects, added_by: str) -> Hold:
        """Put more under an open hold.  Raises NOT_FOUND, BAD_REQUEST, CONFLICT, or what `open` does."""
        return _found(await self._store.add(hold_id, _some(subjects), added_by))

    async def remove(self, hold_id: str, subject_id: str) -> Hold:
        """Let a person or conversation go.  Raises NOT_FOUND."""
        return _found(await self._store.remove(hold_id, subject_id))

    async def close(self, hold_id: str, closed_by: str) -> Hold:
        """End an open hold.  Raises NOT_FOUND, or CONFLICT for one that is closed."""
        closed = await self._store.close(hold_id, closed_by)
        if closed is None:
            _found(await self._store.hold(hold_id))
            raise ChatError(Code.CONFLICT, "The hold is closed already.")
        return closed

    async def hold(self, hold_id: str) -> tuple[Hold, list[Subject]]:
        """Return a hold and all it is over.  Raises NOT_FOUND."""
        return _found(await self._store.hold(hold_id)), await self._store.subjects(hold_id)

    async def holds(self, closed: bool, cursor: str, limit: int) -> tuple[list[Hold], str]:
        return await self._store.holds(closed, cursor, limit)

    # ------------------------------------------------------------ what they hold

    async def begin_export(self, hold_id: str, reader: str) -> Export:
        """Begin to read what an open hold holds.  Raises NOT_FOUND."""
        export = Export(new_id(), hold_id, reader, self._clock.now_ms())
        if not await self._store.begin_export(export):
            raise ChatError(Code.NOT_FOUND)
        return export

    async def held(self, hold_id: str, export_id: str, reader: str, cursor: str, limit: int) -> HeldPage:
        """Return a page of an export of one's own.  Raises NOT_FOUND or BAD_CURSOR."""
        await self._own(hold_id, export_id, reader)
        page = await self._store.held(hold_id, cursor, limit)
        if page is None:
            raise ChatError(Code.NOT_FOUND)
        return page

    async def held_file(self, hold_id: str, export_id: str, reader: str, file_id: str) -> HeldFile:
        """Return a file that something held shows.  Raises NOT_FOUND or FILE_NOT_FOUND."""
        await self._own(hold_id, export_id, reader)
        file = (await self._store.held_files(hold_id, [file_id])).get(file_id)
        if file is None:
            raise ChatError(Code.FILE_NOT_FOUND)
        return file

    async def finish_export(
        self, hold_id: str, export_id: str, reader: str, *, sha256: str, entries: int, files: int
    ) -> None:
        """Have remembered what was exported.  Raises NOT_FOUND."""
        export = await self._own(hold_id, export_id, reader)
        await self._store.finish_export(export, sha256=sha256, entries=entries, files=files)

    async def _own(self, hold_id: str, export_id: str, reader: str) -> Export:
        export = await self._store.export(export_id)
        if export is None or export.hold_id != hold_id or export.created_by != reader:
            raise ChatError(Code.NOT_FOUND)
        return export


def _found(hold: Hold | None) -> Hold:
    if hold is None:
        raise ChatError(Code.NOT_FOUND)
    return hold


def _some(subjects: Subjects) -> Subjects:
    """Return whom and what is named, each once."""
    people, conversations = tuple(dict.fromkeys(subjects.people)), tuple(dict.fromkeys(subjects.conversations))
    if not 0 < len(people) + len(conversations) <= SUBJECTS_AT_ONCE:
        raise ChatError(Code.BAD_REQUEST, f"Name 1 to {SUBJECTS_AT_ONCE} people and conversations.")
    return Subjects(people, conversations)


def _text(given: str, field: str, chars: int) -> str:
    text = given.strip()
    if not text or len(text) > chars or "\0" in text:
        raise ChatError(Code.BAD_REQUEST, f"{field} has 1 to {chars:,} characters.")
    return text

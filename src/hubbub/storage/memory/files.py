"""The rows of files over the tables of the memory store, for tests and for reading."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import NOBODY
from hubbub.files.emoji import EMOJI_PLACE
from hubbub.files.model import FileRow, FileState
from hubbub.storage.memory.tables import MemoryTables


class MemoryFiles:
    """A `files.ports.FileStore` beside a `MemoryStore`, whose messages show its files."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    async def reserve(self, row: FileRow, *, limit_bytes: int) -> None:
        used = self._tables.file_room.get(row.owner_id, 0) + row.room_bytes
        if limit_bytes and used > limit_bytes:
            raise ChatError(Code.FILE_QUOTA)
        self._tables.file_room[row.owner_id] = used
        self._tables.files[row.id] = row

    async def ready(self, file_id: str, unused_ms: int) -> bool:
        row = self._tables.files.get(file_id)
        if row is None or row.state is not FileState.STORING:
            return False
        self._tables.files[file_id] = replace(row, state=FileState.READY, unused_ms=unused_ms)
        return True

    async def find(self, user_id: str, file_ids: Sequence[str]) -> dict[str, FileRow]:
        return {id_: row for id_ in file_ids if (row := self._tables.file(user_id, id_)) is not None}

    async def portray(self, user_id: str, file_id: str) -> bool:
        row = self._tables.files.get(file_id)
        if row is None or row.owner_id != user_id or row.state is not FileState.READY:
            return False
        self._tables.file_uses.add((file_id, user_id, 1))
        self._tables.files[file_id] = replace(row, unused_ms=0)
        return True

    async def unportray(self, user_id: str, but: str, now_ms: int) -> None:
        uses = self._tables.file_uses
        ended = {use for use in uses if use[1] == user_id and use[0] != but}
        uses -= ended
        for file_id in {use[0] for use in ended} - {use[0] for use in uses}:
            self._tables.files[file_id] = replace(self._tables.files[file_id], unused_ms=now_ms)

    async def used_bytes(self, user_id: str) -> int:
        return self._tables.file_room.get(user_id, 0)

    async def discard(self, user_id: str, file_id: str) -> bool:
        row = self._tables.files.get(file_id)
        return row is not None and row.owner_id == user_id and self._let_go(row)

    async def sweep(self, unused_before_ms: int, limit: int) -> list[FileRow]:
        rows = sorted(self._tables.files.values(), key=lambda row: (row.unused_ms, row.id))
        old = [row for row in rows if 0 < row.unused_ms <= unused_before_ms][:limit]
        for row in old:
            self._let_go(row)
        kept = self._tables.files
        return [kept[row.id] for row in old if kept[row.id].state is FileState.GONE]

    async def forget(self, rows: Sequence[FileRow]) -> None:
        for row in rows:
            known = self._tables.files.get(row.id)
            if known is not None and known.state is FileState.GONE:
                del self._tables.files[row.id]
                self._tables.file_room[row.owner_id] -= row.room_bytes

    def drawn(self, file_id: str) -> FileRow | None:
        """Return the READY file that an emoji is drawn from."""
        row = self._tables.files.get(file_id)
        shown = (file_id, EMOJI_PLACE, 1) in self._tables.file_uses
        return row if shown and row is not None and row.state is FileState.READY else None

    def draw(self, file_ids: Sequence[str]) -> bool:
        """Draw emoji from all of these files, or none where one is not READY."""
        rows = [self._tables.files.get(id_) for id_ in file_ids]
        if any(row is None or row.state is not FileState.READY for row in rows):
            return False
        for row in rows:
            assert row is not None
            self._tables.file_uses.add((row.id, EMOJI_PLACE, 1))
            self._tables.files[row.id] = replace(row, unused_ms=0)
        return True

    def undraw(self, file_id: str) -> None:
        """Draw no emoji from it any more."""
        self._tables.file_uses.discard((file_id, EMOJI_PLACE, 1))
        self._let_go(self._tables.files[file_id])

    def keep_until(self, user_id: str, file_ids: Sequence[str], due_ms: int) -> None:
        """Keep one's files for a message that waits for its time."""
        for id_ in file_ids:
            row = self._tables.files.get(id_)
            if row is not None and row.owner_id == user_id and 0 < row.unused_ms < due_ms:
                self._tables.files[id_] = replace(row, unused_ms=due_ms)

    def _let_go(self, row: FileRow) -> bool:
        if row.state is FileState.GONE or any(use[0] == row.id for use in self._tables.file_uses):
            return False
        if any(kept[0] == row.id for kept in self._tables.kept_files):
            self._tables.files[row.id] = replace(row, owner_id=NOBODY, unused_ms=0)
            self._tables.file_room[row.owner_id] -= row.room_bytes
            self._tables.file_room[NOBODY] = self._tables.file_room.get(NOBODY, 0) + row.room_bytes
        else:
            self._tables.files[row.id] = replace(row, state=FileState.GONE, unused_ms=1)
        return True

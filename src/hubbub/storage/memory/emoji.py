"""A place's own emoji beside the files of the memory store, for tests and for reading."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from hubbub.base.errors import ChatError, Code
from hubbub.files.emoji import Emoji
from hubbub.files.model import FileRow
from hubbub.storage.emoji_store import emoji_added, emoji_removed
from hubbub.storage.memory.audit import MemoryAudit
from hubbub.storage.memory.files import MemoryFiles

__all__ = ["MemoryEmoji"]


class MemoryEmoji:
    """A `files.ports.EmojiStore` that forgets everything when the process ends."""

    def __init__(self, files: MemoryFiles, audit: MemoryAudit) -> None:
        self._files = files
        self._audit = audit
        self._version = 0
        self._emoji: list[Emoji] = []

    async def version(self) -> int:
        return self._version

    async def listed(self) -> tuple[int, list[Emoji]]:
        sorted_names = [replace(one, aliases=tuple(sorted(one.aliases))) for one in self._emoji]
        return self._version, sorted(sorted_names, key=lambda one: (one.pack, one.name))

    async def add(self, made: Sequence[Emoji], *, most: int) -> int:
        known = [name for one in self._emoji for name in one.names]
        wanted = [name for one in made for name in one.names]
        for name in wanted:
            if name in known:
                raise ChatError(Code.CONFLICT, f"There is an emoji {name!r} already.")
        if len(known) + len(wanted) > most:
            raise ChatError(Code.CONFLICT, f"There are at most {most:,} names of emoji.")
        if not self._files.draw([one.file_id for one in made]):
            raise ChatError(Code.FILE_NOT_FOUND)
        self._emoji += made
        self._audit.note(emoji_added(made))
        self._version += 1
        return self._version

    async def remove(self, name: str, now_ms: int) -> int:
        gone = [one for one in self._emoji if one.name == name]
        if not gone and any(name in one.aliases for one in self._emoji):
            self._emoji = [
                replace(one, aliases=tuple(each for each in one.aliases if each != name)) for one in self._emoji
            ]
            return self._removed(name, [name])
        return self._drop(gone, name)

    async def remove_pack(self, pack: str, now_ms: int) -> int:
        return self._drop([one for one in self._emoji if pack and one.pack == pack], pack)

    async def picture(self, file_id: str) -> FileRow | None:
        return self._files.drawn(file_id)

    def _drop(self, gone: Sequence[Emoji], target: str) -> int:
        if not gone:
            return 0
        self._emoji = [one for one in self._emoji if one not in gone]
        for one in gone:
            self._files.undraw(one.file_id)
        return self._removed(target, [name for one in gone for name in one.names])

    def _removed(self, target: str, names: Sequence[str]) -> int:
        self._audit.note(emoji_removed(target, names))
        self._version += 1
        return self._version

"""A place's own emoji: added one by one or a pack at once, listed, drawn and taken away.

Pictures are files of whoever added them, made small on the way in, and shown in a place of emoji, which keeps them; the
files of an emoji that was taken away are swept as those of a recalled message are.  A pack is added whole or not at
all.  Every change is told, so that open apps ask for the list again; the list is asked for by its version.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.files.emoji import Emoji, about_entry, emoji_name, name_of_file, names_of, pack_name
from hubbub.files.model import FileRow
from hubbub.files.ports import EmojiStore
from hubbub.files.service import Files
from hubbub.files.settings import FilesSettings

__all__ = ["CHANGED", "OwnEmoji"]

CHANGED = "emoji.changed"
"""The signal that the list is another; its payload is the version, in digits."""


class OwnEmoji:
    """What a place does with its emoji.  `changed` is told the version after each change."""

    def __init__(
        self,
        store: EmojiStore,
        files: Files,
        clock: Clock,
        settings: FilesSettings,
        changed: Callable[[int], Awaitable[None]],
    ) -> None:
        self._store = store
        self._files = files
        self._clock = clock
        self._settings = settings
        self._changed = changed

    async def version(self) -> int:
        return await self._store.version()

    async def listed(self) -> tuple[int, list[Emoji]]:
        """Return the version and every emoji."""
        return await self._store.listed()

    async def add(
        self,
        user_id: str,
        content: AsyncIterator[bytes],
        *,
        length: int | None,
        name: str,
        aliases: Sequence[str] = (),
        pack: str = "",
    ) -> Emoji:
        """Add one.

        Raises CONFLICT for a name that is taken or standard, BAD_REQUEST for one that cannot be and for what is no
        picture, and what uploads raise.
        """
        name, pack = emoji_name(name), pack_name(pack)
        others = tuple(one for one in names_of(aliases) if one != name)
        await self._need_free([(name, ""), *((one, "") for one in others)])
        [(_, row)] = await self._files.upload_small(user_id, content, length=length, pack=False)
        made = self._emoji(name, row, pack, others)
        await self._keep([made], [row])
        return made

    async def add_pack(
        self, user_id: str, content: AsyncIterator[bytes], *, length: int | None, pack: str
    ) -> list[Emoji]:
        """Add every picture of a ZIP, called as its file is; all of them or none.

        Raises what `add` does, saying which entry is wrong.
        """
        pack = pack_name(pack)
        if not pack:
            raise ChatError(Code.BAD_REQUEST, "A pack has a name.")
        kept = await self._files.upload_small(user_id, content, length=length, pack=True)
        rows = [row for _, row in kept]
        try:
            named = [(_name_of(entry), entry) for entry, _ in kept]
            seen: dict[str, str] = {}
            for name, entry in named:
                if name in seen:
                    raise ChatError(Code.CONFLICT, about_entry(entry, f"{name!r} is the name of {seen[name]} as well"))
                seen[name] = entry
            await self._need_free(named)
        except BaseException:
            await self._files.forget(rows)
            raise
        made = [self._emoji(name, row, pack) for (name, _), row in zip(named, rows, strict=True)]
        await self._keep(made, rows)
        return made

    async def remove(self, name: str) -> None:
        """Take a name away, and with an emoji's first name all of it.  Raises NOT_FOUND."""
        await self._tell(await self._store.remove(name, self._clock.now_ms()))

    async def remove_pack(self, pack: str) -> None:
        """Take every emoji of a pack away.  Raises NOT_FOUND."""
        await self._tell(await self._store.remove_pack(pack, self._clock.now_ms()))

    async def picture(self, file_id: str) -> FileRow:
        """Return the file an emoji is drawn from.  Raises FILE_NOT_FOUND, for other files as well."""
        row = await self._store.picture(file_id)
        if row is None:
            raise ChatError(Code.FILE_NOT_FOUND)
        return row

    def _emoji(self, name: str, row: FileRow, pack: str, aliases: tuple[str, ...] = ()) -> Emoji:
        return Emoji(
            name=name,
            aliases=aliases,
            pack=pack,
            file_id=row.id,
            moving=row.preview_bytes > 0,
            created_by=row.owner_id,
            created_ms=row.created_ms,
        )

    async def _need_free(self, named: Sequence[tuple[str, str]]) -> None:
        """Say which name is taken before anything is kept; the store has the last word."""
        _, known = await self._store.listed()
        taken = {name for one in known for name in one.names}
        for name, entry in named:
            if name in taken:
                raise ChatError(Code.CONFLICT, about_entry(entry, f"there is an emoji {name!r} already"))

    async def _keep(self, made: Sequence[Emoji], rows: Sequence[FileRow]) -> None:
        try:
            version = await self._store.add(made, most=self._settings.emoji_most)
        except BaseException:
            await self._files.forget(rows)
            raise
        await self._tell(version)

    async def _tell(self, version: int) -> None:
        if not version:
            raise ChatError(Code.NOT_FOUND)
        await self._changed(version)


def _name_of(entry: str) -> str:
    try:
        return name_of_file(entry)
    except ChatError as refusal:
        raise ChatError(refusal.code, about_entry(entry, str(refusal).rstrip("."))) from None

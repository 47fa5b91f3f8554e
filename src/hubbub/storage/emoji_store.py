"""A place's own emoji in a SQL database: one function per transaction.

Whoever changes the list locks its head first, so changes come one after the other, versions rise by one, and what was
checked holds when it is written.  A picture is kept by a use of its file in the place of emoji.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from hubbub.auth.audit import Act, Deed
from hubbub.base.errors import ChatError, Code
from hubbub.files.emoji import EMOJI_PLACE, Emoji
from hubbub.files.model import FileRow, FileState
from hubbub.storage.again import write_again
from hubbub.storage.auth.audit import note
from hubbub.storage.database import Database
from hubbub.storage.file_store import file_row, let_go
from hubbub.storage.tables.emoji import emoji, emoji_head
from hubbub.storage.tables.file import file_uses, files

__all__ = ["SHOWN", "SqlEmoji", "emoji_added", "emoji_removed"]

SHOWN = 1
"""The number of the message that the place of emoji would be."""

_DETAIL_NAMES = 50
"""So many names of a pack are remembered in the audit log."""

_HEAD = emoji_head.c.id == 1
_PICTURES = (file_uses.c.conversation_id == EMOJI_PLACE) & (file_uses.c.seq == SHOWN)


class SqlEmoji:
    """A `files.ports.EmojiStore` over an open database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def version(self) -> int:
        return await self._db.read(_version)

    async def listed(self) -> tuple[int, list[Emoji]]:
        def read(conn: Connection) -> tuple[int, list[Emoji]]:
            # The version first: what changes in between is asked for again, and never missed.
            return _version(conn), _joined(conn.execute(select(emoji)).all())

        return await self._db.read(read)

    async def add(self, made: Sequence[Emoji], *, most: int) -> int:
        rows = [row for one in made for row in _rows(one)]

        def work(conn: Connection) -> int:
            version = self._next(conn)
            names = [row["name"] for row in rows]
            taken = conn.execute(select(emoji.c.name).where(emoji.c.name.in_(names))).scalars().first()
            if taken is not None:
                raise ChatError(Code.CONFLICT, f"There is an emoji {taken!r} already.")
            if conn.execute(select(func.count()).select_from(emoji)).scalar_one() + len(rows) > most:
                raise ChatError(Code.CONFLICT, f"There are at most {most:,} names of emoji.")
            ids = sorted({one.file_id for one in made})
            ready = select(files.c.id).where(files.c.id.in_(ids), files.c.state == FileState.READY).order_by(files.c.id)
            if len(conn.execute(ready.with_for_update()).all()) != len(ids):
                raise ChatError(Code.FILE_NOT_FOUND)
            uses = [{"file_id": id_, "conversation_id": EMOJI_PLACE, "seq": SHOWN} for id_ in ids]
            self._db.dialect.insert_new(conn, file_uses, uses)
            conn.execute(update(files).where(files.c.id.in_(ids)), {"unused_ms": 0})
            conn.execute(insert(emoji), rows)
            note(self._db, conn, [emoji_added(made)])
            return version

        return await write_again(self._db, work)

    async def remove(self, name: str, now_ms: int) -> int:
        return await self._remove(or_(emoji.c.name == name, emoji.c.alias_of == name), now_ms, name)

    async def remove_pack(self, pack: str, now_ms: int) -> int:
        return await self._remove((emoji.c.pack == pack) & (emoji.c.pack != ""), now_ms, pack)

    async def picture(self, file_id: str) -> FileRow | None:
        shown = select(files).join(file_uses, file_uses.c.file_id == files.c.id).where(_PICTURES)
        wanted = shown.where(files.c.id == file_id, files.c.state == FileState.READY)

        def read(conn: Connection) -> FileRow | None:
            row = conn.execute(wanted).one_or_none()
            return None if row is None else file_row(row)

        return await self._db.read(read)

    async def _remove(self, which: Any, now_ms: int, target: str) -> int:
        def work(conn: Connection) -> int:
            if conn.execute(select(emoji.c.name).where(which)).first() is None:
                return 0
            version = self._next(conn)
            gone = conn.execute(select(emoji).where(which)).all()
            if not gone:
                return 0
            conn.execute(delete(emoji).where(emoji.c.name.in_([row.name for row in gone])))
            ids = sorted({row.file_id for row in gone if not row.alias_of})
            if ids:
                locked = select(files.c.id).where(files.c.id.in_(ids)).order_by(files.c.id)
                conn.execute(locked.with_for_update()).all()
                conn.execute(delete(file_uses).where(_PICTURES, file_uses.c.file_id.in_(ids)))
                let_go(conn, ids)
            note(self._db, conn, [emoji_removed(target, [row.name for row in gone])])
            return version

        return await write_again(self._db, work)

    def _next(self, conn: Connection) -> int:
        """Lock the list; return its next version."""
        self._db.dialect.insert_new(conn, emoji_head, [{"id": 1, "version": 0}])
        conn.execute(update(emoji_head).where(_HEAD).values(version=emoji_head.c.version + 1))
        return _version(conn)


def emoji_added(made: Sequence[Emoji]) -> Deed:
    """Return what the audit log remembers of new emoji."""
    names = [name for one in made for name in one.names]
    detail: dict[str, object] = {"names": names[:_DETAIL_NAMES], "count": len(made), "pack": made[0].pack}
    return Deed(Act.EMOJI_ADDED, made[0].name if len(made) == 1 else made[0].pack, detail)


def emoji_removed(target: str, names: Sequence[str]) -> Deed:
    """Return what the audit log remembers of emoji that were taken away."""
    return Deed(Act.EMOJI_REMOVED, target, {"names": sorted(names)[:_DETAIL_NAMES], "count": len(names)})


def _version(conn: Connection) -> int:
    return conn.execute(select(emoji_head.c.version).where(_HEAD)).scalar_one_or_none() or 0


def _rows(one: Emoji) -> list[dict[str, Any]]:
    shared = {
        "pack": one.pack,
        "file_id": one.file_id,
        "moving": one.moving,
        "created_by": one.created_by,
        "created_ms": one.created_ms,
    }
    return [{"name": name, "alias_of": "" if name == one.name else one.name, **shared} for name in one.names]


def _joined(rows: Sequence[Any]) -> list[Emoji]:
    aliases: dict[str, list[str]] = {}
    for row in rows:
        if row.alias_of:
            aliases.setdefault(row.alias_of, []).append(row.name)
    made = [
        Emoji(
            name=row.name,
            aliases=tuple(sorted(aliases.get(row.name, ()))),
            pack=row.pack,
            file_id=row.file_id,
            moving=bool(row.moving),
            created_by=row.created_by,
            created_ms=row.created_ms,
        )
        for row in rows
        if not row.alias_of
    ]
    return sorted(made, key=lambda one: (one.pack, one.name))

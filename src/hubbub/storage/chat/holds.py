"""Legal holds in the database: one function per transaction.

Opening one is two steps.  First it is committed, so that whoever erases from now on knows of it; then the conversations
it is over are locked and let go, a few at a time, so that whoever erased without knowing of it has ended before anybody
is told that it is open.  That holds nobody up for longer than a message does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update

from hubbub.auth.audit import Act, Deed
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import SYSTEM_CONVERSATION
from hubbub.chat.holds import (
    SUBJECTS,
    Export,
    HeldFile,
    HeldPage,
    Hold,
    Subject,
    SubjectKind,
    Subjects,
)
from hubbub.storage.again import write_again
from hubbub.storage.auth.audit import note as remember
from hubbub.storage.chat import hold_pages, hold_release
from hubbub.storage.database import Database
from hubbub.storage.tables.account import users
from hubbub.storage.tables.chat import conversations, members
from hubbub.storage.tables.hold import SubjectKind as Number
from hubbub.storage.tables.hold import hold_exports, hold_subjects, holds

__all__ = ["SqlHolds"]

_LOCKED_AT_ONCE = 100
_COPIES_AT_ONCE = 500


class SqlHolds:
    """A `chat.holds.HoldStore` on a `Database`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # ------------------------------------------------------------ changing

    async def open(self, hold: Hold, subjects: Subjects) -> Hold:
        def work(conn: Connection) -> None:
            row = {**msgspec.structs.asdict(hold), "closed_by": None, "loosened": 0, "settled": 0}
            del row["people"], row["conversations"]
            conn.execute(insert(holds), [row])
            self._put(conn, hold.id, subjects, hold.created_by, hold.created_ms)
            about = {"name": hold.name, "reason": hold.reason, "from_ms": hold.from_ms, "until_ms": hold.until_ms}
            remember(self._db, conn, [Deed(Act.HOLD_OPENED, hold.id, {**about, **_named(subjects)})])

        await write_again(self._db, work)
        await self._await_erasers(subjects)
        made = await self.hold(hold.id)
        assert made is not None
        return made

    async def add(self, hold_id: str, subjects: Subjects, added_by: str) -> Hold | None:
        def work(conn: Connection) -> bool:
            if _open(conn, hold_id) is None:
                return False
            self._put(conn, hold_id, subjects, added_by, self._db.now_ms(conn))
            remember(self._db, conn, [Deed(Act.HOLD_ADDED, hold_id, _named(subjects))])
            return True

        if not await write_again(self._db, work):
            return None
        await self._await_erasers(subjects)
        return await self.hold(hold_id)

    async def remove(self, hold_id: str, subject_id: str) -> Hold | None:
        this = (hold_subjects.c.hold_id == hold_id) & (hold_subjects.c.subject_id == subject_id)

        def work(conn: Connection) -> bool:
            if _open(conn, hold_id) is None:
                return False
            found = conn.execute(select(hold_subjects).where(this)).all()
            if not found:
                return False
            conn.execute(delete(hold_subjects).where(this))
            conn.execute(update(holds).where(holds.c.id == hold_id).values(loosened=holds.c.loosened + 1))
            gone = [_subject(row) for row in found]
            detail = _named(
                Subjects(
                    tuple(one.id for one in gone if one.kind is SubjectKind.PERSON),
                    tuple(one.id for one in gone if one.kind is SubjectKind.CONVERSATION),
                )
            )
            remember(self._db, conn, [Deed(Act.HOLD_REMOVED, hold_id, detail)])
            return True

        return await self.hold(hold_id) if await write_again(self._db, work) else None

    async def close(self, hold_id: str, closed_by: str) -> Hold | None:
        def work(conn: Connection) -> bool:
            row = _open(conn, hold_id)
            if row is None:
                return False
            values = {"closed_by": closed_by, "closed_ms": self._db.now_ms(conn), "loosened": row.loosened + 1}
            conn.execute(update(holds).where(holds.c.id == hold_id), values)
            remember(self._db, conn, [Deed(Act.HOLD_CLOSED, hold_id, {"name": row.name})])
            return True

        return await self.hold(hold_id) if await write_again(self._db, work) else None

    def _put(self, conn: Connection, hold_id: str, subjects: Subjects, added_by: str, now_ms: int) -> None:
        """Write what a hold is over; accounts that were deleted can be named, conversations that ended too."""
        names = {
            (Number.PERSON, row.id): row.username
            for row in conn.execute(select(users.c.id, users.c.username).where(users.c.id.in_(subjects.people)))
        }
        if len(names) < len(set(subjects.people)):
            raise ChatError(Code.USER_NOT_FOUND)
        found = select(conversations.c.id, conversations.c.title).where(conversations.c.id.in_(subjects.conversations))
        titles = {(Number.CONVERSATION, row.id): row.title for row in conn.execute(found)}
        if len(titles) < len(set(subjects.conversations)):
            raise ChatError(Code.CONVERSATION_NOT_FOUND)
        rows = [
            {
                "hold_id": hold_id,
                "kind": kind.value,
                "subject_id": id_,
                "name": name,
                "added_by": added_by,
                "added_ms": now_ms,
            }
            for (kind, id_), name in {**names, **titles}.items()
        ]
        self._db.dialect.insert_new(conn, hold_subjects, rows)
        of_this = select(func.count()).select_from(hold_subjects).where(hold_subjects.c.hold_id == hold_id)
        if conn.execute(of_this).scalar_one() > SUBJECTS:
            raise ChatError(Code.CONFLICT, f"A hold is over at most {SUBJECTS:,} people and conversations.")

    async def _await_erasers(self, subjects: Subjects) -> None:
        """Return once everybody who erases in these conversations, or those of these people, knows what is held."""
        if not self._db.shared:
            # One writes at a time, and this hold was written.
            return
        named = sorted({*subjects.conversations, *([SYSTEM_CONVERSATION] if subjects.people else [])})
        for at in range(0, len(named), _LOCKED_AT_ONCE):
            await self._lock_once(named[at : at + _LOCKED_AT_ONCE])
        after = ""
        while subjects.people:
            some = await self._db.read(lambda conn, after=after: _places(conn, subjects.people, after))  # type: ignore[misc]
            await self._lock_once(some)
            if len(some) < _LOCKED_AT_ONCE:
                return
            after = some[-1]

    async def _lock_once(self, conversation_ids: Sequence[str]) -> None:
        if conversation_ids:
            await write_again(self._db, lambda conn: self._db.dialect.lock_heads(conn, conversation_ids))

    # ------------------------------------------------------------ seeing

    async def hold(self, hold_id: str) -> Hold | None:
        found = _counted().where(holds.c.id == hold_id)
        row = await self._db.read(lambda conn: conn.execute(found).one_or_none())
        return None if row is None else _hold(row)

    async def holds(self, closed: bool, cursor: str, limit: int) -> tuple[list[Hold], str]:
        found = _counted().where(holds.c.closed_ms > 0 if closed else holds.c.closed_ms == 0)
        if cursor:
            found = found.where(holds.c.id > cursor)
        found = found.order_by(holds.c.id).limit(limit + 1)
        rows = await self._db.read(lambda conn: [_hold(row) for row in conn.execute(found)])
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else ""

    async def subjects(self, hold_id: str) -> list[Subject]:
        found = select(hold_subjects).where(hold_subjects.c.hold_id == hold_id)
        found = found.order_by(hold_subjects.c.kind, hold_subjects.c.subject_id)
        return await self._db.read(lambda conn: [_subject(row) for row in conn.execute(found)])

    # ------------------------------------------------------------ letting go

    async def release(self) -> None:
        unsettled = await self._db.read(hold_release.read_unsettled)
        if not unsettled:
            return
        after = ""
        while ids := await self._db.read(lambda conn, after=after: hold_release.read_copied(conn, after)):  # type: ignore[misc]
            for conversation_id in ids:
                seq: int | None = 0
                while seq is not None:
                    seq = await write_again(
                        self._db,
                        lambda conn, id_=conversation_id, seq=seq: hold_release.release(  # type: ignore[misc]
                            conn, self._db.dialect, id_, seq, _COPIES_AT_ONCE
                        ),
                    )
            after = ids[-1]
        await write_again(self._db, lambda conn: hold_release.settle(conn, unsettled))

    # ------------------------------------------------------------ reading what is held

    async def begin_export(self, export: Export) -> bool:
        def work(conn: Connection) -> bool:
            if _open(conn, export.hold_id) is None:
                return False
            conn.execute(insert(hold_exports), [msgspec.structs.asdict(export)])
            remember(self._db, conn, [Deed(Act.HOLD_READ, export.hold_id, {"export": export.id})])
            return True

        return await write_again(self._db, work)

    async def export(self, export_id: str) -> Export | None:
        found = select(hold_exports).where(hold_exports.c.id == export_id)
        row = await self._db.read(lambda conn: conn.execute(found).one_or_none())
        return None if row is None else Export(row.id, row.hold_id, row.created_by, row.created_ms)

    async def finish_export(self, export: Export, *, sha256: str, entries: int, files: int) -> None:
        detail: dict[str, object] = {"export": export.id, "sha256": sha256, "entries": entries, "files": files}
        deed = Deed(Act.HOLD_EXPORTED, export.hold_id, detail)
        await write_again(self._db, lambda conn: remember(self._db, conn, [deed]))

    async def held(self, hold_id: str, cursor: str, limit: int) -> HeldPage | None:
        return await self._db.read(lambda conn: hold_pages.read_held(conn, hold_id, cursor, limit))

    async def held_files(self, hold_id: str, file_ids: Sequence[str]) -> dict[str, HeldFile]:
        return await self._db.read(lambda conn: hold_pages.read_files(conn, hold_id, file_ids))


# ---------------------------------------------------------------- rows


def _open(conn: Connection, hold_id: str) -> Row[Any] | None:
    """Lock an open hold and return it: what is added and closing it do not pass each other."""
    this = select(holds).where(holds.c.id == hold_id, holds.c.closed_ms == 0)
    return conn.execute(this.with_for_update()).one_or_none()


def _places(conn: Connection, people: Sequence[str], after: str) -> list[str]:
    """Return the next conversations that any of these people are or were in."""
    found = select(members.c.conversation_id).distinct().where(members.c.user_id.in_(people))
    if after:
        found = found.where(members.c.conversation_id > after)
    return list(conn.execute(found.order_by(members.c.conversation_id).limit(_LOCKED_AT_ONCE)).scalars())


def _counted() -> Select[Any]:
    def count(kind: Number) -> Any:
        of_kind = select(func.count()).where(hold_subjects.c.hold_id == holds.c.id, hold_subjects.c.kind == kind)
        return of_kind.scalar_subquery()

    people, places = count(Number.PERSON), count(Number.CONVERSATION)
    return select(holds, people.label("people"), places.label("conversations"))


def _hold(row: Row[Any]) -> Hold:
    return Hold(
        id=row.id,
        name=row.name,
        reason=row.reason,
        created_by=row.created_by,
        created_ms=row.created_ms,
        from_ms=row.from_ms,
        until_ms=row.until_ms,
        closed_by=row.closed_by or "",
        closed_ms=row.closed_ms,
        people=row.people,
        conversations=row.conversations,
    )


def _subject(row: Row[Any]) -> Subject:
    kind = SubjectKind.PERSON if row.kind == Number.PERSON else SubjectKind.CONVERSATION
    return Subject(kind, row.subject_id, row.name, row.added_by, row.added_ms)


def _named(subjects: Subjects) -> dict[str, object]:
    """Return what the audit log remembers of whom and what a request named."""
    return {"people": list(subjects.people), "conversations": list(subjects.conversations)}

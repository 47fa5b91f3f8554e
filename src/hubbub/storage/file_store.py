"""The rows of files in a SQL database, and what the log writes of them in its own transactions.

A file is for its owner and for whoever may see a message that shows it; which messages somebody may see is the one rule
of `sight`.  Whoever shows a file or sweeps one locks its row first, so a file that is being shown is not swept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, and_, delete, exists, insert, or_, select, update

from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import NOBODY
from hubbub.chat.model import ConversationKind, FileRef
from hubbub.files.emoji import EMOJI_PLACE
from hubbub.files.model import FileRow, FileState
from hubbub.storage.chat.look import look
from hubbub.storage.chat.sight import Spans, within
from hubbub.storage.database import Database
from hubbub.storage.dialects import Dialect
from hubbub.storage.tables.chat import conversations, members
from hubbub.storage.tables.file import file_room, file_uses, files
from hubbub.storage.tables.hold import hold_files

_PLACES = 500
"""In so many messages one person's right to a file is looked for."""

_PORTRAIT = 1

_SHOWN = exists().where(file_uses.c.file_id == files.c.id)
_HELD = exists().where(hold_files.c.file_id == files.c.id)

_OPEN_TO_ALL = (ConversationKind.CHANNEL.value, ConversationKind.SYSTEM.value)


class SqlFiles:
    """A `files.ports.FileStore` over an open database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def reserve(self, row: FileRow, *, limit_bytes: int) -> None:
        def transaction(conn: Connection) -> None:
            self._db.dialect.insert_new(conn, file_room, [{"user_id": row.owner_id, "used_bytes": 0}])
            charged = update(file_room).where(file_room.c.user_id == row.owner_id)
            if limit_bytes:
                charged = charged.where(file_room.c.used_bytes + row.room_bytes <= limit_bytes)
            if not conn.execute(charged.values(used_bytes=file_room.c.used_bytes + row.room_bytes)).rowcount:
                raise ChatError(Code.FILE_QUOTA)
            conn.execute(insert(files), _values(row))

        await self._db.write(transaction)

    async def ready(self, file_id: str, unused_ms: int) -> bool:
        def transaction(conn: Connection) -> bool:
            waiting = (files.c.id == file_id) & (files.c.state == FileState.STORING)
            values = {"state": FileState.READY, "unused_ms": unused_ms}
            return conn.execute(update(files).where(waiting), values).rowcount > 0

        return await self._db.write(transaction)

    async def find(self, user_id: str, file_ids: Sequence[str]) -> dict[str, FileRow]:
        def read(conn: Connection) -> dict[str, FileRow]:
            found = conn.execute(_ready(file_ids)).all()
            return {row.id: file_row(row) for row in found if _is_for(conn, user_id, row)}

        return await self._db.read(read)

    async def portray(self, user_id: str, file_id: str) -> bool:
        def transaction(conn: Connection) -> bool:
            own = _ready([file_id]).where(files.c.owner_id == user_id).with_for_update()
            if conn.execute(own).one_or_none() is None:
                return False
            # A portrait is shown in a place of its owner's own, which is no conversation and has their id.
            use = {"file_id": file_id, "conversation_id": user_id, "seq": _PORTRAIT}
            self._db.dialect.insert_new(conn, file_uses, [use])
            conn.execute(update(files).where(files.c.id == file_id), {"unused_ms": 0})
            return True

        return await self._db.write(transaction)

    async def unportray(self, user_id: str, but: str, now_ms: int) -> None:
        def transaction(conn: Connection) -> None:
            portraits = (file_uses.c.conversation_id == user_id) & (file_uses.c.seq == _PORTRAIT)
            ids = [id_ for id_ in conn.execute(select(file_uses.c.file_id).where(portraits)).scalars() if id_ != but]
            if not ids:
                return
            conn.execute(select(files.c.id).where(files.c.id.in_(ids)).order_by(files.c.id).with_for_update()).all()
            conn.execute(delete(file_uses).where(portraits, file_uses.c.file_id.in_(ids)))
            conn.execute(update(files).where(files.c.id.in_(ids), ~_SHOWN), {"unused_ms": now_ms})

        await self._db.write(transaction)

    async def used_bytes(self, user_id: str) -> int:
        statement = select(file_room.c.used_bytes).where(file_room.c.user_id == user_id)
        return await self._db.read(lambda conn: conn.execute(statement).scalar_one_or_none() or 0)

    async def discard(self, user_id: str, file_id: str) -> bool:
        def transaction(conn: Connection) -> bool:
            own = (files.c.id == file_id) & (files.c.owner_id == user_id) & (files.c.state != FileState.GONE)
            found = conn.execute(select(files.c.id).where(own).with_for_update()).scalar_one_or_none()
            return found is not None and let_go(conn, [file_id]) > 0

        return await self._db.write(transaction)

    async def sweep(self, unused_before_ms: int, limit: int) -> list[FileRow]:
        def transaction(conn: Connection) -> list[FileRow]:
            forgotten = and_(files.c.unused_ms > 0, files.c.unused_ms <= unused_before_ms)
            old = select(files.c.id).where(forgotten).order_by(files.c.unused_ms, files.c.id).limit(limit)
            ids = sorted(conn.execute(old).scalars())
            if ids:
                # Looked at again under the lock: one may have been shown since.
                locked = select(files.c.id).where(files.c.id.in_(ids), forgotten).order_by(files.c.id)
                let_go(conn, conn.execute(locked.with_for_update()).scalars().all())
            gone = select(files).where(files.c.unused_ms <= unused_before_ms, files.c.state == FileState.GONE)
            gone = gone.where(files.c.unused_ms > 0).order_by(files.c.unused_ms, files.c.id).limit(limit)
            return [file_row(row) for row in conn.execute(gone)]

        return await self._db.write(transaction)

    async def forget(self, rows: Sequence[FileRow]) -> None:
        def transaction(conn: Connection) -> None:
            for row in sorted(rows, key=lambda row: row.id):
                if conn.execute(delete(files).where(files.c.id == row.id, files.c.state == FileState.GONE)).rowcount:
                    _give_back(conn, row)

        await self._db.write(transaction)


# ---------------------------------------------------------------- within the transactions of the log


def load_files(conn: Connection, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], FileRef]:
    """Lock the files that people want to show, and return those that are for them."""
    wanted = sorted(wanted)
    if not wanted:
        return {}
    statement = _ready(sorted({file_id for _, file_id in wanted})).order_by(files.c.id).with_for_update()
    rows = {row.id: row for row in conn.execute(statement)}
    return {
        (user_id, file_id): ref_of(file_row(row))
        for user_id, file_id in wanted
        if (row := rows.get(file_id)) is not None and _is_for(conn, user_id, row)
    }


def write_shown(conn: Connection, dialect: Dialect, shown: Sequence[tuple[str, int, str]]) -> None:
    """Note which messages show which files; they were locked by `load_files`."""
    rows = [{"file_id": file_id, "conversation_id": where, "seq": seq} for where, seq, file_id in shown]
    dialect.insert_new(conn, file_uses, rows)
    ids = sorted({file_id for _, _, file_id in shown})
    conn.execute(update(files).where(files.c.id.in_(ids)), {"unused_ms": 0})


def unshow(conn: Connection, conversation_id: str, seq: int, now_ms: int) -> None:
    """Take the files of a recalled message from those who had them through it."""
    unshow_between(conn, conversation_id, seq, seq, now_ms)


def unshow_between(conn: Connection, conversation_id: str, first: int, last: int, now_ms: int) -> None:
    """Take the files of all messages of a stretch from those who had them through these."""
    of_messages = (file_uses.c.conversation_id == conversation_id) & file_uses.c.seq.between(first, last)
    ids = sorted(set(conn.execute(select(file_uses.c.file_id).where(of_messages)).scalars()))
    if not ids:
        return
    # Locked before it is asked whether another message shows them: two recalls at once must not both say "the other".
    conn.execute(select(files.c.id).where(files.c.id.in_(ids)).order_by(files.c.id).with_for_update()).all()
    conn.execute(delete(file_uses).where(of_messages))
    conn.execute(update(files).where(files.c.id.in_(ids), ~_SHOWN), {"unused_ms": now_ms})


def keep_files(conn: Connection, dialect: Dialect, conversation_id: str, seq: int) -> None:
    """Keep the bytes of a message's files for a legal hold, whoever stops showing them."""
    shown = select(file_uses.c.file_id).where(file_uses.c.conversation_id == conversation_id, file_uses.c.seq == seq)
    rows = [{"file_id": id_, "conversation_id": conversation_id, "seq": seq} for id_ in conn.execute(shown).scalars()]
    if rows:
        dialect.insert_new(conn, hold_files, rows)


def release_files(conn: Connection, conversation_id: str, seqs: Sequence[int]) -> None:
    """Let go of the files that were kept of these messages; the next sweep takes those that nothing needs."""
    of_messages = (hold_files.c.conversation_id == conversation_id) & hold_files.c.seq.in_(seqs)
    ids = sorted(set(conn.execute(select(hold_files.c.file_id).where(of_messages)).scalars()))
    if not ids:
        return
    conn.execute(select(files.c.id).where(files.c.id.in_(ids)).order_by(files.c.id).with_for_update()).all()
    conn.execute(delete(hold_files).where(of_messages))
    # Those that still have an owner are waiting to be swept already, or are shown elsewhere.
    orphans = and_(files.c.id.in_(ids), files.c.owner_id == NOBODY, files.c.state == FileState.READY)
    conn.execute(update(files).where(orphans, ~_SHOWN, ~_HELD), {"unused_ms": 1})


def keep_until(conn: Connection, user_id: str, file_ids: Sequence[str], due_ms: int) -> None:
    """Keep one's files for a message that waits for its time."""
    if file_ids:
        waiting = and_(files.c.unused_ms > 0, files.c.unused_ms < due_ms, files.c.state == FileState.READY)
        mine = and_(files.c.id.in_(file_ids), files.c.owner_id == user_id)
        conn.execute(update(files).where(mine, waiting), {"unused_ms": due_ms})


def ref_of(row: FileRow) -> FileRef:
    """Return what a message says of a file."""
    return FileRef(row.id, row.name, row.type, row.size_bytes, row.width, row.height, row.preview_bytes > 0)


# ---------------------------------------------------------------- rows


def _ready(file_ids: Sequence[str]) -> Any:
    return select(files).where(files.c.id.in_(file_ids), files.c.state == FileState.READY)


def _is_for(conn: Connection, user_id: str, row: Any) -> bool:
    """Whether this person uploaded the file, or may see a message that shows it, or it is a portrait or an emoji."""
    if row.owner_id == user_id:
        return True
    portrait = (file_uses.c.file_id == row.id) & file_uses.c.conversation_id.in_([row.owner_id, EMOJI_PLACE])
    if conn.execute(select(file_uses.c.seq).where(portrait)).first() is not None:
        return True
    places = (
        select(file_uses.c.conversation_id, file_uses.c.seq)
        .join(conversations, conversations.c.id == file_uses.c.conversation_id)
        .outerjoin(
            members, and_(members.c.conversation_id == file_uses.c.conversation_id, members.c.user_id == user_id)
        )
        .where(
            file_uses.c.file_id == row.id,
            or_(members.c.user_id.is_not(None), conversations.c.kind.in_(_OPEN_TO_ALL)),
        )
        .order_by(file_uses.c.conversation_id, file_uses.c.seq)
        .limit(_PLACES)
    )
    spans: dict[str, Spans] = {}
    for where, seq in conn.execute(places).all():
        if where not in spans:
            spans[where] = _spans(conn, user_id, where)
        if within(spans[where], seq):
            return True
    return False


def _spans(conn: Connection, user_id: str, conversation_id: str) -> Spans:
    try:
        return look(conn, user_id, conversation_id).spans
    except ChatError:
        return ()


def let_go(conn: Connection, file_ids: Sequence[str]) -> int:
    """Make locked files GONE unless a message shows them; return how many.

    One that a legal hold keeps is nobody's from now on: for all but the hold it is as if it were gone, and its room is
    its owner's again.
    """
    if not file_ids:
        return 0
    these = and_(files.c.id.in_(file_ids), files.c.state != FileState.GONE, ~_SHOWN)
    held = [file_row(row) for row in conn.execute(select(files).where(these, _HELD))]
    for row in held:
        conn.execute(update(files).where(files.c.id == row.id), {"owner_id": NOBODY, "unused_ms": 0})
        _give_back(conn, row)
    # The oldest of all: the next sweep deletes their bytes.
    going = update(files).where(these, ~_HELD)
    return len(held) + conn.execute(going, {"state": FileState.GONE, "unused_ms": 1}).rowcount


def _give_back(conn: Connection, row: FileRow) -> None:
    """Give its owner the room of a file that is not theirs any more."""
    room = update(file_room).where(file_room.c.user_id == row.owner_id)
    conn.execute(room.values(used_bytes=file_room.c.used_bytes - row.room_bytes))


def file_row(row: Any) -> FileRow:
    return FileRow(
        id=row.id,
        owner_id=row.owner_id,
        name=row.name,
        type=row.type,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        width=row.width,
        height=row.height,
        preview_bytes=row.preview_bytes,
        state=FileState(row.state),
        created_ms=row.created_ms,
        unused_ms=row.unused_ms,
    )


def _values(row: FileRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "owner_id": row.owner_id,
        "state": row.state,
        "type": row.type,
        "size_bytes": row.size_bytes,
        "sha256": row.sha256,
        "width": row.width,
        "height": row.height,
        "preview_bytes": row.preview_bytes,
        "created_ms": row.created_ms,
        "unused_ms": row.unused_ms,
        "name": row.name,
    }

"""Letters that wait, in the database: one function per transaction."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from hubbub.auth.letters import Waiting
from hubbub.storage.again import write_again
from hubbub.storage.database import Database
from hubbub.storage.tables.letter import letters

__all__ = ["SqlLetters"]

_LETTER = [letters.c[name] for name in Waiting.__struct_fields__]


class SqlLetters:
    """A `LetterStore` on a `Database`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, letter: Waiting, most: int) -> bool:
        def work(conn: Connection) -> bool:
            if conn.execute(select(func.count()).select_from(letters)).scalar_one() >= most:
                return False
            conn.execute(insert(letters), [msgspec.structs.asdict(letter)])
            return True

        return await write_again(self._db, work)

    async def take(self, now_ms: int, until_ms: int) -> Waiting | None:
        due = select(*_LETTER).where(letters.c.due_ms <= now_ms).order_by(letters.c.due_ms, letters.c.id).limit(1)
        # Nearly always there is none, which a reader finds out without a lock.
        if await self._db.read(lambda conn: conn.execute(due).one_or_none()) is None:
            return None

        def work(conn: Connection) -> Waiting | None:
            # Looked at again once it is locked: of two that race the second finds it taken.
            row = conn.execute(due.with_for_update()).one_or_none()
            if row is None:
                return None
            taken = msgspec.structs.replace(Waiting(*row), due_ms=until_ms, tries=row.tries + 1)
            changed = {"due_ms": taken.due_ms, "tries": taken.tries}
            conn.execute(update(letters).where(letters.c.id == taken.id).values(changed))
            return taken

        return await write_again(self._db, work)

    async def again(self, letter_id: str, due_ms: int) -> None:
        later = update(letters).where(letters.c.id == letter_id).values(due_ms=due_ms)
        await write_again(self._db, lambda conn: conn.execute(later).rowcount)

    async def done(self, letter_id: str) -> None:
        gone = delete(letters).where(letters.c.id == letter_id)
        await write_again(self._db, lambda conn: conn.execute(gone).rowcount)

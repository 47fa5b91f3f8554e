"""The rows of links in a SQL database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, select, update

from hubbub.links.model import LinkRow, LinkState, SmallImage
from hubbub.storage.database import Database
from hubbub.storage.tables.link import links


class SqlLinks:
    """A `links.ports.LinkStore` over an open database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def ask(self, asked: Sequence[tuple[str, str]], now_ms: int) -> dict[str, LinkRow]:
        keys = [key for key, _ in asked]

        def read(conn: Connection) -> dict[str, LinkRow]:
            return {row.id: _row(row) for row in conn.execute(select(links).where(links.c.id.in_(keys)))}

        found = await self._db.read(read)
        missing = [(key, url) for key, url in asked if key not in found]
        if not missing:
            return found

        def transaction(conn: Connection) -> dict[str, LinkRow]:
            rows = [_values(LinkRow(key=key, url=url, state=LinkState.WAITING)) for key, url in missing]
            self._db.dialect.insert_new(conn, links, [row | {"asked_ms": now_ms, "lease_ms": 0} for row in rows])
            return read(conn)

        return await self._db.write(transaction)

    async def claim(self, now_ms: int, lease_ms: int, limit: int) -> list[LinkRow]:
        free = (links.c.state == LinkState.WAITING) & (links.c.lease_ms <= now_ms)
        oldest = select(links.c.id).where(free).order_by(links.c.asked_ms, links.c.id).limit(limit)

        def transaction(conn: Connection) -> list[LinkRow]:
            ids = sorted(conn.execute(oldest).scalars())
            if not ids:
                return []
            # Looked at again under the lock: another worker may have been faster.
            locked = select(links).where(links.c.id.in_(ids), free).order_by(links.c.id).with_for_update()
            rows = [_row(row) for row in conn.execute(locked)]
            taken = update(links).where(links.c.id.in_([row.key for row in rows]))
            conn.execute(taken, {"lease_ms": now_ms + lease_ms})
            return rows

        if not await self._db.read(lambda conn: conn.execute(oldest).first()):
            # Nearly always: then nothing is written and nothing locked.
            return []
        return await self._db.write(transaction)

    async def settle(self, row: LinkRow, now_ms: int) -> None:
        values = _values(row)
        del values["id"], values["url"]
        await self._db.write(lambda conn: conn.execute(update(links).where(links.c.id == row.key), values).rowcount)

    async def forget(self, before_ms: int) -> None:
        await self._db.write(lambda conn: conn.execute(delete(links).where(links.c.asked_ms < before_ms)).rowcount)


def _row(row: Any) -> LinkRow:
    image = SmallImage(row.image, row.image_type, row.image_width, row.image_height) if row.image_type else None
    return LinkRow(
        key=row.id,
        url=row.url,
        state=LinkState(row.state),
        title=row.title,
        description=row.description,
        site=row.site,
        image=image,
    )


def _values(row: LinkRow) -> dict[str, Any]:
    image = row.image or SmallImage(b"", "", 0, 0)
    return {
        "id": row.key,
        "url": row.url,
        "state": row.state,
        "title": row.title,
        "description": row.description,
        "site": row.site,
        "image": image.content,
        "image_type": image.type,
        "image_width": image.width,
        "image_height": image.height,
    }

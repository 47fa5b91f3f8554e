"""Nodes, live configuration and locks in the database: one function per transaction.

What is compared and set is compared and set by one UPDATE, whose WHERE says under which condition; the row count says
whether it held.  The database's clock is read before it, so a transaction that was held up in between judges a lease by
an earlier moment, which can only be to the holder's good.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, and_, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from hubbub.auth.audit import Act, Deed
from hubbub.base.errors import ChatError, Code
from hubbub.cluster.locks import LockLost
from hubbub.cluster.model import ConfigVersion, Held, Leased, Lock, NodeRecord, TooOld
from hubbub.storage.again import write_again
from hubbub.storage.auth.audit import note as remember
from hubbub.storage.database import Database
from hubbub.storage.dialects import Dialect
from hubbub.storage.meta import agree, read
from hubbub.storage.tables.chat import meta
from hubbub.storage.tables.cluster import NodeLife, config_versions, locks, nodes

__all__ = ["SqlConfig", "SqlLocks", "SqlNodes", "any_alive", "fence"]

REMEMBERED_MS = 3_600_000
"""How long a node that is over is still listed."""

_LEVEL = "cluster.level"

# Plain numbers: not every driver takes an enumeration for one.
_LIVING, _LEFT, _DEAD = (life.value for life in NodeLife)
_decode_record = msgspec.json.Decoder(NodeRecord).decode
_decode_values = msgspec.json.Decoder(dict[str, object]).decode


class SqlNodes:
    """A `NodeStore` on a `Database`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def enter(self, record: NodeRecord, lease_s: float, *, sole: bool = False) -> None:
        def work(conn: Connection) -> None:
            if (level := _locked_level(conn, self._db.dialect)) > record.level:
                raise TooOld(own=record.level, cluster=level)
            now = self._db.now_ms(conn)
            others = and_(nodes.c.life == _LIVING, nodes.c.incarnation != record.incarnation)
            if not sole:
                others = and_(others, nodes.c.living_id == record.node_id, nodes.c.lease_ms <= now)
            conn.execute(update(nodes).where(others).values(_over(_DEAD, now)))
            life = conn.execute(select(nodes.c.life).where(nodes.c.incarnation == record.incarnation)).scalar()
            if life == _LIVING:
                return
            row = {
                "incarnation": record.incarnation,
                "node_id": record.node_id,
                "living_id": record.node_id,
                "life": _LIVING,
                "lease_ms": now + _ms(lease_s),
                "over_ms": 0,
                "swept": False,
                "drain_asked": False,
                "record": msgspec.json.encode(record),
            }
            try:
                conn.execute(insert(nodes), [row])
            except IntegrityError:
                raise ChatError(Code.CONFLICT, f"A node called {record.node_id} is alive already.") from None

        await write_again(self._db, work)

    async def renew(self, record: NodeRecord, lease_s: float) -> bool:
        def work(conn: Connection) -> bool:
            lease_ms = self._db.now_ms(conn) + _ms(lease_s)
            values = {"lease_ms": lease_ms, "record": msgspec.json.encode(record)}
            return conn.execute(update(nodes).where(_living(record.incarnation)).values(values)).rowcount == 1

        return await write_again(self._db, work)

    async def leave(self, incarnation: str) -> None:
        def work(conn: Connection) -> None:
            over = _over(_LEFT, self._db.now_ms(conn))
            conn.execute(update(nodes).where(_living(incarnation)).values(over))

        await write_again(self._db, work)

    async def nodes(self) -> list[Leased]:
        def work(conn: Connection) -> list[Leased]:
            now = self._db.now_ms(conn)
            shown = or_(nodes.c.over_ms == 0, nodes.c.over_ms >= now - REMEMBERED_MS, nodes.c.swept.is_(False))
            rows = conn.execute(select(nodes).where(shown).order_by(nodes.c.node_id, nodes.c.incarnation))
            return [_as_leased(row, now) for row in rows]

        return await self._db.read(work)

    async def declare_dead(self, incarnation: str) -> bool:
        def work(conn: Connection) -> bool:
            now = self._db.now_ms(conn)
            lapsed = and_(_living(incarnation), nodes.c.lease_ms <= now)
            return conn.execute(update(nodes).where(lapsed).values(_over(_DEAD, now))).rowcount == 1

        return await write_again(self._db, work)

    async def swept(self, incarnation: str) -> None:
        over = and_(nodes.c.incarnation == incarnation, nodes.c.life != _LIVING)
        await write_again(self._db, lambda conn: conn.execute(update(nodes).where(over).values(swept=True)))

    async def ask_drain(self, incarnation: str) -> bool:
        asked = update(nodes).where(_living(incarnation)).values(drain_asked=True)
        called = select(nodes.c.node_id).where(nodes.c.incarnation == incarnation)

        def work(conn: Connection) -> bool:
            if conn.execute(asked).rowcount != 1:
                return False
            remember(self._db, conn, [Deed(Act.NODE_DRAINED, conn.execute(called).scalar_one())])
            return True

        return await write_again(self._db, work)

    async def level(self) -> int:
        return int(await self._db.read(lambda conn: read(conn, _LEVEL)) or 1)

    async def raise_level(self, to: int) -> tuple[int, list[NodeRecord]]:
        def work(conn: Connection) -> tuple[int, list[NodeRecord]]:
            level = _locked_level(conn, self._db.dialect)
            rows = conn.execute(select(nodes.c.record).where(nodes.c.life == _LIVING).order_by(nodes.c.node_id))
            living = [_decode_record(row.record) for row in rows]
            wanted = to or max(level, min((record.level for record in living), default=level))
            if behind := [record for record in living if record.level < wanted]:
                return level, behind
            if wanted > level:
                conn.execute(update(meta).where(meta.c.key == _LEVEL).values(value=str(wanted)))
                remember(self._db, conn, [Deed(Act.LEVEL_RAISED, "", {"level": wanted})])
            return max(level, wanted), []

        return await write_again(self._db, work)

    async def forget(self, under: Lock) -> None:
        def work(conn: Connection) -> None:
            fence(conn, under)
            since = self._db.now_ms(conn) - REMEMBERED_MS
            old = and_(nodes.c.over_ms > 0, nodes.c.swept.is_(True), nodes.c.over_ms < since)
            conn.execute(delete(nodes).where(old))

        await write_again(self._db, work)


class SqlConfig:
    """A `ConfigStore` on a `Database`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def current(self) -> ConfigVersion:
        newest = select(config_versions).order_by(config_versions.c.version.desc()).limit(1)
        row = await self._db.read(lambda conn: conn.execute(newest).one_or_none())
        return ConfigVersion(0, {}, "", 0) if row is None else _as_version(row)

    async def change(self, expect: int, values: Mapping[str, object], author: str, note: str = "") -> ConfigVersion:
        def work(conn: Connection) -> ConfigVersion:
            newest = conn.execute(select(func.max(config_versions.c.version))).scalar() or 0
            if newest != expect:
                raise _changed(expect)
            made = ConfigVersion(expect + 1, dict(values), author, self._db.now_ms(conn), note)
            row = {
                "version": made.version,
                "made_ms": made.made_ms,
                "author": author,
                "note": note,
                "body": msgspec.json.encode(made.values),
            }
            try:
                conn.execute(insert(config_versions), [row])
            except IntegrityError:
                # The key of the table lets one of two racing changes through.
                raise _changed(expect) from None
            before = conn.execute(select(config_versions.c.body).where(config_versions.c.version == expect)).scalar()
            remember(self._db, conn, settings_changed(_decode_values(before) if before else {}, made))
            return made

        return await write_again(self._db, work)

    async def history(self, before: int, limit: int) -> list[ConfigVersion]:
        page = select(config_versions).order_by(config_versions.c.version.desc()).limit(limit)
        if before:
            page = page.where(config_versions.c.version < before)
        return await self._db.read(lambda conn: [_as_version(row) for row in conn.execute(page)])

    async def version(self, version: int) -> ConfigVersion | None:
        one = select(config_versions).where(config_versions.c.version == version)
        row = await self._db.read(lambda conn: conn.execute(one).one_or_none())
        return None if row is None else _as_version(row)


class SqlLocks:
    """A `LockStore` on a `Database`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def acquire(self, name: str, owner: str, lease_s: float) -> Lock | Held:
        def work(conn: Connection) -> Lock | Held:
            now = self._db.now_ms(conn)
            free = and_(locks.c.name == name, or_(locks.c.owner.in_(("", owner)), locks.c.lease_ms <= now))
            taken = {"owner": owner, "lease_ms": now + _ms(lease_s), "token": locks.c.token + 1}
            if conn.execute(update(locks).where(free).values(taken)).rowcount == 1:
                token = conn.execute(select(locks.c.token).where(locks.c.name == name)).scalar_one()
                return Lock(name, token, lease_s)
            held = conn.execute(select(locks.c.lease_ms).where(locks.c.name == name)).scalar()
            if held is not None:
                return Held((held - now) / 1000)
            first = {"name": name, "token": 1, "owner": owner, "lease_ms": now + _ms(lease_s)}
            try:
                with conn.begin_nested():
                    conn.execute(insert(locks), [first])
            except IntegrityError:
                # The very first takers raced, and this one lost by a moment.
                return Held(lease_s)
            return Lock(name, 1, lease_s)

        return await write_again(self._db, work)

    async def extend(self, lock: Lock, owner: str, lease_s: float) -> bool:
        def work(conn: Connection) -> bool:
            lease_ms = self._db.now_ms(conn) + _ms(lease_s)
            return conn.execute(update(locks).where(_mine(lock, owner)).values(lease_ms=lease_ms)).rowcount == 1

        return await write_again(self._db, work)

    async def release(self, lock: Lock, owner: str) -> None:
        free = update(locks).where(_mine(lock, owner)).values(owner="", lease_ms=0)
        await write_again(self._db, lambda conn: conn.execute(free))


# ---------------------------------------------------------------- inside a transaction


def fence(conn: Connection, under: Lock) -> None:
    """Let the transaction go on only for whoever took the lock last, and let nobody take it meanwhile.

    Raises LockLost.  It is no matter whether the lease still runs: what counts is that nobody else has had the lock.
    """
    newest = conn.execute(select(locks.c.token).where(locks.c.name == under.name).with_for_update()).scalar()
    if newest != under.token:
        raise LockLost(under.name)


def any_alive(conn: Connection, now_ms: int) -> bool:
    """Whether any node has a lease that runs."""
    alive = select(nodes.c.incarnation).where(nodes.c.life == _LIVING, nodes.c.lease_ms > now_ms).limit(1)
    return conn.execute(alive).first() is not None


def _locked_level(conn: Connection, dialect: Dialect) -> int:
    """Return the cluster's level, and let nobody enter or raise it until this transaction is over."""
    agree(conn, dialect, _LEVEL, "1")
    return int(conn.execute(select(meta.c.value).where(meta.c.key == _LEVEL).with_for_update()).scalar_one())


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _living(incarnation: str) -> Any:
    return and_(nodes.c.incarnation == incarnation, nodes.c.life == _LIVING)


def _over(life: int, now_ms: int) -> dict[str, Any]:
    return {"life": life, "over_ms": now_ms, "living_id": None}


def _mine(lock: Lock, owner: str) -> Any:
    return and_(locks.c.name == lock.name, locks.c.owner == owner, locks.c.token == lock.token)


def _as_leased(row: Row[Any], now_ms: int) -> Leased:
    return Leased(
        _decode_record(row.record),
        (row.lease_ms - now_ms) / 1000,
        row.lease_ms,
        dead=row.life == _DEAD,
        left=row.life == _LEFT,
        swept=row.swept,
        drain_asked=row.drain_asked,
    )


def _as_version(row: Row[Any]) -> ConfigVersion:
    return ConfigVersion(row.version, _decode_values(row.body), row.author, row.made_ms, row.note)


def settings_changed(before: Mapping[str, object], made: ConfigVersion) -> list[Deed]:
    """Return what the audit log remembers of a new version: a deed for each key that has another value."""
    deeds = []
    for key in sorted({*before, *made.values}):
        if before.get(key) != made.values.get(key):
            detail = {"version": made.version, "from": before.get(key), "to": made.values.get(key), "note": made.note}
            deeds.append(Deed(Act.SETTING_CHANGED, key, detail))
    return deeds


def _changed(expect: int) -> ChatError:
    return ChatError(Code.CONFLICT, f"The configuration has changed since version {expect}.")

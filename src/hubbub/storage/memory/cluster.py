"""Nodes, live configuration and locks in memory: what tests and throw-away servers use.

Each method is one transaction because none of them waits in its middle.  It passes the same contract suite as the
database; the clock it is given stands for the database's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.cluster.locks import LockLost
from hubbub.cluster.model import ConfigVersion, Held, Leased, Lock, NodeRecord, TooOld
from hubbub.storage.cluster_store import settings_changed
from hubbub.storage.memory.audit import MemoryAudit

__all__ = ["MemoryConfig", "MemoryLocks", "MemoryNodes"]

_REMEMBERED_S = 3600.0


@dataclass(slots=True)
class _Node:
    record: NodeRecord
    until_ms: int
    over_ms: int = 0
    dead: bool = False
    swept: bool = False
    drain_asked: bool = False


class MemoryNodes:
    """A `NodeStore` that forgets everything when the process ends."""

    def __init__(self, clock: Clock, locks: MemoryLocks | None = None) -> None:
        self.locks = locks or MemoryLocks(clock)
        """Those of the same database."""
        self._clock = clock
        self._rows: dict[str, _Node] = {}
        self._level = 1

    def alive(self, incarnation: str) -> bool:
        """Whether it entered and is not over."""
        row = self._rows.get(incarnation)
        return row is not None and not row.over_ms

    def leased(self, incarnation: str) -> bool:
        """Whether it is alive and its lease runs."""
        return self.alive(incarnation) and self._rows[incarnation].until_ms > self._clock.now_ms()

    async def enter(self, record: NodeRecord, lease_s: float, *, sole: bool = False) -> None:
        if self._level > record.level:
            raise TooOld(own=record.level, cluster=self._level)
        now = self._clock.now_ms()
        for row in self._rows.values():
            if row.over_ms or row.record.incarnation == record.incarnation:
                continue
            if sole or (row.record.node_id == record.node_id and row.until_ms <= now):
                row.over_ms, row.dead = now, True
            elif row.record.node_id == record.node_id:
                raise ChatError(Code.CONFLICT, f"A node called {record.node_id} is alive already.")
        known = self._rows.get(record.incarnation)
        if known is not None and known.over_ms:
            raise ChatError(Code.CONFLICT, f"A node called {record.node_id} is alive already.")
        if known is None:
            self._rows[record.incarnation] = _Node(record, now + round(lease_s * 1000))

    async def renew(self, record: NodeRecord, lease_s: float) -> bool:
        if not self.alive(record.incarnation):
            return False
        row = self._rows[record.incarnation]
        row.record, row.until_ms = record, self._clock.now_ms() + round(lease_s * 1000)
        return True

    async def leave(self, incarnation: str) -> None:
        if self.alive(incarnation):
            self._rows[incarnation].over_ms = self._clock.now_ms()

    async def nodes(self) -> list[Leased]:
        now = self._clock.now_ms()
        rows = sorted(self._rows.values(), key=lambda row: (row.record.node_id, row.record.incarnation))
        return [
            Leased(
                row.record,
                (row.until_ms - now) / 1000,
                row.until_ms,
                dead=row.dead,
                left=bool(row.over_ms) and not row.dead,
                swept=row.swept,
                drain_asked=row.drain_asked,
            )
            for row in rows
            if not row.over_ms or not row.swept or row.over_ms >= now - _REMEMBERED_S * 1000
        ]

    async def declare_dead(self, incarnation: str) -> bool:
        now = self._clock.now_ms()
        if not self.alive(incarnation) or self._rows[incarnation].until_ms > now:
            return False
        row = self._rows[incarnation]
        row.over_ms, row.dead = now, True
        return True

    async def swept(self, incarnation: str) -> None:
        row = self._rows.get(incarnation)
        if row is not None and row.over_ms:
            row.swept = True

    async def ask_drain(self, incarnation: str) -> bool:
        if not self.alive(incarnation):
            return False
        self._rows[incarnation].drain_asked = True
        return True

    async def level(self) -> int:
        return self._level

    async def raise_level(self, to: int) -> tuple[int, list[NodeRecord]]:
        living = [row.record for row in self._rows.values() if not row.over_ms]
        wanted = to or max(self._level, min((record.level for record in living), default=self._level))
        behind = sorted((one for one in living if one.level < wanted), key=lambda one: one.node_id)
        if not behind:
            self._level = max(self._level, wanted)
        return self._level, behind

    async def forget(self, under: Lock) -> None:
        self.locks.fence(under)
        since = self._clock.now_ms() - _REMEMBERED_S * 1000
        self._rows = {
            name: row for name, row in self._rows.items() if not (row.over_ms and row.swept and row.over_ms < since)
        }


class MemoryConfig:
    """A `ConfigStore` that forgets everything when the process ends."""

    def __init__(self, clock: Clock, audit: MemoryAudit | None = None) -> None:
        self._clock = clock
        self._audit = audit
        self._versions: list[ConfigVersion] = []

    async def current(self) -> ConfigVersion:
        return self._versions[-1] if self._versions else ConfigVersion(0, {}, "", 0)

    async def change(self, expect: int, values: Mapping[str, object], author: str, note: str = "") -> ConfigVersion:
        if expect != len(self._versions):
            raise ChatError(Code.CONFLICT, f"The configuration has changed since version {expect}.")
        made = ConfigVersion(expect + 1, dict(values), author, self._clock.now_ms(), note)
        if self._audit is not None:
            self._audit.note(*settings_changed((await self.current()).values, made))
        self._versions.append(made)
        return made

    async def history(self, before: int, limit: int) -> list[ConfigVersion]:
        older = self._versions[: before - 1] if before else self._versions
        return older[::-1][:limit]

    async def version(self, version: int) -> ConfigVersion | None:
        return self._versions[version - 1] if 0 < version <= len(self._versions) else None


@dataclass(slots=True)
class _Lock:
    token: int = 0
    owner: str = ""
    until_ms: float = 0.0


class MemoryLocks:
    """A `LockStore` that forgets everything when the process ends."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._locks: dict[str, _Lock] = {}

    async def acquire(self, name: str, owner: str, lease_s: float) -> Lock | Held:
        row = self._locks.setdefault(name, _Lock())
        now = self._clock.now_ms()
        if row.owner not in ("", owner) and row.until_ms > now:
            return Held((row.until_ms - now) / 1000)
        row.token, row.owner, row.until_ms = row.token + 1, owner, now + lease_s * 1000
        return Lock(name, row.token, lease_s)

    async def extend(self, lock: Lock, owner: str, lease_s: float) -> bool:
        if not self._is(lock, owner):
            return False
        self._locks[lock.name].until_ms = self._clock.now_ms() + lease_s * 1000
        return True

    async def release(self, lock: Lock, owner: str) -> None:
        if self._is(lock, owner):
            row = self._locks[lock.name]
            row.owner, row.until_ms = "", 0.0

    def fence(self, under: Lock) -> None:
        """Raise LockLost when somebody has taken the lock since."""
        row = self._locks.get(under.name)
        if row is None or row.token != under.token:
            raise LockLost(under.name)

    def _is(self, lock: Lock, owner: str) -> bool:
        row = self._locks.get(lock.name)
        return row is not None and (row.owner, row.token) == (owner, lock.token)

"""What every process stands on, whatever its roles: the database, the clock they share, the bus, and who it is.

The database decides what all must agree on: the log's epoch, the secret that proves messages on the bus, and how people
and conversations are spread over its subjects.  A process that was told otherwise does not start.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import secrets
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import Connection

from hubbub.base.buckets import HASH_NAME
from hubbub.base.clock import Clock, SteeredClock
from hubbub.base.ids import new_id
from hubbub.base.loops import Loop
from hubbub.bus.calls import Calls, Peer
from hubbub.bus.carrier import BusAway
from hubbub.bus.cluster_bus import ClusterBus
from hubbub.bus.identity import BusIdentity
from hubbub.bus.local import LocalBus, LocalSignals
from hubbub.bus.local_calls import LocalCalls
from hubbub.chat.following import FeedFactory
from hubbub.chat.ports import Bus
from hubbub.cluster.ports import Signals
from hubbub.server.settings import ServerSettings
from hubbub.storage.cluster_store import any_alive
from hubbub.storage.database import Database
from hubbub.storage.folder import lock_folder
from hubbub.storage.meta import BUS_SECRET, agree, put, read_epoch
from hubbub.storage.opening import open_database

_SMALL = "chat.small_audience"
STEER_S = 5.0
"""How often the shared clock is read: monotonic clocks drift by some 50 microseconds in that time."""


_logger = structlog.stdlib.get_logger("hubbub.server")


class CannotServe(Exception):
    """Something outside the program stands in the way; the sentence says what."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The parts below all roles."""

    clock: Clock
    """The time that all nodes share."""
    database: Database
    identity: BusIdentity
    bus: Bus
    feed: FeedFactory
    signals: Signals
    calls: Calls
    remote: ClusterBus | None
    """The bus to other processes; None in a process that is alone."""


async def lay_ground(
    settings: ServerSettings, own_clock: Clock, stack: AsyncExitStack, on_epoch: Callable[[], None]
) -> Ground:
    """Open what all roles need; `stack` closes it.

    `on_epoch` is called when the log in the database was replaced by another.  Raises StoreUnavailable or
    CannotServe with a sentence for the operator.
    """
    if settings.database:
        # The embedded database takes the folder itself.
        stack.callback(os.close, await asyncio.to_thread(lock_folder, Path(settings.data)))
    clock = SteeredClock(own_clock)
    database = await open_database(
        settings.database,
        Path(settings.data),
        clock=clock if settings.database else own_clock,
        readers=settings.readers,
        accept_unsafe=settings.database_unsafe,
    )
    stack.push_async_callback(database.close)
    if database.shared:
        await _steer(clock, database)
        steering = Loop("the shared clock", lambda: _steer(clock, database), every_s=STEER_S)
        steering.start()
        stack.push_async_callback(steering.stop)
    secret = await _agree(database, settings.cluster.buckets)
    await agree_on_small(database, settings.chat.small_audience, alone=not database.shared)
    identity = BusIdentity(settings.node_name, new_id(), secret, database.epoch)
    if not settings.bus:
        local = LocalBus()
        return Ground(
            clock if database.shared else own_clock,
            database,
            identity,
            local,
            lambda handler, on_hole: local.feed(handler, everything=True),
            LocalSignals(),
            LocalCalls(Peer(identity.node_id, identity.incarnation), own_clock),
            None,
        )
    watch = Loop("the log's epoch", lambda: _look_at_epoch(database, on_epoch))
    watch.start()
    stack.push_async_callback(watch.stop)
    remote = await _connect(settings, identity, own_clock, watch.wake)
    stack.push_async_callback(remote.close)
    return Ground(
        clock,
        database,
        identity,
        remote,
        lambda handler, on_hole: remote.feed(handler, on_hole=on_hole),
        remote.signals,
        remote.calls,
        remote,
    )


async def _connect(
    settings: ServerSettings, identity: BusIdentity, clock: Clock, on_other_log: Callable[[], None]
) -> ClusterBus:
    """Connect to the bus, whenever it comes: servers and nodes may be started in any order."""
    connect = importlib.import_module(f"hubbub.bus.{settings.bus.partition('://')[0]}").connect
    while True:
        try:
            bus: ClusterBus = await connect(
                settings.bus,
                identity=identity,
                buckets=settings.cluster.buckets,
                clock=clock,
                on_epoch=lambda _: on_other_log(),
            )
        except BusAway as away:
            _logger.warning("waiting for the bus", problem=away.reason)
        else:
            return bus


async def _look_at_epoch(database: Database, on_epoch: Callable[[], None]) -> None:
    """See whether the log was replaced under this process, or another one is behind."""
    if await database.read(read_epoch) != database.epoch:
        on_epoch()


async def _steer(clock: SteeredClock, database: Database) -> None:
    asked_at = clock.monotonic()
    clock.steer(await database.read(database.now_ms), asked_at=asked_at)


async def _agree(database: Database, buckets: int) -> bytes:
    """Return the cluster's secret; raise CannotServe when the others count buckets otherwise."""
    mine = f"{buckets}/{HASH_NAME}"

    def work(conn: Connection) -> tuple[str, str]:
        return (
            agree(conn, database.dialect, BUS_SECRET, secrets.token_hex(32)),
            agree(conn, database.dialect, "bus.buckets", mine),
        )

    secret, theirs = await database.write(work)
    if theirs != mine:
        raise CannotServe(
            f"setting cluster.buckets: this cluster spreads its topics as {theirs}, and this node would as {mine}"
        )
    return bytes.fromhex(secret)


async def agree_on_small(database: Database, small_audience: int, *, alone: bool) -> None:
    """Make sure that all nodes mean the same by a small conversation.

    A node that would tell an audience one by one whom the others look for under a subject of its own would leave holes.
    The number changes only while no node lives, or when this process is `alone`.  Raises CannotServe.
    """

    def work(conn: Connection) -> str:
        theirs = agree(conn, database.dialect, _SMALL, str(small_audience))
        if theirs != str(small_audience) and (alone or not any_alive(conn, database.now_ms(conn))):
            put(conn, _SMALL, str(small_audience))
            return str(small_audience)
        return theirs

    if (theirs := await database.write(work)) != str(small_audience):
        raise CannotServe(
            f"setting chat.small_audience: the nodes of this cluster have {theirs}, and this one would have"
            f" {small_audience}; it changes only while none of them runs (who was killed counts until its lease ends)"
        )

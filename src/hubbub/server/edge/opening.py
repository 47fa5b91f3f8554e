"""Open the registry of a cluster: its database, and its bus if there is one.

Nothing is written but what every process that opens the database writes; no table is made or changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
from contextlib import AsyncExitStack
from pathlib import Path

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError
from hubbub.base.ids import new_id
from hubbub.bus.carrier import BusAway
from hubbub.bus.cluster_bus import ClusterBus
from hubbub.bus.identity import BusIdentity
from hubbub.chat.ports import StoreUnavailable
from hubbub.cluster.settings import ClusterSettings
from hubbub.server.edge.keeper import RegistryAway
from hubbub.server.edge.registry import ClusterRegistry, operators_words
from hubbub.storage.cluster_store import SqlNodes
from hubbub.storage.database import Database
from hubbub.storage.meta import BUS_SECRET, read, read_epoch
from hubbub.storage.opening import open_database

_log = logging.getLogger("hubbub.edge")


async def open_registry(
    database_url: str, bus_url: str, settings: ClusterSettings, clock: Clock, parts: AsyncExitStack
) -> ClusterRegistry:
    """Return the registry; `parts` closes it.  The bus is listened to as soon as it is there.  Raises RegistryAway."""
    try:
        database = await open_database(
            database_url, Path(), clock=clock, readers=1, writers=1, migrate=False, accept_unsafe=True
        )
    except StoreUnavailable as problem:
        raise RegistryAway(operators_words(problem)) from problem
    parts.push_async_callback(database.close)
    registry = ClusterRegistry(SqlNodes(database), clock, settings)
    if bus_url:
        identity = BusIdentity("edge", new_id(), await _secret(database), database.epoch)
        listening = asyncio.create_task(
            _listen(registry, database, bus_url, identity, settings, clock), name="edge bus"
        )
        parts.push_async_callback(_end, listening)
    return registry


async def _listen(
    registry: ClusterRegistry,
    database: Database,
    url: str,
    identity: BusIdentity,
    settings: ClusterSettings,
    clock: Clock,
) -> None:
    """Connect to the bus whenever it comes, and listen until cancelled."""
    connect = importlib.import_module(f"hubbub.bus.{url.partition('://')[0]}").connect

    other_log = asyncio.Event()

    def on_epoch(_: str) -> None:
        other_log.set()

    while True:
        try:
            bus: ClusterBus = await connect(
                url, identity=identity, buckets=settings.buckets, clock=clock, on_epoch=on_epoch
            )
            break
        except BusAway as away:
            _log.warning("going by the rows alone until the bus is there: %s", away.reason)
        except (ValueError, ImportError) as wrong:
            _log.error("going by the rows alone, for the bus cannot be used: %s", wrong)
            return
    try:
        await registry.listen(bus.signals)
        while True:
            await other_log.wait()
            other_log.clear()
            # Somebody speaks of another log: whether that one is behind, or this process, the database knows.
            with contextlib.suppress(ChatError):
                if await database.read(read_epoch) != database.epoch:
                    registry.end("the log was replaced")
    finally:
        await bus.close()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait((task,))


async def _secret(database: Database) -> bytes:
    """Return what proves messages on the bus.  Raises RegistryAway when no node has made it yet."""
    try:
        found = await database.read(lambda conn: read(conn, BUS_SECRET))
    except ChatError as problem:
        raise RegistryAway(operators_words(problem)) from problem
    if found is None:
        raise RegistryAway("no node has been there yet")
    return bytes.fromhex(found)

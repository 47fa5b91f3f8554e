"""Open the registry of a cluster: its database, and its bus if there is one.

Nothing is written but what every process that opens the database writes; no table is made or changed.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
from contextlib import AsyncExitStack
from pathlib import Path

from sqlalchemy import Connection, select

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
from hubbub.storage.opening import open_database
from hubbub.storage.tables import meta

_log = logging.getLogger("hubbub.edge")

SECRET = "bus.secret"
"""Key of the cluster's secret among the values of the database."""


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
        listening = asyncio.create_task(_listen(registry, bus_url, identity, settings, clock), name="edge bus")
        parts.push_async_callback(_end, listening)
    return registry


async def _listen(
    registry: ClusterRegistry, url: str, identity: BusIdentity, settings: ClusterSettings, clock: Clock
) -> None:
    """Connect to the bus whenever it comes, and listen until cancelled."""
    connect = importlib.import_module(f"hubbub.bus.{url.partition('://')[0]}").connect

    def on_epoch(_: str) -> None:
        registry.end("the log was replaced")

    while True:
        try:
            bus: ClusterBus = await connect(
                url, identity=identity, buckets=settings.buckets, clock=clock, on_epoch=on_epoch
            )
            break
        except BusAway as away:
            _log.warning("going by the rows alone until the bus is there: %s", away.reason)
    try:
        await registry.listen(bus.signals)
        await asyncio.Event().wait()
    finally:
        await bus.close()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait((task,))


async def _secret(database: Database) -> bytes:
    """Return what proves messages on the bus.  Raises RegistryAway when no node has made it yet."""

    def work(conn: Connection) -> str | None:
        return conn.execute(select(meta.c.value).where(meta.c.key == SECRET)).scalar_one_or_none()

    try:
        found = await database.read(work)
    except ChatError as problem:
        raise RegistryAway(operators_words(problem)) from problem
    if found is None:
        raise RegistryAway("no node has been there yet")
    return bytes.fromhex(found)

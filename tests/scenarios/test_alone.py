"""One process that does everything on a database server, without a bus: it has nobody to leave anything to."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from hubbub.base.clock import SystemClock
from hubbub.base.ids import new_id
from hubbub.cluster.caretaker import LOCK
from hubbub.cluster.model import Held, NodeRecord, SessionRow
from hubbub.cluster.settings import ClusterSettings
from hubbub.server.ground import lay_ground
from hubbub.server.settings import ServerSettings
from hubbub.server.wiring import Reachable, build
from hubbub.storage.cluster_store import SqlLocks, SqlNodes
from hubbub.storage.session_store import SqlSessions


async def test_who_is_alone_cleans_up_what_a_cluster_left_there(tmp_path: Path, postgres_url: str) -> None:
    quick = ClusterSettings(lease_s=1.0, heartbeat_s=0.2, suspect_s=0.5, look_s=0.2)
    settings = ServerSettings(
        data=str(tmp_path), node="alone", database=postgres_url, database_unsafe=True, cluster=quick
    )
    gone = NodeRecord("gateway-1", new_id(), ("gateway",))
    async with AsyncExitStack() as stack:
        ground = await lay_ground(settings, SystemClock(), stack, lambda: None)
        await SqlNodes(ground.database).enter(gone, 10.0)
        session = SessionRow(new_id(), new_id(), new_id(), "gateway-1", gone.incarnation)
        await SqlSessions(ground.database).add([session])
        await SqlNodes(ground.database).leave(gone.incarnation)
    async with AsyncExitStack() as stack:
        server = await build(settings, SystemClock(), Reachable(http="127.0.0.1:1"), stack, lambda _: None)
        assert server.gateway is not None
        stack.push_async_callback(server.gateway.stop)
        nodes = SqlNodes(server.database)
        async with asyncio.timeout(30):
            # Who is over is given the time of a lease, lest somebody else be at it.
            while not next(row for row in await nodes.nodes() if row.record == gone).swept:  # noqa: ASYNC110 - the node does it
                await asyncio.sleep(0.05)
        assert await SqlSessions(server.database).sweep(gone.incarnation, 10) == []
        # Tidying is this node's as well, and it has the lock that this is done under.
        assert isinstance(await SqlLocks(server.database).acquire(LOCK, "another", 1.0), Held)

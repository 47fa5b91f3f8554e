"""What every process stands on: those who would count or sign otherwise than the others do not start."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import update

from hubbub.base.clock import ManualClock
from hubbub.base.errors import ChatError
from hubbub.base.ids import new_id
from hubbub.cluster.model import NodeRecord
from hubbub.cluster.settings import ClusterSettings
from hubbub.server.ground import CannotServe, Ground, agree_on_small, lay_ground
from hubbub.server.settings import ServerSettings
from hubbub.server.wiring import Reachable, build
from hubbub.storage.cluster_store import SqlNodes
from hubbub.storage.tables.chat import meta


async def lay(folder: Path, stack: AsyncExitStack, buckets: int = 4096) -> Ground:
    settings = ServerSettings(data=str(folder), cluster=ClusterSettings(buckets=buckets))
    return await lay_ground(settings, ManualClock(), stack, lambda: None)


async def test_all_processes_on_one_database_have_one_secret_and_each_an_incarnation(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        first = (await lay(tmp_path, stack)).identity
    async with AsyncExitStack() as stack:
        second = (await lay(tmp_path, stack)).identity
    assert len(first.secret) == 32
    assert (first.secret, first.epoch) == (second.secret, second.epoch)
    assert first.incarnation != second.incarnation


async def test_who_spreads_people_otherwise_than_the_others_does_not_start(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        await lay(tmp_path, stack)
    async with AsyncExitStack() as stack:
        with pytest.raises(CannotServe, match="4096/crc32, and this node would as 64/crc32"):
            await lay(tmp_path, stack, buckets=64)


async def test_a_hash_of_another_version_is_another_way_to_spread(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        ground = await lay(tmp_path, stack)
        await ground.database.write(
            lambda conn: (
                conn.execute(update(meta).where(meta.c.key == "bus.buckets").values(value="256/rendezvous")).rowcount
            )
        )
    async with AsyncExitStack() as stack:
        with pytest.raises(CannotServe, match="256/rendezvous"):
            await lay(tmp_path, stack)


async def test_a_server_is_offered_to_others_once_it_serves(tmp_path: Path) -> None:
    settings = ServerSettings(data=str(tmp_path), node="alone")
    async with AsyncExitStack() as stack:
        server = await build(settings, ManualClock(), Reachable(http="127.0.0.1:1"), stack, lambda _: None)
        assert server.nodes.live("gateway") == []
        await server.serve()
        assert [view.record.node_id for view in server.nodes.live("gateway")] == ["alone"]
        assert server.gateway is not None
        await server.gateway.stop()


async def test_a_server_is_ready_from_when_it_serves_until_it_drains(tmp_path: Path) -> None:
    settings = ServerSettings(data=str(tmp_path), node="alone")
    async with AsyncExitStack() as stack:
        server = await build(settings, ManualClock(), Reachable(http="127.0.0.1:1"), stack, lambda _: None)
        with pytest.raises(ChatError):
            await server.ready()
        await server.serve()
        await server.ready()
        await server.drain()
        with pytest.raises(ChatError):
            await server.ready()
        assert [view.record.draining for view in server.nodes.view()] == [True]
        assert server.gateway is not None
        await server.gateway.stop()


async def test_who_works_for_all_lets_go_of_messages_and_of_what_holds_kept_until_the_end(tmp_path: Path) -> None:
    work = {"tidying", "erasing", "releasing", "retention"}

    def running() -> set[str]:
        return work & {task.get_name() for task in asyncio.all_tasks()}

    for node, roles, expected in (("works", ("chat", "worker"), work), ("talks", ("chat",), set())):
        settings = ServerSettings(data=str(tmp_path / node), node=node, roles=roles)
        async with AsyncExitStack() as stack:
            await build(settings, ManualClock(), Reachable(http="127.0.0.1:1"), stack, lambda _: None)
            assert running() == expected
        assert running() == set()


async def test_what_counts_as_small_changes_only_while_no_node_lives(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        database = (await lay(tmp_path, stack)).database
        # What the settings said at the first start holds, and nobody lives by it yet.
        await agree_on_small(database, 4, alone=False)
        nodes, living = SqlNodes(database), NodeRecord("gateway-1", new_id(), ("gateway",))
        await nodes.enter(living, 60.0)
        await agree_on_small(database, 4, alone=False)
        with pytest.raises(CannotServe, match="have 4, and this one would have 5"):
            await agree_on_small(database, 5, alone=False)
        await nodes.leave(living.incarnation)
        await agree_on_small(database, 5, alone=False)
        # Whoever has the database to itself has nobody to agree with.
        await nodes.enter(NodeRecord("alone", new_id(), ("gateway",)), 60.0)
        await agree_on_small(database, 6, alone=True)

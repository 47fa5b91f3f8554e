"""A real nginx behind `hubbub edge nginx`: the same routes, and reloads that keep what is open."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from support.edges import Refused, WrittenRegistry, ask, backends, nginx_program, tunnel

from hubbub.cluster.model import NodeState, NodeView
from hubbub.lab.servers.ports import free_port
from hubbub.server.edge.haproxy_edge import CommandMaster
from hubbub.server.edge.keeper import Keeper
from hubbub.server.edge.nginx import NginxOptions
from hubbub.server.edge.nginx_edge import NginxEdge
from hubbub.server.settings import Address

PATIENCE_S = 30.0


@asynccontextmanager
async def edge(folder: Path, registry: WrittenRegistry) -> AsyncIterator[tuple[int, Keeper]]:
    """Run nginx in front of the registry's nodes; the keeper steps when the test says so."""
    port = free_port()
    file = folder / "nginx.conf"
    options = NginxOptions(
        listen=Address("127.0.0.1", port), connections=256, pid_file=str(folder / "nginx.pid"), stop_after="5s"
    )
    program = await asyncio.to_thread(nginx_program)
    words = (str(program), "-c", str(file), "-e", str(folder / "error.log"))
    before = Keeper(registry, NginxEdge(file, options, CommandMaster("true")))
    await before.step()
    process = await asyncio.create_subprocess_exec(*words, "-g", "daemon off;")
    try:
        keeper = Keeper(registry, NginxEdge(file, options, CommandMaster(" ".join([*words, "-s", "reload"]))))
        await until(lambda: alive(port))
        yield port, keeper
    finally:
        process.terminate()
        await process.wait()


async def alive(port: int) -> bool:
    return (await ask(port, "/edgez")).status == 200


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(OSError, Refused):
                if await true():
                    return
            await asyncio.sleep(0.02)


async def where(port: int, path: str = "/ws") -> str:
    opened = await tunnel(port, path)
    opened.close()
    return opened.node


def moved(view: NodeView, state: NodeState) -> NodeView:
    return NodeView(view.record, state, view.load, view.heard_s, view.lease_s)


async def test_requests_go_to_web_nodes_and_sockets_where_they_want(tmp_path: Path) -> None:
    async with backends("web-1", "gateway-1", "gateway-2") as (web, one, two):
        registry = WrittenRegistry(web.view("web"), one.view("gateway"), two.view("gateway"))
        async with edge(tmp_path, registry) as (port, _):
            answer = await ask(port, x_forwarded_for="6.6.6.6", forwarded="for=6.6.6.6")
            assert answer.body == "web-1"
            assert answer.head["x-frame-options"] == "DENY"
            assert web.seen[0]["x-forwarded-for"] == "127.0.0.1"
            assert "forwarded" not in web.seen[0]
            for name in ("gateway-2", "gateway-1", "gateway-2"):
                assert await where(port, f"/ws/n/{name}?ticket=x") == name
            assert two.seen[0][""] == "GET /ws/n/gateway-2?ticket=x HTTP/1.1"
            assert (await where(port, "/ws/n/nobody")).startswith("gateway-")


async def test_who_asks_for_a_node_that_is_gone_or_refuses_reaches_another(tmp_path: Path) -> None:
    async with backends("gateway-1", "gateway-2") as (one, two):
        registry = WrittenRegistry(one.view("gateway"), two.view("gateway"))
        async with edge(tmp_path, registry) as (port, _):
            one.refusing = True
            assert await where(port, "/ws/n/gateway-1") == "gateway-2"
            one.refusing = False
            await two.die()
            assert await where(port, "/ws/n/gateway-2") == "gateway-1"


async def test_a_node_that_drains_gets_nothing_new_and_keeps_its_sockets(tmp_path: Path) -> None:
    async with backends("gateway-1", "gateway-2") as (one, two):
        registry = WrittenRegistry(one.view("gateway"), two.view("gateway"))
        async with edge(tmp_path, registry) as (port, keeper):
            opened = await tunnel(port, "/ws/n/gateway-1")
            registry.write(moved(one.view("gateway"), NodeState.DRAINING))
            await keeper.step()

            async def avoided() -> bool:
                return await where(port, "/ws/n/gateway-1") == "gateway-2"

            await until(avoided)
            assert opened.node == "gateway-1"
            assert await opened.echoes()
            opened.close()


async def test_a_file_that_did_not_change_is_not_read_again(tmp_path: Path) -> None:
    async with backends("gateway-1") as (one,):
        marks = tmp_path / "marks"
        master = CommandMaster(f"sh -c 'echo read >> {marks}'")
        registry = WrittenRegistry(one.view("gateway"))
        keeper = Keeper(registry, NginxEdge(tmp_path / "nginx.conf", NginxOptions(), master))
        for _ in range(3):
            await keeper.step()
        registry.write(moved(one.view("gateway"), NodeState.DRAINING))
        for _ in range(3):
            await keeper.step()
        assert marks.read_text("utf-8").splitlines() == ["read", "read"]


async def test_a_reload_that_failed_is_tried_again(tmp_path: Path) -> None:
    async with backends("gateway-1") as (one,):
        ready = tmp_path / "ready"
        master = CommandMaster(f"test -e {ready}")
        keeper = Keeper(WrittenRegistry(one.view("gateway")), NginxEdge(tmp_path / "n.conf", NginxOptions(), master))
        await keeper.step()
        ready.touch()
        await keeper.step()
        assert "gateway-1" in (tmp_path / "n.conf").read_text("utf-8")

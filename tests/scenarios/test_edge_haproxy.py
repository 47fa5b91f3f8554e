"""A real HAProxy follows the registry, and nobody's connection notices."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.edges import Backend, Refused, Tunnel, WrittenRegistry, ask, backends, tunnel

from hubbub.cluster.model import NodeState, NodeView
from hubbub.lab.servers.haproxy import program
from hubbub.lab.servers.ports import free_port
from hubbub.server.edge.haproxy import HaproxyOptions
from hubbub.server.edge.haproxy_edge import HaproxyEdge
from hubbub.server.edge.keeper import Keeper
from hubbub.server.edge.plan import plan
from hubbub.server.edge.process import HaproxyProcess
from hubbub.server.edge.runtime import AdminSocket, socket_path
from hubbub.server.settings import Address

PATIENCE_S = 30.0


@dataclass
class Front:
    """An edge that runs, and what a test may look at."""

    port: int
    registry: WrittenRegistry
    admin: AdminSocket
    keeper: Keeper
    process: HaproxyProcess
    folder: Path

    async def where(self, path: str = "/ws") -> str:
        """Return the node that a new socket reaches."""
        opened = await tunnel(self.port, path)
        opened.close()
        return opened.node

    async def pid(self) -> int:
        return (await self.admin.running()).pid


@asynccontextmanager
async def edge(folder: Path, *views: NodeView, tcp: int = 0, **more: Any) -> AsyncIterator[Front]:
    """Run HAProxy in front of these nodes, and have it follow the registry."""
    registry = WrittenRegistry(*views)
    options = HaproxyOptions(
        listen=Address("127.0.0.1", free_port()),
        listen_tcp=Address("127.0.0.1", tcp) if tcp else None,
        admin_socket=socket_path(folder),
        map_file=str(folder / "nodes.map"),
        **more,
    )
    admin = AdminSocket(options.admin_socket)
    process = HaproxyProcess(str(program()), folder / "haproxy.cfg", admin, grace_s=0.2)
    follower = HaproxyEdge(folder / "haproxy.cfg", options, admin, process)
    follower.write(plan(await registry.nodes()))
    await process.start()
    keeper = Keeper(registry, follower, every_s=0.2)
    async with asyncio.TaskGroup() as tasks:
        keeping = tasks.create_task(keeper.run())
        try:
            yield Front(options.listen.port, registry, admin, keeper, process, folder)
        finally:
            keeping.cancel()
            await process.stop()


async def until(true: Callable[[], object]) -> None:
    """Wait until something is so; `true` may be asynchronous."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = true()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return
            await asyncio.sleep(0.02)


async def test_requests_go_to_web_nodes_and_sockets_to_gateways(tmp_path: Path) -> None:
    async with (
        backends("web-1", "web-2", "gateway-1") as (one, two, gateway),
        edge(tmp_path, one.view("web"), two.view("web"), gateway.view("gateway")) as front,
    ):
        assert {(await ask(front.port)).body for _ in range(6)} == {"web-1", "web-2"}
        assert await front.where() == "gateway-1"
        assert (await ask(front.port, "/edgez")).status == 200


async def test_a_socket_reaches_the_node_its_address_names(tmp_path: Path) -> None:
    async with (
        backends("gateway-1", "gateway-2", "gateway-3") as nodes,
        edge(tmp_path, *(node.view("gateway") for node in nodes)) as front,
    ):
        for name in ("gateway-3", "gateway-1", "gateway-2", "gateway-2"):
            assert await front.where(f"/ws/n/{name}?ticket=x") == name
        assert nodes[2].seen[0][""] == "GET /ws/n/gateway-3?ticket=x HTTP/1.1"
        assert (await front.where("/ws/n/nobody")).startswith("gateway-")


async def test_who_asks_for_a_node_that_just_died_reaches_another(tmp_path: Path) -> None:
    async with (
        backends("gateway-1", "gateway-2") as nodes,
        edge(tmp_path, *(node.view("gateway") for node in nodes)) as front,
    ):
        await nodes[0].die()
        # Neither the registry nor a health check knows yet.
        assert await front.where("/ws/n/gateway-1") == "gateway-2"


async def test_who_asks_for_a_node_that_refuses_reaches_another(tmp_path: Path) -> None:
    async with (
        backends("gateway-1", "gateway-2") as nodes,
        edge(tmp_path, *(node.view("gateway") for node in nodes)) as front,
    ):
        nodes[0].refusing = True
        assert await front.where("/ws/n/gateway-1") == "gateway-2"
        assert {await front.where() for _ in range(4)} == {"gateway-2"}


async def test_a_node_that_joins_gets_traffic_without_a_reload(tmp_path: Path) -> None:
    async with (
        backends("gateway-1", "gateway-2", "web-1") as (one, two, web),
        edge(tmp_path, one.view("gateway")) as front,
    ):
        before = await front.pid()
        front.registry.write(two.view("gateway"), web.view("web"))

        async def reached() -> bool:
            return await front.where("/ws/n/gateway-2") == "gateway-2"

        await until(reached)
        await until(lambda: ask_is(front.port, "web-1"))
        assert await front.pid() == before


async def ask_is(port: int, body: str) -> bool:
    return (await ask(port)).body == body


async def test_a_node_that_drains_gets_nothing_new_and_keeps_its_sockets(tmp_path: Path) -> None:
    async with (
        backends("gateway-1", "gateway-2") as (one, two),
        edge(tmp_path, one.view("gateway"), two.view("gateway")) as front,
    ):
        opened = await tunnel(front.port, "/ws/n/gateway-1")
        front.registry.write(one.view("gateway", state=NodeState.DRAINING))

        async def avoided() -> bool:
            return await front.where("/ws/n/gateway-1") == "gateway-2"

        await until(avoided)
        assert {await front.where() for _ in range(4)} == {"gateway-2"}
        assert opened.node == "gateway-1"
        assert await opened.echoes()
        front.registry.remove("gateway-1")
        await until(lambda: vacated(front, one.port))
        assert await opened.echoes()
        opened.close()


async def vacated(front: Front, port: int) -> bool:
    return all(slot.disabled for slot in await front.admin.slots() if slot.port == port)


async def test_a_node_that_is_declared_dead_gets_nothing_and_its_sockets_end(tmp_path: Path) -> None:
    async with (
        backends("gateway-1", "gateway-2") as (one, two),
        edge(tmp_path, one.view("gateway"), two.view("gateway")) as front,
    ):
        opened = await tunnel(front.port, "/ws/n/gateway-1")
        # As after a power cut: nobody resets the connection.
        front.registry.write(one.view("gateway", state=NodeState.DEAD))
        assert await opened.ended()
        assert await front.where("/ws/n/gateway-1") == "gateway-2"
        opened.close()


async def test_a_suspect_serves_on_while_it_answers(tmp_path: Path) -> None:
    async with (
        backends("gateway-1", "web-1") as (gateway, web),
        edge(tmp_path, gateway.view("gateway"), web.view("web")) as front,
    ):
        front.registry.write(gateway.view("gateway", state=NodeState.SUSPECT), web.view("web", state=NodeState.SUSPECT))
        await front.keeper.step()
        assert await front.where() == "gateway-1"
        web.health = 503

        async def taken_out() -> bool:
            return (await ask(front.port)).status == 503

        await until(taken_out)


async def test_no_connection_is_dropped_over_twenty_changes(tmp_path: Path) -> None:
    async with (
        backends("stays", *(f"gateway-{n}" for n in range(20))) as (stays, *others),
        edge(tmp_path, stays.view("gateway", "web")) as front,
    ):
        opened = [await tunnel(front.port, "/ws/n/stays") for _ in range(5)]
        before = await front.pid()
        asking = Asking(front.port)
        for node in others:
            front.registry.write(node.view("gateway"))
            await front.keeper.step()
            opened.append(await tunnel(front.port, f"/ws/n/{node.name}"))
            front.registry.write(node.view("gateway", state=NodeState.DRAINING))
            await front.keeper.step()
            if node is not others[-1] and len(opened) % 2:
                front.registry.remove(node.name)
                await front.keeper.step()
        assert [each.node for each in opened[5:]] == [node.name for node in others]
        # Some slots were freed and used again; whoever was in them before is still connected.
        assert all(await asyncio.gather(*(each.echoes() for each in opened)))
        assert await front.pid() == before
        assert await asking.failures() == []
        assert len(stays.seen) > 20
        for each in opened:
            each.close()


class Asking:
    """A client that asks again and again, and notes what goes wrong."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._failures: list[str] = []
        self._enough = False
        self._task = asyncio.create_task(self._run())

    async def failures(self) -> list[str]:
        """Stop asking, and return what went wrong."""
        self._enough = True
        await self._task
        return self._failures

    async def _run(self) -> None:
        while not self._enough:
            try:
                answer = await ask(self._port)
                if answer.status != 200:
                    self._failures.append(str(answer.status))
            except OSError as problem:
                self._failures.append(str(problem))
            await asyncio.sleep(0.01)


async def test_more_nodes_than_slots_reload_without_a_gap(tmp_path: Path) -> None:
    async with backends(*(f"gateway-{n}" for n in range(17))) as nodes:
        first, *others = nodes
        async with edge(tmp_path, first.view("gateway", "web")) as front:
            opened = await tunnel(front.port, "/ws/n/gateway-0")
            before = await front.pid()
            asking = Asking(front.port)
            front.registry.write(*(node.view("gateway") for node in others))

            async def reloaded() -> bool:
                return await front.pid() != before

            await until(reloaded)
            await front.keeper.step()
            assert await front.where("/ws/n/gateway-16") == "gateway-16"
            assert await opened.echoes()
            assert await asking.failures() == []
            opened.close()


async def test_clients_cannot_say_who_they_are(tmp_path: Path) -> None:
    async with backends("web-1") as (web,), edge(tmp_path, web.view("web")) as front:
        answer = await ask(front.port, x_forwarded_for="6.6.6.6", forwarded="for=6.6.6.6", x_forwarded_proto="https")
        assert answer.head["x-frame-options"] == "DENY"
        (head,) = web.seen
        assert head["x-forwarded-for"] == "127.0.0.1"
        assert head["x-forwarded-proto"] == "http"
        assert "forwarded" not in head


async def test_an_edge_that_reaches_nobody_says_try_again(tmp_path: Path) -> None:
    async with edge(tmp_path) as front:
        answer = await ask(front.port)
        assert answer.status == 503
        assert answer.head["content-type"] == "application/problem+json"
        assert answer.head["retry-after"] == "1"
        assert '"retry": true' in answer.body
        with pytest.raises(Refused, match="503"):
            await tunnel(front.port)


async def test_tls_ends_at_the_edge(tmp_path: Path, certificate: str) -> None:
    async with backends("web-1", "gateway-1") as (web, gateway):
        views = (web.view("web"), gateway.view("gateway"))
        plain = free_port()
        more: dict[str, Any] = {"certificate": certificate, "redirect": Address("127.0.0.1", plain)}
        async with edge(tmp_path, *views, **more) as front:
            trusting = ssl.create_default_context(cafile=certificate)
            answer = await ask(front.port, tls=trusting, x_forwarded_proto="http")
            assert answer.body == "web-1"
            assert web.seen[0]["x-forwarded-proto"] == "https"
            opened = await tunnel(front.port, "/ws/n/gateway-1", tls=trusting)
            assert opened.node == "gateway-1"
            assert await opened.echoes()
            opened.close()
            redirected = await ask(plain, "/app?x=1")
            assert (redirected.status, redirected.head["location"]) == (308, "https://edge/app?x=1")
            assert (await ask(plain, "/edgez")).status == 200


async def test_raw_tcp_goes_to_gateways_that_listen_for_it(tmp_path: Path) -> None:
    async with backends("gateway-1") as (node,):
        listener = Backend("gateway-1")
        await listener.start()
        view = node.view("gateway")
        record = type(view.record)("gateway-1", "g/1", ("gateway",), node.address, listener.address)
        view = type(view)(record, view.state, view.load, view.heard_s, view.lease_s)
        port = free_port()
        async with edge(tmp_path, view, tcp=port):
            opened: Tunnel = await tunnel(port)
            assert await opened.echoes()
            assert listener.tunnels == 1
            opened.close()
        await listener.die()


async def test_the_edge_serves_on_while_the_registry_is_away(tmp_path: Path) -> None:
    async with backends("web-1", "web-2") as (one, two), edge(tmp_path, one.view("web")) as front:
        front.registry.away = "no database"
        await front.keeper.step()
        assert (await ask(front.port)).body == "web-1"
        front.registry.away = ""
        front.registry.write(two.view("web"))
        front.registry.remove("web-1")
        await front.keeper.step()
        assert (await ask(front.port)).body == "web-2"


async def test_what_somebody_changed_by_hand_is_put_right(tmp_path: Path) -> None:
    async with backends("gateway-1") as (node,), edge(tmp_path, node.view("gateway")) as front:
        await front.admin.say("set server sockets/ws1 state maint")
        await front.admin.say(f"clear map {tmp_path / 'nodes.map'}")
        await until(lambda: answers(front))


async def answers(front: Front) -> bool:
    try:
        return await front.where("/ws/n/gateway-1") == "gateway-1"
    except Refused:
        return False


async def test_haproxy_is_started_again_with_the_nodes_of_today(tmp_path: Path) -> None:
    async with backends("web-1", "web-2") as (one, two), edge(tmp_path, one.view("web")) as front:
        front.registry.write(two.view("web"))
        front.registry.remove("web-1")
        await front.keeper.step()
        master = int((tmp_path / "haproxy.pid").read_text("ascii"))
        os.kill(master, 9)

        async def back() -> bool:
            try:
                return (await ask(front.port)).body == "web-2"
            except OSError:
                return False

        await until(back)


async def test_an_owner_after_the_other_takes_over_what_runs(tmp_path: Path) -> None:
    async with backends("gateway-1") as (gateway,), edge(tmp_path, gateway.view("gateway")) as front:
        opened = await tunnel(front.port, "/ws")
        file = front.folder / "haproxy.cfg"
        # None is stopped before the next one comes, as if it had been killed.
        owners = [HaproxyProcess(str(program()), file, front.admin, grace_s=0.2) for _ in range(5)]
        for owner in owners:
            before = await front.pid()
            await owner.start()
            assert await front.pid() != before
        assert await front.where() == "gateway-1"
        assert await opened.echoes()
        opened.close()
        await asyncio.gather(*(owner.stop() for owner in owners))


async def test_the_admin_socket_is_its_owners_alone(tmp_path: Path) -> None:
    async with edge(tmp_path):
        assert (tmp_path / "admin.sock").stat().st_mode & 0o777 == 0o600
        assert (tmp_path / "haproxy.cfg").stat().st_mode & 0o777 == 0o600

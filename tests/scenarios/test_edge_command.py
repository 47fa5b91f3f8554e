"""`hubbub edge` with a real database and bus: nodes enter, drain and leave, and the public address follows."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.edges import Backend, Refused, ask, tunnel
from support.house import PASSWORD, House

from hubbub.base.clock import SystemClock
from hubbub.base.ids import new_id
from hubbub.bus.identity import BusIdentity
from hubbub.bus.nats import connect
from hubbub.cli.main import command
from hubbub.cluster.model import NodeRecord
from hubbub.cluster.nodes import Nodes
from hubbub.cluster.settings import ClusterSettings
from hubbub.lab.servers import NatsServer
from hubbub.lab.servers.haproxy import program
from hubbub.lab.servers.ports import free_port
from hubbub.storage.cluster_store import SqlNodes
from hubbub.storage.meta import BUS_SECRET, agree, put
from hubbub.storage.opening import open_database

PATIENCE_S = 60.0
SETTINGS = ClusterSettings()


@dataclass
class Town:
    """A database, a bus, and the nodes that were entered."""

    database_url: str
    bus_url: str
    parts: AsyncExitStack
    inhabitants: dict[str, Nodes] = field(default_factory=dict)
    backends: dict[str, Backend] = field(default_factory=dict)

    async def settle(self, name: str, *roles: str) -> Nodes:
        """Return a node that has entered and beats, with an HTTP server of its own."""
        backend = self.backends[name] = await Backend(name).start()
        self.parts.push_async_callback(backend.die)
        clock = SystemClock()
        database = await open_database(self.database_url, Path(), clock=clock, readers=1, writers=1)
        self.parts.push_async_callback(database.close)
        secret = await database.write(lambda conn: agree(conn, database.dialect, BUS_SECRET, secrets.token_hex(32)))
        identity = BusIdentity(name, new_id(), bytes.fromhex(secret), database.epoch)
        bus = await connect(self.bus_url, identity=identity, buckets=SETTINGS.buckets, clock=clock)
        self.parts.push_async_callback(bus.close)
        record = NodeRecord(name, identity.incarnation, roles, http=backend.address)
        nodes = self.inhabitants[name] = Nodes(record, SqlNodes(database), bus.signals, clock, SETTINGS)
        await nodes.start()
        self.parts.push_async_callback(nodes.stop)
        return nodes


@pytest.fixture
async def town(postgres_url: str, nats_server: NatsServer) -> AsyncIterator[Town]:
    async with AsyncExitStack() as parts:
        town = Town(postgres_url, nats_server.url, parts)
        await town.settle("gateway-1", "gateway")
        await town.settle("web-1", "web")
        yield town


@asynccontextmanager
async def edge(folder: Path, *words: str, database: str, bus: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run `hubbub edge …` on a database and a bus while the block does, and see it end well."""
    async with edge_with(folder, *words, HUBBUB_DATABASE=database, HUBBUB_BUS=bus) as process:
        yield process


@asynccontextmanager
async def edge_with(folder: Path, *words: str, **variables: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run `hubbub edge …` with these variables while the block does, and see it end well."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HUBBUB_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hubbub.cli.main",
        "edge",
        *words,
        cwd=folder,
        env={**environ, **variables},
    )
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE_S):
            assert await process.wait() == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(OSError, Refused):
                if await true():
                    return
            await asyncio.sleep(0.05)


async def reaches(port: int, path: str, name: str) -> bool:
    if not path.startswith("/ws"):
        return (await ask(port, path)).body == name
    opened = await tunnel(port, path)
    opened.close()
    return opened.node == name


async def test_one_address_follows_the_cluster(town: Town, tmp_path: Path) -> None:
    port = free_port()
    words = ("haproxy", "--run", "--binary", str(program()), "--listen", f"127.0.0.1:{port}", "--grace", "0.2")
    async with edge(tmp_path, *words, database=town.database_url, bus=town.bus_url):
        await until(lambda: reaches(port, "/ws/n/gateway-1", "gateway-1"))
        await until(lambda: reaches(port, "/", "web-1"))
        opened = await tunnel(port)
        assert opened.node == "gateway-1"
        await town.settle("gateway-2", "gateway")
        await until(lambda: reaches(port, "/ws/n/gateway-2", "gateway-2"))
        await town.inhabitants["gateway-1"].drain()
        await until(lambda: reaches(port, "/ws/n/gateway-1", "gateway-2"))
        assert await opened.echoes()
        opened.close()
    with pytest.raises(OSError):
        await ask(port)
    kept = json.loads((tmp_path / "edge" / "nodes.json").read_text("utf-8"))
    assert {each["record"]["node_id"] for each in kept} == {"gateway-1", "gateway-2", "web-1"}


async def test_an_edge_goes_with_the_cluster_to_another_log(town: Town, tmp_path: Path) -> None:
    port = free_port()
    words = ("haproxy", "--run", "--binary", str(program()), "--listen", f"127.0.0.1:{port}", "--grace", "0.2")
    async with edge(tmp_path, *words, database=town.database_url, bus=town.bus_url):
        await until(lambda: reaches(port, "/ws/n/gateway-1", "gateway-1"))
        # As a restore does: who comes from now on speaks of the new log.
        database = await open_database(town.database_url, Path(), clock=SystemClock(), readers=1, writers=1)
        await database.write(lambda conn: put(conn, "epoch", new_id()))
        await database.close()
        late = await town.settle("gateway-2", "gateway")
        await until(lambda: reaches(port, "/ws/n/gateway-2", "gateway-2"))
        await late.drain()
        await until(lambda: reaches(port, "/ws/n/gateway-2", "gateway-1"))


async def test_an_edge_starts_with_what_it_remembers_while_database_and_bus_are_away(
    town: Town, tmp_path: Path
) -> None:
    port, nowhere = free_port(), free_port()
    words = ("haproxy", "--run", "--binary", str(program()), "--listen", f"127.0.0.1:{port}", "--grace", "0.2")
    async with edge(tmp_path, *words, database=town.database_url, bus=town.bus_url):
        await until(lambda: reaches(port, "/", "web-1"))
    away = {"database": f"postgresql://nobody:nothing@127.0.0.1:{nowhere}/none", "bus": f"nats://127.0.0.1:{nowhere}"}
    async with edge(tmp_path, *words, **away):
        await until(lambda: reaches(port, "/", "web-1"))


async def test_who_kills_the_follower_does_not_kill_the_edge(town: Town, tmp_path: Path) -> None:
    port = free_port()
    words = ("haproxy", "--run", "--binary", str(program()), "--listen", f"127.0.0.1:{port}", "--grace", "0.2")
    places = {"database": town.database_url, "bus": town.bus_url}
    with contextlib.suppress(AssertionError):
        async with edge(tmp_path, *words, **places) as first:
            await until(lambda: reaches(port, "/ws", "gateway-1"))
            opened = await tunnel(port)
            first.kill()
            await first.wait()
            raise AssertionError
    assert await opened.echoes()
    # The next one takes over what it finds, and everything about it is followed again.
    async with edge(tmp_path, *words, **places):
        await town.settle("gateway-2", "gateway")
        await until(lambda: reaches(port, "/ws/n/gateway-2", "gateway-2"))
        assert await opened.echoes()
        opened.close()


async def test_a_haproxy_of_somebody_else_is_driven(town: Town, tmp_path: Path) -> None:
    port = free_port()
    file, socket = tmp_path / "haproxy.cfg", tmp_path / "admin.sock"
    file.write_text(
        f"global\n  stats socket unix@{socket} mode 600 level admin expose-fd listeners\n"
        f"defaults\n  mode http\n  timeout client 5s\nfrontend f\n  bind 127.0.0.1:{port}\n",
        "utf-8",
    )
    pid = tmp_path / "pid"
    haproxy = await asyncio.create_subprocess_exec(str(program()), "-W", "-p", str(pid), "-f", str(file))
    try:
        words = ("haproxy", "--socket", str(socket), "--out", str(file), "--listen", f"127.0.0.1:{port}")
        reload = ("--reload", f"sh -c 'kill -USR2 $(head -n1 {pid})'")
        async with edge(tmp_path, *words, *reload, database=town.database_url, bus=town.bus_url):
            await until(lambda: reaches(port, "/ws/n/gateway-1", "gateway-1"))
            await town.settle("gateway-2", "gateway")
            await until(lambda: reaches(port, "/ws/n/gateway-2", "gateway-2"))
        assert await reaches(port, "/ws/n/gateway-2", "gateway-2"), "what is driven serves on without its driver"
    finally:
        haproxy.terminate()
        await haproxy.wait()


async def test_an_edge_without_a_database_asks_a_web_node(tmp_path: Path) -> None:
    port, home = free_port(), str(tmp_path / "home")
    house = House(tmp_path)
    await house.opens()
    try:
        setup = [
            "setup",
            "--token",
            house.setup_token(),
            "--username",
            "prince",
            "--name",
            "Verona",
            "--password-stdin",
        ]
        for words in (setup, ["login", "prince", "--password-stdin"]):
            said = await asyncio.to_thread(
                CliRunner().invoke,
                command,
                [*words, "--server", house.http],
                input=PASSWORD + "\n",
                env={"HUBBUB_HOME": home},
            )
            assert said.exit_code == 0, said.output
        run = ("haproxy", "--run", "--binary", str(program()), "--listen", f"127.0.0.1:{port}", "--grace", "0.2")
        async with edge_with(tmp_path, *run, "--server", house.http, HUBBUB_HOME=home):
            await until(lambda: leads(port, 200))
            # What it knew last is what it serves, and the checks say that nobody is there.
            await house.closes()
            await until(lambda: leads(port, 503))
            await house.opens()
            await until(lambda: leads(port, 200))
    finally:
        await house.closes()


async def leads(port: int, status: int) -> bool:
    return (await ask(port, "/api/v1/server")).status == status


async def test_the_text_of_now_is_printed(town: Town) -> None:
    for words, expected in (
        (("haproxy", "--once"), r"server web1 127\.0\.0\.1:\d+ weight 100 # web-1"),
        (("nginx", "--once"), r"server 127\.0\.0\.1:\d+ weight=100 max_fails=1 fail_timeout=2s; # web-1"),
    ):
        said = await asyncio.to_thread(
            CliRunner().invoke, command, ["edge", *words, "--database", town.database_url], catch_exceptions=False
        )
        assert said.exit_code == 0, said.output
        assert re.search(expected, said.output)

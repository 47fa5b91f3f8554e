"""Who is up, suspect and dead in a real cluster whose processes are harmed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from support.clusters import a_cluster
from support.house import PASSWORD

from hubbub.lab.cluster import Cluster


class Console:
    """An admin's view of a cluster through its `web` node."""

    def __init__(self, cluster: Cluster, http: httpx.AsyncClient) -> None:
        self._cluster = cluster
        self._http = http
        self._token = ""

    async def log_in(self) -> None:
        setup = {"token": self._cluster.setup_token, "username": "prince", "password": PASSWORD, "name": "Verona"}
        answer = await self._http.post("/api/v1/setup", json=setup)
        assert answer.is_success, answer.text
        form = {"grant_type": "password", "username": "prince", "password": PASSWORD}
        self._token = (await self._http.post("/oauth/token", data=form)).json()["access_token"]

    async def asks(self, method: str, path: str, body: object = None) -> httpx.Response:
        headers = {"authorization": f"Bearer {self._token}"}
        return await self._http.request(method, f"/api/v1{path}", json=body, headers=headers)

    async def states(self) -> dict[str, str]:
        answer = await self.asks("GET", "/nodes")
        assert answer.status_code == 200, answer.text
        # Of a name's incarnations the last one listed that lives counts, or else one that is dead.
        nodes = sorted(answer.json()["nodes"], key=lambda node: node["state"] != "dead")
        return {node["node_id"]: node["state"] for node in nodes}

    async def sees(self, wanted: Callable[[dict[str, str]], bool], within_s: float) -> float:
        """Wait until the states are as wanted; return how long that took."""
        began = time.monotonic()
        while not wanted(states := await self.states()):
            assert time.monotonic() - began < within_s, states
            await asyncio.sleep(0.1)
        return time.monotonic() - began

    async def keeps(self, states: dict[str, str], seconds: float) -> None:
        """Look for so long whether everything stays as it is."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            assert await self.states() == states
            await asyncio.sleep(0.2)


@asynccontextmanager
async def a_console(folder: Path, *, gateways: int) -> AsyncIterator[tuple[Cluster, Console, dict[str, str]]]:
    """Open a cluster with a lease of five seconds, and wait until its admin sees everybody up."""
    environ = {"HUBBUB_CLUSTER_LEASE_S": "5"}
    async with (
        a_cluster(folder, environ=environ, chat=1, gateway=gateways) as cluster,
        httpx.AsyncClient(base_url=cluster.url, timeout=20) as http,
    ):
        console = Console(cluster, http)
        await console.log_in()
        everybody = dict.fromkeys(cluster.nodes, "up")
        await console.sees(lambda states: states == everybody, 5)
        yield cluster, console, everybody
        for name in everybody:
            assert "Traceback" not in cluster.log(name), cluster.log(name)


@pytest.mark.slow
async def test_a_bus_that_stands_still_or_is_killed_speaks_against_nobody(tmp_path: Path) -> None:
    async with a_console(tmp_path, gateways=1) as (cluster, console, everybody):
        await cluster.pause("bus")
        await console.keeps(everybody, 7)
        await cluster.resume("bus")
        await console.keeps(everybody, 4)
        await cluster.kill("bus")
        await console.keeps(everybody, 4)
        await cluster.start("bus")
        await console.keeps(everybody, 6)


@pytest.mark.slow
async def test_nodes_are_killed_stand_still_and_drain(tmp_path: Path) -> None:
    async with a_console(tmp_path, gateways=2) as (cluster, console, everybody):
        # A killed node is suspect within some seconds and dead with its lease; back, it is up at once.
        await cluster.kill("gateway-2")
        assert await console.sees(lambda states: states["gateway-2"] == "suspect", 6) > 1
        await console.sees(lambda states: states["gateway-2"] == "dead", 10)
        await cluster.start("gateway-2")
        await console.sees(lambda states: states == everybody, 10)

        # Who stood still for longer than a lease is declared dead and begins anew.
        await cluster.pause("gateway-1")
        await console.sees(lambda states: states["gateway-1"] == "dead", 14)
        await cluster.resume("gateway-1")
        await console.sees(lambda states: states == everybody, 10)

        # Who is asked to drain does, and ends.
        assert (await console.asks("POST", "/nodes/gateway-2/drain")).status_code == 202
        await console.sees(lambda states: states.get("gateway-2") in ("draining", None), 3)
        await console.sees(lambda states: states.get("gateway-2", "dead") == "dead", 20)

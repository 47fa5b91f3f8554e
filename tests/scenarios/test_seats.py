"""Who is connected where: people on the gateways of a real cluster, one of which dies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from support.clusters import a_cluster, until
from support.house import PASSWORD

from hubbub.base.error_table import TABLE, Code
from hubbub.client import Client, HttpApi, HubbubError, PresenceEvent, StateEvent
from hubbub.client.models import PresenceState
from hubbub.lab.cluster import Cluster

ONLINE, OFFLINE, DROPPED = PresenceState.ONLINE, PresenceState.OFFLINE, PresenceState.DROPPED


async def token_of(cluster: Cluster, name: str, *, new: bool = False) -> str:
    """Log in and return the access token."""
    async with HttpApi(cluster.url) as http:
        if new:
            await http.register(name, PASSWORD)
        return (await http.log_in(name, PASSWORD)).access_token


async def log_in(cluster: Cluster, name: str, node: str, *, new: bool = False, token: str = "") -> Client:
    """Return a client, not entered yet, that will connect to this node."""
    token = token or await token_of(cluster, name, new=new)
    address = f"{cluster.nodes[node].url.replace('http', 'ws', 1)}/ws"
    return Client(cluster.url, token=token, address=address)


@asynccontextmanager
async def sight(client: Client, user_id: str) -> AsyncIterator[list[PresenceState]]:
    """Watch somebody: yield what was true at first, and after it what the client is told."""
    seen: list[PresenceState] = []

    async def listen() -> None:
        async for event in client.events():
            if isinstance(event, PresenceEvent):
                seen.append(event.presence.state)  # noqa: PERF401 - one by one, as they come

    listening = asyncio.create_task(listen())
    try:
        seen.insert(0, (await client.watch_presence([user_id]))[0].state)
        yield seen
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def why_not(client: Client) -> str:
    """Return why a client has to wait before it tries to connect again."""
    async with asyncio.timeout(20):
        async for event in client.events():
            if isinstance(event, StateEvent) and event.error:
                return event.error
    raise AssertionError("its events ended")


async def an_admin(cluster: Cluster) -> dict[str, str]:
    """Set the place up and return an admin's headers."""
    async with httpx.AsyncClient(base_url=cluster.url) as http:
        body = {"token": cluster.setup_token, "username": "prince", "password": PASSWORD}
        (await http.post("/api/v1/setup", json=body)).raise_for_status()
        form = {"grant_type": "password", "username": "prince", "password": PASSWORD}
        token = (await http.post("/oauth/token", data=form)).json()["access_token"]
    return {"authorization": f"Bearer {token}"}


async def set_policy(cluster: Cluster, policy: str, headers: dict[str, str]) -> None:
    """Change the login policy of all nodes while they run."""
    async with httpx.AsyncClient(base_url=cluster.url, headers=headers) as http:
        (await http.put("/api/v1/config/gateway.login_policy", json={"value": policy})).raise_for_status()


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_people_on_two_gateways_are_seen_to_come_to_go_and_to_die(tmp_path: Path) -> None:
    async with a_cluster(tmp_path, gateway=2, chat=1, web=2) as cluster:
        romeo = await log_in(cluster, "romeo", "gateway-1", new=True)
        token = await token_of(cluster, "juliet", new=True)
        async with await log_in(cluster, "juliet", "gateway-2", token=token) as juliet:
            async with romeo:
                await romeo.ready()
                user_id = romeo.user_id
                async with asyncio.timeout(10):
                    while (await juliet.watch_presence([user_id]))[0].state is not ONLINE:  # noqa: ASYNC110
                        await asyncio.sleep(0.05)
                online, _ = await juliet.online()
                assert {one.user_id for one in online} == {user_id, juliet.user_id}
                # Whichever web node she asks, she is to stay where she is, until she says that she cannot.
                for web in cluster.names("web"):
                    async with HttpApi(cluster.nodes[web].url) as http:
                        assert (await http.connect(token)).node_id == "gateway-2"
                        assert (await http.connect(token, ["gateway-2"])).node_id == "gateway-1"
                await romeo.log_out()
            async with sight(juliet, user_id) as seen:
                await until(lambda: seen[-1] is OFFLINE, "romeo to be seen offline")
                async with await log_in(cluster, "romeo", "gateway-1") as romeo:
                    await romeo.ready()
                    await until(lambda: seen[-1] is ONLINE, "romeo to be back")
                await until(lambda: seen[-1] is DROPPED, "romeo to be seen dropped")
                async with await log_in(cluster, "romeo", "gateway-1") as romeo:
                    await romeo.ready()
                    await until(lambda: seen[-1] is ONLINE, "romeo to be back again")
                    await cluster.kill("gateway-1")
                    await until(lambda: seen[-1] is DROPPED, "his node to be buried")
                    assert seen[-5:] == [OFFLINE, ONLINE, DROPPED, ONLINE, DROPPED], "each of it once"


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_one_session_is_one_in_the_whole_cluster_and_a_dead_node_blocks_nobody(tmp_path: Path) -> None:
    async with a_cluster(tmp_path, gateway=2, chat=1) as cluster:
        admin = await an_admin(cluster)
        await set_policy(cluster, "replace", admin)
        async with await log_in(cluster, "romeo", "gateway-1", new=True) as older:
            await older.ready()
            async with await log_in(cluster, "romeo", "gateway-2") as newer:
                await newer.ready()
                async for _ in older.states():
                    pass
                with pytest.raises(HubbubError) as told:
                    await older.online()
                assert told.value.code == Code.SESSION_REPLACED
                await newer.online()

                await set_policy(cluster, "reject", admin)
                async with await log_in(cluster, "romeo", "gateway-1") as refused:
                    reason = await why_not(refused)
                    assert reason == TABLE[Code.SESSION_REFUSED].en
                    await cluster.kill("gateway-2")
                    # It goes on asking, and gets in once the lease of the node has lapsed that holds the slot.
                    await refused.ready(40)

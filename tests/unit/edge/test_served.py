"""An edge without a database asks web nodes for the others, as an admin."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from support.over_httpx import OverHttpx
from unit.rest.site import Site, a_site

from hubbub.client import FixedToken, HttpApi
from hubbub.cluster.model import NodeState
from hubbub.rest.app import create_app
from hubbub.server.edge.keeper import RegistryAway
from hubbub.server.edge.plan import plan
from hubbub.server.edge.served import ServedRegistry


class Web(httpx.AsyncBaseTransport):
    """Web nodes by their host; those that are not `up` take no connection."""

    def __init__(self, site: Site) -> None:
        self.up = {"web-1", "web-2"}
        self.asked: list[str] = []
        self.answer: Any = None
        """What is said instead of the truth."""
        self._site = httpx.ASGITransport(create_app(site.deps_without_metrics()))  # type: ignore[arg-type]

    def at(self, server: str) -> OverHttpx:
        return OverHttpx(self, server)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        self.asked.append(host)
        if host not in self.up:
            raise httpx.ConnectError("refused")
        if self.answer is not None:
            return httpx.Response(200, json=self.answer)
        return await self._site.handle_async_request(request)


class TwoTokens:
    """A login whose first token is none."""

    def __init__(self, good: str) -> None:
        self.good = good
        self.refused: list[str] = []

    async def token(self, http: HttpApi) -> str:
        return self.good if self.refused else "spent"

    async def renew(self, http: HttpApi, refused: str) -> str:
        self.refused.append(refused)
        return self.good

    def left_s(self) -> float:
        return 60.0


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with a_site() as site:
        yield site


@pytest.fixture
async def parts() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as parts:
        yield parts


async def token(site: Site) -> str:
    return str((await site.admin()).tokens["access_token"])


async def test_the_nodes_are_seen_as_an_admin_sees_them_and_followed(site: Site, parts: AsyncExitStack) -> None:
    web = Web(site)
    registry = ServedRegistry(["http://web-1", "http://web-2"], FixedToken(await token(site)), parts, exchange=web.at)
    (node,) = await registry.nodes()
    assert (node.record.node_id, node.state, node.record.draining) == ("node", NodeState.UP, False)
    assert [place.address for place in plan([node]).web] == ["127.0.0.1:8080"]
    assert site.deps.nodes is not None
    await site.deps.nodes.drain()
    (node,) = await registry.nodes()
    assert (node.state, node.record.draining) == (NodeState.DRAINING, True)


async def test_another_server_is_asked_when_one_does_not_answer_and_then_first(
    site: Site, parts: AsyncExitStack
) -> None:
    web = Web(site)
    registry = ServedRegistry(["http://web-1", "http://web-2"], FixedToken(await token(site)), parts, exchange=web.at)
    web.up = {"web-2"}
    assert len(await registry.nodes()) == 1
    assert len(await registry.nodes()) == 1
    assert web.asked == ["web-1", "web-2", "web-2"]
    web.up = set()
    with pytest.raises(RegistryAway, match="http://web-2 cannot be reached"):
        await registry.nodes()


async def test_a_token_that_ended_is_renewed(site: Site, parts: AsyncExitStack) -> None:
    login = TwoTokens(await token(site))
    registry = ServedRegistry(["http://web-1"], login, parts, exchange=Web(site).at)
    assert len(await registry.nodes()) == 1
    assert login.refused == ["spent"]


async def test_who_is_no_admin_is_told_so(site: Site, parts: AsyncExitStack) -> None:
    romeo = await site.enter("romeo")
    login = FixedToken(str(romeo.tokens["access_token"]))
    with pytest.raises(RegistryAway, match="this login is no admin's"):
        await ServedRegistry(["http://web-1"], login, parts, exchange=Web(site).at).nodes()


async def test_what_makes_no_sense_is_not_served(site: Site, parts: AsyncExitStack) -> None:
    web = Web(site)
    registry = ServedRegistry(["http://web-1"], FixedToken("any"), parts, exchange=web.at)
    for web.answer in ({}, {"nodes": [{"node_id": 1}]}, {"nodes": "all"}):
        with pytest.raises(RegistryAway, match="not as a node of this version would"):
            await registry.nodes()

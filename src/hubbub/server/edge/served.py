"""Follow the nodes of a cluster through the API of its web nodes, as an admin would.

The machine with the edge often cannot reach the database, and need not hold its password: what an admin may read is
enough.  Several servers may be named; whoever answered last is asked first, and the next one when it does not.  Each
answers with what it has in memory, so a look costs the cluster next to nothing.

What is not done: nothing is heard, so a change is seen at the next look.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any

import msgspec

from hubbub.base.error_table import Code
from hubbub.client import HttpApi, HubbubError
from hubbub.client.http1 import Exchange
from hubbub.client.login import Login
from hubbub.cluster.model import NodeLoad, NodeRecord, NodeState, NodeView
from hubbub.server.edge.keeper import RegistryAway

_ANSWER_S = 2.0
_PATH = "/api/v1/nodes"
_REFUSED = {Code.BAD_TOKEN, Code.TOKEN_EXPIRED, Code.UNAUTHENTICATED}


class _Node(msgspec.Struct):
    """The part of a listed node that an edge goes by."""

    node_id: str
    incarnation: str
    roles: tuple[str, ...]
    state: NodeState
    http: str
    tcp: str
    weight: float
    draining: bool = False
    heard_ms: int | None = None
    lease_ms: int = 0

    def view(self) -> NodeView:
        record = NodeRecord(
            self.node_id,
            self.incarnation,
            self.roles,
            self.http,
            self.tcp,
            weight=self.weight,
            draining=self.draining,
        )
        heard_s = math.inf if self.heard_ms is None else self.heard_ms / 1000
        return NodeView(record, self.state, NodeLoad(), heard_s, self.lease_ms / 1000)


class _Listed(msgspec.Struct):
    nodes: list[_Node]


class ServedRegistry:
    """The nodes as web nodes list them to an admin."""

    def __init__(
        self,
        servers: Sequence[str],
        login: Login,
        parts: AsyncExitStack,
        *,
        exchange: Callable[[str], Exchange] | None = None,
    ) -> None:
        """`servers` are addresses of web nodes, at least one; `parts` closes the connections to them.

        `exchange` makes another way to call a server than the usual one.
        """
        self._apis = [
            HttpApi(server, timeout_s=_ANSWER_S, transport=exchange(server) if exchange else None) for server in servers
        ]
        self._login = login
        for api in self._apis:
            parts.push_async_callback(api.close)

    async def nodes(self) -> Sequence[NodeView]:
        """Return the nodes as the first server that answers sees them.  Raises RegistryAway."""
        said: list[str] = []
        for api in list(self._apis):
            try:
                listed = msgspec.convert(await self._ask(api), _Listed)
            except HubbubError as problem:
                said.append("this login is no admin's" if problem.code == Code.FORBIDDEN else problem.message)
            except msgspec.ValidationError:
                said.append(f"{api.server} answers, but not as a node of this version would")
            else:
                self._apis.remove(api)
                self._apis.insert(0, api)
                return [node.view() for node in listed.nodes]
        raise RegistryAway("; ".join(dict.fromkeys(said)))

    async def changed(self, timeout_s: float) -> None:
        await asyncio.sleep(timeout_s)

    async def _ask(self, api: HttpApi) -> dict[str, Any]:
        token = await self._login.token(api)
        try:
            return await api.call("GET", _PATH, token=token)
        except HubbubError as problem:
            if problem.code not in _REFUSED:
                raise
        return await api.call("GET", _PATH, token=await self._login.renew(api, token))

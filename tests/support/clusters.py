"""Small clusters for tests: in memory where that is possible, quick at hashing, and without rate limits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from support.house import QUICK, House
from support.stage import Actor

from hubbub.lab.cluster import Cluster, ClusterPlan

WAIT_S = 30.0


def a_cluster(
    folder: Path,
    *,
    environ: Mapping[str, str] = {},
    restart_after_s: float | None = None,
    on_event: Callable[[str, str], None] = lambda name, what: None,
    **sizes: int | str,
) -> Cluster:
    """Return a cluster that is not started; `sizes` are fields of its plan."""
    plan = ClusterPlan(**{"web": 1, "gateway": 2, "chat": 2, "worker": 0, "durable": False, **sizes})  # type: ignore[arg-type]
    return Cluster(folder, plan, environ={**QUICK, **environ}, restart_after_s=restart_after_s, on_event=on_event)


class ManyHouses(House):
    """A cluster as a house for plays: they come in by its one public address."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster.folder)
        self.http = cluster.url


async def node_of(actor: Actor) -> str:
    """Return the name of the node that holds somebody's connection."""
    return (await actor.client.server_info()).node_id


async def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for something that other processes bring about."""
    try:
        async with asyncio.timeout(WAIT_S):
            while not holds():  # noqa: ASYNC110 - other processes bring it about
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"waited in vain for {what}") from None

"""The processes of a cluster on one machine: each can be harmed by name, and what had an accident comes back."""

from __future__ import annotations

import os
import signal
import time
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest
from support.clusters import a_cluster, until

from hubbub.lab.cluster import CLOCK_SKEW, Cluster


def clocks_ahead_s(cluster: Cluster, name: str) -> tuple[float, float]:
    """Return how far a node's own calendar clock is ahead of ours, and how far the time it tells people is."""
    answer = httpx.get(f"{cluster.nodes[name].url}/api/v1/server", timeout=10)
    assert answer.status_code == 200, answer.text
    own = parsedate_to_datetime(answer.headers["date"]).timestamp()
    return own - time.time(), float(answer.json()["server_time_ms"]) / 1000 - time.time()


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_members_are_started_harmed_and_ended_by_name(tmp_path: Path) -> None:
    events: list[tuple[str, str]] = []

    def hear(name: str, what: str) -> None:
        events.append((name, what))

    cluster = a_cluster(tmp_path, gateway=1, chat=1, restart_after_s=0.1, on_event=hear)
    async with cluster:
        assert list(cluster.nodes) == ["chat-1", "gateway-1", "web-1"]
        assert all(member.running for member in cluster.members.values())
        assert cluster.setup_token

        # Whoever is killed by hand comes back where it was.
        for name in ("gateway-1", "bus", "edge"):
            member = cluster.members[name]
            pid, url = member.pid, member.url
            os.kill(pid, signal.SIGKILL)
            await until(lambda name=name: (name, "ended by signal 9") in events, f"the end of {name}")  # type: ignore[misc]
            await until(lambda name=name: any(n == name and "runs again" in w for n, w in events), f"{name}'s return")  # type: ignore[misc]
            assert member.running
            assert member.pid != pid
            assert member.url == url

        # Whoever is stopped here stays away until it is started, by then with other variables.
        events.clear()
        assert await cluster.stop("web-1") == 0
        cluster.nodes["web-1"].environ[CLOCK_SKEW] = "-3600"
        await cluster.start("web-1")
        await cluster.wait_ready()
        own_s, told_s = clocks_ahead_s(cluster, "web-1")
        assert abs(own_s + 3600) < 60
        assert abs(told_s) < 5, "all nodes tell the database's time, however wrong their own clock is"

        await cluster.pause("chat-1")
        assert cluster.members["chat-1"].paused
        await cluster.resume("chat-1")
        await cluster.kill("gateway-1")
        assert not cluster.members["gateway-1"].running
        await cluster.start("gateway-1")
        await cluster.wait_ready()
        assert events == []
    assert cluster.exits == dict.fromkeys(["chat-1", "gateway-1", "web-1", "edge", "bus", "database"], 0)
    assert not any(member.running for member in cluster.members.values())

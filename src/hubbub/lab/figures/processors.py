"""The processor time of a cluster: every node, the bus and the database with all their processes."""

from __future__ import annotations

from collections.abc import Mapping

import psutil

from hubbub.lab.cluster import Cluster


def processor_seconds(cluster: Cluster) -> dict[int, float]:
    """Return what each process of nodes, bus and database has used, by pid."""
    used: dict[int, float] = {}
    for name, member in cluster.members.items():
        if name == "edge" or not member.running:
            continue
        root = psutil.Process(member.pid)
        for process in (root, *root.children(recursive=True)):
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            used[process.pid] = float(times.user + times.system)
    return used


def used_between(before: Mapping[int, float], after: Mapping[int, float]) -> float:
    """Return the processor seconds that were used, by processes that came meanwhile too."""
    return sum(seconds - before.get(pid, 0.0) for pid, seconds in after.items())

"""A whole cluster on this machine: bus, database, edge, and node processes by role, each of them to be harmed by name.

    async with Cluster(folder) as cluster:
        ...  # clients use cluster.url
        await cluster.kill("gateway-2")
        await cluster.start("gateway-2")

People get it as `hubbub lab cluster`; scenario tests and the fault lab are built on it.
"""

from hubbub.lab.cluster.cluster import Cluster
from hubbub.lab.cluster.node import CLOCK_SKEW, Node
from hubbub.lab.cluster.plan import ClusterPlan

__all__ = ["CLOCK_SKEW", "Cluster", "ClusterPlan", "Node"]

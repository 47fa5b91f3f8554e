"""Which processes a cluster is made of, and where their data lies."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from hubbub.lab.servers import MariaDbServer, NatsServer, PostgresServer, RedisServer
from hubbub.lab.servers.postgres import closed_folder, lent_to

DatabaseKind = Literal["postgres", "mysql"]
BusKind = Literal["nats", "redis"]

OPEN_TO_ALL = Path("/var/tmp")
"""Where a database that does not run as root has its data when the cluster's own folder is closed to it."""


class ClusterPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What to start."""

    database: DatabaseKind = "postgres"
    bus: BusKind = "nats"
    web: int = 2
    gateway: int = 3
    chat: int = 2
    worker: int = 1
    listen: str = "127.0.0.1:0"
    """The one public address; port 0 takes a free one."""
    listen_tcp: str = "127.0.0.1:0"
    """The same for raw TCP."""
    edge: bool = True
    """False leaves HAProxy out: then the first web node is what clients are told."""
    durable: bool = True
    """False keeps the database in memory, where it loses nothing but to a power cut."""

    def nodes(self) -> Iterator[tuple[str, str]]:
        """Return the name and role of every node, those first that others call."""
        for role in ("chat", "worker", "gateway", "web"):
            for number in range(1, getattr(self, role) + 1):
                yield f"{role}-{number}", role

    def database_server(self, folder: Path) -> PostgresServer | MariaDbServer:
        """Return the database, not started."""
        if self.database == "mysql":
            return MariaDbServer(folder / "database" if self.durable else None, durable=self.durable)
        return PostgresServer(_for_postgres(folder) if self.durable else None, durable=self.durable)

    def bus_server(self, folder: Path) -> NatsServer | RedisServer:
        """Return the bus, not started."""
        return (RedisServer if self.bus == "redis" else NatsServer)(folder / "bus")


def _for_postgres(folder: Path) -> Path:
    wanted = folder.absolute() / "database"
    user = lent_to()
    if not user or closed_folder(wanted / "data", user) is None:
        return wanted
    return OPEN_TO_ALL / f"hubbub-{hashlib.sha256(bytes(wanted)).hexdigest()[:12]}" / "database"

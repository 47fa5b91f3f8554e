"""The edge of a cluster: `hubbub edge haproxy`, which starts an HAProxy and has it follow the nodes."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from hubbub.lab.cluster.node import machine_environ
from hubbub.lab.servers import haproxy
from hubbub.lab.servers.ports import free_port
from hubbub.lab.servers.server import Server
from hubbub.server.edge.haproxy import ALIVE, NODES_MAP
from hubbub.server.edge.runtime import AdminSocket, socket_path
from hubbub.server.settings import Address

ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""How to reach from this machine what listens on every address."""


class Edge(Server):
    """The process at the one public address, and the HAProxy it owns."""

    name = "edge"
    start_s = 60.0

    def __init__(self, folder: Path, listen: Address, listen_tcp: Address, environ: Mapping[str, str]) -> None:
        """A port 0 takes a free one."""
        super().__init__(folder, port=listen.port)
        self.listen = Address(listen.host, self.port)
        self.listen_tcp = Address(listen_tcp.host, listen_tcp.port or free_port())
        self.host = ANYWHERE.get(listen.host, listen.host)
        self.environ = dict(environ)
        """Variables that it has beside the machine's; a change holds from its next start."""

    @property
    def url(self) -> str:
        return f"http://{Address(self.host, self.port)}"

    @property
    def tcp(self) -> str:
        """host:port of raw TCP."""
        host = self.listen_tcp.host
        return str(Address(ANYWHERE.get(host, host), self.listen_tcp.port))

    async def gateways(self) -> set[str]:
        """Return the names of the gateways it sends people to.  Raises NotRunning."""
        return set(await AdminSocket(socket_path(self.folder)).map(str(self.folder.resolve() / NODES_MAP)))

    def _command(self) -> Sequence[object]:
        where = ["--listen", self.listen, "--listen-tcp", self.listen_tcp, "--folder", self.folder]
        return [
            sys.executable,
            "-m",
            "hubbub.cli.main",
            "edge",
            "haproxy",
            "--run",
            "--binary",
            haproxy.program(),
            *where,
        ]

    def _environ(self) -> Mapping[str, str]:
        return {**machine_environ(), **self.environ}

    def _answers(self) -> bool:
        try:
            return httpx.get(self.url + ALIVE, timeout=1, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

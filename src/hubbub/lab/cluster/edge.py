"""The edge of a cluster: `hubbub edge haproxy`, which starts an HAProxy and has it follow the nodes."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from hubbub.lab.cluster.node import machine_environ
from hubbub.lab.servers import haproxy
from hubbub.lab.servers.server import Server
from hubbub.server.edge.haproxy import ALIVE
from hubbub.server.settings import Address

ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""How to reach from this machine what listens on every address."""


class Edge(Server):
    """The process at the one public address, and the HAProxy it owns."""

    name = "edge"
    start_s = 60.0

    def __init__(self, folder: Path, listen: Address, environ: Mapping[str, str]) -> None:
        super().__init__(folder, port=listen.port)
        self.listen = Address(listen.host, self.port)
        self.host = ANYWHERE.get(listen.host, listen.host)
        self.environ = dict(environ)
        """Variables that it has beside the machine's; a change holds from its next start."""

    @property
    def url(self) -> str:
        return f"http://{Address(self.host, self.port)}"

    def _command(self) -> Sequence[object]:
        where = ["--listen", self.listen, "--folder", self.folder, "--binary", haproxy.program()]
        return [sys.executable, "-m", "hubbub.cli.main", "edge", "haproxy", "--run", *where]

    def _environ(self) -> Mapping[str, str]:
        return {**machine_environ(), **self.environ}

    def _answers(self) -> bool:
        try:
            return httpx.get(self.url + ALIVE, timeout=1, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

"""One node of a cluster: a `hubbub serve` process with its roles, its data folder and its variables."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from hubbub.auth.setup_link import read_setup_token
from hubbub.lab.servers.ports import free_port
from hubbub.lab.servers.server import Server

CLOCK_SKEW = "HUBBUB_LAB_CLOCK_SKEW_S"
"""Variable of a node: the seconds its calendar clock is ahead (or, negative, behind) from its next start on."""


class Announced(msgspec.Struct):
    """What a server writes into its data folder once it listens."""

    pid: int


def machine_environ() -> dict[str, str]:
    """Return this process's variables without the settings of a server among them."""
    return {name: value for name, value in os.environ.items() if not name.startswith("HUBBUB_")}


class Node(Server):
    """A node process; each start takes its variables as they are then."""

    start_s = 60.0
    # Longer than its clients are given to move.
    stop_s = 40.0

    def __init__(self, name: str, roles: Sequence[str], folder: Path, environ: Mapping[str, str]) -> None:
        """`environ` holds the settings of this node alone, as variables."""
        self.name = name
        self.roles = tuple(roles)
        super().__init__(folder)
        self.tcp_port = free_port()
        self.environ = dict(environ)
        """Variables that it has beside the machine's; a change holds from its next start."""

    @property
    def url(self) -> str:
        """Where its HTTP and WebSocket port is, past the edge."""
        return f"http://{self.host}:{self.port}"

    @property
    def tcp(self) -> str:
        """host:port of its raw TCP port."""
        return f"{self.host}:{self.tcp_port}"

    @property
    def setup_token(self) -> str | None:
        """The token of the one-time set-up link, if it knows one."""
        return read_setup_token(self.folder)

    def _prepare(self) -> None:
        self._announcement.unlink(missing_ok=True)

    def _command(self) -> Sequence[object]:
        skewed = self.environ.get(CLOCK_SKEW)
        program = ["-m", "hubbub.lab.cluster.skewed", skewed] if skewed else ["-m", "hubbub.cli.main"]
        listen = ["--listen", f"{self.host}:{self.port}", "--listen-tcp", self.tcp]
        return [sys.executable, *program, "serve", "--data", self.folder, *listen]

    def _environ(self) -> Mapping[str, str]:
        own = {"HUBBUB_ROLES": ",".join(self.roles), "HUBBUB_NODE": self.name}
        return {**machine_environ(), **own, **self.environ}

    def _answers(self) -> bool:
        try:
            announced = msgspec.json.decode(self._announcement.read_bytes(), type=Announced)
        except FileNotFoundError:
            return False
        if announced.pid != self.pid:
            return False
        self._connect().close()
        return True

    @property
    def _announcement(self) -> Path:
        return self.folder / "server.json"

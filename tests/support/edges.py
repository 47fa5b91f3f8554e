"""Nodes that only say who they are, the clients that ask them, and a registry that a test writes."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from hubbub.cluster.model import NodeLoad, NodeRecord, NodeState, NodeView
from hubbub.lab.servers.binaries import find, install, may_install
from hubbub.server.edge.keeper import RegistryAway

PATIENCE_S = 30.0


def view(
    name: str,
    roles: tuple[str, ...],
    *,
    http: str = "",
    tcp: str = "",
    state: NodeState = NodeState.UP,
    weight: float = 1.0,
    incarnation: str = "",
) -> NodeView:
    """Return a node as a registry shows it."""
    record = NodeRecord(name, incarnation or f"{name}/1", roles, http, tcp, weight=weight)
    return NodeView(record, state, NodeLoad(), heard_s=0.1, lease_s=9.0)


class WrittenRegistry:
    """The nodes a test wrote down."""

    def __init__(self, *views: NodeView) -> None:
        self.views = {view.record.node_id: view for view in views}
        self.away = ""
        self._moved = asyncio.Event()

    def write(self, *views: NodeView) -> None:
        self.views.update({view.record.node_id: view for view in views})
        self._moved.set()

    def remove(self, name: str) -> None:
        del self.views[name]
        self._moved.set()

    async def nodes(self) -> Sequence[NodeView]:
        if self.away:
            raise RegistryAway(self.away)
        return list(self.views.values())

    async def changed(self, timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                await self._moved.wait()
        except TimeoutError:
            return
        self._moved.clear()


@dataclass
class Backend:
    """An HTTP server of one node: it answers with its name, and echoes what comes over a tunnel."""

    name: str
    port: int = 0
    health: int = 200
    refusing: bool = False
    """It answers every upgrade with 503, as a gateway that leaves does."""
    seen: list[dict[str, str]] = field(default_factory=list)
    """The heads of the requests that were no health checks."""
    tunnels: int = 0
    _server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def start(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def die(self) -> None:
        """End as a process that is killed: every connection is reset."""
        if self._server is None:
            return
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        self._server = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def view(self, *roles: str, state: NodeState = NodeState.UP) -> NodeView:
        return view(self.name, roles, http=self.address, state=state)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while await self._answer(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            # It is cancelled with the loop of its test, which asyncio of Python 3.11 takes for a failure.
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await read_head(reader)
        path = head[""].split()[1]
        if path == "/healthz":
            writer.write(answer(self.health, self.name))
            return True
        self.seen.append(head)
        if "upgrade" not in head:
            await reader.readexactly(int(head.get("content-length", "0")))
            writer.write(answer(200, self.name))
            return True
        if self.refusing:
            writer.write(answer(503, self.name))
            return True
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
            b"sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nx-node: %s\r\n\r\n" % self.name.encode()
        )
        self.tunnels += 1
        try:
            while line := await reader.readline():
                writer.write(line)
        finally:
            self.tunnels -= 1
        return False


@dataclass
class Tunnel:
    """A WebSocket as far as a proxy can tell: an upgraded connection, with lines instead of frames."""

    node: str
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def echoes(self, line: bytes = b"still here\n") -> bool:
        """Whether what is sent comes back."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                self.writer.write(line)
                return await self.reader.readline() == line
        except (OSError, TimeoutError):
            return False

    async def ended(self) -> bool:
        """Wait for the other side to end it; False if it does not."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self.reader.read(1) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False

    def close(self) -> None:
        self.writer.close()


class Refused(Exception):
    """An upgrade was answered with something else than 101."""


async def tunnel(port: int, path: str = "/ws", *, tls: ssl.SSLContext | None = None) -> Tunnel:
    """Open a tunnel through whatever listens there.  Raises Refused, or OSError when nobody answers."""
    async with asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
        try:
            writer.write(
                b"GET %s HTTP/1.1\r\nhost: edge\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
                b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" % path.encode()
            )
            head = await read_head(reader)
            if " 101 " not in head[""]:
                raise Refused(head[""])
            return Tunnel(head["x-node"], reader, writer)
        except BaseException as problem:
            writer.close()
            if isinstance(problem, asyncio.IncompleteReadError):
                raise ConnectionResetError("no whole answer") from problem
            raise


@dataclass
class Answer:
    status: int
    head: dict[str, str]
    body: str


async def ask(
    port: int, path: str = "/", *, method: str = "GET", tls: ssl.SSLContext | None = None, **headers: str
) -> Answer:
    """Send one request over a connection of its own.  Raises OSError when nobody answers."""
    async with asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
        try:
            lines = [f"{method} {path} HTTP/1.1", "host: edge", "connection: close"]
            lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
            writer.write("\r\n".join([*lines, "", ""]).encode())
            head = await read_head(reader)
            return Answer(int(head[""].split()[1]), head, (await reader.read()).decode())
        except asyncio.IncompleteReadError as cut:
            raise ConnectionResetError("no whole answer") from cut
        finally:
            writer.close()


async def read_head(reader: asyncio.StreamReader) -> dict[str, str]:
    """Return the headers of a request or an answer; the first line is under the empty name."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return {"": first, **{name.strip().lower(): value.strip() for name, _, value in pairs}}


def answer(status: int, body: str) -> bytes:
    return f"HTTP/1.1 {status} .\r\ncontent-length: {len(body)}\r\nx-frame-options: DENY\r\n\r\n{body}".encode()


@asynccontextmanager
async def backends(*names: str) -> AsyncIterator[list[Backend]]:
    """Run these nodes while the block does."""
    nodes = [await Backend(name).start() for name in names]
    try:
        yield nodes
    finally:
        for node in nodes:
            await node.die()


def nginx_program() -> Path:
    """Return nginx, with its stream module, which Debian has in a package of its own."""
    program = find("nginx", package="libnginx-mod-stream")
    module = Path("/usr/lib/nginx/modules/ngx_stream_module.so")
    if program == Path("/usr/sbin/nginx") and not module.exists() and may_install():
        install("libnginx-mod-stream")
    return program

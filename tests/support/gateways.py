"""A gateway on real sockets, with the fake chat behind it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any

import websockets
from support.fake_chat import FakeAuth, FakeChat
from support.jumping import JumpingLoop
from websockets.asyncio.client import ClientConnection, connect

from hubbub.auth.model import Authenticator
from hubbub.base.clock import Clock, SystemClock
from hubbub.bus.local import LocalBus
from hubbub.chat.ports import Event, Feed
from hubbub.cluster.sessions import SessionRegistry
from hubbub.gateway.gateway import Gateway
from hubbub.gateway.settings import GatewaySettings
from hubbub.gateway.tcp import serve_tcp
from hubbub.gateway.websocket import protocol_class
from hubbub.server.http import bind, serve
from hubbub.wire import hubbub_pb2 as pb
from hubbub.wire.codec import BINARY, JSON, SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON
from hubbub.wire.framing import FrameReader, with_length

PATIENCE_S = 5.0


async def nothing_here(scope: Any, receive: Any, send: Any) -> None:
    """The smallest HTTP application."""
    await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"12")]})
    await send({"type": "http.response.body", "body": b"nothing here"})


async def until(claim: Callable[[], bool]) -> None:
    """Let other tasks run until the claim is true."""
    # A loop that jumps does so only when nobody is busy.
    step_s = 0.001 if isinstance(asyncio.get_running_loop(), JumpingLoop) else 0
    async with asyncio.timeout(PATIENCE_S):
        while not claim():  # noqa: ASYNC110
            await asyncio.sleep(step_s)


class House:
    """A gateway that serves, and what stands behind it."""

    def __init__(self, settings: GatewaySettings, clock: Clock, authenticator: Authenticator | None = None) -> None:
        self.clock = clock
        self.bus = LocalBus()
        self.chat = FakeChat(clock, self.bus)
        self.auth = FakeAuth(clock, self.bus)
        self.seen: dict[str, int] = {}
        self.registry = SessionRegistry(clock, lambda: settings.login_policy, save_last_seen=self._save)
        self.gateway = Gateway(
            self.chat,
            authenticator or self.auth,
            self._listen,
            self.registry,
            clock,
            settings,
            "n" * 32,
            end_login=self.auth.end_login,
            version="test",
        )
        self.port = 0
        self.tcp_port = 0

    def _listen(self, hear: Callable[[Sequence[Event]], None], on_hole: Callable[[], None]) -> Feed:
        self.lose_something = on_hole
        return self.bus.feed(hear)

    async def _save(self, seen: Any) -> None:
        self.seen.update(seen)

    async def enter(self, user: str, device: str = "phone", *, json: bool = False, **hello: Any) -> Client:
        """Return a client that was let in."""
        client = await self.connect(json=json)
        await client.hello(f"{user}/{device}", **hello)
        return client

    async def connect(self, *, json: bool = False, path: str = "/ws", **options: Any) -> Client:
        """Return a WebSocket client that has said nothing yet."""
        subprotocol = SUBPROTOCOL_JSON if json else SUBPROTOCOL_BINARY
        options.setdefault("subprotocols", [websockets.Subprotocol(subprotocol)])
        socket = await connect(
            f"ws://127.0.0.1:{self.port}{path}", compression=None, ping_interval=None, close_timeout=2, **options
        )
        return Client(socket, json)


@asynccontextmanager
async def a_house(
    *,
    clock: Clock | None = None,
    tls: ssl.SSLContext | None = None,
    tcp: bool = False,
    head_timeout_s: float = 10.0,
    open_at_most: int = 4_096,
    ticketed: Callable[[str], bool] | None = None,
    authenticator: Authenticator | None = None,
    **settings: Any,
) -> AsyncIterator[House]:
    """Serve while the block runs, on ports of 127.0.0.1 that were free; `authenticator` in place of the fake one."""
    options: dict[str, Any] = {"tick_s": 0.02, "close_timeout_s": 1.0, **settings}
    house = House(GatewaySettings(**options), clock or SystemClock(), authenticator)
    await house.gateway.start()
    bounds: dict[str, Any] = {"head_timeout_s": head_timeout_s, "open_at_most": open_at_most}
    http = serve(nothing_here, protocol_class(house.gateway, ticketed=ticketed), graceful_s=1, **bounds)
    async with http as server:
        house.port = server.addresses[0][1]
        tcp_server = await serve_tcp(house.gateway, bind("127.0.0.1", 0), tls=tls) if tcp else None
        if tcp_server is not None:
            house.tcp_port = tcp_server.sockets[0].getsockname()[1]
        try:
            yield house
        finally:
            if tcp_server is not None:
                tcp_server.close()
            await house.gateway.stop()


class Speaker:
    """A client that reads frames one by one; what it was not asked for stays in order."""

    def __init__(self) -> None:
        self._next_id = 0
        self._aside: list[pb.ServerFrame] = []

    async def send(self, frame: pb.ClientFrame) -> None:
        raise NotImplementedError

    async def frame(self) -> pb.ServerFrame:
        """Return the next frame off the wire."""
        raise NotImplementedError

    def take_id(self) -> int:
        self._next_id += 1
        return self._next_id

    async def ask(self, **body: Any) -> pb.ServerFrame:
        """Send a request and return its answer; pushes are kept for `push`."""
        frame_id = await self.tell(**body)
        return await self.answer(frame_id)

    async def tell(self, **body: Any) -> int:
        """Send a request without waiting."""
        frame_id = self.take_id()
        await self.send(pb.ClientFrame(id=frame_id, **body))
        return frame_id

    async def answer(self, frame_id: int) -> pb.ServerFrame:
        return await self._until(lambda frame: frame.reply_to == frame_id)

    async def push(self, kind: str) -> pb.ServerFrame:
        """Return the next push of a kind."""
        return await self._until(lambda frame: frame.reply_to == 0 and frame.WhichOneof("body") == kind)

    async def _until(self, wanted: Any) -> pb.ServerFrame:
        for place, frame in enumerate(self._aside):
            if wanted(frame):
                return self._aside.pop(place)
        while True:
            frame = await self.frame()
            if wanted(frame):
                return frame
            self._aside.append(frame)

    async def hello(self, token: str, **fields: Any) -> pb.Welcome:
        """Say hello and return the welcome, once ready."""
        answer = await self.ask(hello=pb.Hello(protocol=1, token=token, **fields))
        if answer.WhichOneof("body") != "welcome":
            raise AssertionError(f"not let in: {answer}")
        await self.push("ready")
        return answer.welcome

    async def submit(self, conversation_id: str, client_id: str, text: str) -> pb.Submitted:
        return (await self.ask(submit=text_submit(conversation_id, client_id, text))).submitted

    async def hears(self) -> list[str]:
        """Return the texts of the next push of entries."""
        return texts((await self.push("entries")).entries)


class Client(Speaker):
    """A speaker on a WebSocket."""

    def __init__(self, socket: ClientConnection, json: bool) -> None:
        super().__init__()
        self.socket = socket
        self.codec = JSON if json else BINARY

    async def send(self, frame: pb.ClientFrame) -> None:
        data = self.codec.encode(frame)
        await self.socket.send(data.decode() if self.codec.text else data)

    async def frame(self) -> pb.ServerFrame:
        data = await asyncio.wait_for(self.socket.recv(), PATIENCE_S)
        return self.codec.decode_server(data.encode() if isinstance(data, str) else data)[0]

    async def closed(self) -> tuple[int, str]:
        """Return the code and reason the server closed with, reading whatever comes before."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    self._aside.append(await self.frame())
                except websockets.ConnectionClosed:
                    assert self.socket.close_code is not None
                    return self.socket.close_code, self.socket.close_reason or ""

    async def last_error(self) -> str:
        """Return the code of the error that came last, after the end."""
        errors = [frame.error.code for frame in self._aside if frame.WhichOneof("body") == "error"]
        return errors[-1]

    async def leave(self) -> None:
        await self.socket.close()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.leave()


class TcpClient(Speaker):
    """A speaker on a TCP stream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__()
        self.reader = reader
        self.writer = writer
        self._frames = FrameReader(1 << 20)
        self._read: list[bytes] = []

    @classmethod
    async def connect(cls, port: int, tls: ssl.SSLContext | None = None) -> TcpClient:
        return cls(*await asyncio.open_connection("127.0.0.1", port, ssl=tls))

    async def send(self, frame: pb.ClientFrame) -> None:
        self.writer.write(with_length(BINARY.encode(frame)))

    async def frame(self) -> pb.ServerFrame:
        while not self._read:
            data = await asyncio.wait_for(self.reader.read(65536), PATIENCE_S)
            if not data:
                raise EOFError
            self._read += self._frames.feed(data)
        return BINARY.decode_server(self._read.pop(0))[0]

    async def leave(self) -> None:
        self.writer.close()
        await asyncio.gather(self.writer.wait_closed(), return_exceptions=True)


def text_submit(conversation_id: str, client_id: str, text: str) -> pb.Submit:
    """Return the submit of a plain text."""
    return pb.Submit(
        conversation_id=conversation_id,
        client_id=client_id,
        message=pb.Message(body=pb.Body(text=pb.Text(text=text))),
    )


def texts(page: pb.EntryPage) -> list[str]:
    """Return the texts of the messages on a page."""
    return [entry.message.body.text.text for entry in page.entries if entry.WhichOneof("kind") == "message"]

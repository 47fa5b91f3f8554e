"""A server whose every frame the test writes, over an in-memory connection with real protobuf bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from hubbub.base.ids import new_id
from hubbub.client import Client, HubbubError
from hubbub.client.connection import Link, Receiver, Tap
from hubbub.wire import hubbub_pb2 as pb
from hubbub.wire.codec import BINARY

WAIT_S = 5.0
ROMEO = "a" * 32
JULIET = "b" * 32
ROOM = "c" * 32


class FakeLink:
    """The client's end of an in-memory connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def send(self, data: bytes) -> None:
        if not self._connection.ended:
            self._connection.frames.put_nowait(BINARY.decode_client(data)[0])

    def close(self, code: int = 1000, reason: str = "") -> None:
        self._connection.lose(code, reason)

    def abort(self) -> None:
        self._connection.lose(1006, "")


class Connection:
    """The server's end of one connection."""

    def __init__(self, receiver: Receiver, address: str) -> None:
        self._receiver = receiver
        self.address = address
        self.frames: asyncio.Queue[pb.ClientFrame] = asyncio.Queue()
        self.ended = False
        self.hello = pb.Hello()

    def send(self, reply_to: int = 0, **body: Any) -> None:
        """Send one frame; the keyword names its body."""
        if not self.ended:
            self._receiver.frame_received(BINARY.encode(pb.ServerFrame(reply_to=reply_to, **body)))

    def lose(self, code: int = 1006, reason: str = "") -> None:
        """End the connection."""
        if not self.ended:
            self.ended = True
            self._receiver.link_lost(code, reason)

    async def next(self) -> pb.ClientFrame:
        """Return the next frame of the client, heartbeats excepted."""
        async with asyncio.timeout(WAIT_S):
            while True:
                frame = await self.frames.get()
                if frame.WhichOneof("body") not in ("ping", "pong"):
                    return frame

    async def expect(self, kind: str) -> tuple[int, Any]:
        """Return (id, body) of the next frame, which must be of this kind."""
        frame = await self.next()
        assert frame.WhichOneof("body") == kind, f"expected {kind}, the client sent {frame}"
        return frame.id, getattr(frame, kind)

    async def greet(
        self, *, epoch: str = "e1", version: int = 1, user: str = ROMEO, expires_ms: int = 0, heartbeat_ms: int = 0
    ) -> None:
        """Take the hello and answer it; `ready` is left to the test."""
        request, self.hello = await self.expect("hello")
        welcome = pb.Welcome(
            user_id=user,
            device_id="d" * 32,
            session_id=new_id(),
            epoch=epoch,
            user_version=version,
            server_time_ms=1_000_000,
            token_expires_ms=expires_ms,
            heartbeat_ms=heartbeat_ms,
        )
        self.send(request, welcome=welcome)

    async def list(self, *states: pb.ConversationState) -> None:
        """Answer the list of conversations a client without memory asks for."""
        request, _ = await self.expect("list_conversations")
        self.send(request, conversation_page=pb.ConversationPage(conversations=states))

    async def accept(self, *states: pb.ConversationState, epoch: str = "e1", version: int = 1) -> None:
        """Let a client in until it is online."""
        await self.greet(epoch=epoch, version=version)
        self.send(ready=pb.Ready())
        if not self.hello.HasField("resume") or self.hello.resume.epoch != epoch:
            await self.list(*states)

    def answer(self, request: int, submit: pb.Submit, seq: int, *, repeated: bool = False) -> None:
        """Accept a submit."""
        submitted = pb.Submitted(
            status=pb.SUBMIT_STATUS_ACCEPTED,
            conversation_id=submit.conversation_id,
            client_id=submit.client_id,
            seq=seq,
            time_ms=seq,
            repeated=repeated,
        )
        self.send(request, submitted=submitted)

    def reject(self, request: int, submit: pb.Submit, code: str, *, after_ms: int = 0) -> None:
        """Reject a submit."""
        error = HubbubError(code)
        submitted = pb.Submitted(
            status=pb.SUBMIT_STATUS_REJECTED,
            conversation_id=submit.conversation_id,
            client_id=submit.client_id,
            error=pb.Error(code=code, message=error.message, retry=error.retry, retry_after_ms=after_ms),
        )
        self.send(request, submitted=submitted)

    def push(self, page: pb.EntryPage) -> None:
        """Push entries."""
        self.send(entries=page)


class FakeServer:
    """Accepts connections and leaves the rest to the test; a `Connector`."""

    def __init__(self) -> None:
        self._connections: asyncio.Queue[Connection] = asyncio.Queue()
        self.refusing = 0
        """How many more attempts to connect fail."""
        self.attempts = 0

    async def __call__(self, address: str, receiver: Receiver, tap: Tap | None) -> Link:
        self.attempts += 1
        if self.refusing:
            self.refusing -= 1
            raise ConnectionRefusedError("nobody listens")
        connection = Connection(receiver, address)
        self._connections.put_nowait(connection)
        return FakeLink(connection)

    async def connection(self) -> Connection:
        """Return the next connection of the client."""
        async with asyncio.timeout(WAIT_S):
            return await self._connections.get()


class Naps:
    """A sleep that takes no time and remembers how long it was asked to take."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)
        await asyncio.sleep(0)


def state(conversation_id: str = ROOM, *, as_of: int = 0, read: int = 0, version: int = 1, **more: Any) -> Any:
    """Return a conversation's state."""
    fields: dict[str, Any] = {
        "kind": pb.CONVERSATION_KIND_GROUP,
        "state": pb.MEMBER_STATE_JOINED,
        "role": pb.ROLE_MEMBER,
        "intervals": [pb.Interval(from_seq=1)],
        **more,
    }
    return pb.ConversationState(conversation_id=conversation_id, as_of=as_of, read_seq=read, version=version, **fields)


def entry(seq: int, text: str = "", conversation_id: str = ROOM, sender: str = JULIET) -> pb.Entry:
    """Return a message entry."""
    body = pb.Body(text=pb.Text(text=text or f"line {seq}"))
    message = pb.Message(body=body)
    return pb.Entry(
        conversation_id=conversation_id, seq=seq, time_ms=seq, sender_id=sender, client_id=new_id(), message=message
    )


def page(seqs: Iterable[int], conversation_id: str = ROOM, *, as_of: int = 0) -> pb.EntryPage:
    """Return a page with these entries that covers from the first to the last."""
    entries = [entry(seq, conversation_id=conversation_id) for seq in seqs]
    return pb.EntryPage(
        conversation_id=conversation_id,
        from_seq=entries[0].seq,
        to_seq=entries[-1].seq,
        as_of=as_of or entries[-1].seq,
        entries=entries,
    )


@asynccontextmanager
async def client_of(server: FakeServer, **options: Any) -> AsyncIterator[Client]:
    """Run a client against the fake server; it never sleeps unless told so."""
    settings: dict[str, Any] = {"token": "t", "address": "fake", "sleep": Naps(), **options}
    client = Client("http://fake", connector=server, **settings)
    async with client:
        yield client

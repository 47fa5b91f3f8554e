"""A client of the load fetches what pushes left out, as every client of the protocol must."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from hubbub.lab.history import History
from hubbub.lab.load.client import Client, Seat
from hubbub.lab.load.sockets import Loop, length_frame, varint
from hubbub.wire import hubbub_pb2 as pb

ROOM = "01-room"


class Server:
    """The other end of one raw TCP connection, in the same thread."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        host, port = self._listening.getsockname()
        self.address = f"{host}:{port}"

    def accept(self) -> None:
        self._sock, _ = self._listening.accept()
        self._sock.settimeout(0.01)

    def send(self, frame: pb.ServerFrame) -> None:
        payload = frame.SerializeToString()
        self._sock.sendall(varint(len(payload)) + payload)

    def asked(self) -> list[pb.ClientFrame]:
        """Return the frames that came since the last look."""
        try:
            data = self._sock.recv(65536)
        except TimeoutError:
            return []
        frames, at = [], 0
        while at < len(data):
            span = length_frame(data, at, len(data))
            assert span is not None
            frames.append(pb.ClientFrame.FromString(data[span[0] : span[1]]))
            at = span[1]
        return frames

    def close(self) -> None:
        self._sock.close()
        self._listening.close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture
def client(server: Server, loop: Loop) -> Client:
    client = Client(loop, History(), Seat("u1", "ada", "token"), server.address, "tcp")
    server.accept()
    client.recorder.observer.connected({ROOM: 3})
    return client


def pushed(first: int, last: int) -> pb.ServerFrame:
    entries = [pb.Entry(conversation_id=ROOM, seq=seq, sender_id="u2") for seq in range(first, last + 1)]
    return pb.ServerFrame(entries=pb.EntryPage(conversation_id=ROOM, from_seq=first, to_seq=last, entries=entries))


def fetched(server: Server, loop: Loop) -> list[tuple[int, int]]:
    """Return (request, after_seq) of what was asked for within a moment."""
    found: list[tuple[int, int]] = []
    deadline = time.monotonic() + 2
    while not found and time.monotonic() < deadline:
        loop.turn(0.01)
        found = [(frame.id, frame.get_entries.after_seq) for frame in server.asked() if frame.HasField("get_entries")]
    return found


def test_a_push_after_a_gap_has_the_gap_fetched(server: Server, loop: Loop, client: Client) -> None:
    server.send(pushed(9, 9))
    assert [after for _, after in fetched(server, loop)] == [3]


def test_pushes_in_order_have_nothing_fetched(server: Server, loop: Loop, client: Client) -> None:
    for seq in (4, 5, 6):
        server.send(pushed(seq, seq))
    loop.until(lambda: client.has(ROOM) == 6, 2, "the entries")
    loop.turn(0)
    assert server.asked() == []


def test_a_page_that_cannot_be_read_now_is_asked_for_again(server: Server, loop: Loop, client: Client) -> None:
    server.send(pb.ServerFrame(heads=pb.Heads(heads=[pb.Head(conversation_id=ROOM, seq=7)])))
    ((request, _),) = fetched(server, loop)
    server.send(pb.ServerFrame(reply_to=request, error=pb.Error(code="unavailable", retry=True)))
    client.ready = True
    assert [after for _, after in fetched(server, loop)] == [3]

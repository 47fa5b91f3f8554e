"""The blocking face: deadlines, interruptions and ends of a client that lives in a thread."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from unit.client.fake import ROMEO, ROOM, page, state

from hubbub.client import Client, EntryEvent, HubbubError, State
from hubbub.client.blocking import BlockingClient, connect
from hubbub.client.connection import Link, Receiver, Tap
from hubbub.wire import hubbub_pb2 as pb
from hubbub.wire.codec import BINARY


class Host:
    """A server that welcomes everybody and answers submits; what it pushes is the test's affair."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self.receiver: Receiver | None = None
        self.answers = True
        self.hello = pb.Hello()
        """The last one."""

    async def __call__(self, address: str, receiver: Receiver, tap: Tap | None) -> Link:
        self.loop, self.receiver = asyncio.get_running_loop(), receiver
        return HostLink(self, receiver)

    def push(self, body: pb.EntryPage) -> None:
        """Push entries, from any thread."""
        assert self.loop is not None
        assert self.receiver is not None
        frame = BINARY.encode(pb.ServerFrame(entries=body))
        self.loop.call_soon_threadsafe(self.receiver.frame_received, frame)


class HostLink:
    def __init__(self, host: Host, receiver: Receiver) -> None:
        self._host = host
        self._receiver = receiver
        self._seq = 100

    def _says(self, reply_to: int, **body: Any) -> None:
        frame = BINARY.encode(pb.ServerFrame(reply_to=reply_to, **body))
        asyncio.get_running_loop().call_soon(self._receiver.frame_received, frame)

    def send(self, data: bytes) -> None:
        frame, kind = BINARY.decode_client(data)
        if kind == "hello":
            self._host.hello = frame.hello
            self._says(frame.id, welcome=pb.Welcome(user_id=ROMEO, epoch="e", user_version=1))
            self._says(0, ready=pb.Ready())
        elif kind == "list_conversations":
            self._says(frame.id, conversation_page=pb.ConversationPage(conversations=[state()]))
        elif kind == "submit" and self._host.answers:
            self._seq += 1
            stored = pb.Submitted(
                status=pb.SUBMIT_STATUS_ACCEPTED,
                conversation_id=frame.submit.conversation_id,
                client_id=frame.submit.client_id,
                seq=self._seq,
                time_ms=1,
            )
            self._says(frame.id, submitted=stored)

    def close(self, code: int = 1000, reason: str = "") -> None:
        self._receiver.link_lost(code, reason)

    def abort(self) -> None:
        self._receiver.link_lost(1006, "")


def client_of(host: Host, **options: Any) -> BlockingClient:
    return connect("http://fake", token="t", address="fake", connector=host, **{"timeout": 5.0, **options})


def threads() -> int:
    return sum(thread.name == "hubbub-blocking" for thread in threading.enumerate())


def test_messages_are_heard_and_answered_without_a_loop() -> None:
    host = Host()
    with client_of(host) as client:
        assert (client.state, client.user_id) == (State.ONLINE, ROMEO)
        messages = client.messages(idle_s=0.5)
        host.push(page([1, 2]))
        heard = [(message.seq, client.reply(message, "yes").seq) for message in messages]
        assert heard == [(1, 101), (2, 102)]
        assert client.send(ROOM, "more").seq == 103
        assert client.call(lambda chat: chat.flush()) is None
    assert (client.state, threads()) == (State.CLOSED, 0)


def test_everything_is_heard_without_a_loop() -> None:
    host = Host()
    with client_of(host) as client:
        events = client.events(idle_s=0.5)
        host.push(page([1, 2]))
        heard = [event.entry.seq for event in events if isinstance(event, EntryEvent)]
        assert heard == [1, 2]
        client.flush(timeout=5)
        assert client.error is None


def test_events_a_program_went_past_are_dealt_with_and_nothing_else(tmp_path: Path) -> None:
    host = Host()
    with client_of(host, store=tmp_path / "bot.db") as client:
        events = client.events()
        host.push(page(range(1, 11)))
        for event in events:
            if isinstance(event, EntryEvent) and event.entry.seq == 4:
                break
        del events
    with client_of(host, store=tmp_path / "bot.db"):
        assert [(head.conversation_id, head.seq) for head in host.hello.resume.have] == [(ROOM, 3)]


def test_what_a_program_went_past_is_dealt_with_and_nothing_else(tmp_path: Path) -> None:
    host = Host()
    with client_of(host, store=tmp_path / "bot.db") as client:
        messages = client.messages()
        host.push(page(range(1, 11)))
        for message in messages:
            if message.seq == 4:
                break
        # What ends an iterator that was left in the middle.
        del messages
    with client_of(host, store=tmp_path / "bot.db"):
        assert [(head.conversation_id, head.seq) for head in host.hello.resume.have] == [(ROOM, 3)]


def test_a_call_has_a_deadline() -> None:
    host = Host()
    host.answers = False
    with client_of(host) as client:
        began = time.monotonic()
        with pytest.raises(HubbubError) as late:
            client.send(ROOM, "Is anybody there?", timeout=0.1)
        assert late.value.code == "timeout"
        assert time.monotonic() - began < 2
        client.close()
    assert threads() == 0


def test_an_exception_of_the_work_comes_out_as_it_is() -> None:
    async def fails(client: Client) -> None:
        raise KeyError("of the program's own")

    with client_of(Host()) as client, pytest.raises(KeyError):
        client.call(fails)


def test_a_server_that_cannot_be_reached_is_an_error_and_leaves_no_thread() -> None:
    async def nobody(address: str, receiver: Receiver, tap: Tap | None) -> Link:
        raise ConnectionRefusedError("nobody listens")

    with (
        pytest.raises(HubbubError) as unreachable,
        connect(
            "http://fake",
            token="t",
            address="fake",
            connector=nobody,
            reconnect=lambda error, failures: False,
            timeout=5,
        ),
    ):
        raise AssertionError("it is online")
    assert unreachable.value.code == "unreachable"
    assert threads() == 0


def test_settings_that_make_no_sense_are_said_where_the_client_is_entered() -> None:
    with pytest.raises(ValueError, match="keep_messages"), connect("http://fake", token="t", keep_messages=True):
        raise AssertionError("it is online")
    assert threads() == 0


def test_ctrl_c_ends_the_wait_for_a_message_at_once_and_the_client_closes() -> None:
    host = Host()
    took: list[float] = []

    def listens() -> None:
        with client_of(host) as client:
            messages = client.messages()
            host.push(page([1]))
            assert next(messages).seq == 1
            main = threading.main_thread().ident
            assert main is not None
            timer = threading.Timer(0.2, signal.pthread_kill, (main, signal.SIGINT))
            timer.start()
            began = time.monotonic()
            try:
                next(messages)
            finally:
                took.append(time.monotonic() - began)
                timer.join()

    with pytest.raises(KeyboardInterrupt):
        listens()
    assert took[0] < 3
    assert threads() == 0


def test_closing_from_another_thread_ends_the_iteration() -> None:
    host = Host()
    with client_of(host) as client:
        messages = client.messages()
        closer = threading.Timer(0.2, client.close)
        closer.start()
        assert list(messages) == []
        closer.join()
        with pytest.raises(HubbubError) as closed:
            client.send(ROOM, "too late")
        assert closed.value.code == "closed"

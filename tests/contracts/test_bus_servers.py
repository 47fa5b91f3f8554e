"""What a bus does when its server restarts, stops, or finds a reader too slow: the same over each sort of server."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

import pytest
from support.buses import BUCKETS, identity, on_nats, on_redis

from hubbub.base.clock import SystemClock
from hubbub.base.ids import new_id
from hubbub.bus.calls import CallFailed, Peer
from hubbub.bus.carrier import BusAway
from hubbub.bus.cluster_bus import ClusterBus
from hubbub.bus.envelope import Sealer
from hubbub.bus.kept_carrier import Link
from hubbub.bus.nats import connect as connect_nats
from hubbub.bus.nats_link import NatsLink
from hubbub.bus.redis import connect as connect_redis
from hubbub.bus.redis_link import RedisLink, pool_for
from hubbub.bus.subjects import Subjects
from hubbub.chat.model import Body, Entry, Post
from hubbub.chat.ports import EntriesAppended, Event, Topic
from hubbub.lab.servers import NatsServer, RedisServer

ANNA, BEN, ROOM = (new_id() for _ in range(3))
DEADLINE_S = 20.0
NOTICED_S = 8.0
"""Three pings of a second each, and room for a machine that has much else to do."""


Server = NatsServer | RedisServer


@pytest.fixture(params=[NatsServer, RedisServer], ids=["nats", "redis"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server that may be harmed."""
    with request.param(durable=False) as server:
        yield server


async def join(server: Server, node_id: str = "node") -> ClusterBus:
    on = on_nats if isinstance(server, NatsServer) else on_redis
    return await on(server.url, node_id)


class Ear:
    """A feed, what it heard, and how often it was told of a hole."""

    def __init__(self, bus: ClusterBus) -> None:
        self.heard: list[Event] = []
        self.holes = 0
        self.feed = bus.feed(self.heard.extend, on_hole=self._hole)

    def _hole(self) -> None:
        self.holes += 1


def said(*seqs: int, audience: tuple[str, ...] = (ANNA,), text: str = "hello") -> EntriesAppended:
    entries = tuple([Entry(ROOM, seq, 0, ANNA, new_id(), Post(Body(text=text))) for seq in seqs])
    return EntriesAppended(ROOM, entries, audience)


async def until(is_so: Callable[[], bool], timeout_s: float = DEADLINE_S) -> float:
    """Wait until it is so; return how many seconds that took."""
    began = time.monotonic()
    async with asyncio.timeout(timeout_s):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    return time.monotonic() - began


@pytest.fixture
async def pair(server: Server) -> AsyncIterator[tuple[ClusterBus, ClusterBus]]:
    """A process that speaks and one that listens."""
    speaker, listener = await join(server, "speaker"), await join(server, "listener")
    yield speaker, listener
    await speaker.close()
    await listener.close()


async def test_while_the_server_is_away_publishing_fails_and_afterwards_all_is_as_before(
    server: Server, pair: tuple[ClusterBus, ClusterBus]
) -> None:
    speaker, listener = pair
    ear = Ear(listener)
    await ear.feed.follow([Topic("user", ANNA)])
    signals: list[bytes] = []
    await listener.signals.listen("x", signals.append)
    await asyncio.to_thread(server.stop)
    await until(lambda: not speaker.connected and not listener.connected)
    with pytest.raises(BusAway):
        await speaker.publish([said(1)])
    await speaker.signals.signal("x", b"lost")
    assert not await speaker.signals.reachable()
    await ear.feed.follow([Topic("user", BEN)])
    await asyncio.to_thread(server.start)
    await until(lambda: ear.holes == 1 and speaker.connected)
    await speaker.publish([said(2), said(3, audience=(BEN,))])
    await speaker.signals.signal("x", b"heard")
    await speaker.caught_up()
    await listener.caught_up()
    assert [event.entries[0].seq for event in ear.heard if isinstance(event, EntriesAppended)] == [2, 3]
    assert signals == [b"heard"]


async def test_a_server_that_is_paused_is_noticed_within_seconds(
    server: Server, pair: tuple[ClusterBus, ClusterBus]
) -> None:
    speaker, listener = pair
    ear = Ear(listener)
    await ear.feed.follow([Topic("user", ANNA)])

    async def hold(peer: Peer, payload: bytes) -> bytes:
        await asyncio.Event().wait()
        return payload

    await listener.calls.serve(listener.identity.incarnation, hold)
    call = speaker.calls.request(listener.identity.incarnation, b"", timeout_s=60)
    await speaker.caught_up()
    await asyncio.to_thread(server.pause)
    with pytest.raises(BusAway):
        await speaker.publish([said(1)])
    with pytest.raises(CallFailed) as caught:
        async with asyncio.timeout(NOTICED_S):
            await call
    assert (caught.value.reason, caught.value.maybe_done) == ("disconnected", True)
    await until(lambda: not listener.connected, NOTICED_S)
    await asyncio.to_thread(server.resume)
    await until(lambda: ear.holes == 1 and speaker.stats.connected)
    await speaker.publish([said(2)])
    await listener.caught_up()
    assert [event.entries[-1].seq for event in ear.heard if isinstance(event, EntriesAppended)][-1] == 2


async def test_a_killed_server_is_noticed_at_once(server: Server, pair: tuple[ClusterBus, ClusterBus]) -> None:
    speaker, listener = pair
    await asyncio.to_thread(server.kill)
    assert await until(lambda: not speaker.connected and not listener.connected) < 2.5


def impatient(server: Server) -> None:
    """Have the server give up on readers who leave a megabyte or two unread."""
    if isinstance(server, RedisServer):
        with socket.create_connection((server.host, server.port), timeout=DEADLINE_S) as link:
            link.sendall(b'CONFIG SET client-output-buffer-limit "pubsub 2000000 0 0"\r\n')
            assert link.recv(100) == b"+OK\r\n"


@pytest.fixture(params=["nats", "redis"])
def hasty(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server that waits for nobody."""
    options: dict[str, str | int | bool] = {"max_pending": 2_000_000, "write_deadline": "1s"}
    made = NatsServer(durable=False, options=options) if request.param == "nats" else RedisServer(durable=False)
    with made as server:
        impatient(server)
        yield server


async def test_a_reader_that_is_too_slow_loses_its_connection_and_is_told(hasty: Server) -> None:
    speaker, listener = await join(hasty, "speaker"), await join(hasty, "listener")
    ear = Ear(listener)
    await ear.feed.follow([Topic("user", ANNA)])
    event = said(1, text="x" * 200_000)

    def flood() -> None:
        async def publish() -> None:
            other = await join(hasty, "flood")
            for _ in range(200):
                await other.publish([event])
            await other.close()

        asyncio.run(publish())

    # Another loop speaks while this one, which is the reader's, does not read.
    thread = threading.Thread(target=flood)
    thread.start()
    thread.join(DEADLINE_S)
    await until(lambda: ear.holes > 0 and listener.stats.connected and speaker.stats.connected)
    await speaker.publish([said(2)])
    await listener.caught_up()
    assert isinstance(ear.heard[-1], EntriesAppended)
    assert ear.heard[-1].entries[0].seq == 2
    assert len(ear.heard) < 200
    await speaker.close()
    await listener.close()


async def test_events_of_one_publisher_keep_their_order_across_subjects(
    pair: tuple[ClusterBus, ClusterBus],
) -> None:
    speaker, listener = pair
    ear = Ear(listener)
    people = [new_id() for _ in range(20)]
    await ear.feed.follow([Topic("user", name) for name in people])
    sent = [said(seq, audience=(people[seq % 20],)) for seq in range(1, 2_001)]
    for event in sent:
        await speaker.publish([event])
    await listener.caught_up()
    assert ear.heard == sent


async def test_a_subscription_is_in_force_when_following_returns(pair: tuple[ClusterBus, ClusterBus]) -> None:
    speaker, listener = pair
    for seq in range(1, 200):
        ear, person = Ear(listener), new_id()
        await ear.feed.follow([Topic("user", person)])
        event = said(seq, audience=(person,))
        await speaker.publish([event])
        await listener.caught_up()
        assert ear.heard == [event]
        ear.feed.close()


class Receiver:
    """What a link brought."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []

    def arrived(self, subject: str, data: bytes) -> None:
        self.messages.append(data)

    def nobody(self, receipt: str) -> None: ...
    def lost(self) -> None: ...
    def back(self) -> None: ...


def a_link(server: Server, receiver: Receiver | None = None) -> Link:
    """Return a connection as such, not yet made."""
    receiver = receiver or Receiver()
    if isinstance(server, NatsServer):
        return NatsLink(receiver, [server.url], "link")
    return RedisLink(receiver, pool_for(server.url, "link"))


async def test_what_was_flushed_the_server_has_read_however_much_it_was(server: Server) -> None:
    receiver = Receiver()
    reader, writer = (a_link(server, receiver) for _ in range(2))
    for link in (reader, writer):
        await link.start()
    reader.subscribe_to("big")
    await reader.flushed(DEADLINE_S)
    for _ in range(30):
        writer.send("big", bytes(900_000))
    await writer.flushed(DEADLINE_S)
    await reader.flushed(DEADLINE_S)
    assert len(receiver.messages) == 30
    for link in (reader, writer):
        link.abandon("the test is over")


async def test_a_link_whose_server_takes_nothing_refuses_instead_of_growing(server: Server) -> None:
    link = a_link(server)
    await link.start()
    await asyncio.to_thread(server.pause)

    async def fill() -> None:
        for _ in range(1_000):
            link.send("big", bytes(900_000))
            await asyncio.sleep(0)

    with pytest.raises(BusAway):
        await fill()
    link.abandon("the test is over")


async def test_a_server_that_does_not_answer_is_waited_for_once(server: Server) -> None:
    link = a_link(server)
    await link.start()
    await link.flushed(DEADLINE_S)
    await asyncio.to_thread(server.pause)
    with pytest.raises(BusAway):
        await link.flushed(0.1)
    with pytest.raises(BusAway):
        async with asyncio.timeout(0):
            await link.flushed(DEADLINE_S)
    await asyncio.to_thread(server.resume)
    async with asyncio.timeout(DEADLINE_S):
        while not await answers(link):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    link.abandon("the test is over")


async def answers(link: Link) -> bool:
    """Whether the server behind the link does."""
    try:
        await link.flushed(DEADLINE_S)
    except BusAway:
        return False
    return True


async def test_a_handler_that_fails_does_not_stop_the_reading(
    pair: tuple[ClusterBus, ClusterBus], caplog: pytest.LogCaptureFixture
) -> None:
    speaker, listener = pair
    heard: list[Event] = []

    def fail_once(events: Sequence[Event]) -> None:
        heard.extend(events)
        if len(heard) == 1:
            raise ZeroDivisionError

    feed = listener.feed(fail_once)
    await feed.follow([Topic("user", ANNA)])
    for seq in (1, 2):
        await speaker.publish([said(seq)])
    await listener.caught_up()
    assert len(heard) == 2
    assert "a feed failed" in caplog.text


async def test_nobody_is_said_within_milliseconds(pair: tuple[ClusterBus, ClusterBus]) -> None:
    speaker, _ = pair
    began = time.monotonic()
    with pytest.raises(CallFailed) as caught:
        await speaker.calls.request(new_id(), b"", timeout_s=60)
    assert caught.value.reason == "nobody"
    assert time.monotonic() - began < 5.0


async def test_a_stranger_on_the_server_is_not_heard(server: Server, pair: tuple[ClusterBus, ClusterBus]) -> None:
    _, listener = pair
    ear = Ear(listener)
    await ear.feed.follow([Topic("user", ANNA)])
    subject = Subjects(BUCKETS).of_user(ANNA)
    stranger = a_link(server)
    await stranger.start()
    stranger.send(subject, b"anything")
    stranger.send(subject, Sealer(identity(secret=b"guess")).seal(subject, b"\x90")[0])
    await stranger.flushed(DEADLINE_S)
    await listener.caught_up()
    stranger.abandon("the test is over")
    assert ear.heard == []
    assert listener.stats.dropped == {"form": 1, "signature": 1}


@pytest.mark.parametrize(("scheme", "connect"), [("nats", connect_nats), ("redis", connect_redis)])
async def test_where_no_server_answers_connecting_says_so(
    scheme: str, connect: Callable[..., Awaitable[ClusterBus]]
) -> None:
    url = f"{scheme}://anna:sesame@127.0.0.1:1"
    with pytest.raises(BusAway) as caught:
        await connect(url, identity=identity(), buckets=64, clock=SystemClock(), wait_s=0.2)
    assert f"{scheme}://127.0.0.1:1" in caught.value.reason
    assert "sesame" not in caught.value.reason


async def test_of_several_nats_servers_one_is_enough(nats_server: NatsServer) -> None:
    bus = await on_nats(f"nats://127.0.0.1:1, {nats_server.url}")
    assert bus.connected
    await bus.close()
    assert not bus.connected

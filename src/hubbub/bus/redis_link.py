"""One connection to a Redis server, or rather two: a subscribed one takes no other commands.

Both are redis-py's connections, used below its client: a client would connect anew by itself, publish with one round
trip after another, and read subscriptions with a poll.  Here what one loop turn says is written together, answers are
read as they come, and a PING on either connection says that everything before it was done.  PUBLISH answers how many
heard it, which is how a caller learns that nobody was there.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.exceptions import RedisError

from hubbub.bus.carrier import BusAway, Receiver

_log = logging.getLogger(__name__)

CONNECT_S = 2
PING_S = 1.0
SILENT_S = 2.0
"""A server that leaves a ping unanswered for so long is not there."""

UNWRITTEN_BYTES = 32 * 1024 * 1024
"""More than this unwritten: the server takes nothing, and neither does the link."""


class _Pipe:
    """One of the two connections: what it has to write, and who waits for an answer."""

    def __init__(self, connection: AbstractConnection) -> None:
        self.connection = connection
        self.out: list[bytes] = []
        self.out_bytes = 0
        self.wake = asyncio.Event()
        self.pings: deque[asyncio.Future[None]] = deque()

    def put(self, *words: str | bytes) -> None:
        packed = self.connection.pack_command(*words)
        self.out += packed
        self.out_bytes += sum(map(len, packed))
        self.wake.set()

    def ping(self) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.pings.append(future)
        self.put("PING", "")
        return future

    def pong(self) -> None:
        future = self.pings.popleft()
        if not future.done():
            future.set_result(None)

    async def write(self) -> None:
        """Write what is put, for ever."""
        while True:
            await self.wake.wait()
            self.wake.clear()
            out, self.out = self.out, []
            self.out_bytes = 0
            # Waits while the server reads nothing; meanwhile the next ones gather, up to the limit.
            await self.connection.send_packed_command(out, check_health=False)

    async def read(self) -> Any:
        """Return the next thing the server says, however long that takes."""
        return await self.connection.read_response(disable_decoding=True, timeout=math.inf)

    def abort(self) -> None:
        """End it without waiting for a peer that may be stopped."""
        for ping in self.pings:
            if not ping.done():
                ping.set_result(None)
        writer = self.connection._writer
        if writer is not None:
            writer.transport.abort()
        self.connection._close()  # type: ignore[no-untyped-call]


def pool_for(url: str, name: str) -> ConnectionPool:
    """Return what makes connections to the server at `url`; raises ValueError when that is none."""
    return ConnectionPool.from_url(
        url,
        protocol=2,
        client_name=name,
        driver_info=None,
        socket_timeout=None,
        socket_connect_timeout=CONNECT_S,
    )


class RedisLink:
    """One connection, from `start` until `ended` is set."""

    def __init__(self, receiver: Receiver, pool: ConnectionPool) -> None:
        self._receiver = receiver
        self._speaking = _Pipe(pool.make_connection())  # type: ignore[no-untyped-call]
        self._hearing = _Pipe(pool.make_connection())  # type: ignore[no-untyped-call]
        self._published: deque[str | None] = deque()
        """The receipts of what was sent and not answered, in order; None stands for a ping."""
        self._subjects: set[str] = set()
        self._unanswered: set[asyncio.Future[None]] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self.ended = asyncio.Event()

    async def start(self) -> None:
        """Connect; raises BusAway."""
        try:
            for pipe in (self._speaking, self._hearing):
                await pipe.connection.connect()  # type: ignore[no-untyped-call]
        except (OSError, RedisError) as problem:
            raise BusAway(repr(problem)) from problem
        work = (self._speaking.write, self._hearing.write, self._read_answers, self._read_messages, self._keep_alive)
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._run(each), name="redis") for each in work]

    async def _run(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except (OSError, RedisError, BusAway) as problem:
            self.abandon(repr(problem))
        except Exception:
            _log.exception("a connection to the bus failed")
            self.abandon("it failed")

    # ------------------------------------------------------------ writing

    def send(self, subject: str, data: bytes, receipt: str = "") -> None:
        """Publish in this loop turn; raises BusAway when the server takes nothing."""
        if self._speaking.out_bytes > UNWRITTEN_BYTES:
            raise BusAway("the server takes nothing")
        self._published.append(receipt)
        self._speaking.put("PUBLISH", subject, data)

    def subscribe_to(self, subject: str) -> None:
        self._subjects.add(subject)
        self._hearing.put("SUBSCRIBE", subject)

    def unsubscribe_from(self, subject: str) -> None:
        self._subjects.discard(subject)
        self._hearing.put("UNSUBSCRIBE", subject)

    async def flushed(self, timeout_s: float) -> None:
        """Return once the server did everything put before this call and its messages were heard; raises BusAway.

        At once while an earlier call that was given up is still without an answer: one wait is enough to know.
        """
        if self.ended.is_set():
            raise BusAway("there is no connection")
        if not all(ping.done() for ping in self._unanswered):
            raise BusAway("the server does not answer")
        self._unanswered = await self._ping(timeout_s)
        if self._unanswered:
            raise BusAway("the server did not answer in time")
        if self.ended.is_set():
            raise BusAway("the connection broke")

    async def _ping(self, timeout_s: float) -> set[asyncio.Future[None]]:
        """Ask both connections for an answer; return those that gave none in time."""
        self._published.append(None)
        _, waiting = await asyncio.wait((self._speaking.ping(), self._hearing.ping()), timeout=timeout_s)
        return waiting

    # ------------------------------------------------------------ reading

    async def _read_answers(self) -> None:
        while True:
            answer = await self._speaking.read()
            receipt = self._published.popleft()
            if receipt is None:
                self._speaking.pong()
            elif receipt and answer == 0:
                self._receiver.nobody(receipt)

    async def _read_messages(self) -> None:
        while True:
            said = await self._hearing.read()
            # Without a subscription PING is answered as ever, with one in the manner of a message.
            if not isinstance(said, list) or said[0] == b"pong":
                self._hearing.pong()
            elif said[0] == b"message":
                subject = said[1].decode()
                if subject in self._subjects:
                    self._receiver.arrived(subject, said[2])

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(PING_S)
            if await self._ping(SILENT_S):
                self.abandon("the server does not answer")
                return

    # ------------------------------------------------------------ ending

    def abandon(self, reason: str) -> None:
        """End the connection without a farewell.  Idempotent."""
        if self.ended.is_set():
            return
        _log.info("a connection to the bus ended: %s", reason)
        self.ended.set()
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        for pipe in (self._speaking, self._hearing):
            pipe.abort()

"""One connection to a NATS server: nats-py's client, changed where a chat system needs something else.

Connecting, TLS, authorization, parsing and pings are the library's.  Changed, each for a fault that was seen:

- A message is handed on while it is parsed.  The library keeps a queue and a task per subscription, so messages of one
  sender overtake each other across subjects, and a full queue drops them while the connection goes on.  Here a process
  that cannot keep up stops reading, and the server ends the connection, which is noticed.
- Everything is written in the order of the calls.  The library's PING overtakes the commands that wait, so its `flush`
  says nothing about them: a subscription could be confirmed before it was sent.
- A connection that breaks is done for: what waited to be written is dropped, not sent when its sender has long given
  up; the socket is aborted, not closed with a farewell that waits for a peer that is stopped.  Connecting anew is the
  carrier's, with a new link.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import nats.errors
from nats.aio.client import PING_PROTO, Client
from nats.aio.transport import TcpTransport
from nats.protocol.command import pub_cmd, sub_cmd, unsub_cmd

from hubbub.base.ids import new_id
from hubbub.bus.carrier import BusAway, Receiver
from hubbub.bus.envelope import PART_BYTES
from hubbub.bus.subjects import PREFIX

_log = logging.getLogger(__name__)

CONNECT_S = 2
PING_S = 1
PINGS = 2
"""A server that is stopped is noticed after PING_S * (PINGS + 1)."""

PAYLOAD = PART_BYTES + 4_096
"""The largest message there is."""

UNWRITTEN_BYTES = 32 * 1024 * 1024
"""More than this unwritten: the server takes nothing, and neither does the link."""

_NO_RESPONDERS = b"NATS/1.0 503"


def with_login(known: str, found: Sequence[str]) -> list[str]:
    """Return addresses with the login of one that is known where they have none of their own.

    A cluster tells the addresses of its servers without one, and they take the same.
    """
    login, at, _ = urlsplit(known).netloc.rpartition("@")
    addresses = []
    for url in found:
        parts = urlsplit(url)
        addresses.append(url if "@" in parts.netloc else parts._replace(netloc=f"{login}{at}{parts.netloc}").geturl())
    return addresses


class NatsLink(Client):
    """One connection, from `start` until `ended` is set."""

    def __init__(self, receiver: Receiver, servers: list[str], name: str) -> None:
        """`receiver` is told while the socket is read; `servers` is the list to try, and grows as the cluster tells."""
        super().__init__()
        self._receiver = receiver
        self._urls = servers
        self._name = name
        self._replies = f"{PREFIX}n.{new_id()}."
        """Where the server says that nobody was there; what follows is the receipt."""
        self._out: list[bytes] = []
        self._out_bytes = 0
        self._flushes: set[asyncio.Future[bool]] = set()
        self._unanswered: asyncio.Future[bool] | None = None
        self._names: dict[str, int] = {}
        self._sids: set[int] = set()
        self.ended = asyncio.Event()

    async def start(self) -> None:
        """Connect to the first server that answers; raises BusAway."""
        try:
            await self.connect(
                list(self._urls),
                name=self._name,
                allow_reconnect=False,
                connect_timeout=CONNECT_S,
                ping_interval=PING_S,
                max_outstanding_pings=PINGS,
                max_reconnect_attempts=1,
                reconnect_time_wait=0,
                no_echo=True,
                pending_size=0,
                error_cb=_quiet,
            )
        except (OSError, TimeoutError, nats.errors.Error) as problem:
            raise BusAway(repr(problem)) from problem
        if self.max_payload < PAYLOAD:
            raise BusAway(f"max_payload of the server is {self.max_payload} bytes, less than the {PAYLOAD} needed")
        self._urls[:] = with_login(self._urls[0], [uri.geturl() for uri in self.servers])
        self.subscribe_to(f"{self._replies}>")

    # ------------------------------------------------------------ writing

    def send(self, subject: str, data: bytes, receipt: str = "") -> None:
        """Publish in this loop turn; raises BusAway when the server takes nothing."""
        if self._out_bytes + self._unwritten() > UNWRITTEN_BYTES:
            raise BusAway("the server takes nothing")
        self._put(pub_cmd(subject, self._replies + receipt if receipt else "", data))

    def subscribe_to(self, subject: str) -> None:
        self._sid += 1
        self._names[subject] = self._sid
        self._sids.add(self._sid)
        self._put(sub_cmd(subject, "", self._sid))

    def unsubscribe_from(self, subject: str) -> None:
        sid = self._names.pop(subject, None)
        if sid is not None:
            self._sids.discard(sid)
            self._put(unsub_cmd(sid, 0))

    async def flushed(self, timeout_s: float) -> None:
        """Return once the server has read everything put before this call; raises BusAway.

        At once while an earlier call that was given up is still without an answer: one wait is enough to know.
        """
        if self.ended.is_set():
            raise BusAway("there is no connection")
        if self._unanswered is not None and not self._unanswered.done():
            raise BusAway("the server does not answer")
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._flushes.add(future)
        await self._send_ping(future)
        try:
            # Not wait_for: the library would set a result on a future that was cancelled, and stop reading.
            done, _ = await asyncio.wait((future,), timeout=timeout_s)
        finally:
            self._flushes.discard(future)
        if not done:
            self._unanswered = future
            raise BusAway("the server did not answer in time")
        if not future.result():
            raise BusAway("the connection broke")

    async def _send_ping(self, future: asyncio.Future[bool] | None = None) -> None:
        self._pongs.append(future or asyncio.get_running_loop().create_future())
        self._put(PING_PROTO)

    def _put(self, command: bytes) -> None:
        if not self._out:
            asyncio.get_running_loop().call_soon(self._write_out)
        self._out.append(command)
        self._out_bytes += len(command)

    def _write_out(self) -> None:
        out, self._out = self._out, []
        self._out_bytes = 0
        if out and not self.ended.is_set() and self._transport is not None:
            self._transport.write(b"".join(out))

    def _unwritten(self) -> int:
        transport = self._socket()
        return 0 if transport is None else transport.get_write_buffer_size()

    def _socket(self) -> asyncio.WriteTransport | None:
        writer = self._transport._io_writer if isinstance(self._transport, TcpTransport) else None
        return None if writer is None else writer.transport

    # ------------------------------------------------------------ reading

    async def _process_msg(self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes | None) -> None:
        if sid not in self._sids:
            # Still on its way when its subscription was ended.
            return
        try:
            if headers:
                if headers.startswith(_NO_RESPONDERS):
                    self._receiver.nobody(subject.decode().removeprefix(self._replies))
                return
            self._receiver.arrived(subject.decode(), data)
        except Exception:
            # Whatever one message does, the next one is read; the library would stop reading in silence.
            _log.exception("a message on %r failed", subject)

    # ------------------------------------------------------------ ending

    async def _process_op_err(self, e: Exception) -> None:
        self.abandon(repr(e))

    async def _process_err(self, err_msg: str) -> None:
        if "permissions violation" in err_msg:
            _log.error("the bus server refuses: %s", err_msg)
            return
        self.abandon(err_msg)

    def abandon(self, reason: str) -> None:
        """End the connection without a farewell.  Idempotent."""
        if self.ended.is_set():
            return
        _log.info("a connection to the bus ended: %s", reason)
        self.ended.set()
        self._status = Client.CLOSED
        self._out.clear()
        for task in (self._reading_task, self._ping_interval_task, self._flusher_task):
            if task is not None and task is not asyncio.current_task():
                task.cancel()
        for future in self._flushes:
            if not future.done():
                future.set_result(False)
        self._pongs = []
        transport = self._socket()
        if transport is not None:
            transport.abort()
        elif self._transport is not None:
            self._transport.close()  # type: ignore[no-untyped-call]


async def _quiet(problem: Any) -> None:
    # The carrier logs what ends a connection; what the library tries on the way is not news.
    _log.debug("nats: %r", problem)

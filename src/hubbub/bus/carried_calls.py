"""Calls over a bus server: requests of one loop turn to one node in one message, answers likewise.

A request carries the time its caller still waits, not a moment: clocks of two nodes need not agree.  When nobody is
subscribed to a node's requests the server says so at once, and every open request to that node ends; when the
connection breaks, all do.  Whether the other side acted on them then only the keys can tell (`maybe_done`).

A bus may lose a message of requests and deliver the next.  What one process asks of another must not overtake what it
asked before, so a node that sees a gap hands over nothing more of that process and says `missed`, until the other
begins anew: with a request of the number 0, which is also how it introduces itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from hubbub.base.clock import Clock
from hubbub.bus.calls import Handler, Peer
from hubbub.bus.carrier import BusAway
from hubbub.bus.envelope import JOINED_BYTES, PART_BYTES
from hubbub.bus.local_calls import LocalCalls, fail, settle
from hubbub.bus.serving import OPEN_LIMIT, Status
from hubbub.bus.subjects import answer_subject, request_subject
from hubbub.bus.subscriptions import Subscriptions

_log = logging.getLogger(__name__)

WAITING_LIMIT = 16_384
"""Requests of one process that may wait for answers."""

ASKERS_LIMIT = 1_024
"""So many processes a node remembers to have heard of; it forgets the ones it met first."""

_ANEW = 0
"""The number of the request that says: take what follows, whatever you missed."""

_LARGEST = JOINED_BYTES - PART_BYTES
_OVERHEAD = 24

Request = tuple[int, int, bytes]
"""Id, milliseconds its caller still waits, payload."""
Answered = tuple[int, int, bytes]
"""Id of the request, `Status`, payload."""

_encode = msgspec.msgpack.Encoder().encode
_requests = msgspec.msgpack.Decoder(list[Request])
_answers = msgspec.msgpack.Decoder(list[Answered])


class Post(Protocol):
    """What calls need of the bus they travel on."""

    @property
    def connected(self) -> bool: ...

    def post(self, subject: str, body: bytes, items: int, receipt: str = "") -> None:
        """Seal and send; raises BusAway."""


class _Open:
    """A request that waits for its answer."""

    __slots__ = ("future", "id", "incarnation", "late", "payload", "receipt", "until")

    def __init__(
        self,
        id_: int,
        incarnation: str,
        payload: bytes,
        until: float,
        future: asyncio.Future[bytes],
        late: asyncio.TimerHandle,
    ) -> None:
        self.id = id_
        self.incarnation = incarnation
        self.payload = payload
        self.until = until
        self.future = future
        self.late = late
        self.receipt = ""
        """Names the message it went with; empty until then."""

    def end(self, reason: str, *, maybe_done: bool) -> None:
        self.late.cancel()
        fail(self.future, reason, maybe_done=maybe_done and self.receipt != "")


class CarriedCalls:
    """Calls of one process to the nodes on its bus, itself included."""

    def __init__(
        self,
        post: Post,
        subscriptions: Subscriptions,
        peer: Peer,
        clock: Clock,
        *,
        waiting_limit: int = WAITING_LIMIT,
        open_limit: int = OPEN_LIMIT,
    ) -> None:
        self._post = post
        self._subscriptions = subscriptions
        self._clock = clock
        self._limit = waiting_limit
        self._here = LocalCalls(peer, clock, open_limit)
        self._open: dict[int, _Open] = {}
        self._by_node: dict[str, dict[int, _Open]] = {}
        self._last_id = 0
        self._turn: dict[str, list[_Open]] = {}
        self._answers: dict[str, list[Answered]] = {}
        self._due = False
        self._introduced: set[str] = set()
        """The nodes that were told to take what comes."""
        self._askers: dict[str, bool] = {}
        """The processes that introduced themselves here, and whether nothing of theirs is missing since then."""

    def rename(self, peer: Peer) -> None:
        """Let calls to oneself come from a new incarnation; the bus's own identity names the others'."""
        self._here.peer = peer

    # ------------------------------------------------------------ asking

    def request(self, incarnation: str, payload: bytes, *, timeout_s: float) -> asyncio.Future[bytes]:
        """Send a request at the end of this loop turn; the future fails with CallFailed."""
        if self._here.service(incarnation) is not None:
            return self._here.request(incarnation, payload, timeout_s=timeout_s)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bytes] = loop.create_future()
        request_subject(incarnation)
        if not self._post.connected:
            fail(future, "disconnected", maybe_done=False)
        elif len(self._open) >= self._limit:
            fail(future, "overloaded", maybe_done=False)
        elif len(payload) > _LARGEST:
            fail(future, "refused", maybe_done=False)
        else:
            self._last_id += 1
            late = loop.call_later(timeout_s, self._timed_out, self._last_id)
            open_ = _Open(self._last_id, incarnation, payload, self._clock.monotonic() + timeout_s, future, late)
            self._open[open_.id] = open_
            self._by_node.setdefault(incarnation, {})[open_.id] = open_
            self._turn.setdefault(incarnation, []).append(open_)
            self._at_end_of_turn()
        return future

    def anew(self, incarnation: str) -> None:
        """Have this node take what it is asked from here on, whatever it missed before."""
        self._introduced.discard(incarnation)

    def answered(self, body: bytes) -> int:
        """Take a message of answers; return how many there were.  Raises ValueError for what is none."""
        answers = _answers.decode(body)
        for id_, status, payload in answers:
            open_ = self._take(id_)
            if open_ is not None:
                open_.late.cancel()
                settle(open_.future, Status(status), payload)
        return len(answers)

    def nobody(self, receipt: str) -> None:
        """Fail what went with this receipt, and with `maybe_done` what was open to the same node before."""
        incarnation = receipt.rpartition(".")[0]
        self._introduced.discard(incarnation)
        for open_ in self._take_all(incarnation):
            open_.end("nobody", maybe_done=open_.receipt != receipt)

    def lost(self) -> None:
        """The connection broke: nothing that is open can be answered any more, and something may be missing here."""
        self._answers.clear()
        self._introduced.clear()
        for asker in self._askers:
            self._askers[asker] = False
        for incarnation in list(self._by_node):
            for open_ in self._take_all(incarnation):
                open_.end("disconnected", maybe_done=True)

    def _timed_out(self, id_: int) -> None:
        open_ = self._take(id_)
        if open_ is not None:
            open_.end("timeout", maybe_done=True)

    def _take(self, id_: int) -> _Open | None:
        open_ = self._open.pop(id_, None)
        if open_ is not None:
            beside = self._by_node[open_.incarnation]
            del beside[id_]
            if not beside:
                del self._by_node[open_.incarnation]
        return open_

    def _take_all(self, incarnation: str) -> list[_Open]:
        self._turn.pop(incarnation, None)
        taken = list(self._by_node.pop(incarnation, {}).values())
        for open_ in taken:
            del self._open[open_.id]
        return taken

    # ------------------------------------------------------------ answering

    async def serve(self, incarnation: str, handler: Handler) -> Callable[[], Awaitable[None]]:
        """Answer requests to this incarnation until what is returned is called, which waits for the open ones."""
        subject = request_subject(incarnation)
        stop_here = await self._here.serve(incarnation, handler)
        self._subscriptions.want([subject])
        await self._subscriptions.confirm([subject])

        async def stop() -> None:
            self._subscriptions.drop([subject])
            await stop_here()
            self._send_turn()

        return stop

    def missed(self, peer: Peer) -> None:
        """Learn that requests of this process did not arrive."""
        if peer.incarnation in self._askers:
            self._askers[peer.incarnation] = False

    def asked(self, peer: Peer, incarnation: str, body: bytes) -> int:
        """Take a message of requests; return how many there were.  Raises ValueError for what is none."""
        requests = _requests.decode(body)
        service = self._here.service(incarnation)
        if service is None:
            return len(requests)
        for id_, budget_ms, payload in requests:
            answer = self._answer(peer.incarnation, id_)
            if id_ == _ANEW:
                self._meet(peer.incarnation)
            elif self._askers.get(peer.incarnation, False):
                service.begin(peer, payload, budget_ms / 1000, answer)
            else:
                answer(Status.MISSED, b"")
        return sum(id_ != _ANEW for id_, _, _ in requests)

    def _meet(self, asker: str) -> None:
        self._askers[asker] = True
        while len(self._askers) > ASKERS_LIMIT:
            del self._askers[next(iter(self._askers))]

    def _answer(self, caller: str, id_: int) -> Callable[[Status, bytes], None]:
        def answer(status: Status, payload: bytes) -> None:
            if len(payload) > _LARGEST:
                _log.error("an answer of %d bytes is too large", len(payload))
                status, payload = Status.REFUSED, b""
            self._answers.setdefault(caller, []).append((id_, status, payload))
            self._at_end_of_turn()

        return answer

    # ------------------------------------------------------------ sending

    def _at_end_of_turn(self) -> None:
        if not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self._send_turn)

    def _send_turn(self) -> None:
        self._due = False
        turn, self._turn = self._turn, {}
        for incarnation, waiting in turn.items():
            self._send_requests(incarnation, waiting)
        answers, self._answers = self._answers, {}
        for caller, answered in answers.items():
            try:
                for batch in _split(answered):
                    self._post.post(answer_subject(caller), _encode(batch), len(batch))
            except BusAway:
                # Its caller lost its connection as well, or gives up in time.
                continue

    def _send_requests(self, incarnation: str, waiting: list[_Open]) -> None:
        now = self._clock.monotonic()
        requests = [
            (open_.id, max(1, int((open_.until - now) * 1000)), open_.payload)
            for open_ in waiting
            if open_.id in self._open and not open_.future.done()
        ]
        if not requests:
            return
        if incarnation not in self._introduced:
            requests.insert(0, (_ANEW, 1, b""))
            self._introduced.add(incarnation)
        subject = request_subject(incarnation)
        for batch in _split(requests):
            going = [self._open[id_] for id_, _, _ in batch if id_ != _ANEW]
            receipt = f"{incarnation}.{batch[-1][0]}"
            try:
                self._post.post(subject, _encode(batch), len(going), receipt)
            except BusAway:
                self._introduced.discard(incarnation)
                for open_ in going:
                    self._take(open_.id)
                    open_.end("disconnected", maybe_done=False)
                continue
            for open_ in going:
                open_.receipt = receipt
                open_.payload = b""


def _split(items: list[tuple[int, int, bytes]]) -> list[list[tuple[int, int, bytes]]]:
    """Split into runs of at most PART_BYTES; one that is larger stays alone and travels in parts."""
    runs: list[list[tuple[int, int, bytes]]] = []
    size = PART_BYTES
    for item in items:
        length = len(item[2]) + _OVERHEAD
        if size + length > PART_BYTES:
            runs.append([])
            size = 0
        runs[-1].append(item)
        size += length
    return runs

"""One light client over all its connections: it comes back as the SDK does, and sends again what was not answered.

The SDK itself costs more per message than a server may spend on it.  What counts here is copied from it: the wait
before connecting again, the nodes to avoid, the resume with what one holds, one's own moment after a goaway, and the
order of what is sent again.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from hubbub.client.backoff import ExponentialBackoff
from hubbub.lab.figures.doors import Door
from hubbub.lab.figures.told import Answer, Outage, Spoken
from hubbub.lab.history import History
from hubbub.lab.load.client import Client, Seat
from hubbub.lab.load.sockets import Loop
from hubbub.wire import hubbub_pb2 as pb

SILENT_S = 20.0
"""A connection that does not get ready, or leaves a message without any answer, for so long is given up."""
AVOIDED = 8
PATIENCE_S = 1.0
"""How long at most to wait before a message is sent again when the server named no time."""


class Street(Protocol):
    """What all residents share."""

    loop: Loop
    history: History

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call it in a while."""

    def ask_door(self, resident: Resident) -> None:
        """Have the resident told by `door` where to connect."""

    def arrived(self, resident: Resident, entry: pb.Entry, now_ns: int) -> None:
        """An entry came to somebody."""

    def answered_otherwise(self, answer: Answer, *, final: bool) -> None:
        """A message was not accepted."""

    def login_refused(self, code: str) -> None:
        """A hello was refused."""

    def lost(self, outage: Outage) -> None:
        """A connection ended that was ready."""


class Visit(Client):
    """One connection of a resident."""

    def __init__(self, resident: Resident, address: str) -> None:
        street = resident.street
        super().__init__(street.loop, street.history, resident.seat, address, "ws")
        self.resident = resident
        self.moves = False
        self.link.on_lost = self.ended

    def frame(self, frame: pb.ServerFrame) -> None:
        """One frame arrived."""
        resident, kind = self.resident, frame.WhichOneof("body")
        if kind == "error" and not self.ready:
            self.recorder.received(frame)
            resident.street.login_refused(frame.error.code)
            resident.wait_s = frame.error.retry_after_ms / 1000
            self.link.lost(f"refused: {frame.error.code}")
            return
        super().frame(frame)
        if kind == "entries" or kind == "entry_page":
            now = time.monotonic_ns()
            for entry in (frame.entries if kind == "entries" else frame.entry_page).entries:
                resident.street.arrived(resident, entry, now)
        elif kind == "ready":
            resident.at_home()
        elif kind == "goaway" and not self.moves:
            self.moves = True
            resident.street.later(random.random() * frame.goaway.within_ms / 1000, self._move)

    def ended(self) -> None:
        """The connection is gone."""
        self.recorder.closed()
        self.resident.lost_visit(self)

    def _move(self) -> None:
        self.link.close()


class Resident:
    """One person with one device."""

    def __init__(self, street: Street, number: int, seat: Seat, address: str, backoff: ExponentialBackoff) -> None:
        self.street = street
        self.number = number
        self.seat = seat
        self.node = ""
        self.rooms: list[str] = []
        self.visit: Visit | None = None
        self.wait_s = 0.0
        self._address = address
        self._avoid: list[str] = []
        self._backoff = backoff
        self._failures = 0
        self._began_ns = 0
        self._outage: Outage | None = None
        self._epoch = ""
        self._version = 0
        self._queue: deque[tuple[pb.Submit, Spoken]] = deque()
        self._sent_ns = 0
        """When the first of the queue was sent; 0: it was not."""
        self._not_before_ns = 0

    @property
    def here(self) -> bool:
        """Whether it is connected and ready."""
        return self.visit is not None and self.visit.ready

    @property
    def waiting(self) -> int:
        """Messages without their final answer."""
        return len(self._queue)

    # ------------------------------------------------------------ coming

    def come(self) -> None:
        """Look for a node and connect."""
        if self._outage is not None:
            self._outage.tries += 1
            self._outage.asked_ns = self._outage.asked_ns or time.monotonic_ns()
        if self._address:
            self.door(Door(websocket_url=self._address))
        else:
            self.street.ask_door(self)

    @property
    def avoid(self) -> list[str]:
        """Nodes not to be sent to."""
        return self._avoid

    def door(self, door: Door) -> None:
        """Connect where one was told to, or try again later."""
        if not door.websocket_url:
            self._try_again(door.wait_s)
            return
        self.node, self._began_ns = door.node_id, time.monotonic_ns()
        try:
            self.visit = visit = Visit(self, door.websocket_url)
        except OSError:
            self._shun()
            self._try_again(0.0)
            return
        visit.user_version = self._version
        if not self._epoch:
            visit.hello()
            return
        have = [pb.Head(conversation_id=room, seq=visit.has(room)) for room in self.rooms]
        visit.hello(pb.Resume(epoch=self._epoch, user_version=self._version, have=have))

    def at_home(self) -> None:
        """The connection is ready."""
        assert self.visit is not None
        self._failures, self._avoid, self._epoch = 0, [], self.visit.epoch
        if (outage := self._outage) is not None:
            outage.led_ns, outage.opened_ns = self._began_ns, self.visit.link.opened_ns
            outage.back_ns = time.monotonic_ns()
            self._outage = None
        self._push()

    def lost_visit(self, visit: Visit) -> None:
        """A connection is gone, for whatever reason."""
        if visit is not self.visit:
            return
        self.visit = None
        self._version = max(self._version, visit.user_version)
        self._sent_ns = 0
        if visit.ready and self._outage is None:
            why = "goaway" if visit.moves else visit.link.closed
            self._outage = Outage(self.number, why, time.monotonic_ns())
            self.street.lost(self._outage)
        self._shun()
        if visit.moves:
            self.come()
        else:
            wait_s, self.wait_s = self.wait_s, 0.0
            self._try_again(wait_s)

    def tick(self, now_ns: int) -> None:
        """Give up on silence, and send again what has waited long enough."""
        visit = self.visit
        if visit is None:
            return
        since_ns = self._sent_ns if visit.ready else self._began_ns
        if since_ns and now_ns - since_ns > SILENT_S * 1e9:
            visit.link.lost("silent")
        else:
            self._push()

    def _shun(self) -> None:
        if self.node and self.node not in self._avoid:
            self._avoid = [*self._avoid, self.node][-AVOIDED:]

    def _try_again(self, asked_s: float) -> None:
        self._failures += 1
        self.street.later(self._backoff(self._failures, asked_s), self.come)

    # ------------------------------------------------------------ talking

    def say(self, submit: pb.Submit, spoken: Spoken) -> None:
        """Send a message after the ones before it."""
        self._queue.append((submit, spoken))
        self._push()

    def _push(self) -> None:
        if not self._queue or self._sent_ns or self.visit is None or not self.visit.ready:
            return
        now_ns = time.monotonic_ns()
        if now_ns < self._not_before_ns:
            return
        self._sent_ns = now_ns
        self.visit.ask(pb.ClientFrame(submit=self._queue[0][0]), self._answered)

    def _answered(self, frame: pb.ServerFrame) -> None:
        now_ns, self._sent_ns = time.monotonic_ns(), 0
        said = frame.submitted
        if frame.HasField("submitted") and said.status == pb.SUBMIT_STATUS_ACCEPTED:
            self._queue.popleft()[1].acked_ns = now_ns
            self._push()
            return
        error = said.error if frame.HasField("submitted") else frame.error
        unknown = frame.HasField("submitted") and said.status == pb.SUBMIT_STATUS_UNKNOWN
        again = error.retry or unknown
        code = f"unknown({error.code})" if unknown else error.code
        self.street.answered_otherwise(Answer(self.number, code, now_ns), final=not again)
        if not again:
            self._queue.popleft()
        wait_s = max(error.retry_after_ms / 1000, PATIENCE_S * random.random())
        self._not_before_ns = now_ns + int(wait_s * 1e9) if again else 0

"""Commands that wait for their answer, kept so that neither a reconnect nor a crash loses or reorders one.

Every command has a client_id for life, so sending it again is harmless.  Commands of one conversation form a lane: they
are sent in the order they were given, several at once, each naming the one before it as `after` while that one is
unanswered.  An answer that leaves the outcome open, or asks for patience, puts a command back where it was; a final
refusal also refuses what was lined up behind it, because those were written by somebody who did not know.  And a
refusal is final only once no earlier sending of the same command can be under way any more (protocol.md 6.17).

This module keeps the lanes; it does no I/O and reads no clock.  `store` keeps a copy on disk for those who want one.
"""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict, deque
from collections.abc import Callable, Generator, Iterator
from typing import Any

import msgspec

from hubbub.base.error_table import Code
from hubbub.client.errors import HubbubError
from hubbub.client.models import Accepted, Action
from hubbub.client.translate import write_submit
from hubbub.wire import hubbub_pb2 as pb

PATIENCE_S = 60.0
"""How long a wait the server may ask for before a command is refused instead of kept."""

DECIDED_S = 20.0
"""So long after it had no answer a sending may still be decided, whatever a later one was told (protocol.md 6.17)."""

_ASK_S = 2.0
"""How often to ask meanwhile."""

_IN_DOUBT = frozenset({Code.UNKNOWN_OUTCOME.value, Code.TIMEOUT.value})

IMPATIENT = frozenset({Code.MUTED.value, Code.CONFLICT.value})
"""Refusals a person wants to hear of at once, although trying again later may help."""


class Command(msgspec.Struct, frozen=True):
    """One submit, as it is kept and sent."""

    conversation_id: str
    client_id: str
    action: Action
    after: str = ""
    ordered: bool = True
    """Whether it keeps its place among the other ordered commands of the conversation."""


class Pending:
    """A command on its way; await it for the outcome.

    Awaiting raises HubbubError for a final refusal, and with code `timeout` when the deadline passes first: then the
    command stays in the outbox and may still be stored.  Giving up on the wait does not take the command back.
    """

    __slots__ = ("_timeout_s", "command", "frame", "future", "inflight", "kept", "open_until", "tries")

    def __init__(
        self, command: Command, frame: pb.Submit, future: asyncio.Future[Accepted], timeout_s: float | None, kept: bool
    ) -> None:
        self.command = command
        self.frame = frame
        self.future = future
        self._timeout_s = timeout_s
        self.kept = kept
        """Whether it may be sent: what is to survive a crash is on disk first."""
        self.inflight = False
        self.tries = 0
        self.open_until = -math.inf
        """Monotonic time until which an earlier sending may yet be stored."""

    @property
    def client_id(self) -> str:
        return self.command.client_id

    @property
    def conversation_id(self) -> str:
        return self.command.conversation_id

    def done(self) -> bool:
        """Whether the outcome is known."""
        return self.future.done()

    def __await__(self) -> Generator[Any, None, Accepted]:
        return self.result(self._timeout_s).__await__()

    async def result(self, timeout_s: float | None = None) -> Accepted:
        """Wait for the outcome, at most `timeout_s` seconds; None waits for ever."""
        try:
            async with asyncio.timeout(timeout_s):
                return await asyncio.shield(self.future)
        except TimeoutError:
            raise HubbubError(Code.TIMEOUT, "No answer yet; the command stays in the outbox.") from None

    def settle(self, outcome: Accepted | HubbubError) -> None:
        """Make the outcome known, once."""
        if self.future.done():
            return
        if isinstance(outcome, HubbubError):
            self.future.set_exception(outcome)
            # Whoever never asks is not told twice: asyncio would log an exception nobody retrieved.
            self.future.exception()
        else:
            self.future.set_result(outcome)


class Lane:
    """The unanswered commands of one conversation, in order."""

    __slots__ = ("inflight", "not_before", "pending", "unsent")

    def __init__(self) -> None:
        self.pending: OrderedDict[str, Pending] = OrderedDict()
        self.unsent: deque[Pending] | None = deque()
        """Those not under way, in order; may hold some that have left.  None: to be made anew from `pending`."""
        self.inflight = 0
        self.not_before = 0.0
        """Monotonic time before which nothing is sent; set when the server asks for patience."""

    def next(self) -> Pending | None:
        """Return the first command that is not under way, if it may be sent."""
        if self.unsent is None:
            self.unsent = deque(pending for pending in self.pending.values() if not pending.inflight)
        while self.unsent:
            pending = self.unsent[0]
            if self.pending.get(pending.client_id) is pending:
                return pending if pending.kept else None
            self.unsent.popleft()
        return None

    def send(self, pending: Pending) -> None:
        """Count what `next` returned as sent."""
        assert self.unsent is not None
        self.unsent.popleft()
        pending.inflight = True
        pending.tries += 1
        self.inflight += 1

    def take_back(self, pending: Pending) -> None:
        """Count a command as not sent: it goes again, in its old place."""
        if pending.inflight:
            pending.inflight = False
            self.inflight -= 1
            self.unsent = None


class Outbox:
    """All lanes.  At most `limit` commands wait; one more is refused with `overloaded`."""

    def __init__(self, *, limit: int = 10_000, window: int = 64) -> None:
        self._limit = limit
        self._window = window
        """How many commands of a lane are sent before the first is answered."""
        self._lanes: dict[str, Lane] = {}
        self._size = 0
        self.settled: Callable[[Command], None] = lambda _: None
        """Called when a command leaves the outbox."""

    def __len__(self) -> int:
        return self._size

    def __contains__(self, key: tuple[str, str]) -> bool:
        lane = self._lanes.get(key[0])
        return lane is not None and key[1] in lane.pending

    def find(self, conversation_id: str, client_id: str) -> Pending | None:
        """Return the command that waits under this key."""
        lane = self._lanes.get(conversation_id)
        return lane.pending.get(client_id) if lane else None

    def waiting(self) -> list[Pending]:
        """Return every command without an answer, those of a conversation in their order."""
        return [pending for lane in self._lanes.values() for pending in lane.pending.values()]

    def add(
        self,
        command: Command,
        future: asyncio.Future[Accepted],
        *,
        timeout_s: float | None = None,
        kept: bool = True,
        open_until: float = -math.inf,
    ) -> Pending:
        """Put a command at the end of its lane, naming its predecessor if that one is unanswered.

        `open_until`: until when what an earlier run sent of it may yet be stored.

        Raises HubbubError when the outbox is full, and for text that is not Unicode.
        """
        if self._size >= self._limit:
            raise HubbubError(Code.OVERLOADED, f"The outbox holds {self._limit} commands already.")
        lane = self._lanes.get(command.conversation_id)
        if lane is not None and command.ordered and not command.after:
            for before in reversed(lane.pending.values()):
                if before.command.ordered:
                    command = msgspec.structs.replace(command, after=before.client_id)
                    break
        try:
            frame = write_submit(command.conversation_id, command.client_id, command.action, command.after)
        except ValueError as exc:
            raise HubbubError(Code.BAD_REQUEST, str(exc)) from exc
        if lane is None:
            lane = self._lanes[command.conversation_id] = Lane()
        pending = Pending(command, frame, future, timeout_s, kept)
        pending.open_until = open_until
        lane.pending[command.client_id] = pending
        if lane.unsent is not None:
            lane.unsent.append(pending)
        self._size += 1
        return pending

    async def drained(self) -> None:
        """Wait until every command that is in it now has left."""
        waiting = [pending.future for pending in self.waiting()]
        if waiting:
            await asyncio.wait(waiting)

    # ------------------------------------------------------------ sending

    def ready(self, now: float) -> Iterator[Pending]:
        """Yield what may be sent now, in order; each counts as sent once it was yielded."""
        for lane in list(self._lanes.values()):
            yield from self._ready_in(lane, now)

    def ready_in(self, conversation_id: str, now: float) -> Iterator[Pending]:
        """Yield what may be sent now of one conversation."""
        lane = self._lanes.get(conversation_id)
        if lane is not None:
            yield from self._ready_in(lane, now)

    def _ready_in(self, lane: Lane, now: float) -> Iterator[Pending]:
        if now < lane.not_before:
            return
        while lane.inflight < self._window and (pending := lane.next()) is not None:
            lane.send(pending)
            yield pending

    def disconnected(self, now: float) -> None:
        """Every command without an answer will be sent again."""
        for lane in self._lanes.values():
            lane.not_before = 0.0
            for pending in lane.pending.values():
                if pending.inflight:
                    pending.open_until = now + DECIDED_S
                pending.inflight = False
            lane.inflight = 0
            lane.unsent = None

    # ------------------------------------------------------------ answers

    def accepted(self, conversation_id: str, client_id: str, outcome: Accepted) -> None:
        """The command is stored."""
        lane = self._lanes.get(conversation_id)
        if lane is not None and client_id in lane.pending:
            self._remove(conversation_id, lane, client_id, outcome)

    def refused(self, conversation_id: str, client_id: str, error: HubbubError, now: float, wait_s: float) -> None:
        """The command was not stored, or nobody knows: keep it or settle it, and those behind it.

        `wait_s` is how long to be patient when the server did not say.
        """
        lane = self._lanes.get(conversation_id)
        pending = lane.pending.get(client_id) if lane else None
        if lane is None or pending is None:
            return
        if error.code == Code.PREDECESSOR_MISSING:
            if pending.command.after in lane.pending:
                # The predecessor is being tried again; this one follows it.
                lane.take_back(pending)
                return
            error = HubbubError(error.code, error.message, retry=False)
        if error.code in _IN_DOUBT:
            pending.open_until = now + DECIDED_S
        elif now < pending.open_until and not (error.retry and error.code not in IMPATIENT):
            lane.take_back(pending)
            lane.not_before = max(lane.not_before, now + _ASK_S)
            return
        if error.retry and error.code not in IMPATIENT and error.retry_after <= PATIENCE_S:
            lane.take_back(pending)
            lane.not_before = max(lane.not_before, now + max(error.retry_after, wait_s))
            return
        self._refuse_chain(conversation_id, lane, pending, error)

    def _refuse_chain(self, conversation_id: str, lane: Lane, first: Pending, error: HubbubError) -> None:
        refused = {first.client_id}
        self._remove(conversation_id, lane, first.client_id, error)
        for pending in list(lane.pending.values()):
            if pending.command.after in refused:
                refused.add(pending.client_id)
                sentence = f"A message before this one was refused: {error}"
                chained = HubbubError(Code.PREDECESSOR_MISSING, sentence, retry=False)
                chained.__cause__ = error
                self._remove(conversation_id, lane, pending.client_id, chained)

    def refuse_all(self, error: HubbubError) -> None:
        """Let every waiter go without touching what is kept on disk."""
        for lane in self._lanes.values():
            for pending in lane.pending.values():
                pending.settle(error)
        self._lanes.clear()
        self._size = 0

    def _remove(self, conversation_id: str, lane: Lane, client_id: str, outcome: Accepted | HubbubError) -> None:
        pending = lane.pending.pop(client_id)
        lane.inflight -= pending.inflight
        self._size -= 1
        if not lane.pending:
            del self._lanes[conversation_id]
        self.settled(pending.command)
        pending.settle(outcome)

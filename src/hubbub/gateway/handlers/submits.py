"""Submits: the hot path.  A future and its callback per command, no task and no timer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hubbub.base.errors import ChatError, Code
from hubbub.chat.model import Accepted
from hubbub.gateway import mapping_in, mapping_out
from hubbub.gateway.tasks import log
from hubbub.wire import hubbub_pb2 as pb

if TYPE_CHECKING:
    from hubbub.gateway.session import Session

ACCEPTED = pb.SUBMIT_STATUS_ACCEPTED
REJECTED = pb.SUBMIT_STATUS_REJECTED
UNKNOWN = pb.SUBMIT_STATUS_UNKNOWN


class Pending:
    """A submit that is not answered yet."""

    __slots__ = ("client_id", "conversation_id", "deadlines", "frame_id", "session")

    def __init__(
        self, session: Session, frame_id: int, conversation_id: str, client_id: str, deadlines: Deadlines
    ) -> None:
        self.session: Session | None = session
        self.frame_id = frame_id
        self.conversation_id = conversation_id
        self.client_id = client_id
        self.deadlines = deadlines

    def __call__(self, future: asyncio.Future[Accepted]) -> None:
        """Answer; called when the future is done."""
        session, self.session = self.session, None
        if session is None:
            if not future.cancelled():
                future.exception()  # It was answered as unknown; this says that nobody minds any more.
            return
        self.deadlines.done(self)
        session.finish()
        problem = ChatError(Code.UNKNOWN_OUTCOME) if future.cancelled() else future.exception()
        if problem is None:
            accepted = future.result()
            submitted = pb.Submitted(
                status=ACCEPTED,
                conversation_id=self.conversation_id,
                client_id=self.client_id,
                seq=accepted.seq,
                time_ms=accepted.time_ms,
                repeated=accepted.repeated,
            )
            session.send(pb.ServerFrame(reply_to=self.frame_id, submitted=submitted))
            return
        if not isinstance(problem, ChatError):
            log.error("a submit failed", exc_info=problem)
            problem = ChatError(Code.UNKNOWN_OUTCOME)
        session.send(failed(self.frame_id, self.conversation_id, self.client_id, problem))

    def expire(self) -> None:
        """Answer that the outcome is not known."""
        session, self.session = self.session, None
        if session is not None:
            session.finish()
            session.send(failed(self.frame_id, self.conversation_id, self.client_id, ChatError(Code.UNKNOWN_OUTCOME)))


class Deadlines:
    """Pending submits in two generations; what is still in the older one when they turn is overdue."""

    __slots__ = ("_half_s", "_older", "_turned", "_younger")

    def __init__(self, timeout_s: float, now: float) -> None:
        self._half_s = timeout_s / 2
        self._turned = now
        self._younger: set[Pending] = set()
        self._older: set[Pending] = set()

    def __len__(self) -> int:
        return len(self._younger) + len(self._older)

    def add(self, pending: Pending) -> None:
        self._younger.add(pending)

    def done(self, pending: Pending) -> None:
        self._younger.discard(pending)
        self._older.discard(pending)

    def turn(self, now: float) -> None:
        """Answer what is overdue; call it often."""
        if now - self._turned < self._half_s:
            return
        self._turned = now
        overdue, self._older, self._younger = self._older, self._younger, set()
        for pending in overdue:
            pending.expire()


def submit(session: Session, frame_id: int, frame: pb.Submit) -> None:
    """Queue the command; its answer follows when it is durable or refused."""
    caller = session.caller
    assert caller is not None
    service = session.service
    try:
        command = mapping_in.submit(frame)
        future = service.chat.submit(caller, command)
    except ChatError as problem:
        refuse(session, frame_id, frame, problem)
        return
    session.begin()
    deadlines = service.dispatch.submits
    pending = Pending(session, frame_id, command.conversation_id, command.client_id, deadlines)
    deadlines.add(pending)
    future.add_done_callback(pending)


def refuse(session: Session, frame_id: int, frame: pb.Submit, problem: ChatError) -> None:
    """Answer a submit that never reached chat."""
    session.send(failed(frame_id, frame.conversation_id, frame.client_id, problem))


def failed(frame_id: int, conversation_id: str, client_id: str, problem: ChatError) -> pb.ServerFrame:
    """Return the answer to a submit that was not accepted."""
    return pb.ServerFrame(
        reply_to=frame_id,
        submitted=pb.Submitted(
            status=UNKNOWN if problem.code is Code.UNKNOWN_OUTCOME else REJECTED,
            conversation_id=conversation_id,
            client_id=client_id,
            error=mapping_out.error(problem),
        ),
    )

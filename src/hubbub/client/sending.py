"""What waits in the outbox goes over whatever session there is, and its answers go back into the outbox.

The outbox says what may go and what becomes of an answer; the session carries frames.  This is all there is between
them: it keeps nothing, so whatever a lost connection left open simply goes again over the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from hubbub.base.clock import Clock
from hubbub.base.error_table import Code
from hubbub.client.backoff import Backoff
from hubbub.client.errors import HubbubError, from_wire
from hubbub.client.models import Accepted
from hubbub.client.outbox import Outbox, Pending
from hubbub.client.session import Session
from hubbub.wire import hubbub_pb2 as pb


class Sender:
    """Sends commands while it is open; each waits for its answer at most `timeout_s`."""

    def __init__(
        self,
        outbox: Outbox,
        session: Callable[[], Session | None],
        clock: Clock,
        backoff: Backoff,
        *,
        timeout_s: float,
    ) -> None:
        self._outbox = outbox
        self._session = session
        self._clock = clock
        self._backoff = backoff
        self._timeout_s = timeout_s
        self.open = False
        """Whether commands may go: the conversations are known and the connection holds."""

    def begin(self) -> None:
        """Let commands go from now on."""
        self.open = True
        self.pump()

    def end(self) -> None:
        """The connection is gone; what had no answer goes again over the next one."""
        self.open = False
        self._outbox.disconnected(self._clock.monotonic())

    def pump(self) -> None:
        """Send whatever may go."""
        if self.open:
            for pending in self._outbox.ready(self._clock.monotonic()):
                self._transmit(pending)

    def pump_lane(self, conversation_id: str) -> None:
        """Send what may go to one conversation."""
        if self.open:
            for pending in self._outbox.ready_in(conversation_id, self._clock.monotonic()):
                self._transmit(pending)

    def _transmit(self, pending: Pending) -> None:
        session = self._session()
        if session is None:
            return
        try:
            session.request(
                pb.ClientFrame(submit=pending.frame),
                partial(self._answered, session, pending),
                timeout_s=self._timeout_s,
            )
        except HubbubError as error:
            self._refused(pending, error)

    def _answered(self, session: Session, pending: Pending, body: pb.Submitted | HubbubError) -> None:
        if session.lost.done():
            # Nobody knows (protocol.md 6.3): it goes again over the next connection.
            return
        if isinstance(body, HubbubError):
            self._refused(pending, body)
            return
        if body.status == pb.SUBMIT_STATUS_ACCEPTED:
            outcome = Accepted(pending.conversation_id, pending.client_id, body.seq, body.time_ms, body.repeated)
            self._outbox.accepted(pending.conversation_id, pending.client_id, outcome)
        elif body.status == pb.SUBMIT_STATUS_REJECTED:
            self._refused(pending, from_wire(body.error))
        else:
            self._refused(pending, HubbubError(Code.UNKNOWN_OUTCOME))
        self.pump_lane(pending.conversation_id)

    def _refused(self, pending: Pending, error: HubbubError) -> None:
        wait_s = self._backoff(pending.tries, 0.0)
        self._outbox.refused(
            pending.conversation_id, pending.client_id, error, now=self._clock.monotonic(), wait_s=wait_s
        )

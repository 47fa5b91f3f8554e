"""From the name of a request to the few lines that serve it.

Handlers are grouped by topic under `handlers/`.  An `at once` handler answers itself and never waits; a `request`
handler is a coroutine that returns the answer and runs in a task with a deadline.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from hubbub.auth.permissions import Permission
from hubbub.base.errors import TABLE, ChatError, Code, RateLimited
from hubbub.gateway import mapping_out
from hubbub.gateway.handlers import conversations, entries, people, reminders, scheduled, session, submits
from hubbub.gateway.tasks import log
from hubbub.wire import hubbub_pb2 as pb

if TYPE_CHECKING:
    from hubbub.gateway.service import Service
    from hubbub.gateway.session import Session

AtOnce = Callable[["Session", int, Any], None]
Request = Callable[["Session", Any], Coroutine[Any, Any, pb.ServerFrame]]

AT_ONCE: dict[str, AtOnce] = {"submit": submits.submit, **session.AT_ONCE}
REQUESTS: dict[str, Request] = {
    **session.REQUESTS,
    **entries.REQUESTS,
    **conversations.REQUESTS,
    **people.REQUESTS,
    **scheduled.REQUESTS,
    **reminders.REQUESTS,
}

WITHOUT_WRITING = frozenset(
    {
        *session.AT_ONCE,
        *session.REQUESTS,
        *people.REQUESTS,
        "get_entries",
        "get_history",
        "get_edits",
        "get_conversation",
        "list_conversations",
        "list_channels",
        "list_members",
        "get_user_state",
        "list_scheduled",
        "list_reminders",
    }
)
"""What a token is enough for that may only read; every other frame needs the scope to write."""


PERMISSIONS: dict[str, Permission] = {
    "create_conversation": Permission.CONVERSATIONS_CREATE,
    "find_users": Permission.PEOPLE_FIND,
    "join_conversation": Permission.CHANNELS_JOIN,
    "list_channels": Permission.CHANNELS_JOIN,
    "open_direct": Permission.PEOPLE_FIND,
}
"""What a person needs besides; what is not named here is for everybody."""


class Dispatch:
    """Serves the frames of sessions that are in."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.submits = submits.Deadlines(service.settings.request_timeout_s, service.clock.monotonic())

    def serve(self, session: Session, frame: pb.ClientFrame, kind: str) -> None:
        """Begin to serve one frame."""
        body = getattr(frame, kind)
        if kind not in WITHOUT_WRITING and not session.may_write:
            self._refuse_writing(session, frame, kind)
            return
        needed = PERMISSIONS.get(kind)
        if needed is not None and not session.can(needed):
            session.refuse(frame.id, ChatError(Code.FORBIDDEN))
            return
        at_once = AT_ONCE.get(kind)
        if at_once is not None:
            at_once(session, frame.id, body)
            return
        request = REQUESTS.get(kind)
        if request is None:
            session.refuse(frame.id, ChatError(Code.UNKNOWN_FRAME))
            return
        session.start(frame.id, request(session, body))

    @staticmethod
    def _refuse_writing(session: Session, frame: pb.ClientFrame, kind: str) -> None:
        """Refuse what the session's token may not be used for; a frame nobody knows counts as writing."""
        problem = ChatError(Code.INSUFFICIENT_SCOPE)
        if kind == "submit":
            submits.refuse(session, frame.id, frame.submit, problem)
        else:
            session.refuse(frame.id, problem)

    def limited(self, session: Session, frame: pb.ClientFrame, kind: str, after_s: float) -> None:
        """Refuse a frame that came too fast."""
        problem = RateLimited(after_s=max(after_s, 0.001))
        if kind == "submit":
            submits.refuse(session, frame.id, frame.submit, problem)
        elif kind != "pong":
            session.refuse(frame.id, problem)

    async def answer(
        self, session: Session, frame_id: int, work: Coroutine[Any, Any, pb.ServerFrame], ends_session: bool
    ) -> None:
        """Send what `work` returns, or why it failed, within the deadline of a request."""
        try:
            async with asyncio.timeout(self._service.settings.request_timeout_s):
                frame = await work
        except ChatError as problem:
            if ends_session and not problem.retry and TABLE[problem.code].close:
                session.end(problem.code, reply_to=frame_id, message=problem.message)
            frame = pb.ServerFrame(error=mapping_out.error(problem))
        except TimeoutError:
            frame = pb.ServerFrame(error=mapping_out.error(ChatError(Code.TIMEOUT)))
        except Exception:
            log.exception("a request failed")
            frame = pb.ServerFrame(error=mapping_out.error(ChatError(Code.INTERNAL_ERROR)))
        finally:
            session.finish()
        frame.reply_to = frame_id
        session.send(frame)

"""The way in: from a hello to a served session.

The order is the correctness.  The session is registered for kicks first and checked against the database after it, so
a login ended in between is noticed by one of the two.  It follows the bus before it reads, so an entry appended in
between is in what it reads or is pushed, and may be both; the session drops what it read.  Which large conversations it
must follow only the log knows, so the log is asked once for that and for what the client lacks, and a second time where
something may have passed between the answer and the following.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from hubbub.auth.scopes import READ
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import SYSTEM_CONVERSATION
from hubbub.chat.ports import Topic
from hubbub.cluster.model import Came
from hubbub.gateway import mapping_in, mapping_out
from hubbub.gateway.session import Session, Stage
from hubbub.gateway.tasks import log
from hubbub.wire import hubbub_pb2 as pb

if TYPE_CHECKING:
    from hubbub.gateway.service import Service

PROTOCOL = 1

_RUN_CHARS = 64


class Entrance:
    """Lets sessions in, a bounded number at once."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._at_work = 0
        self._queue: deque[tuple[Session, int, pb.Hello]] = deque()
        """At most one per connection, because reading stops after hello."""

    def arrive(self, session: Session, frame_id: int, hello: pb.Hello) -> None:
        """Take a session's hello; what becomes of it the session is told.

        One that lay in its socket while this process stood still is turned away: its client may be connected elsewhere
        by now, and letting it in would end that session as the older one.
        """
        if self._service.stale:
            session.end(Code.UNAVAILABLE, reply_to=frame_id)
            return
        session.came = Came(self._service.clock.now_ms(), hello.run[:_RUN_CHARS], hello.attempt)
        self._queue.append((session, frame_id, hello))
        if self._at_work < self._service.settings.entering:
            self._at_work += 1
            self._service.tasks.start(self._work())

    async def _work(self) -> None:
        try:
            while self._queue:
                session, frame_id, hello = self._queue.popleft()
                if session.stage is Stage.ENTERING:
                    await self._let_in(session, frame_id, hello)
        finally:
            self._at_work -= 1

    async def _let_in(self, session: Session, frame_id: int, hello: pb.Hello) -> None:
        """Serve the session, or end it with the reason why not."""
        service = self._service
        try:
            async with asyncio.timeout(service.settings.request_timeout_s):
                covered = await self._enter(session, frame_id, hello)
        except ChatError as problem:
            session.end(problem.code, reply_to=frame_id, message=problem.message)
        except TimeoutError:
            session.end(Code.TIMEOUT, reply_to=frame_id)
        except Exception:
            log.exception("a hello failed")
            session.end(Code.INTERNAL_ERROR, reply_to=frame_id)
        else:
            if session.stage is Stage.ENTERING:
                session.serve(covered)
                service.wheel.add(session, service.clock.monotonic() + session.interval_s / 2)

    async def _enter(self, session: Session, frame_id: int, hello: pb.Hello) -> dict[str, int]:
        """Return how far the session was told of each conversation."""
        service = self._service
        if hello.protocol != PROTOCOL:
            raise ChatError(Code.UNSUPPORTED_PROTOCOL)
        identity = service.auth.verify(hello.token)
        if not identity.may(READ):
            # Whoever is served is pushed what this person reads.
            raise ChatError(Code.INSUFFICIENT_SCOPE)
        resume = hello.resume if hello.HasField("resume") else None
        if resume is not None and len(resume.have) > service.settings.resume_have:
            raise ChatError(Code.BAD_REQUEST, f"have names more than {service.settings.resume_have} conversations.")
        have = mapping_in.have(resume.have) if resume is not None else []
        version = mapping_in.a_seq(resume.user_version, "user_version") if resume is not None else 0

        # Strings that every session of a person shares are kept once.
        known = service.people.get(identity.user_id)
        session.user_id = known.user_id if known is not None else identity.user_id
        session.device_id = identity.device_id
        session.identity = identity
        session.interval_s = service.interval_s(hello.heartbeat_ms)
        person = service.people.enter(session)
        user = Topic("user", session.user_id)
        if len(person.sessions) == 1:
            await service.following.need([user])
        elif not service.following.hears(user):
            await service.following.need([user])
            service.following.go([user])

        caller = session.act_as(await service.auth.check(identity))
        self._still(session)
        await service.registry.admit(session)
        self._still(session)

        service.feeds.attend(session)
        epoch = resume.epoch if resume is not None else ""  # no epoch brings no rows: who holds nothing reads at will
        person.begin_entering()
        try:
            entered = await service.chat.enter(caller, epoch, version, have)
            listening, resumed = entered.listening, entered.resumed
            self._still(session)
            person.knows(listening.version)
            large = {
                name: head
                for name, head, is_large in listening.conversations
                if is_large and name != SYSTEM_CONVERSATION and name not in person.departed
            }
        finally:
            person.end_entering()
        heard = await service.feeds.enter(person, large)
        self._still(session)
        if not heard:
            resumed = await service.chat.resume(caller, epoch, version, have)
            self._still(session)
        service.epoch = resumed.epoch
        session.send(
            pb.ServerFrame(
                reply_to=frame_id,
                welcome=pb.Welcome(
                    user_id=session.user_id,
                    device_id=session.device_id,
                    session_id=session.id,
                    node_id=service.node_id,
                    epoch=resumed.epoch,
                    user_version=resumed.user_version,
                    server_time_ms=service.clock.now_ms(),
                    heartbeat_ms=int(session.interval_s * 1000),
                    token_expires_ms=identity.expires_ms,
                    limits=pb.Limits(
                        frame_bytes=service.settings.frame_bytes,
                        text_bytes=service.settings.text_bytes,
                        page_entries=service.settings.page_entries,
                        page_rows=service.settings.page_rows,
                    ),
                ),
            )
        )
        if resume is None:
            return {}
        if resumed.reset:
            session.send(pb.ServerFrame(reset=pb.Reset(epoch=resumed.epoch, reason=Code.EPOCH_CHANGED.value)))
            return {}
        states = resumed.states
        while states is not None and states.version > states.since_version:
            session.send(pb.ServerFrame(user_changed=mapping_out.user_state(states)))
            states = await service.chat.user_state(caller, states.version, 0) if states.more else None
            self._still(session)
        for page in resumed.pages:
            session.send(pb.ServerFrame(entries=mapping_out.entry_page(page)))
        return {page.conversation_id: page.to_seq for page in resumed.pages}

    @staticmethod
    def _still(session: Session) -> None:
        """Stop here when the session ended while something was awaited; whoever ended it cleaned up."""
        if session.stage is not Stage.ENTERING:
            raise ChatError(Code.SESSION_ENDED)

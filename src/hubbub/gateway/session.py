"""One client's session: from hello to the last frame, whatever carries it.

A session is told of bytes and answers with bytes; the link below it knows sockets, the gateway beside it knows who else
is here.  It stands in one of four stages.  Until it is served, pushes for it are held; while its peer reads too slowly,
they are withheld and only named afterwards, so what one peer costs in memory is bounded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from hubbub.auth.model import Identity
from hubbub.auth.permissions import Permission
from hubbub.auth.scopes import WRITE
from hubbub.base.errors import TABLE, ChatError, Code
from hubbub.base.ids import new_id
from hubbub.chat.model import Caller
from hubbub.cluster.model import NO_TIME
from hubbub.cluster.sessions import Presence, PresenceState
from hubbub.gateway import mapping_out
from hubbub.gateway.encoding import CODEC_OF, Push, ready
from hubbub.gateway.link import Link
from hubbub.wire import hubbub_pb2 as pb
from hubbub.wire.codec import UnknownFrame

if TYPE_CHECKING:
    from hubbub.gateway.people import Person
    from hubbub.gateway.service import Service

NORMAL_CLOSE = 1000


class Stage(IntEnum):
    NEW = 0
    ENTERING = 1
    SERVED = 2
    ENDED = 3


class Skipped:
    """What a session was not told, and since when."""

    __slots__ = ("heads", "overflow", "since")

    def __init__(self, since: float) -> None:
        self.since = since
        self.heads: dict[str, int] = {}
        self.overflow = False

    def note(self, conversation_id: str, seq: int, limit: int) -> None:
        """Remember that entries up to `seq` were left out."""
        if conversation_id in self.heads or len(self.heads) < limit:
            self.heads[conversation_id] = max(seq, self.heads.get(conversation_id, 0))
        else:
            self.overflow = True


class Session:
    """The state machine of one connection."""

    __slots__ = (
        "_allowance",
        "_allowed_at",
        "_held",
        "_waiting",
        "caller",
        "came",
        "device_id",
        "encoding",
        "heard",
        "id",
        "identity",
        "interval_s",
        "link",
        "live",
        "logged_out",
        "open_requests",
        "outbox",
        "person",
        "probed",
        "sent",
        "service",
        "skipped",
        "stage",
        "user_id",
    )

    def __init__(self, service: Service, link: Link, encoding: int) -> None:
        now = service.clock.monotonic()
        self.service = service
        self.link = link
        self.encoding = int(encoding)
        self.id = ""
        self.stage = Stage.NEW
        self.live = False
        """Served and not withheld: pushes may go straight to the outbox."""
        self.user_id = ""
        self.device_id = ""
        self.came = NO_TIME
        """When its peer said hello."""
        self.identity: Identity | None = None
        self.caller: Caller | None = None
        self.person: Person | None = None
        self.outbox: list[bytes] = []
        self.skipped: Skipped | None = None
        self.open_requests = 0
        self.interval_s = service.settings.hello_timeout_s
        self.heard = self.sent = now
        self.probed = False
        self.logged_out = False
        self._allowance = service.settings.frames_burst
        self._allowed_at = now
        self._held: list[tuple[Push, str, int]] | None = None
        self._waiting: list[bytes] | None = None
        service.add(self)

    # ------------------------------------------------------------ from the link

    def receive(self, data: bytes) -> None:
        """Take one whole frame."""
        service = self.service
        now = self.heard = service.clock.monotonic()
        stage = self.stage
        if stage is not Stage.SERVED:
            if stage is Stage.NEW:
                self._first(data)
            elif stage is Stage.ENTERING and self._waiting is not None:
                # Reading is paused, so these are only what the socket had delivered already.
                self._waiting.append(data)
            return
        settings = service.settings
        allowance = self._allowance + (now - self._allowed_at) * settings.frames_per_s
        self._allowance = min(allowance, settings.frames_burst) - 1.0
        self._allowed_at = now
        try:
            frame, kind = CODEC_OF[self.encoding].decode_client(data, settings.frame_bytes)
        except UnknownFrame as problem:
            self.refuse(problem.frame_id, problem)
            return
        except ChatError as problem:
            self.end(problem.code, message=problem.message)
            return
        if self._allowance < 0.0:
            self._allowance = max(self._allowance, -1.0)
            service.dispatch.limited(self, frame, kind, 1.0 / settings.frames_per_s)
            return
        service.dispatch.serve(self, frame, kind)

    def sign_of_life(self) -> None:
        """Note that something below the frames, such as a WebSocket ping, came from the peer."""
        self.heard = self.service.clock.monotonic()

    def stalled(self) -> None:
        """Learn that the peer takes less than is written: pushes stop, and so does reading from it."""
        if self.stage is Stage.NEW:
            # Nothing was promised to a stranger; pings alone, answered and never read, must not fill the memory.
            self._cut()
        elif self.stage is Stage.SERVED and self.skipped is None:
            self.skipped = Skipped(self.service.clock.monotonic())
            self.live = False
            self.service.slow.add(self)
            self.link.pause_reading()

    def drained(self) -> None:
        """Learn that the peer caught up: it is told what it missed, and pushes go on."""
        if self.skipped is None:
            return
        skipped, self.skipped = self.skipped, None
        self.service.slow.discard(self)
        if self.stage is not Stage.SERVED:
            return
        self.live = True
        self._tell_skipped(skipped)
        if self.open_requests < self.service.settings.open_requests:
            self.link.resume_reading()

    def lost(self) -> None:
        """Learn that the connection is gone."""
        self._leave()

    # ------------------------------------------------------------ out

    def send(self, frame: pb.ServerFrame) -> None:
        """Send a frame to this session alone."""
        self.write(ready(frame, self.encoding))

    def write(self, data: bytes) -> None:
        """Put ready bytes into the outbox; it is written once at the end of this turn of the loop."""
        outbox = self.outbox
        if not outbox:
            self.service.dirty(self)
        outbox.append(data)

    def push(self, push: Push, conversation_id: str = "", seq: int = 0) -> None:
        """Send what many get, unless this session cannot take it now."""
        if self.live:
            self.write(push.ready(self.encoding))
        elif self._held is not None:
            if len(self._held) < self.service.settings.held_pushes:
                self._held.append((push, conversation_id, seq))
            else:
                if self.skipped is None:
                    self.skipped = Skipped(self.service.clock.monotonic())
                self._skip(self.skipped, conversation_id, seq)
        elif self.skipped is not None:
            self._skip(self.skipped, conversation_id, seq)

    def refuse(self, frame_id: int, problem: ChatError) -> None:
        """Answer a request with an error; the connection stays."""
        self.send(pb.ServerFrame(reply_to=frame_id, error=mapping_out.error(problem)))

    def flush(self) -> None:
        """Write the outbox.  Called by the gateway, once per turn."""
        outbox = self.outbox
        if outbox and self.stage is not Stage.ENDED:
            self.sent = self.service.now
            self.link.write(outbox)
            if self.skipped is not None and self.link.buffered() > self.service.settings.outbox_hard_bytes:
                outbox.clear()
                self._cut()
        outbox.clear()

    def presence_changed(self, presence: Presence) -> None:
        """Push the presence of somebody this session watches."""
        if self.live:
            self.send(pb.ServerFrame(presence=mapping_out.presence(presence)))

    async def watch(self, user_ids: Sequence[str]) -> None:
        """Have the presence of these people pushed, and of nobody else."""
        if self.stage is Stage.SERVED:
            await self.service.registry.watch(self, user_ids)

    # ------------------------------------------------------------ requests

    @property
    def may_write(self) -> bool:
        """Whether its token may be used for more than reading."""
        return self.identity is not None and self.identity.may(WRITE)

    def can(self, permission: Permission) -> bool:
        """Whether its person has a permission, and the token may be used for it."""
        return self.identity is not None and self.identity.can(permission)

    @property
    def who(self) -> Caller:
        """Who asks; only a served session has requests."""
        caller = self.caller
        assert caller is not None
        return caller

    def act_as(self, identity: Identity) -> Caller:
        """Go by this token, and by what its person may do now."""
        self.identity = identity
        self.caller = Caller(
            self.user_id,
            self.device_id,
            identity.is_admin,
            identity.scopes,
            announces=identity.can(Permission.ANNOUNCE),
            muted_until_ms=identity.muted_until_ms,
        )
        return self.caller

    def rights_changed(self) -> None:
        """Learn that its person may do something else now."""
        self.service.tasks.start(self._look_again())

    async def _look_again(self) -> None:
        """Go by what the database says; a session about which it says nothing ends, and its client comes again."""
        identity = self.identity
        assert identity is not None
        try:
            async with asyncio.timeout(self.service.settings.request_timeout_s):
                checked = await self.service.auth.check(identity)
        except ChatError as problem:
            self.end(Code.TOKEN_EXPIRED if problem.retry else problem.code)
        except TimeoutError:
            self.end(Code.TOKEN_EXPIRED)
        else:
            # A token that came meanwhile was checked later than this one.
            if self.identity is not None and self.identity.expires_ms == identity.expires_ms:
                self.act_as(checked)
                await self._lose_sight()

    async def _lose_sight(self) -> None:
        """Stop watching who shows this person nothing any more: to them, whoever blocked them is away."""
        watched = self.service.registry.watched(self)
        if not watched or self.stage is not Stage.SERVED:
            return
        try:
            hiding = frozenset(await self.service.chat.hiding(self.who, sorted(watched)))
        except ChatError:
            # What they see then is as old as it is until they watch anew.
            return
        if hiding:
            await self.watch(sorted(watched - hiding))
            for name in sorted(hiding):
                self.presence_changed(Presence(name, PresenceState.OFFLINE, 0))

    def start(self, frame_id: int, answer: Coroutine[Any, Any, pb.ServerFrame], *, ends_session: bool = False) -> None:
        """Work on a request in a task of its own; its answer carries the request's id.

        With `ends_session` an error whose table row closes connections ends this one.
        """
        self.begin()
        self.service.tasks.start(self.service.dispatch.answer(self, frame_id, answer, ends_session))

    def begin(self) -> None:
        """Count a request as open; past the limit, reading stops until some are answered."""
        self.open_requests += 1
        if self.open_requests == self.service.settings.open_requests:
            self.link.pause_reading()

    def finish(self) -> None:
        """Count a request as answered."""
        self.open_requests -= 1
        if self.open_requests == self.service.settings.open_requests - 1 and self.live:
            self.link.resume_reading()

    # ------------------------------------------------------------ stages

    def _first(self, data: bytes) -> None:
        try:
            frame, kind = CODEC_OF[self.encoding].decode_client(data, self.service.settings.frame_bytes)
        except UnknownFrame as problem:
            self.end(Code.HELLO_EXPECTED, reply_to=problem.frame_id)
            return
        except ChatError as problem:
            self.end(problem.code, message=problem.message)
            return
        if kind != "hello":
            self.end(Code.HELLO_EXPECTED, reply_to=frame.id)
            return
        self.stage = Stage.ENTERING
        self.service.newcomers.discard(self)
        self._waiting = []
        self._held = []
        self.link.pause_reading()
        self.id = new_id()
        self.service.entrance.arrive(self, frame.id, frame.hello)

    def serve(self, covered: dict[str, int]) -> None:
        """Begin the live part: Ready, then what was pushed meanwhile and is not in `covered`, then what waited."""
        held, self._held = self._held or [], None
        waiting, self._waiting = self._waiting or [], None
        self.stage = Stage.SERVED
        self.live = True
        self.heard = self.service.clock.monotonic()
        self.send(pb.ServerFrame(ready=pb.Ready()))
        for push, conversation_id, seq in held:
            if seq == 0 or seq > covered.get(conversation_id, 0):
                self.write(push.ready(self.encoding))
        if self.skipped is not None:
            skipped, self.skipped = self.skipped, None
            self._tell_skipped(skipped)
        if self.link.buffered() > self.service.settings.outbox_bytes:
            self.stalled()
        else:
            self.link.resume_reading()
        for data in waiting:
            self.receive(data)

    def check(self, now: float) -> float | None:
        """Look at the deadlines; return the moment of the next look, or None once the session ended."""
        stage = self.stage
        if stage is Stage.ENDED:
            return None
        if stage is Stage.NEW:
            self.end(Code.HELLO_TIMEOUT)
            return None
        if stage is Stage.ENTERING:
            return None  # The entrance has its own deadline and puts the session back here.
        identity = self.identity
        assert identity is not None
        left_s = (identity.expires_ms - self.service.clock.now_ms()) / 1000
        if left_s <= 0:
            self.end(Code.TOKEN_EXPIRED)
            return None
        interval = self.interval_s
        if self.skipped is not None:
            # Reading is paused, so silence proves nothing; the slow reader's own deadline holds.
            return now + min(interval, left_s)
        silent = now - self.heard
        # Deadlines are kept a tick early, so that a half-open connection is found within two intervals.
        if silent >= 2 * interval - 2 * self.service.settings.tick_s:
            self.end(Code.HEARTBEAT_MISSED)
            return None
        if silent < interval / 2:
            self.probed = False
        quiet = now - self.sent
        if quiet >= interval or (silent >= interval and not self.probed):
            self.probed = silent >= interval
            self.sent = now
            self.send(pb.ServerFrame(ping=pb.Ping()))
            quiet = 0.0
        due = min(now + interval - quiet, self.heard + 2 * interval - 2 * self.service.settings.tick_s)
        if not self.probed:
            due = min(due, max(self.heard + interval, now))
        return min(due, now + left_s)

    def behind(self, now: float) -> bool:
        """Whether the peer has been reading too slowly for too long."""
        return self.skipped is not None and now - self.skipped.since > self.service.settings.slow_timeout_s

    def give_up(self) -> None:
        """End because the peer reads too slowly."""
        self.end(Code.SLOW_READER)

    def seems_gone(self) -> bool:
        """Whether the peer is silent for longer than one interval."""
        return self.service.clock.monotonic() - self.heard > self.interval_s + self.service.settings.tick_s

    def ousted(self) -> None:
        """End because another session took this one's place."""
        self.end(Code.SESSION_REPLACED)

    def end(self, code: Code | None, *, reply_to: int = 0, message: str = "") -> None:
        """Say why, close, and leave every place this session had.  None: a normal end without a reason."""
        if self.stage is Stage.ENDED:
            return
        if code is not None:
            problem = ChatError(code, message)
            self.send(pb.ServerFrame(reply_to=reply_to, error=mapping_out.error(problem)))
        self.flush()
        self.link.close(TABLE[code].close or NORMAL_CLOSE if code else NORMAL_CLOSE, code.value if code else "")
        self._leave()

    def _cut(self) -> None:
        self.link.abort()
        self._leave()

    def _leave(self) -> None:
        if self.stage is Stage.ENDED:
            return
        self.stage = Stage.ENDED
        self.live = False
        self._held = self._waiting = self.skipped = None
        self.outbox.clear()
        self.service.forget(self)

    def _skip(self, skipped: Skipped, conversation_id: str, seq: int) -> None:
        if conversation_id:
            skipped.note(conversation_id, seq, self.service.settings.skipped_conversations)

    def _tell_skipped(self, skipped: Skipped) -> None:
        self.send(pb.ServerFrame(resync=pb.Resync()))
        if skipped.overflow:
            self.send(pb.ServerFrame(reset=pb.Reset(epoch=self.service.epoch, reason="slow_reader")))
        elif skipped.heads:
            heads = [pb.Head(conversation_id=name, seq=seq) for name, seq in skipped.heads.items()]
            self.send(pb.ServerFrame(heads=pb.Heads(heads=heads)))

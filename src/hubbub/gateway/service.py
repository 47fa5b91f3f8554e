"""What every session of a gateway shares, and the end of each loop turn, when all of them are written."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from hubbub.auth.model import Authenticator, Ended, Identity
from hubbub.base.clock import Clock
from hubbub.base.errors import Code
from hubbub.chat.ports import Topic
from hubbub.cluster.sessions import SessionRegistry
from hubbub.gateway.people import People
from hubbub.gateway.settings import GatewaySettings
from hubbub.gateway.tasks import Tasks
from hubbub.gateway.wheel import Wheel

if TYPE_CHECKING:
    from hubbub.auth.endings import Endings
    from hubbub.chat.following import Following
    from hubbub.chat.service import Chat
    from hubbub.gateway.dispatch import Dispatch
    from hubbub.gateway.entrance import Entrance
    from hubbub.gateway.feeds import Feeds
    from hubbub.gateway.session import Session

STALL_S = 2.0
"""A process that did not look at its deadlines for so long was stopped, or as good as that."""

STALE_S = 1.0
"""For how long after a stall a hello may be an old one: accepting, upgrading and reading it take some turns."""

EndLogin = Callable[[Identity], Awaitable[None]]


class Service:
    """The surroundings of a session.

    `feeds`, `following`, `dispatch`, `entrance` and `endings` know the service themselves and are set by the gateway.
    """

    feeds: Feeds
    following: Following
    dispatch: Dispatch
    entrance: Entrance
    endings: Endings

    def __init__(
        self,
        *,
        chat: Chat,
        auth: Authenticator,
        registry: SessionRegistry,
        clock: Clock,
        settings: GatewaySettings,
        node_id: str,
        version: str,
        end_login: EndLogin,
    ) -> None:
        self.chat = chat
        self.auth = auth
        self.registry = registry
        self.clock = clock
        self.settings = settings
        self.node_id = node_id
        self.version = version
        self.end_login = end_login
        self.epoch = ""
        self.now = clock.monotonic()
        """The time of this turn, near enough for heartbeats."""
        self.beaten = self.now
        """When deadlines were last looked at, which is several times a second while this process runs."""
        self.stale_until = 0.0
        """Until then what is read may have waited while this process stood still."""
        self.tasks = Tasks()
        self.people = People()
        self.sessions: set[Session] = set()
        """Every session that has not ended, whatever its stage."""
        self.newcomers: set[Session] = set()
        """Those of them that have not said hello."""
        self.slow: set[Session] = set()
        self.wheel: Wheel[Session] = Wheel(settings.tick_s, self.now)
        self.empty = asyncio.Event()
        """Set while there is no session."""
        self.empty.set()
        self._dirty: list[Session] = []

    def add(self, session: Session) -> None:
        """Take note of a new connection's session; it has until the deadline to say hello."""
        self.sessions.add(session)
        self.newcomers.add(session)
        self.empty.clear()
        self.wheel.add(session, session.heard + self.settings.hello_timeout_s)

    def interval_s(self, wish_ms: int) -> float:
        """Return the heartbeat that holds for a client with this wish; 0 is none."""
        settings = self.settings
        wish_ms = wish_ms or settings.heartbeat_ms
        return min(max(wish_ms, settings.heartbeat_min_ms), settings.heartbeat_max_ms) / 1000

    # ------------------------------------------------------------ writing

    def dirty(self, session: Session) -> None:
        """Have the session's outbox written at the end of this turn."""
        if not self._dirty:
            asyncio.get_running_loop().call_soon(self.flush)
        self._dirty.append(session)

    def flush(self) -> None:
        """Write every outbox that has something, each with one write."""
        dirty, self._dirty = self._dirty, []
        self.now = self.clock.monotonic()
        for session in dirty:
            session.flush()

    # ------------------------------------------------------------ time

    @property
    def stale(self) -> bool:
        """Whether what is read now may have waited while this process stood still."""
        now = self.clock.monotonic()
        return now - self.beaten > STALL_S or now < self.stale_until

    def tick(self) -> None:
        """Look at the sessions whose deadline passed."""
        now = self.now = self.clock.monotonic()
        if now - self.beaten > STALL_S:
            self.stale_until = now + STALE_S
        self.beaten = now
        for session in self.wheel.due(now):
            next_look = session.check(now)
            if next_look is not None:
                self.wheel.add(session, next_look)
        for session in [one for one in self.slow if one.behind(now)]:
            session.give_up()

    # ------------------------------------------------------------ leaving

    def login_ended(self, login: Ended) -> None:
        """End the sessions of a login that is over."""
        person = self.people.get(login.user_id)
        for session in list(person.sessions) if person is not None else ():
            identity = session.identity
            # A session that logs itself out ends after its answer.
            if identity is not None and identity.login_id == login.login_id and not session.logged_out:
                session.end(Code.SESSION_ENDED)

    def forget(self, session: Session) -> None:
        """Take a session that ended out of every place it had."""
        self.sessions.discard(session)
        if not self.sessions:
            self.empty.set()
        self.newcomers.discard(session)
        self.slow.discard(session)
        if not session.user_id:
            return
        self.registry.unwatch(session)
        self.registry.leave(session, logged_out=session.logged_out)
        person = session.person
        if person is None:
            return
        self.feeds.leave(session, person.channels)
        if self.people.leave(session) is not None:
            self.following.go([Topic("user", session.user_id)])

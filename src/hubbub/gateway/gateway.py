"""The gateway as a whole: built from its parts, started, drained and stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hubbub.auth.arrivals import NewDevice
from hubbub.auth.endings import Endings
from hubbub.auth.model import Authenticator, Identity
from hubbub.auth.scopes import ACCOUNT
from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.chat.following import FeedFactory, Following
from hubbub.chat.model import SMALL_AUDIENCE, Caller
from hubbub.chat.ports import Event
from hubbub.cluster.sessions import SessionRegistry
from hubbub.gateway import mapping_out
from hubbub.gateway.dispatch import Dispatch
from hubbub.gateway.encoding import Push
from hubbub.gateway.entrance import Entrance
from hubbub.gateway.fanout import Fanout
from hubbub.gateway.feeds import Feeds
from hubbub.gateway.holes import Holes
from hubbub.gateway.link import Link
from hubbub.gateway.service import EndLogin, Service
from hubbub.gateway.session import Session
from hubbub.gateway.settings import GatewaySettings
from hubbub.gateway.tasks import log
from hubbub.wire import hubbub_pb2 as pb

if TYPE_CHECKING:
    from hubbub.chat.service import Chat

_SAVE_S = 5.0
"""How often the times people left are saved, and topics nobody needs are let go."""

_DIGITS = 19
"""A version has fewer."""


async def _end_nothing(identity: Identity) -> None:
    return None


class Gateway:
    """Serves clients: what transports open sessions on, and what the process starts and stops."""

    def __init__(
        self,
        chat: Chat,
        auth: Authenticator,
        feed_factory: FeedFactory,
        sessions: SessionRegistry,
        clock: Clock,
        settings: GatewaySettings,
        node_id: str,
        *,
        end_login: EndLogin = _end_nothing,
        version: str = "",
        small_audience: int = SMALL_AUDIENCE,
    ) -> None:
        self.settings = settings
        self._registry = sessions
        service = self._service = Service(
            chat=chat,
            auth=auth,
            registry=sessions,
            clock=clock,
            settings=settings,
            node_id=node_id,
            version=version,
            end_login=end_login,
        )
        self._holes = Holes(service)
        following = service.following = Following(feed_factory(self._hear, self._holes.found))
        feeds = service.feeds = Feeds(chat, following, service.tasks, settings)
        self._fanout = feeds.fanout = Fanout(service.people, feeds, small_audience)
        service.dispatch = Dispatch(service)
        service.entrance = Entrance(service)
        service.endings = Endings(
            auth,
            service.login_ended,
            every_s=settings.endings_s,
            timeout_s=lambda: service.settings.request_timeout_s,
        )
        self._clockwork: asyncio.Task[None] | None = None
        self._upkeep_runs = False
        self.draining = False
        """Whether new connections are to be refused."""

    @property
    def sessions(self) -> int:
        """How many connections there are, at whatever stage."""
        return len(self._service.sessions)

    @property
    def full(self) -> bool:
        """Whether there is no place for another connection now."""
        service = self._service
        at_most = self.settings.connections, self.settings.newcomers
        return len(service.sessions) >= at_most[0] or len(service.newcomers) >= at_most[1]

    @property
    def crowded(self) -> bool:
        """Whether the places left are for clients that were sent here: the last eighth is kept for them."""
        service = self._service
        at_most = self.settings.connections, self.settings.newcomers
        taken = len(service.sessions), len(service.newcomers)
        return any(have >= most - most // 8 for have, most in zip(taken, at_most, strict=True))

    @property
    def people(self) -> int:
        """How many people have a session here."""
        return len(self._service.people)

    def use(self, settings: GatewaySettings) -> None:
        """Go by these settings from now on: limits, deadlines, and intervals of connections to come."""
        self.settings = self._service.settings = settings

    @property
    def holes_mended(self) -> int:
        """How often everything told here was compared with the log."""
        return self._holes.mended

    def open(self, link: Link, encoding: int) -> Session:
        """Return the session of a new connection."""
        return Session(self._service, link, encoding)

    async def start(self) -> None:
        """Begin to follow the bus and to keep deadlines; call it before the first connection."""
        self._service.epoch = await self._service.chat.epoch()
        await self._service.feeds.open_system()
        await self._service.endings.start()
        self._service.beaten = self._service.clock.monotonic()
        self._clockwork = asyncio.create_task(self._run())

    def goaway(self, *, reason: str = "draining", within_ms: int = 5_000, url: str = "") -> None:
        """Ask every client to move, and let no new ones in."""
        self.draining = True
        push = Push(pb.ServerFrame(goaway=pb.Goaway(reason=reason, within_ms=within_ms, url=url)))
        for session in list(self._service.sessions):
            session.push(push)

    async def drain(self, within_s: float) -> None:
        """Ask every client to move and wait until they did, or the time is over."""
        self.goaway(within_ms=int(within_s * 1000))
        try:
            async with asyncio.timeout(within_s):
                await self._service.empty.wait()
        except TimeoutError:
            pass

    async def stop(self, drain_s: float = 0.0) -> None:
        """Close every connection with GOING_AWAY, after a drain if one is wanted, and wait until they are gone."""
        self.draining = True
        if drain_s > 0 and self._service.sessions:
            await self.drain(drain_s)
        links = [session.link for session in self._service.sessions]
        for session in list(self._service.sessions):
            session.end(Code.GOING_AWAY)
        waiting = [link.closed() for link in links]
        if waiting:
            await asyncio.wait([asyncio.ensure_future(each) for each in waiting], timeout=self.settings.close_timeout_s)
        for link in links:
            link.abort()
        if self._clockwork is not None:
            self._clockwork.cancel()
            await asyncio.gather(self._clockwork, return_exceptions=True)
        await self._service.endings.stop()
        await self._service.tasks.stop()
        await self._upkeep()

    def tick(self) -> None:
        """Look at deadlines now.  The gateway does it by itself; tests with their own clock call it."""
        self._service.tick()
        self._service.dispatch.submits.turn(self._service.now)

    async def _run(self) -> None:
        saved = self._service.clock.monotonic()
        while True:
            await asyncio.sleep(self.settings.tick_s)
            try:
                self.tick()
            except Exception:
                log.exception("keeping deadlines failed")
            if self._service.now - saved >= _SAVE_S and not self._upkeep_runs:
                saved = self._service.now
                self._upkeep_runs = True
                self._service.tasks.start(self._upkeep())

    async def _upkeep(self) -> None:
        """Do what may wait, beside the clockwork: a slow database must not stop heartbeats."""
        try:
            async with asyncio.timeout(self.settings.request_timeout_s):
                await self._service.following.sweep()
                await self._registry.save()
        except (ChatError, TimeoutError) as problem:
            log.warning("upkeep failed", problem=repr(problem))
        finally:
            self._upkeep_runs = False

    def profile_changed(self, payload: bytes) -> None:
        """Hear whose name or picture is another now, and show it to who watches them and to themselves."""
        user_id = payload.decode("ascii", "replace")
        if self._service.people.get(user_id) is not None or self._registry.watches(user_id):
            self._service.tasks.start(self._show_profile(user_id))

    def emoji_changed(self, payload: bytes) -> None:
        """Hear that the place's own emoji are others, and let everybody know."""
        version = int(payload) if payload.isdigit() and len(payload) < _DIGITS else 0
        push = Push(pb.ServerFrame(emoji_changed=pb.EmojiChanged(version=version)))
        # Only who has entered: nobody is pushed anything before the welcome.
        for person in list(self._service.people.everybody()):
            for session in list(person.sessions):
                session.push(push)

    async def _show_profile(self, user_id: str) -> None:
        try:
            async with asyncio.timeout(self.settings.request_timeout_s):
                rows = await self._service.chat.users(Caller(user_id), [user_id], ())
        except (ChatError, TimeoutError) as problem:
            # Clients that ask for people again see it then.
            log.warning("a changed profile could not be shown", problem=repr(problem))
            return
        if not rows:
            return
        push = Push(pb.ServerFrame(profile_changed=mapping_out.user(rows[0])))
        person = self._service.people.get(user_id)
        own = person.sessions if person is not None else []
        for session in {*own, *self._registry.watchers(user_id)}:
            if isinstance(session, Session):
                session.push(push)

    def signed_in(self, payload: bytes) -> None:
        """Hear that somebody signed in from a device new to them, and ask their other devices whether it was them."""
        try:
            new = NewDevice.decoded(payload)
        except ValueError as problem:
            log.warning("a new device could not be read", problem=repr(problem))
            return
        person = self._service.people.get(new.user_id)
        if person is None:
            return
        push = Push(pb.ServerFrame(signed_in=mapping_out.sign_in(new)))
        for session in person.sessions:
            identity = session.identity
            # As whoever lists them over HTTP.
            if session.device_id != new.device_id and identity is not None and identity.may(ACCOUNT):
                session.push(push)

    def _hear(self, events: Sequence[Event]) -> None:
        hear = self._fanout.hear
        for event in events:
            hear(event)

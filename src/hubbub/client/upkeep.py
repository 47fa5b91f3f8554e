"""Being connected, again and again, until it is of no use.

`Upkeep` owns one loop round the states `connecting`, `syncing`, `online`, `waiting`: it finds the server, opens a link,
says hello, lets its owner catch up, renews the token before it ends, moves when it is asked to, and after a loss waits
as the backoff says.  What is sent and received over the connection is its owner's affair.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, Protocol

from hubbub.base.clock import Clock
from hubbub.base.error_table import Code
from hubbub.client.backoff import Backoff, Reconnect
from hubbub.client.connection import Connector, Tap
from hubbub.client.errors import UNREACHABLE, HubbubError
from hubbub.client.http import HttpApi
from hubbub.client.login import Login
from hubbub.client.models import State
from hubbub.client.session import TICK_S, Session
from hubbub.wire import hubbub_pb2 as pb
from hubbub.wire.codec import Codec

_AUTH_CODES: Final = frozenset({Code.BAD_TOKEN, Code.TOKEN_EXPIRED, Code.UNAUTHENTICATED})
_NODE_CODES: Final = frozenset({UNREACHABLE, Code.GOING_AWAY, Code.OVERLOADED, Code.TIMEOUT})
"""What another node may do better: this one cannot be reached, went without a word, or takes nobody."""
_RENEWALS: Final = 2
"""How many tokens in a row may be refused before it is given up."""

REFRESH_EARLY: Final = 0.2
"""The part of a token's life that is left when it is renewed."""


class Owner(Protocol):
    """Who uses the connection."""

    def hello(self, token: str) -> pb.ClientFrame:
        """Return the first frame, with what is held."""

    def welcomed(self, welcome: pb.Welcome) -> None:
        """The session is open; called before any push of it."""

    def pushed(self, kind: str, body: object) -> None:
        """A frame nobody asked for, `ready` and `goaway` excepted."""

    async def begin(self, session: Session) -> None:
        """Learn what must be known before anything else; called once the server said `ready`.

        Raises HubbubError; the connection is then given up.
        """

    async def catch_up(self, session: Session) -> None:
        """Wait until what is missing was fetched; it may be cut short."""

    def disconnected(self) -> None:
        """The connection is gone; what had no answer will have none."""

    def became(self, state: State, error: HubbubError | None) -> None:
        """The state changed."""

    def ticked(self) -> None:
        """Some time passed."""


class Dial(Protocol):
    """Where to connect, and how."""

    @property
    def codec(self) -> Codec: ...

    async def find(self, token: str) -> str: ...

    def avoid(self) -> None:
        """Find another node than the last one next time, if there is one."""

    def reached(self) -> None:
        """The node found last is of use."""


class Upkeep:
    """Keeps one client connected."""

    def __init__(
        self,
        owner: Owner,
        dial: Dial,
        connector: Connector,
        login: Login,
        http: HttpApi,
        *,
        clock: Clock,
        backoff: Backoff,
        rand: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        tap: Tap | None,
        survives: frozenset[str],
        reconnect: Reconnect,
        hello_timeout_s: float,
        sync_timeout_s: float = 30.0,
    ) -> None:
        self._owner = owner
        self._dial = dial
        self._connector = connector
        self._login = login
        self._http = http
        self._clock = clock
        self._backoff = backoff
        self._rand = rand
        self._sleep = sleep
        self._tap = tap
        self._survives = survives
        self._reconnect = reconnect
        self._hello_timeout_s = hello_timeout_s
        self._sync_timeout_s = sync_timeout_s
        self._up = asyncio.Event()
        """Set while requests can be sent, and for good once it is over."""
        self._changed = asyncio.Event()
        self._token = ""
        self._move_to: str | None = None
        self._was_ready = False
        self.session: Session | None = None
        """The session, while it is welcome."""
        self.state = State.CONNECTING
        self.end: HubbubError | None = None
        """Why it is over, once it is."""

    # ------------------------------------------------------------ for the owner

    async def open_session(self) -> Session:
        """Wait until requests can be sent.  Raises HubbubError when that will never be."""
        while True:
            await self._up.wait()
            if self.end is not None:
                raise self.end
            if self.session is not None:
                return self.session

    async def states(self) -> AsyncIterator[State]:
        """Yield the present state and each later one until `closed`; quick changes may be passed over."""
        shown: State | None = None
        while True:
            changed = self._changed
            if self.state is not shown:
                shown = self.state
                yield shown
                if shown is State.CLOSED:
                    return
            else:
                await changed.wait()

    def finish(self, error: HubbubError) -> None:
        """Be over, for this reason.  Only the first one counts."""
        if self.end is None:
            self.end = error
            self._become(State.CLOSED, error)
            self._up.set()

    async def tick_for_ever(self) -> None:
        """Keep deadlines and heartbeats."""
        while True:
            await asyncio.sleep(TICK_S)
            if self.session is not None:
                self.session.tick()
            self._owner.ticked()

    async def connect_for_ever(self) -> None:
        """Go round the states until it is over."""
        failures = renewals = 0
        while self.end is None:
            self._become(State.CONNECTING, None)
            error = await self._connect_once()
            if self._was_ready:
                self._was_ready = False
                failures = renewals = 0
            if self.end is not None:
                return
            if error.code in _NODE_CODES or self._move_to is not None:
                self._dial.avoid()
            if self._move_to is not None:
                continue
            if error.code in _AUTH_CODES and renewals < _RENEWALS:
                renewals += 1
                try:
                    await self._login.renew(self._http, self._token)
                    continue
                except HubbubError as exc:
                    error = exc
            failures += 1
            if error.code not in self._survives and not self._reconnect(error, failures):
                self.finish(error)
                return
            self._become(State.WAITING, error)
            await self._sleep(self._backoff(failures, error.retry_after))

    # ------------------------------------------------------------ one connection

    async def _connect_once(self) -> HubbubError:
        """Connect and serve one connection; return why it ended."""
        move_to, self._move_to = self._move_to, None
        session: Session | None = None
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def pushed(kind: str, body: object) -> None:
            if kind == "ready":
                if not ready.done():
                    ready.set_result(None)
            elif kind == "goaway":
                assert isinstance(body, pb.Goaway)
                if goaway.empty():
                    goaway.put_nowait(body)
            else:
                self._owner.pushed(kind, body)

        goaway: asyncio.Queue[pb.Goaway] = asyncio.Queue(1)
        try:
            self._token = await self._login.token(self._http)
            address = move_to or await self._dial.find(self._token)
            session = Session(self._dial.codec, self._clock, pushed)
            session.attach(await self._connector(address, session, self._tap))
            welcome = await self._greet(session)
        except HubbubError as error:
            if session is not None:
                session.abort()
            return error
        except asyncio.CancelledError:
            # Closed while it was being greeted: nobody else knows of the connection yet.
            if session is not None:
                session.abort()
            raise
        except (OSError, TimeoutError) as exc:
            return HubbubError(UNREACHABLE, f"The server cannot be reached: {exc or 'no answer'}", retry=True)
        try:
            async with asyncio.TaskGroup() as tasks:
                work = [
                    tasks.create_task(self._sync(session, ready)),
                    tasks.create_task(self._stay_logged_in(session, welcome)),
                    tasks.create_task(self._heed(session, goaway)),
                ]
                reason = await asyncio.shield(session.lost)
                for task in work:
                    task.cancel()
        finally:
            self.session = None
            if self.end is None:
                self._up.clear()
            session.abort()
            self._owner.disconnected()
        return reason

    async def _greet(self, session: Session) -> pb.Welcome:
        welcomed: asyncio.Future[pb.Welcome] = asyncio.get_running_loop().create_future()

        def answered(body: pb.Welcome | HubbubError) -> None:
            # In the read callback, so that no push of this session is seen before its welcome.
            if welcomed.done():
                return
            if isinstance(body, HubbubError):
                welcomed.set_exception(body)
                return
            session.welcome(body)
            self.session = session
            self._owner.welcomed(body)
            welcomed.set_result(body)

        session.request(self._owner.hello(self._token), answered, timeout_s=self._hello_timeout_s)
        ticker = asyncio.get_running_loop().call_later(self._hello_timeout_s + 0.1, session.tick)
        try:
            welcome = await welcomed
        finally:
            ticker.cancel()
        self._become(State.SYNCING, None)
        self._up.set()
        return welcome

    async def _sync(self, session: Session, ready: asyncio.Future[None]) -> None:
        try:
            async with asyncio.timeout(self._sync_timeout_s):
                await ready
            self._was_ready = True
            self._dial.reached()
            await self._owner.begin(session)
        except HubbubError as error:
            session.abort(error)
            return
        except TimeoutError:
            session.abort(HubbubError(Code.TIMEOUT, "The server did not become ready."))
            return
        # Catching up goes on behind; whoever waits to talk does not wait for all of it.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._sync_timeout_s):
                await self._owner.catch_up(session)
        self._become(State.ONLINE, None)

    async def _stay_logged_in(self, session: Session, welcome: pb.Welcome) -> None:
        """Renew the token while some of its life is left (protocol.md 4.12)."""
        left_s = (
            (welcome.token_expires_ms - welcome.server_time_ms) / 1000 if welcome.token_expires_ms else float("inf")
        )
        failures = 0
        while left_s != float("inf"):
            await self._sleep(max(1.0, left_s * (1 - REFRESH_EARLY) if not failures else 0.0))
            try:
                self._token = await self._login.renew(self._http, self._token)
                await session.ask(pb.ClientFrame(reauthenticate=pb.Reauthenticate(token=self._token)))
                failures = 0
                left_s = self._login.left_s()
            except HubbubError as error:
                if not error.retry or session.lost.done():
                    # The server ends the session when the token ends, and says why.
                    return
                failures += 1
                await self._sleep(self._backoff(failures, error.retry_after))

    async def _heed(self, session: Session, goaway: asyncio.Queue[pb.Goaway]) -> None:
        """Move when the server asks for it, at a moment of one's own within what it allows (protocol.md 4.17)."""
        wish = await goaway.get()
        await self._sleep(self._rand() * wish.within_ms / 1000)
        self._move_to = wish.url
        session.close()
        await self._sleep(1.0)
        session.abort()

    def _become(self, state: State, error: HubbubError | None) -> None:
        if state is self.state and state is not State.CONNECTING:
            return
        if self.state is State.CLOSED:
            return
        self.state = state
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        self._owner.became(state, error)

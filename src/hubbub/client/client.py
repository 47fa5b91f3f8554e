"""A client of one server: it connects, stays connected, and keeps its promises while it is not.

Programs never see a connection: commands wait in the outbox, entries come once and in order, requests wait for the
connection up to their deadline.

    async with Client("http://127.0.0.1:8080", username="romeo", password="...") as client:
        chat = await client.open_direct(user_id)
        await client.send(chat.id, "Soft!")
        async for event in client.events():
            ...

Entering returns at once, so a program works without a network; `await client.ready()` waits for the connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from hubbub.base.clock import Clock, SystemClock
from hubbub.base.error_table import Code
from hubbub.base.ids import new_id
from hubbub.client.backoff import Backoff, ExponentialBackoff, Reconnect, when_it_helps
from hubbub.client.connection import Connector, Tap, Transport
from hubbub.client.dial import Dialer
from hubbub.client.errors import CLOSED, HubbubError
from hubbub.client.events import Ears, EventStream, MessageStream, Unheard
from hubbub.client.feed import HAVE_LIMIT, Feed, Since, Track
from hubbub.client.fetching import Fetcher
from hubbub.client.files import Transfers
from hubbub.client.http import HttpApi
from hubbub.client.keeper import Keeper
from hubbub.client.log import MessageLog
from hubbub.client.login import FixedToken, KeptLogin, Login, ProgramLogin
from hubbub.client.models import Accepted, Action, Conversation, Entry, File, Presence, State, StateEvent
from hubbub.client.outbox import DECIDED_S, Command, Outbox, Pending
from hubbub.client.over_http import OverHttp
from hubbub.client.receipts import Receipts
from hubbub.client.sending import Sender
from hubbub.client.session import Session
from hubbub.client.store import NoStore, SqliteStore, Store
from hubbub.client.translate import presence_of
from hubbub.client.upkeep import Upkeep
from hubbub.wire import hubbub_pb2 as pb

VERSION: Final = "0.1.0"

RECEIPTS_A_TICK: Final = 64
"""How many conversations' marks are told in about a second."""

Heard = TypeVar("Heard")


class _Finished(Exception):
    """Ends the task group when the client has come to its end."""


class Client(OverHttp):
    """One person's connection to one server.  Use it as a context."""

    def __init__(
        self,
        server: str = "http://127.0.0.1:8080",
        *,
        token: str = "",
        username: str = "",
        password: str = "",
        device_id: str = "",
        client_id: str = "",
        client_secret: str = "",
        login: Login | None = None,
        store: str | Path | Store | None = None,
        keep_messages: bool = False,
        transport: Transport | str = Transport.WEBSOCKET,
        address: str = "",
        since: Since = "now",
        name: str = f"hubbub-python {VERSION}",
        heartbeat_s: float = 0.0,
        request_timeout_s: float = 15.0,
        send_timeout_s: float | None = 60.0,
        outbox_limit: int = 10_000,
        backoff: Backoff | None = None,
        reconnect: Reconnect = when_it_helps,
        unheard: Unheard = "pass",
        clock: Clock | None = None,
        receipts: bool = False,
        survives: Collection[str] = (),
        rand: Callable[[], float] = random.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        on_raw: Tap | None = None,
        connector: Connector | None = None,
        http: HttpApi | None = None,
    ) -> None:
        """Say whose connection it is, with one of `token`, `username` and `password`, or `login`; or which program's,
        with the `client_id` and `client_secret` it was registered with.

        `store`: a file that keeps the outbox and how far was read; with `keep_messages` also what was said (`log`).
        `unheard`: whether entries pass, or wait in the log, while nothing listens.
        `reconnect`: whether to connect again after an error; not when the server said that it is of no use, by default.
        `address`: where to connect, instead of asking the
        server.  `since`: where a client that holds nothing begins.  `heartbeat_s` 0 leaves the interval to the server.
        `receipts`: whether others are told what this device received.
        `survives`: codes after which it connects again although they end other clients.
        """
        self._clock = clock or SystemClock()
        if login is None:
            if token:
                login = FixedToken(token)
            elif client_id:
                login = ProgramLogin(self._clock, client_id=client_id, client_secret=client_secret)
            else:
                login = KeptLogin(self._clock, username=username, password=password, device_id=device_id)
        keeps = SqliteStore(store) if isinstance(store, str | Path) else store or NoStore()
        self._log = MessageLog(keeps.run) if keep_messages and isinstance(keeps, SqliteStore) else None
        if keep_messages and self._log is None:
            raise ValueError("keep_messages needs a file: store='...'")
        self._keeper = Keeper(keeps, logs=keep_messages)
        self._http = http or HttpApi(server)
        self._login = login
        self._transfers = Transfers(self._http, login)
        self._name = name
        self._run_id = new_id()
        self._attempt = 0
        self._heartbeat_s = heartbeat_s
        self._request_timeout_s = request_timeout_s
        self._send_timeout_s = send_timeout_s
        self._backoff = backoff or ExponentialBackoff(rand=rand)

        self._ears = Ears(self._dealt_with, self._drained, unheard=unheard)
        self._feed = Feed(self._ears.emit, lambda: self._ears.room and self._keeper.room, since=since)
        self._feed.changed = self._held_changed
        self._fetcher = Fetcher(
            self._feed,
            lambda: self._upkeep.session,
            timeout_s=request_timeout_s,
            rows_came=self._keep_version,
        )
        self._outbox = Outbox(limit=outbox_limit)
        self._outbox.settled = self._keeper.settled
        self._sender = Sender(
            self._outbox,
            lambda: self._upkeep.session,
            self._clock,
            self._backoff,
            timeout_s=request_timeout_s,
        )
        self._tells_delivered = receipts
        self._receipts = Receipts()
        self._watched: tuple[str, ...] = ()
        self._runner: asyncio.Task[None] | None = None
        self.user_id = ""
        """Known from the first connection on, or from the store."""
        self.device_id = ""

        dialer = Dialer(Transport(transport), self._http, address)
        self._upkeep = Upkeep(
            self,
            dialer,
            connector or dialer,
            login,
            self._http,
            clock=self._clock,
            backoff=self._backoff,
            rand=rand,
            sleep=sleep,
            tap=on_raw,
            survives=frozenset(survives),
            reconnect=reconnect,
            hello_timeout_s=request_timeout_s,
        )

    # ------------------------------------------------------------ life

    async def __aenter__(self) -> Self:
        kept = await self._keeper.load()
        self.user_id = kept.user_id
        if kept.epoch:
            self._feed.restore(kept.epoch, kept.user_version, kept.conversations)
        loop = asyncio.get_running_loop()
        for command in kept.commands:
            self._outbox.add(command, loop.create_future(), open_until=self._clock.monotonic() + DECIDED_S)
        self._runner = loop.create_task(self._run(), name="hubbub-client")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close(linger_s=5.0 if kind is None else 0.0)

    async def close(self, *, linger_s: float = 0.0) -> None:
        """End for good.  While the connection is up, commands under way get `linger_s` seconds for their answers.

        What then has no answer stays in the file, if there is one; awaiting it raises `closed`.
        """
        if linger_s and self.state is State.ONLINE and len(self._outbox):
            with contextlib.suppress(HubbubError):
                await self.flush(timeout=linger_s)
        self._tell_receipts()
        session = self._upkeep.session
        self._upkeep.finish(HubbubError(CLOSED, "The client was closed."))
        if session is not None:
            session.close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await asyncio.shield(session.lost)
        try:
            if self._runner is not None:
                self._runner.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await self._runner
                self._runner = None
                # What was cut off is gone a turn later.
                await asyncio.sleep(0)
                await self._keeper.close()
        finally:
            await self._http.close()

    async def ready(self, timeout: float | None = 30.0) -> None:
        """Wait until the client is online.

        Raises HubbubError: why it never will be, or `timeout`.
        """
        try:
            async with asyncio.timeout(timeout):
                async for state in self.states():
                    if state is State.ONLINE:
                        return
        except TimeoutError:
            raise HubbubError(Code.TIMEOUT, f"No connection within {timeout:g} s.") from None
        raise self.error or HubbubError(CLOSED)

    async def flush(self, timeout: float | None = 30.0) -> None:
        """Wait until every command put in so far has its answer.  Raises HubbubError(`timeout`)."""
        try:
            async with asyncio.timeout(timeout):
                await self._outbox.drained()
        except TimeoutError:
            raise HubbubError(Code.TIMEOUT, f"{len(self._outbox)} commands have no answer yet.") from None

    @property
    def state(self) -> State:
        """Where the client stands."""
        return self._upkeep.state

    @property
    def error(self) -> HubbubError | None:
        """Why the client ended; None while it lives."""
        return self._upkeep.end

    def states(self) -> AsyncIterator[State]:
        """Iterate over the present state and each later one until `closed`; quick changes may be passed over."""
        return self._upkeep.states()

    def events(self, limit: int = 10_000, *, explicit: bool = False) -> EventStream:
        """Return a stream of everything from now on; `hubbub.client.events` says what happens when it is full.

        With a `store`, taking an event says that the one before it was dealt with: it does not come again.  With
        `explicit` only `done()` says so, of everything taken so far.
        """
        return self._ears.open(limit, explicit=explicit)

    def messages(self, *, mine: bool = False, limit: int = 10_000, explicit: bool = False) -> MessageStream:
        """Return a stream of the messages of others from now on, or of everybody's with `mine`.

        What was taken counts as dealt with as in `events`.
        """
        events = self.events(limit, explicit=explicit)
        return MessageStream(events, lambda entry: mine or entry.sender_id != self.user_id, lambda: self.error)

    @property
    def log(self) -> MessageLog:
        """What was said as far as this machine knows; there with `keep_messages`."""
        if self._log is None:
            raise HubbubError(Code.BAD_REQUEST, "This client keeps no messages: keep_messages=True.")
        return self._log

    def on(self, kind: type[Heard], listener: Callable[[Heard], object]) -> Callable[[], None]:
        """Call `listener` with every event of a kind, in the event loop; what is returned stops that."""
        return self._ears.listen(kind, listener)

    @property
    def known(self) -> dict[str, Conversation]:
        """The conversations this client has heard of, as of when it did."""
        return {key: t.conversation for key, t in self._feed.tracks.items() if t.conversation is not None}

    @property
    def caught_up(self) -> bool:
        """Whether it is online and nothing is known to be missing."""
        return self.state is State.ONLINE and self._feed.complete

    @property
    def unanswered(self) -> int:
        """How many commands wait in the outbox."""
        return len(self._outbox)

    def waiting(self) -> list[Pending]:
        """Return the commands that wait in the outbox, those an earlier run left too."""
        return self._outbox.waiting()

    # ------------------------------------------------------------ Commands

    def submit(
        self,
        conversation_id: str,
        action: Action,
        *,
        client_id: str = "",
        after: str = "",
        ordered: bool = True,
        timeout: float | None = None,
    ) -> Pending:
        if self.error is not None:
            raise self.error
        command = Command(conversation_id, client_id or new_id(), action, after, ordered)
        waiting = self._outbox.find(conversation_id, command.client_id)
        if waiting is not None:
            if waiting.command.action == action:
                return waiting
            raise HubbubError(Code.CONFLICT)
        future: asyncio.Future[Accepted] = asyncio.get_running_loop().create_future()
        timeout_s = self._send_timeout_s if timeout is None else timeout
        pending = self._outbox.add(command, future, timeout_s=timeout_s, kept=not self._keeper.durable)
        self._keeper.added(pending.command)
        self._sender.pump_lane(conversation_id)
        return pending

    async def ask(self, frame: pb.ClientFrame, *, timeout: float | None = None) -> Any:
        limit_s = self._request_timeout_s if timeout is None else timeout
        try:
            async with asyncio.timeout(limit_s):
                while True:
                    session = await self._upkeep.open_session()
                    try:
                        return await session.ask(frame, timeout_s=limit_s)
                    except HubbubError:
                        # A request may be repeated safely, so losing the connection under it is no answer.
                        if not session.lost.done():
                            raise
                    await asyncio.sleep(0)
        except TimeoutError:
            raise HubbubError(Code.TIMEOUT) from None

    def typing(self, conversation_id: str, typing: bool = True) -> None:
        """Show others that one is typing, if there is a connection; repeat it every 3 seconds."""
        if self._upkeep.session is not None:
            wish = pb.SetTyping(conversation_id=conversation_id, typing=typing)
            self._upkeep.session.tell(pb.ClientFrame(set_typing=wish))

    def saw(self, conversation_id: str, seq: int) -> None:
        """Say that a person saw what is here up to `seq`; it is told within a second or two, merged.

        It survives reconnects, but not the end of the program; `mark` waits until the server knows.
        """
        self._receipts.note(conversation_id, read=seq)

    async def watch_presence(self, user_ids: Sequence[str]) -> list[Presence]:
        """Say whose coming and going to hear of, instead of those named before; return how it is now.

        It holds over reconnects.
        """
        self._watched = tuple(user_ids)
        page = await self.ask(pb.ClientFrame(watch_presence=pb.WatchPresence(user_ids=self._watched)))
        return [presence_of(presence) for presence in page.presences]

    async def log_out(self) -> None:
        """End the login on the server, and with it this client."""
        await self.ask(pb.ClientFrame(logout=pb.Logout()))
        self._upkeep.finish(HubbubError(Code.SESSION_ENDED))

    # ------------------------------------------------------------ the task

    async def _run(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._upkeep.tick_for_ever())
                tasks.create_task(self._keeper.write_for_ever(self._written))
                await self._upkeep.connect_for_ever()
                raise _Finished
        except* _Finished:
            pass
        except* HubbubError as refusals:
            first_refusal = refusals.exceptions[0]
            assert isinstance(first_refusal, HubbubError)
            self._upkeep.finish(first_refusal)
        except* Exception as failures:
            first = failures.exceptions[0]
            self._upkeep.finish(HubbubError(CLOSED, f"The client failed: {first!r}"))
            asyncio.get_running_loop().call_exception_handler({"message": "a client failed", "exception": first})

    def _written(self, commands: Sequence[Command]) -> None:
        """Send commands that are on disk now."""
        for command in commands:
            pending = self._outbox.find(command.conversation_id, command.client_id)
            if pending is not None:
                pending.kept = True
        self._sender.pump()

    # ------------------------------------------------------------ over HTTP

    async def upload(self, source: str | Path | bytes, *, name: str = "") -> File:
        """Give the server a file, to be sent with a message.  Raises HubbubError."""
        return await self._transfers.upload(source, name)

    async def download(self, file_id: str, target: str | Path, *, preview: bool = False) -> None:
        """Write a file that a message brought, or its small picture, to `target`.  Raises HubbubError."""
        await self._transfers.download(file_id, Path(target), preview=preview)

    async def http(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        params: Mapping[str, str | list[str]] | None = None,
        content: bytes | None = None,
    ) -> dict[str, Any]:
        token = await self._login.token(self._http)
        try:
            return await self._http.call(method, path, token=token, json=json, params=params, content=content)
        except HubbubError as error:
            if error.code != Code.TOKEN_EXPIRED:
                raise
            # It ended on the way; one more is all that can help.
            token = await self._login.renew(self._http, token)
            return await self._http.call(method, path, token=token, json=json, params=params, content=content)

    # ------------------------------------------------------------ Owner of the connection

    def hello(self, token: str) -> pb.ClientFrame:
        """Return the first frame of a connection."""
        self._attempt += 1
        hello = pb.Hello(
            protocol=1,
            token=token,
            client=self._name,
            heartbeat_ms=int(self._heartbeat_s * 1000),
            run=self._run_id,
            attempt=self._attempt,
        )
        if self._feed.based:
            hello.resume.epoch = self._feed.epoch
            hello.resume.user_version = self._feed.version
            hello.resume.have.extend(self._feed.have())
        return pb.ClientFrame(hello=hello)

    def welcomed(self, welcome: pb.Welcome) -> None:
        """Take what the server says of this session."""
        if self.user_id and welcome.user_id != self.user_id:
            # The file was another person's: their commands and positions are not ours to use.
            self._outbox.refuse_all(HubbubError(CLOSED, "The store belonged to somebody else."))
            self._keeper.owner(welcome.user_id, evict=True)
            self._feed.forget("", "another person")
        elif not self.user_id:
            self._keeper.owner(welcome.user_id, evict=False)
        self.user_id, self.device_id = welcome.user_id, welcome.device_id
        self._reset(welcome.epoch, "epoch")
        if not self._feed.based:
            self._feed.version = welcome.user_version

    def pushed(self, kind: str, body: Any) -> None:
        """Take a frame nobody asked for."""
        feed = self._feed
        match kind:
            case "entries":
                feed.page(body)
            case "user_changed":
                feed.user_state(body)
            case "marks":
                feed.marks(body)
            case "heads":
                feed.heads(body.heads)
            case "typing":
                feed.typing(body)
            case "presence":
                feed.presence(body)
            case "profile_changed":
                feed.profile(body)
            case "signed_in":
                feed.signed_in(body)
            case "emoji_changed":
                feed.emoji(body)
            case "resync":
                feed.rows_missing = True
            case "reset":
                self._reset(body.epoch, body.reason)
        if feed.hungry:
            self._fetcher.pump()

    async def begin(self, session: Session) -> None:
        """List the conversations if they are not known, and let commands go."""
        if not self._feed.based or len(self._feed.tracks) > HAVE_LIMIT:
            cursor = ""
            while True:
                wish = pb.ListConversations(cursor=cursor)
                page = await session.ask(pb.ClientFrame(list_conversations=wish), timeout_s=self._request_timeout_s)
                self._feed.listed(page.conversations)
                cursor = page.next_cursor
                if not cursor:
                    break
            self._feed.based = True
            self._keep_version()
        self._sender.begin()
        if self._watched:
            self._ask_watched(session)
        self._fetcher.pump()

    async def catch_up(self, session: Session) -> None:
        """Wait until nothing is known to be missing, or nobody takes what comes."""
        await self._fetcher.finished(session, lambda: self._ears.room)

    def disconnected(self) -> None:
        """The connection is gone."""
        self._sender.end()
        self._fetcher.disconnected()

    def became(self, state: State, error: HubbubError | None) -> None:
        """Tell of a change of state, and let everybody go at the end."""
        self._ears.emit(StateEvent(state, str(error) if error else ""))
        if state is State.CLOSED:
            self._ears.close()
            self._outbox.refuse_all(error or HubbubError(CLOSED))

    def ticked(self) -> None:
        """Try again what has waited."""
        self._sender.pump()
        self._fetcher.pump()
        self._tell_receipts()
        self._keeper.soon()

    # ------------------------------------------------------------ sessions

    def _ask_watched(self, session: Session) -> None:
        def answered(body: pb.PresencePage | HubbubError) -> None:
            if not isinstance(body, HubbubError):
                for presence in body.presences:
                    self._feed.presence(presence)

        wish = pb.ClientFrame(watch_presence=pb.WatchPresence(user_ids=self._watched))
        session.request(wish, answered, timeout_s=self._request_timeout_s)

    def _tell_receipts(self) -> None:
        session = self._upkeep.session
        if session is None or not self._sender.open:
            return
        for conversation_id, read, delivered in self._receipts.take(RECEIPTS_A_TICK):
            wish = pb.SetMark(conversation_id=conversation_id, read_seq=read, delivered_seq=delivered)
            told = partial(self._told, conversation_id, read, delivered)
            session.request(pb.ClientFrame(set_mark=wish), told, timeout_s=self._request_timeout_s)

    def _told(self, conversation_id: str, read: int, delivered: int, body: pb.Done | HubbubError) -> None:
        if isinstance(body, HubbubError) and (body.retry or not self._sender.open):
            self._receipts.note(conversation_id, read=read, delivered=delivered)

    def _reset(self, epoch: str, reason: str) -> None:
        if epoch == self._feed.epoch:
            return
        if self._feed.based:
            self._feed.forget(epoch, reason)
            self._keeper.forget()
        self._feed.epoch = epoch

    # ------------------------------------------------------------ keeping

    def _drained(self) -> None:
        self._fetcher.pump()

    def _held_changed(self, conversation_id: str, track: Track) -> None:
        """A conversation is new, has new rows, or jumped: keep it with how far it was read."""
        if track.conversation is not None:
            self._keeper.held(track.conversation, track.kept)
            self._keep_version()

    def _keep_version(self) -> None:
        if self._feed.based:
            self._keeper.version(self._feed.epoch, self._feed.version)

    def _dealt_with(self, entry: Entry) -> None:
        track = self._feed.tracks.get(entry.conversation_id)
        if track is None or entry.seq <= track.kept:
            return
        track.kept = entry.seq
        self._keeper.read(entry)
        if self._tells_delivered and entry.sender_id != self.user_id and track.receipts:
            self._receipts.note(entry.conversation_id, delivered=entry.seq)

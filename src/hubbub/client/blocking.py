"""The SDK for programs without an event loop: the same client, run by a thread, called from any other.

    with connect("http://127.0.0.1:8080", username="echo", password="...") as client:
        for message in client.messages():
            client.reply(message, message.text)

It has the methods of `Client`, each returning when it is done; several at once go through `call`:

    first, second = client.call(lambda chat: asyncio.gather(chat.send(room, "one"), chat.send(room, "two")))

Every call has a deadline.  Ctrl-C interrupts a call at once, and leaving the context then closes the client without
waiting for answers; commands that had none stay in the `store`, if there is one.  Methods may be called from several
threads.  Nothing of it may be called from inside an event loop: such a program has the real client.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from types import TracebackType
from typing import Any, Final, Protocol, Self, TypeVar, Unpack

from hubbub.base.error_table import Code
from hubbub.client.blocking_commands import BlockingCommands
from hubbub.client.client import Client
from hubbub.client.errors import CLOSED, HubbubError
from hubbub.client.events import EventStream, MessageStream
from hubbub.client.models import Entry, Event, State
from hubbub.client.start import DEFAULT_SERVER, Options

T = TypeVar("T")

_TOGETHER: Final = 256
"""So many messages are taken from the loop's thread at once."""

_TELL_S: Final = 0.5
"""How late that thread may learn what was dealt with."""

LINGER_S: Final = 5.0
"""How long a client that is closed in peace waits for the answers to what was sent."""

_END_S: Final = 5.0
"""How long the thread may take to end after that."""


H = TypeVar("H", covariant=True)


class _Stream(Protocol[H]):
    """What is taken from in the other thread."""

    def take(self) -> H | None: ...

    async def __anext__(self) -> H: ...

    def __aiter__(self) -> Self: ...

    def done(self, through: Any = None) -> None: ...

    def close(self) -> None: ...


class BlockingClient(BlockingCommands):
    """One person's connection to one server, for threads.  Use it as a context."""

    def __init__(
        self,
        server: str = DEFAULT_SERVER,
        *,
        timeout: float = 30.0,
        **options: Unpack[Options],
    ) -> None:
        """`timeout`: how long a call waits, in seconds, when it is not told otherwise.  The rest is as for `Client`."""
        options.setdefault("unheard", "wait")
        self._server = server
        self._timeout_s = timeout
        self._options = options
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._linger_s = 0.0
        self._client: Client | None = None

    # ------------------------------------------------------------ life

    def __enter__(self) -> Self:
        """Connect, and return once it is online.  Raises HubbubError."""
        if self._thread is not None:
            raise RuntimeError("a client is entered once")
        begun: concurrent.futures.Future[None] = concurrent.futures.Future()
        # A daemon, so that a program that forgot to close can still end.
        self._thread = threading.Thread(target=self._live, args=(begun,), name="hubbub-blocking", daemon=True)
        self._thread.start()
        try:
            begun.result(self._timeout_s)
            self.call(lambda client: client.ready(self._timeout_s))
        except BaseException:
            self.close(linger_s=0.0)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(linger_s=LINGER_S if kind is None else 0.0)

    def close(self, *, linger_s: float = 0.0) -> None:
        """End for good, within `linger_s` for the answers to what was sent and a few seconds more.

        Twice is the same as once.
        """
        thread, loop = self._thread, self._loop
        if thread is None or not thread.is_alive():
            return
        if loop is not None:
            self._linger_s = linger_s
            try:
                loop.call_soon_threadsafe(self._end)
            except RuntimeError:
                # It has just ended by itself.
                return
        thread.join(linger_s + _END_S)

    @property
    def state(self) -> State:
        """Where the client stands; it may have changed by the time one looks."""
        return self._client.state if self._client is not None else State.CLOSED

    @property
    def error(self) -> HubbubError | None:
        """Why the client ended; None while it lives, and before it does."""
        return self._client.error if self._client is not None else None

    @property
    def user_id(self) -> str:
        """Who one is."""
        return self._client.user_id if self._client is not None else ""

    @property
    def device_id(self) -> str:
        """Which of one's devices this is."""
        return self._client.device_id if self._client is not None else ""

    # ------------------------------------------------------------ calls

    def call(self, work: Callable[[Client], Awaitable[T]], *, timeout: float | None = None) -> T:
        """Run `work` with the client in its event loop, and return what it gives.

        Raises what it raises, and HubbubError(`timeout`) when that takes longer than `timeout` seconds.
        """
        loop, client = self._loop, self._client
        if loop is None or client is None:
            raise HubbubError(CLOSED, "The client is not open.")
        limit_s = self._timeout_s if timeout is None else timeout

        async def working() -> T:
            return await work(client)

        coroutine = working()
        try:
            future = asyncio.run_coroutine_threadsafe(coroutine, loop)
        except RuntimeError:
            coroutine.close()
            raise HubbubError(CLOSED, "The client was closed.") from None
        try:
            return future.result(limit_s)
        except concurrent.futures.CancelledError:
            raise HubbubError(CLOSED, "The client was closed.") from None
        except TimeoutError:
            if future.done():
                raise
            raise HubbubError(Code.TIMEOUT, f"No answer within {limit_s:g} s.") from None
        finally:
            # After a deadline or Ctrl-C nobody waits for it any more.
            future.cancel()

    def do(self, work: Callable[[Client], None]) -> None:
        """Have the client do something in its event loop that takes no time."""

        async def working(client: Client) -> None:
            work(client)

        self.call(working)

    def flush(self, timeout: float | None = 30.0) -> None:
        """Wait until every command put in so far has its answer.  Raises HubbubError(`timeout`)."""
        patience_s = threading.TIMEOUT_MAX if timeout is None else timeout + 1.0
        self.call(lambda client: client.flush(timeout), timeout=patience_s)

    # ------------------------------------------------------------ listening

    def messages(self, *, mine: bool = False, idle_s: float | None = None) -> Iterator[Entry]:
        """Iterate over the messages of others as they come, or of everybody's with `mine`.

        It ends when the client is closed, or when none came for `idle_s` seconds.  Raises HubbubError when the client
        came to another end.  With a `store`, going on to the next message says that this one was dealt with.
        """

        async def opening(client: Client) -> MessageStream:
            return client.messages(mine=mine, explicit=True)

        return self._taking(self.call(opening), idle_s)

    def events(self, *, idle_s: float | None = None) -> Iterator[Event]:
        """Iterate over everything from now on: entries of every kind, conversations, marks, changes of the connection.

        It ends as `messages` does, but raises nothing: `error` says why the client ended.
        """

        async def opening(client: Client) -> EventStream:
            return client.events(explicit=True)

        return self._taking(self.call(opening), idle_s)

    def _taking(self, stream: _Stream[T], idle_s: float | None) -> Iterator[T]:
        handled: T | None = None

        async def taking(client: Client) -> list[T]:
            # Going over to the other thread costs more than an event does, so all there are come together.
            if handled is not None:
                stream.done(handled)
            try:
                async with asyncio.timeout(idle_s):
                    first = await anext(stream, None)
            except TimeoutError:
                return []
            batch = [first] if first is not None else []
            while batch and len(batch) < _TOGETHER and (message := stream.take()) is not None:
                batch.append(message)
            return batch

        told = time.monotonic()
        try:
            while batch := self._patiently(taking, idle_s):
                for message in batch:
                    yield message
                    handled = message
                    if time.monotonic() - told > _TELL_S:
                        told = time.monotonic()
                        self._soon(stream.done, handled)
        finally:
            if handled is not None:
                self._soon(stream.done, handled)
            self._soon(stream.close)

    def _patiently(self, taking: Callable[[Client], Awaitable[list[T]]], idle_s: float | None) -> list[T]:
        try:
            return self.call(taking, timeout=threading.TIMEOUT_MAX if idle_s is None else idle_s + self._timeout_s)
        except HubbubError as error:
            if error.code == CLOSED:
                return []
            raise

    def _soon(self, work: Callable[..., None], *arguments: object) -> None:
        """Have the loop's thread do something that touches a stream, if there still is one."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(work, *arguments)

    # ------------------------------------------------------------ the thread

    def _live(self, begun: concurrent.futures.Future[None]) -> None:
        asyncio.run(self._serve(begun))

    async def _serve(self, begun: concurrent.futures.Future[None]) -> None:
        client: Client | None = None
        try:
            self._stop = asyncio.Event()
            client = Client(self._server, **self._options)
            await client.__aenter__()
            self._client, self._loop = client, asyncio.get_running_loop()
        except BaseException as failure:
            begun.set_exception(failure)
            if client is not None:
                await client.close()
            return
        begun.set_result(None)
        try:
            await self._stop.wait()
        finally:
            await client.close(linger_s=self._linger_s)

    def _end(self) -> None:
        assert self._stop is not None
        self._stop.set()


def connect(server: str = DEFAULT_SERVER, *, timeout: float = 30.0, **options: Unpack[Options]) -> BlockingClient:
    """Return a client to be used as a context; inside it is online."""
    return BlockingClient(server, timeout=timeout, **options)

"""Serve chat to the nodes that have none.

Submits go straight into the group commit, in the order they came, and are answered by a callback; everything else runs
in a task of its own that ends when its caller's patience does.  What one peer may have running is bounded.

A request that is turned away was not looked at, so its caller may ask another node at once.  That happens while this
node drains, and after this process was stopped for a while: what then lies in its socket may have been carried out by
another node long ago, and what followed it, too; doing it now would, say, let somebody join whom their next command
had taken out again.  What a peer sends before it can know that it was turned away may follow what was, and must not
overtake it; so it is turned away as well, until a ping says that the peer has heard; one sent before does not.  A link
may stand still, too: a command that would do harm if it came late says until when it may be begun, and is turned away
after that.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import msgspec

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.base.loops import Loop
from hubbub.bus import chat_codec
from hubbub.bus.calls import Calls, Peer
from hubbub.bus.chat_codec import METHODS, Method, Sort
from hubbub.chat.model import Accepted
from hubbub.chat.service import Chat

_log = logging.getLogger(__name__)

_METHODS = {name.encode(): method for name, method in METHODS.items()}


class ChatServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How much this node does for others at once."""

    reads_per_peer: int = 1_024
    """Requests of one node that run at once, submits not counted: those wait in the group commit, which has a limit."""
    drain_timeout_s: float = 10.0
    linger_s: float = 0.1
    """For how long what comes is still turned away when all is finished, so that the last answers go out first."""
    beat_s: float = 0.25
    stall_s: float = 1.0
    """A process whose loop stood still for so long turns away what waited meanwhile."""
    stale_s: float = 0.25
    """For how long after a stall what comes in may have waited."""


class ChatServer:
    """Answers the requests of verified peers from a chat in this process."""

    def __init__(self, chat: Chat, calls: Calls, clock: Clock, settings: ChatServerSettings | None = None) -> None:
        self._chat = chat
        self._calls = calls
        self._clock = clock
        self._settings = settings or ChatServerSettings()
        self._open = 0
        self._running: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[bytes]] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._draining = False
        self._beaten = clock.monotonic()
        self._stale_until = 0.0
        self._turned: set[str] = set()
        """Peers that were turned away after a stall and have not pinged since."""
        self._loop = Loop("chat server", self._beat, every_s=self._settings.beat_s)
        self._end: Callable[[], Awaitable[None]] | None = None

    async def start(self, incarnation: str) -> None:
        """Serve what is asked of this incarnation."""
        self._draining = False
        self._beaten = self._clock.monotonic()
        self._loop.start()
        self._end = await self._calls.serve(incarnation, self.answer)

    async def stop(self) -> None:
        """Turn away what comes from now on, finish what is open, then be gone."""
        self.drain()
        try:
            async with asyncio.timeout(self._settings.drain_timeout_s):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("%d requests of other nodes were not finished in time", self._open)
        await asyncio.sleep(self._settings.linger_s)
        end, self._end = self._end, None
        if end is not None:
            await end()
        await self._loop.stop()
        left = list(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def drain(self) -> None:
        """Turn away what comes from now on, so that its callers go to other nodes."""
        self._draining = True

    # ------------------------------------------------------------ requests

    def answer(self, peer: Peer, request: bytes) -> Awaitable[bytes]:
        """Begin to serve a request; what is returned ends with its answer and never fails."""
        if self._draining:
            return _settled(chat_codec.turned_away("draining"))
        if self._clock.monotonic() < self._stale_until or self._stalled():
            self._turned.add(peer.incarnation)
            return _settled(chat_codec.turned_away("stale"))
        try:
            patience_s, name, arguments = chat_codec.opened(request)
            if name == chat_codec.PING:
                if arguments == chat_codec.HEARD:
                    self._turned.discard(peer.incarnation)
                if peer.incarnation in self._turned:
                    # It was on its way already; what follows it may follow what was turned away.
                    return _settled(chat_codec.turned_away("stale"))
                return _settled(chat_codec.done(None))
            if peer.incarnation in self._turned:
                return _settled(chat_codec.turned_away("stale"))
            method = _METHODS.get(name)
            if method is None:
                return _settled(chat_codec.turned_away("unknown_method"))
            asked = method.read_request(arguments)
            if method.is_late(asked, self._clock.now_ms()):
                self._turned.add(peer.incarnation)
                return _settled(chat_codec.turned_away("stale"))
            if method.sort is Sort.SUBMIT:
                return self._submit(asked)
        except ChatError as problem:
            return _settled(chat_codec.failed(problem))
        if self._running[peer.incarnation] >= self._settings.reads_per_peer:
            return _settled(chat_codec.failed(ChatError(Code.OVERLOADED, retry_after_s=1.0)))
        self._running[peer.incarnation] += 1
        self._begin()
        task = asyncio.get_running_loop().create_task(self._serve(method, asked, patience_s))
        self._tasks.add(task)
        task.add_done_callback(partial(self._served, peer.incarnation))
        return task

    def _submit(self, asked: Any) -> asyncio.Future[bytes]:
        future = self._chat.submit(asked.caller, asked.command)
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._begin()
        future.add_done_callback(partial(self._submitted, answer))
        return answer

    def _submitted(self, answer: asyncio.Future[bytes], future: asyncio.Future[Accepted]) -> None:
        self._finish()
        problem = ChatError(Code.UNKNOWN_OUTCOME) if future.cancelled() else future.exception()
        if answer.done():
            return
        if problem is None:
            answer.set_result(chat_codec.done(future.result()))
            return
        if not isinstance(problem, ChatError):
            _log.error("a submit failed", exc_info=problem)
            problem = ChatError(Code.UNKNOWN_OUTCOME)
        answer.set_result(chat_codec.failed(problem))

    async def _serve(self, method: Method, asked: Any, patience_s: float) -> bytes:
        try:
            async with asyncio.timeout(patience_s):
                value = await getattr(self._chat, method.name)(**method.call(asked))
            return chat_codec.done(value)
        except ChatError as problem:
            return chat_codec.failed(problem)
        except TimeoutError:
            return chat_codec.failed(ChatError(Code.TIMEOUT))
        except Exception:
            _log.exception("%s failed", method.name)
            return chat_codec.failed(ChatError(Code.INTERNAL_ERROR))

    def _served(self, incarnation: str, task: asyncio.Task[bytes]) -> None:
        self._tasks.discard(task)
        self._running[incarnation] -= 1
        if self._running[incarnation] <= 0:
            del self._running[incarnation]
        self._finish()

    def _begin(self) -> None:
        self._open += 1
        self._idle.clear()

    def _finish(self) -> None:
        self._open -= 1
        if self._open == 0:
            self._idle.set()

    # ------------------------------------------------------------ stalls

    def beat(self) -> None:
        """Notice whether this process stood still; to be called every `beat_s`."""
        if self._stalled():
            stood_s = self._clock.monotonic() - self._beaten
            _log.warning("this process stood still for %.1f s; what waited meanwhile is turned away", stood_s)
            self._stale_until = self._clock.monotonic() + self._settings.stale_s
        self._beaten = self._clock.monotonic()

    def _stalled(self) -> bool:
        return self._clock.monotonic() - self._beaten >= self._settings.stall_s

    async def _beat(self) -> None:
        self.beat()


def _settled(answer: bytes) -> asyncio.Future[bytes]:
    future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    future.set_result(answer)
    return future

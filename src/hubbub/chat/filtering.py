"""Word filters in force, and the messages they hold: from a submit to a moderator and on to the log.

Filters are read into memory and followed, so that a message is judged without asking anybody; it is judged before it
is queued, and what the verdict means is decided by the rules, after the key was looked up: a message that is stored is
accepted again whatever the filters say by then.  A held message is kept before its author hears that it is held.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.base.ids import new_id
from hubbub.base.loops import Loop
from hubbub.chat.model import Accepted, Action, Caller, Edit, Post, Submit
from hubbub.chat.moderation import Held, HeldState, ModerationStore
from hubbub.chat.rules.commands import Send
from hubbub.chat.words import Filters, Verdict

__all__ = ["Filtering"]

T = TypeVar("T")

LOOK_EVERY_S = 5.0
"""How late a node is at most that was not told of a change."""

SEND_AT_ONCE = 50
_PASSING = frozenset(
    {
        Code.INTERNAL_ERROR,
        Code.OVERLOADED,
        Code.STORAGE_FULL,
        Code.TIMEOUT,
        Code.UNAVAILABLE,
        Code.UNKNOWN_OUTCOME,
    }
)
"""Refusals that say nothing about the message: it is tried again at the next step."""

_log = logging.getLogger(__name__)


class Filtering:
    """What one chat node does about words."""

    def __init__(
        self, store: ModerationStore, send: Callable[[Caller, Submit], asyncio.Future[Accepted]], clock: Clock
    ) -> None:
        """`send` takes a submit past the filters."""
        self._store = store
        self._send = send
        self._clock = clock
        self._filters = Filters()
        self._known: list[object] = []
        self._keeping: set[asyncio.Task[None]] = set()
        self._loop = Loop("word filters", self.step, every_s=LOOK_EVERY_S)

    async def start(self) -> None:
        """Read the filters, and follow them.  Raises ChatError when they cannot be read."""
        await self.read()
        self._loop.start()

    async def stop(self) -> None:
        """End; whoever waits for a message to be held hears that its outcome is not known."""
        await self._loop.stop()
        for task in self._keeping:
            task.cancel()
        if self._keeping:
            await asyncio.wait(self._keeping)

    def wake(self) -> None:
        """Look soon: filters were changed or messages decided about."""
        self._loop.wake()

    async def step(self) -> None:
        """Take the filters as they are now and send what was accepted."""
        try:
            await self.read()
            await self.send_accepted()
        except ChatError as problem:
            _log.warning("word filters cannot be looked at and stay as they are: %r", problem)

    async def read(self) -> None:
        """Take the filters as they are now."""
        found = await self._store.filters()
        if found != self._known:
            self._known, self._filters = list(found), Filters(found)

    # ------------------------------------------------------------ one message

    def judge(self, action: Action) -> Verdict | None:
        """Return what becomes of an action; None: it is let through as it is."""
        if not self._filters or not isinstance(action, Post | Edit):
            return None
        return self._filters.judge(action.body)

    def keep(self, send: Send, sent: asyncio.Future[Accepted]) -> asyncio.Future[Accepted]:
        """Return the outcome of a submit that may be held, once it is kept if it is."""
        outcome: asyncio.Future[Accepted] = asyncio.get_running_loop().create_future()
        task = asyncio.get_running_loop().create_task(self._keep(send, sent, outcome), name="holding a message")
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)
        return outcome

    async def _keep(self, send: Send, sent: asyncio.Future[Accepted], outcome: asyncio.Future[Accepted]) -> None:
        try:
            _finish(outcome, await self._outcome(send, sent))
        except ChatError as refusal:
            _fail(outcome, refusal)
        except asyncio.CancelledError:
            _fail(outcome, ChatError(Code.UNKNOWN_OUTCOME))
            raise
        except Exception:
            _log.exception("a message could not be held")
            _fail(outcome, ChatError(Code.UNKNOWN_OUTCOME))

    async def _outcome(self, send: Send, sent: asyncio.Future[Accepted]) -> Accepted:
        try:
            return await asyncio.shield(sent)
        except ChatError as refusal:
            if refusal.code is not Code.HELD_FOR_REVIEW or send.verdict is None:
                raise
        held = Held(new_id(), send.caller.user_id, send.submit, send.verdict.filter_id, self._clock.now_ms())
        state = await self._store.hold(held)
        raise ChatError(Code.WORDS_REFUSED if state is HeldState.DECLINED else Code.HELD_FOR_REVIEW)

    # ------------------------------------------------------------ what was accepted

    async def send_accepted(self) -> None:
        """Send what moderators accepted, in the order it came."""
        while rows := await self._store.accepted(SEND_AT_ONCE):
            settled = 0
            for row in rows:
                settled += await self._settle(row)
            if len(rows) < SEND_AT_ONCE or not settled:
                return

    async def _settle(self, row: Held) -> bool:
        try:
            await self._send(Caller(row.user_id), row.submit)
        except ChatError as refusal:
            if refusal.code in _PASSING:
                return False
            await self._store.settle(row.id, str(refusal.code))
        else:
            await self._store.settle(row.id, "")
        return True


def _finish(future: asyncio.Future[T], result: T) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[T], refusal: ChatError) -> None:
    if not future.done():
        future.set_exception(refusal.with_traceback(None))

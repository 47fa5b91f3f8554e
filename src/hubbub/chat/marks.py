"""Read and delivered marks: many small raises, few transactions.

Every message a person reads raises a mark, and marks only grow; so of all raises of one person in one conversation
within a moment only the highest matters.  They are merged for that moment, stored in one transaction, answered, and
told once per conversation.  What was read shows on all devices of the reader, so the transaction leaves an outbox row
as any commit does, and it is forgotten once they were told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hubbub.base.errors import ChatError, Code
from hubbub.base.loops import Loop
from hubbub.chat.changes import UserChanges
from hubbub.chat.model import RECEIPTS_LIMIT, Mark
from hubbub.chat.ports import (
    Bus,
    LogWriter,
    MarkSet,
    MarksMoved,
    MarksRaised,
    OutcomeUnknown,
    StoreBusy,
    StoreError,
    StoreFull,
)
from hubbub.chat.settings import ChatSettings

_ROWS = 1_000
"""Marks per transaction."""
_TRIES = 5


class Marks:
    """Collects raised marks and stores them together."""

    def __init__(
        self, store: LogWriter, bus: Bus, changes: UserChanges, forget: Callable[[int], None], settings: ChatSettings
    ) -> None:
        """`forget`: takes the outbox rows of which everything was told."""
        self._store = store
        self._bus = bus
        self._changes = changes
        self._forget = forget
        self._settings = settings
        self._raised: dict[tuple[str, str], tuple[int, int]] = {}
        self._flushed: asyncio.Future[None] | None = None
        self._read: dict[str, int] = {}
        self._untold: list[int] = []
        self._loop = Loop("chat marks", self.flush, gather_s=settings.marks_interval_s)
        self._telling = Loop("chat read marks", self.tell_readers, gather_s=settings.read_told_s)

    def start(self) -> None:
        self._loop.start()
        self._telling.start()

    async def stop(self) -> None:
        """Store what was raised, then end."""
        await self._loop.finish()
        await self._telling.finish()

    async def tell_readers(self) -> None:
        """Have the other devices of those who read told, once for all they read meanwhile."""
        read, self._read = self._read, {}
        untold, self._untold = self._untold, []

        def told() -> None:
            for outbox_id in untold:
                self._forget(outbox_id)

        self._changes.note(read, told)

    async def set(self, user_id: str, conversation_id: str, read_seq: int, delivered_seq: int) -> None:
        """Raise a mark to at least these values; returns when it is durable."""
        key = (conversation_id, user_id)
        if key not in self._raised and len(self._raised) >= self._settings.marks_pending:
            raise ChatError(Code.OVERLOADED, retry_after_s=1.0)
        self._raise(key, read_seq, delivered_seq)
        if self._flushed is None:
            self._flushed = asyncio.get_running_loop().create_future()
            self._loop.wake()
        await asyncio.shield(self._flushed)

    async def flush(self) -> None:
        """Store and tell what was raised so far."""
        raised, self._raised = self._raised, {}
        flushed, self._flushed = self._flushed, None
        rows = [(key[0], Mark(key[1], *marks)) for key, marks in raised.items()]
        risen: list[MarksRaised] = []
        # Nobody is lied to: whoever waits may raise the mark again, which is harmless if it was stored.
        failure: ChatError | None = ChatError(Code.INTERNAL_ERROR)
        try:
            for at in range(0, len(rows), _ROWS):
                risen += [await self._store_marks(rows[at : at + _ROWS])]
            failure = None
        except ChatError as problem:
            failure = problem
        except asyncio.CancelledError:
            # Stopped in the middle: the last flush stores them, a second time if need be.
            failure = ChatError(Code.UNAVAILABLE)
            for key, marks in raised.items():
                self._raise(key, *marks)
            raise
        finally:
            _answer(flushed, failure)
        for raised_now in risen:
            await self._tell(raised_now)

    def _raise(self, key: tuple[str, str], read_seq: int, delivered_seq: int) -> None:
        before = self._raised.get(key, (0, 0))
        read_seq = max(read_seq, before[0])
        self._raised[key] = (read_seq, max(read_seq, delivered_seq, before[1]))

    async def _store_marks(self, rows: list[tuple[str, Mark]]) -> MarksRaised:
        for tries in range(_TRIES):
            try:
                async with asyncio.timeout(self._settings.commit_timeout_s):
                    return await self._store.set_marks(rows)
            except (StoreBusy, OutcomeUnknown):
                await asyncio.sleep(self._settings.retry_base_s * 2**tries)
            except StoreFull:
                raise ChatError(Code.STORAGE_FULL) from None
            except (StoreError, TimeoutError):
                break
        raise ChatError(Code.UNAVAILABLE)

    async def _tell(self, risen: MarksRaised) -> None:
        # Two people of whom one has blocked the other do not hear of each other's marks, whatever moved at once.
        by_audience: dict[tuple[str, tuple[str, ...] | None], list[MarkSet]] = {}
        if risen.outbox_id:
            self._untold.append(risen.outbox_id)
        for row in risen.rows:
            if row.audience is not None or 0 < row.member_count <= RECEIPTS_LIMIT:
                by_audience.setdefault((row.conversation_id, row.audience), []).append(row)
            if row.read_rose:
                user_id = row.mark.user_id
                self._read[user_id] = min(self._read.get(user_id, row.user_version), row.user_version)
        if self._read:
            self._telling.wake()
        if by_audience:
            await self._bus.publish(
                [
                    MarksMoved(conversation_id, tuple([row.mark for row in rows]), audience)
                    for (conversation_id, audience), rows in by_audience.items()
                ]
            )


def _answer(flushed: asyncio.Future[None] | None, failure: ChatError | None) -> None:
    if flushed is None or flushed.done():
        return
    if failure is None:
        flushed.set_result(None)
    else:
        flushed.set_exception(failure)
        # Whoever waited may have left.
        flushed.exception()

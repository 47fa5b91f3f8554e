"""Ways to hear: streams to iterate over, and listeners that are called.

A stream is bounded.  When one is full, the client stops taking entries from the server's pushes and reads them from the
log again once the stream was half emptied: the slowest open stream sets the pace, memory stays bounded and no entry is
lost.  Word that is only good while fresh (typing, presence, marks) is dropped meanwhile.

While nobody listens at all, entries pass unheard, or wait in the log, as the client was told.
"""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any, Literal, Self, TypeVar, overload

from hubbub.client.errors import CLOSED, HubbubError
from hubbub.client.models import Entry, EntryEvent, Event, MessageEvent, Post

Heard = TypeVar("Heard")
Listener = Callable[[Any], object]
Unheard = Literal["pass", "wait"]
"""What becomes of entries while nobody listens: they count as dealt with, or are read from the log later."""


class EventStream:
    """An asynchronous iterator over events; it ends when the client is closed."""

    def __init__(
        self,
        limit: int,
        taken: Callable[[Event], None],
        drained: Callable[[], None],
        *,
        explicit: bool = False,
    ) -> None:
        self._events: deque[Event] = deque()
        self._limit = limit
        self._taken = taken
        self._drained = drained
        self._explicit = explicit
        self._was_full = False
        self._handed: list[Event] = []
        """Taken, and not yet said to be dealt with; at most one unless that is said explicitly."""
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False

    @property
    def full(self) -> bool:
        return len(self._events) + (len(self._handed) if self._explicit else 0) >= self._limit

    def __len__(self) -> int:
        return len(self._events)

    def put(self, event: Event) -> None:
        """Add an event; called by the client."""
        self._events.append(event)
        self._was_full = self._was_full or self.full
        self._wake()

    def close(self) -> None:
        """End the stream; what is in it can still be taken."""
        self._ended = True
        self._wake()
        self._drained()

    @property
    def closed(self) -> bool:
        return self._ended

    def take(self) -> Event | None:
        """Return the next event if there is one, without waiting.

        Taking an event says that the one before it was dealt with, unless that is said explicitly.
        """
        if not self._explicit and self._handed:
            self.done()
        if not self._events:
            return None
        event = self._events.popleft()
        self._handed.append(event)
        self._look_for_room()
        return event

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        while True:
            event = self.take()
            if event is not None:
                return event
            if self._ended:
                raise StopAsyncIteration
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None

    def done(self, through: Entry | Event | None = None) -> None:
        """Say that what was taken so far was dealt with, or only what came up to `through`, an event or its entry.

        Taking the next one says so too, unless it is explicit.
        """
        handed, self._handed = self._handed, []
        if through is not None:
            same = [event is through or getattr(event, "entry", None) is through for event in handed]
            place = same.index(True) + 1 if True in same else 0
            handed, self._handed = handed[:place], handed[place:]
        for event in handed:
            self._taken(event)
        self._look_for_room()

    def _look_for_room(self) -> None:
        if self._was_full:
            held = len(self._events) + (len(self._handed) if self._explicit else 0)
            if held <= self._limit // 2:
                self._was_full = False
                self._drained()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class MessageStream:
    """An asynchronous iterator over messages alone; taking one says that the one before it was dealt with."""

    def __init__(self, events: EventStream, wanted: Callable[[Entry], bool], end: Callable[[], HubbubError | None]):
        self._events = events
        self._wanted = wanted
        self._end = end

    def __aiter__(self) -> Self:
        return self

    def take(self) -> Entry | None:
        """Return the next message if there is one, without waiting."""
        while (event := self._events.take()) is not None:
            if (message := self._message(event)) is not None:
                return message
        return None

    async def __anext__(self) -> Entry:
        """Return the next message; it ends when the client was closed.

        Raises HubbubError when the client came to another end.
        """
        async for event in self._events:
            if (message := self._message(event)) is not None:
                return message
        end = self._end()
        if end is not None and end.code != CLOSED:
            raise end
        raise StopAsyncIteration

    def done(self, through: Entry | None = None) -> None:
        """Say that what was taken so far was dealt with, or only what came up to `through`."""
        self._events.done(through)

    def close(self) -> None:
        """Stop listening; what was not taken counts as not dealt with."""
        self._events.close()

    def _message(self, event: Event) -> Entry | None:
        if isinstance(event, EntryEvent) and isinstance(event.entry.action, Post) and self._wanted(event.entry):
            return event.entry
        return None


class Ears:
    """All streams and listeners of one client."""

    def __init__(
        self, taken: Callable[[Entry], None], drained: Callable[[], None], *, unheard: Unheard = "pass"
    ) -> None:
        self._waits = unheard == "wait"
        self._taken = taken
        self._drained = drained
        # Not a WeakSet: it is gone through several times for each push, and iterating over one costs most of that.
        self._streams: tuple[weakref.ref[EventStream], ...] = ()
        self._first: weakref.ref[EventStream] | None = None
        self._listeners: dict[type, list[Listener]] = {}

    def open(self, limit: int, *, explicit: bool = False) -> EventStream:
        """Make a stream of everything emitted from now on.  One that is forgotten closes itself."""
        stream = EventStream(limit, lambda event: None, self._drained, explicit=explicit)
        if self._first is None or (first := self._first()) is None or first.closed:
            # Of several streams, the one opened first says how far the reader has come.
            stream = EventStream(limit, self._dealt_with, self._drained, explicit=explicit)
            self._first = weakref.ref(stream)
        self._streams = (*self._streams, weakref.ref(stream, self._forget))
        if self._waits:
            self._drained()
        return stream

    @overload
    def listen(self, kind: type[Heard], listener: Callable[[Heard], object]) -> Callable[[], None]: ...
    @overload
    def listen(self, kind: type[Any], listener: Listener) -> Callable[[], None]: ...
    def listen(self, kind: type[Any], listener: Listener) -> Callable[[], None]:
        """Call `listener` with every event of a kind; the function returned stops that."""
        self._listeners.setdefault(kind, []).append(listener)
        if self._waits:
            self._drained()
        return lambda: self._listeners[kind].remove(listener)

    @property
    def room(self) -> bool:
        """Whether every open stream takes another event, and somebody listens if entries wait for that."""
        for reference in self._streams:
            stream = reference()
            if stream is not None and stream.full and not stream.closed:
                return False
        return not self._waits or self._heard

    def emit(self, event: Event) -> None:
        """Tell everybody.  A listener's exception goes to the event loop's handler, not to the connection."""
        for reference in self._streams:
            stream = reference()
            if stream is not None and not stream.closed:
                stream.put(event)
        if self._listeners:
            for listener in self._listeners.get(type(event), ()):
                self._call(listener, event)
            if isinstance(event, EntryEvent) and isinstance(event.entry.action, Post):
                for listener in self._listeners.get(MessageEvent, ()):
                    self._call(listener, MessageEvent(event.entry))
        if isinstance(event, EntryEvent) and not self._followed():
            self._taken(event.entry)

    def close(self) -> None:
        """End every stream."""
        for reference in self._streams:
            stream = reference()
            if stream is not None:
                stream.close()

    @property
    def _heard(self) -> bool:
        if self._listeners.get(EntryEvent) or self._listeners.get(MessageEvent):
            return True
        streams = (reference() for reference in self._streams)
        return any(stream is not None and not stream.closed for stream in streams)

    def _forget(self, gone: weakref.ref[EventStream]) -> None:
        self._streams = tuple([reference for reference in self._streams if reference is not gone])

    def _followed(self) -> bool:
        first = self._first() if self._first is not None else None
        return first is not None and not first.closed

    def _dealt_with(self, event: Event) -> None:
        if isinstance(event, EntryEvent):
            self._taken(event.entry)

    def _call(self, listener: Listener, event: object) -> None:
        try:
            listener(event)
        except Exception as exc:
            loop = asyncio.get_running_loop()
            loop.call_exception_handler({"message": "a listener failed", "exception": exc})

"""The bus of one process: what is published is handed to the feeds at once.

There is no queue and no copy, so nothing can be lost or reordered between a commit and a gateway of the same process.
A feed names what it follows, and hears an event once however many of its topics the event touches.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from hubbub.bus.followed import Followed
from hubbub.bus.subjects import signal_subject
from hubbub.chat.ports import Event, Topic

_log = logging.getLogger(__name__)

Handler = Callable[[Sequence[Event]], None]


class LocalBus:
    """Hands events to the feeds of this process, in the order they are published."""

    def __init__(self) -> None:
        self._feeds: list[LocalFeed] = []

    def feed(
        self, handler: Handler, *, everything: bool = False, on_hole: Callable[[], None] | None = None
    ) -> LocalFeed:
        """Return a new feed; `handler` is called during `publish`, in its order, and must not block.

        With `everything` it hears all events without naming topics, which costs nothing per event.  Nothing is ever
        lost here, so `on_hole` is never called.
        """
        feed = LocalFeed(self, handler, everything, on_hole)
        self.add(feed)
        return feed

    def add(self, feed: LocalFeed) -> None:
        """Hand events to this feed from now on."""
        self._feeds.append(feed)

    async def publish(self, events: Sequence[Event]) -> None:
        """Hand `events` to every feed that follows any of their topics."""
        self.hand_out(events)

    @property
    def feeds(self) -> int:
        """How many feeds there are."""
        return len(self._feeds)

    def hand_out(self, events: Sequence[Event]) -> int:
        """Do so at once; return how many events the feeds heard, each counted once per feed."""
        count = 0
        for feed in tuple(self._feeds):
            heard = events if feed.everything else feed.followed.heard(events)
            if not heard:
                continue
            count += len(heard)
            try:
                feed.handler(heard)
            except Exception:
                # One ear's fault must not make the others deaf; the log has what it missed.
                _log.exception("a feed failed on %d events", len(heard))
        return count

    def tell_hole(self) -> None:
        """Tell the feeds that something may have been lost on its way to this process."""
        for feed in tuple(self._feeds):
            if feed.on_hole is None:
                continue
            try:
                feed.on_hole()
            except Exception:
                _log.exception("a feed failed on a hole")

    def _forget(self, feed: LocalFeed) -> None:
        if feed in self._feeds:
            self._feeds.remove(feed)


class LocalFeed:
    """One listener of a `LocalBus`."""

    def __init__(
        self, bus: LocalBus, handler: Handler, everything: bool = False, on_hole: Callable[[], None] | None = None
    ) -> None:
        self._bus = bus
        self.handler = handler
        self.everything = everything
        self.on_hole = on_hole
        self.followed = Followed()

    async def follow(self, topics: Sequence[Topic]) -> None:
        """Hear every later publish on these topics."""
        for topic in topics:
            self.followed.add(topic)

    async def unfollow(self, topics: Sequence[Topic]) -> None:
        """Hear them no more; topics that were not followed are no error."""
        for topic in topics:
            self.followed.discard(topic)

    def close(self) -> None:
        """Hear nothing more."""
        self._bus._forget(self)


SignalHandler = Callable[[bytes], None]


class LocalSignals:
    """Signals within one process."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[SignalHandler]] = {}

    async def signal(self, subject: str, payload: bytes) -> None:
        """Call every listener of `subject`."""
        self.tell(signal_subject(subject), payload)

    async def listen(self, subject: str, handler: SignalHandler) -> Callable[[], None]:
        """Call `handler` with every payload from now on; what is returned ends that."""
        return self.add(signal_subject(subject), handler)

    async def reachable(self) -> bool:
        """There is no way that could break."""
        return True

    def tell(self, subject: str, payload: bytes) -> None:
        """Call the listeners of a subject at once."""
        for handler in tuple(self._listeners.get(subject, ())):
            try:
                handler(payload)
            except Exception:
                _log.exception("a listener of %s failed", subject)

    def add(self, subject: str, handler: SignalHandler) -> Callable[[], None]:
        """Add a listener; what is returned takes it out again, once."""
        self._listeners.setdefault(subject, []).append(handler)
        gone = False

        def remove() -> None:
            nonlocal gone
            if gone:
                return
            gone = True
            handlers = self._listeners[subject]
            handlers.remove(handler)
            if not handlers:
                del self._listeners[subject]

        return remove

    def listens(self, subject: str) -> bool:
        """Whether anybody listens here."""
        return subject in self._listeners

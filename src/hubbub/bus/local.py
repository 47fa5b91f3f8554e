"""The bus of one process: what is published is handed to the feeds at once.

There is no queue and no copy, so nothing can be lost or reordered between a commit and a gateway of the same process.
A feed names what it follows, and hears an event once however many of its topics the event touches.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from hubbub.base.ids import SYSTEM_CONVERSATION
from hubbub.chat.ports import (
    EntriesAppended,
    Event,
    HeadsAnnounced,
    LoginEnded,
    MarksMoved,
    Topic,
    TypingChanged,
    UserChanged,
)

_log = logging.getLogger(__name__)

Handler = Callable[[Sequence[Event]], None]


class LocalBus:
    """Hands events to the feeds of this process, in the order they are published."""

    def __init__(self) -> None:
        self._feeds: list[LocalFeed] = []

    def feed(self, handler: Handler, *, everything: bool = False) -> LocalFeed:
        """Return a new feed; `handler` is called during `publish`, in its order, and must not block.

        With `everything` it hears all events without naming topics, which costs nothing per event.
        """
        feed = LocalFeed(self, handler, everything)
        self._feeds.append(feed)
        return feed

    async def publish(self, events: Sequence[Event]) -> None:
        """Hand `events` to every feed that follows any of their topics."""
        for feed in tuple(self._feeds):
            heard = events if feed.everything else feed.heard(events)
            if not heard:
                continue
            try:
                feed.handler(heard)
            except Exception:
                # One ear's fault must not make the others deaf; the log has what it missed.
                _log.exception("a feed failed on %d events", len(heard))

    def _forget(self, feed: LocalFeed) -> None:
        if feed in self._feeds:
            self._feeds.remove(feed)


class LocalFeed:
    """One listener of a `LocalBus`."""

    def __init__(self, bus: LocalBus, handler: Handler, everything: bool) -> None:
        self._bus = bus
        self.handler = handler
        self.everything = everything
        self._users: set[str] = set()
        self._conversations: set[str] = set()
        self._all = False

    async def follow(self, topics: Sequence[Topic]) -> None:
        """Hear every later publish on these topics."""
        self._set(topics, True)

    async def unfollow(self, topics: Sequence[Topic]) -> None:
        """Hear them no more; topics that were not followed are no error."""
        self._set(topics, False)

    def close(self) -> None:
        """Hear nothing more."""
        self._bus._forget(self)

    def _set(self, topics: Sequence[Topic], wanted: bool) -> None:
        for topic in topics:
            match topic.scope:
                case "user":
                    (self._users.add if wanted else self._users.discard)(topic.id)
                case "conversation":
                    (self._conversations.add if wanted else self._conversations.discard)(topic.id)
                case "all":
                    self._all = wanted
                case _:
                    raise ValueError(f"no such scope: {topic.scope!r}")

    def heard(self, events: Sequence[Event]) -> list[Event]:
        """Return those of `events` that touch a followed topic; announced heads are cut to the followed ones."""
        heard: list[Event] = []
        for event in events:
            match event:
                case EntriesAppended() | MarksMoved() | TypingChanged():
                    if self._hears(event.conversation_id, event.audience):
                        heard.append(event)
                case UserChanged() | LoginEnded():
                    if event.user_id in self._users:
                        heard.append(event)
                case HeadsAnnounced():
                    heads = {each: head for each, head in event.heads.items() if self._follows_head(event, each)}
                    if heads:
                        heard.append(HeadsAnnounced(heads, {each: event.audiences.get(each) for each in heads}))
        return heard

    def _follows_head(self, event: HeadsAnnounced, conversation_id: str) -> bool:
        return self._hears(conversation_id, event.audiences.get(conversation_id))

    def _hears(self, conversation_id: str, audience: tuple[str, ...] | None) -> bool:
        if audience is not None:
            return not self._users.isdisjoint(audience)
        if conversation_id == SYSTEM_CONVERSATION:
            return self._all
        return conversation_id in self._conversations

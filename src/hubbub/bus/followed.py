"""Which of the events that arrive concern a feed.

A bucket carries the events of everybody in it, so each feed keeps what it follows and hears only that.
"""

from __future__ import annotations

from collections.abc import Sequence

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


class Followed:
    """The topics of one feed."""

    def __init__(self) -> None:
        self._users: set[str] = set()
        self._conversations: set[str] = set()
        self._all = False

    def add(self, topic: Topic) -> bool:
        """Follow a topic; whether it was not followed before.  Raises ValueError for a scope that does not exist."""
        if topic in self:
            return False
        self._set(topic, True)
        return True

    def discard(self, topic: Topic) -> bool:
        """Follow it no more; whether it was followed."""
        if topic not in self:
            return False
        self._set(topic, False)
        return True

    def topics(self) -> list[Topic]:
        """Return all that is followed."""
        found = [Topic("user", name) for name in self._users]
        found += [Topic("conversation", name) for name in self._conversations]
        return [*found, Topic("all")] if self._all else found

    def __contains__(self, topic: Topic) -> bool:
        match topic.scope:
            case "user":
                return topic.id in self._users
            case "conversation":
                return topic.id in self._conversations
            case "all":
                return self._all
        raise ValueError(f"no such scope: {topic.scope!r}")

    def _set(self, topic: Topic, wanted: bool) -> None:
        if topic.scope == "all":
            self._all = wanted
            return
        names = self._users if topic.scope == "user" else self._conversations
        (names.add if wanted else names.discard)(topic.id)

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

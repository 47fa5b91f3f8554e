"""Which subjects an event travels on.

Small audiences are addressed as people, each by the bucket of their id; larger ones by the bucket of the conversation
.  A node hears the buckets of those it serves, so it receives little that is not for it, and the bus needs
a few hundred subscriptions per node instead of one per person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from hubbub.base.buckets import bucket_of
from hubbub.base.ids import SYSTEM_CONVERSATION
from hubbub.bus.stats import KINDS
from hubbub.chat.ports import Topic

PREFIX = "hubbub."
ALL = f"{PREFIX}all"
TALLY = f"{PREFIX}t"
EVENTS = frozenset({"user", "conversation", "all"})
"""The kinds that carry events."""

_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


@lru_cache(8_192)
def kind_of(subject: str) -> str:
    """Return which kind of traffic a subject carries; "" for none of ours."""
    return KINDS.get(subject[len(PREFIX) :].partition(".")[0], "")


def _named(letter: str, name: str) -> str:
    # Wildcards, spaces and empty tokens would mean something to the server.
    if not _NAME.fullmatch(name) or len(name) > 128:
        raise ValueError(f"not a name for a subject: {name!r}")
    return f"{PREFIX}{letter}.{name}"


def signal_subject(name: str) -> str:
    """Return where signals of this name go; raises ValueError unless it is letters, digits, `-`, `_` and dots."""
    return _named("s", name)


def request_subject(incarnation: str) -> str:
    return _named("q", incarnation)


def answer_subject(incarnation: str) -> str:
    return _named("r", incarnation)


class Subjects:
    """The bucketed subjects of one cluster."""

    def __init__(self, buckets: int) -> None:
        """`buckets` is the number stored in the database: everybody must count alike."""
        self._buckets = buckets
        self._users = tuple([f"{PREFIX}u.{bucket}" for bucket in range(buckets)])
        self._conversations = tuple([f"{PREFIX}c.{bucket}" for bucket in range(buckets)])

    @property
    def everything(self) -> tuple[str, ...]:
        """Every subject that carries events."""
        return (*self._users, *self._conversations, ALL)

    def of_user(self, user_id: str) -> str:
        return self._users[bucket_of(user_id, self._buckets)]

    def of_conversation(self, conversation_id: str) -> str:
        if conversation_id == SYSTEM_CONVERSATION:
            return ALL
        return self._conversations[bucket_of(conversation_id, self._buckets)]

    def of_audience(self, conversation_id: str, audience: Iterable[str] | None) -> tuple[str, ...]:
        """Return the subjects for an event with this audience, each once, in a fixed order."""
        if audience is None:
            return (self.of_conversation(conversation_id),)
        buckets = self._buckets
        users = self._users
        return tuple([users[bucket] for bucket in sorted({bucket_of(name, buckets) for name in audience})])

    def of_topic(self, topic: Topic) -> str:
        """Return what to subscribe to for a topic; raises ValueError for a scope that does not exist."""
        match topic.scope:
            case "user":
                return self.of_user(topic.id)
            case "conversation":
                return self.of_conversation(topic.id)
            case "all":
                return ALL
        raise ValueError(f"no such scope: {topic.scope!r}")

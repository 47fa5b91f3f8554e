"""Who is here, and who wants to hear of it.

Presence is told by state: a watcher hears of a person when what it was told last is not true any more, and of nothing
twice.  This module keeps no seats and reads no rows; whoever does hands in what is true.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import IntEnum
from typing import Protocol

import msgspec


class PresenceState(IntEnum):
    """The numbers are those of the wire."""

    ONLINE = 1
    OFFLINE = 2
    DROPPED = 3


class Presence(msgspec.Struct, frozen=True, gc=False):
    """Whether somebody is here; `last_seen_ms` is 0 when it is not known."""

    user_id: str
    state: PresenceState
    last_seen_ms: int


class Watcher(Protocol):
    """Somebody who wants to hear of others' presence."""

    def presence_changed(self, presence: Presence) -> None: ...


class Watching:
    """Who watches whom, and what is told of each."""

    def __init__(self) -> None:
        self._watchers: dict[str, set[Watcher]] = {}
        self._watched: dict[Watcher, frozenset[str]] = {}
        self._told: dict[str, Presence] = {}
        """What the watchers of a person believe; absent until it is known."""

    def __contains__(self, user_id: object) -> bool:
        return user_id in self._watchers

    @property
    def people(self) -> Collection[str]:
        """Everybody who is watched."""
        return self._watchers.keys()

    def watch(self, watcher: Watcher, user_ids: Sequence[str]) -> tuple[list[str], list[str]]:
        """Replace the set of people whose presence `watcher` hears of; an empty one ends it.

        Returns who is watched from now on and was not, and who is not watched any more.
        """
        before, wanted = self._watched.pop(watcher, frozenset()), frozenset(user_ids)
        if wanted:
            self._watched[watcher] = wanted
        came = [name for name in wanted if name not in self._watchers]
        for name in wanted:
            self._watchers.setdefault(name, set()).add(watcher)
        went = []
        for name in before - wanted:
            watchers = self._watchers[name]
            watchers.discard(watcher)
            if not watchers:
                went.append(name)
                del self._watchers[name]
                self._told.pop(name, None)
        return came, went

    def of(self, watcher: Watcher) -> frozenset[str]:
        """Return whom somebody watches."""
        return self._watched.get(watcher, frozenset())

    def watchers(self, user_id: str) -> list[Watcher]:
        """Return who watches somebody."""
        return list(self._watchers.get(user_id, ()))

    def known(self, user_id: str) -> Presence | None:
        """Return what the watchers of a person believe; None while nobody watches or nothing was told."""
        return self._told.get(user_id)

    def tell(self, presence: Presence) -> None:
        """Tell the watchers of a person what is true now, if they believe something else."""
        watchers = self._watchers.get(presence.user_id)
        if watchers is None:
            return
        told = self._told.get(presence.user_id)
        self._told[presence.user_id] = presence
        if told is None or told.state is not presence.state:
            for watcher in list(watchers):
                watcher.presence_changed(presence)

    def note(self, presence: Presence) -> None:
        """Take note of what a new watcher is answered; the others are told if they believe something else."""
        if presence.user_id in self._told:
            self.tell(presence)
        elif presence.user_id in self._watchers:
            self._told[presence.user_id] = presence

"""Who is connected, on which device, and who may still connect.

A session takes its seat before it is served and leaves it when it ends.  Seats decide the login policy, and presence is
read from them: the first seat of a person brings them online, the last one leaving takes them offline, by logout or by
a connection that dropped.  This registry knows one process; it does no I/O beyond the two callables it is given.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from enum import IntEnum
from typing import Literal, Protocol

import msgspec

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code

Policy = Literal["many", "replace", "reject"]

_REMEMBERED = 10_000
"""People lately gone whose presence is known without asking the database."""

_PENDING = 100_000
"""Times of leaving that may wait to be saved; beyond it the oldest is dropped."""


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


class Seat(Protocol):
    """A session as the registry sees it."""

    user_id: str
    device_id: str

    def ousted(self) -> None:
        """End at once: another session took this one's place.  It calls `leave` itself."""

    def seems_gone(self) -> bool:
        """Whether the peer has been silent for longer than it promised."""


class Watcher(Protocol):
    """Somebody who wants to hear of others' presence."""

    def presence_changed(self, presence: Presence) -> None: ...


SaveLastSeen = Callable[[Sequence[tuple[str, int]]], Awaitable[None]]
LoadLastSeen = Callable[[Sequence[str]], Awaitable[dict[str, int]]]


async def _save_nothing(seen: Sequence[tuple[str, int]]) -> None:
    return None


async def _load_nothing(user_ids: Sequence[str]) -> dict[str, int]:
    return {}


class SessionRegistry:
    """The seats of one process.

    `save_last_seen` gets (user, milliseconds) in batches; `load_last_seen` answers for people who are not here.
    """

    def __init__(
        self,
        clock: Clock,
        policy: Policy = "many",
        *,
        save_last_seen: SaveLastSeen = _save_nothing,
        load_last_seen: LoadLastSeen = _load_nothing,
    ) -> None:
        self._clock = clock
        self._policy = policy
        self._save = save_last_seen
        self._load = load_last_seen
        self._seats: dict[str, list[Seat]] = {}
        self._names: list[str] = []
        """User ids of `_seats`, sorted, so that a page of who is online costs no sorting."""
        self._gone: OrderedDict[str, Presence] = OrderedDict()
        self._unsaved: OrderedDict[str, int] = OrderedDict()
        self._watchers: dict[str, set[Watcher]] = {}
        self._watched: dict[Watcher, frozenset[str]] = {}

    # ------------------------------------------------------------ seats

    async def admit(self, seat: Seat) -> None:
        """Give the session its seat, ousting whom the policy says.

        Raises ChatError with SESSION_REFUSED when the policy is `reject` and another device is connected.  The same
        device always replaces itself, and a session that seems gone never stands in the way: a crash must not lock
        anybody out.
        """
        others = list(self._seats.get(seat.user_id, ()))
        if self._policy == "reject" and any(
            other.device_id != seat.device_id and not other.seems_gone() for other in others
        ):
            raise ChatError(Code.SESSION_REFUSED)
        # Seated before the others are ousted, so that nobody sees the person offline in between.
        seats = self._seats.get(seat.user_id)
        if seats is None:
            self._seats[seat.user_id] = [seat]
            insort(self._names, seat.user_id)
            self._gone.pop(seat.user_id, None)
            self._tell(Presence(seat.user_id, PresenceState.ONLINE, self._clock.now_ms()))
        else:
            seats.append(seat)
        for other in others:
            if self._policy != "many" or other.device_id == seat.device_id:
                other.ousted()

    def leave(self, seat: Seat, *, logged_out: bool) -> None:
        """Free the seat of a session that ended.  Idempotent."""
        seats = self._seats.get(seat.user_id)
        if seats is None or seat not in seats:
            return
        seats.remove(seat)
        if seats:
            return
        del self._seats[seat.user_id]
        self._names.pop(bisect_right(self._names, seat.user_id) - 1)
        now = self._clock.now_ms()
        presence = Presence(seat.user_id, PresenceState.OFFLINE if logged_out else PresenceState.DROPPED, now)
        self._gone[seat.user_id] = presence
        if len(self._gone) > _REMEMBERED:
            self._gone.popitem(last=False)
        self._unsaved[seat.user_id] = now
        if len(self._unsaved) > _PENDING:
            self._unsaved.popitem(last=False)
        self._tell(presence)

    @property
    def online(self) -> int:
        """How many people are connected."""
        return len(self._names)

    def online_after(self, user_id: str, limit: int) -> list[Presence]:
        """Return people who are online, by user id, beginning after the one given."""
        start = bisect_right(self._names, user_id)
        now = self._clock.now_ms()
        return [Presence(name, PresenceState.ONLINE, now) for name in self._names[start : start + limit]]

    async def presence(self, user_ids: Sequence[str]) -> list[Presence]:
        """Return what is known of these people, in the order given."""
        now = self._clock.now_ms()
        away = [name for name in user_ids if name not in self._seats and name not in self._gone]
        seen = await self._load(away) if away else {}
        found = []
        for name in user_ids:
            if name in self._seats:
                found.append(Presence(name, PresenceState.ONLINE, now))
            else:
                found.append(self._gone.get(name) or Presence(name, PresenceState.OFFLINE, seen.get(name, 0)))
        return found

    async def save(self) -> None:
        """Hand the times of leaving since the last call to whoever keeps them.

        What could not be saved is tried again with the next call.
        """
        if not self._unsaved:
            return
        batch, self._unsaved = self._unsaved, OrderedDict()
        try:
            await self._save(list(batch.items()))
        except BaseException as problem:
            self._unsaved = OrderedDict({**batch, **self._unsaved})
            if not isinstance(problem, ChatError):
                raise

    # ------------------------------------------------------------ watching

    def watch(self, watcher: Watcher, user_ids: Sequence[str]) -> None:
        """Replace the set of people whose presence `watcher` hears of; an empty one ends it."""
        for name in self._watched.pop(watcher, ()):
            watchers = self._watchers[name]
            watchers.discard(watcher)
            if not watchers:
                del self._watchers[name]
        if user_ids:
            self._watched[watcher] = frozenset(user_ids)
            for name in self._watched[watcher]:
                self._watchers.setdefault(name, set()).add(watcher)

    def _tell(self, presence: Presence) -> None:
        for watcher in list(self._watchers.get(presence.user_id, ())):
            watcher.presence_changed(presence)

"""Who is connected, on which device, and who may still connect.

A session takes its seat before it is served and leaves it when it ends.  Seats decide the login policy, and presence is
read from them: a person is online while any session is seated, here or, in a cluster, at another node, as the roll
says.  Alone, a process decides all of it by itself and keeps no rows.  With a roll, a policy that allows one session
takes the person's slot before the seat, and watchers are told what the rows say once a signal said that they changed.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal, Protocol

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.cluster.model import Came, Departure, SessionRow
from hubbub.cluster.presence import Presence, PresenceState, Watcher, Watching
from hubbub.cluster.roll import Roll
from hubbub.cluster.slots import Kick

__all__ = ["Policy", "Presence", "PresenceState", "Seat", "SessionRegistry", "Watcher"]

Policy = Literal["many", "replace", "reject"]

_REMEMBERED = 10_000
"""People lately gone whose presence is known without asking the database."""

_PENDING = 100_000
"""Times of leaving that may wait to be saved; beyond it the oldest is dropped."""

_LOOK_AGAIN_S = 60.0
"""How often the rows of everybody watched are read again, whatever signals said."""

_LOOK_AGAIN = 2_000
"""Of so many people with each `save`."""


class Seat(Protocol):
    """A session as the registry sees it."""

    id: str
    user_id: str
    device_id: str
    came: Came
    """When its peer said hello; of two sessions of one device the later one stays."""

    def ousted(self) -> None:
        """End at once: another session took this one's place.  It calls `leave` itself."""

    def seems_gone(self) -> bool:
        """Whether the peer has been silent for longer than it promised."""


SaveLastSeen = Callable[[Sequence[tuple[str, int]]], Awaitable[None]]
LoadLastSeen = Callable[[Sequence[str]], Awaitable[dict[str, int]]]


def _many() -> Policy:
    return "many"


async def _save_nothing(seen: Sequence[tuple[str, int]]) -> None:
    return None


async def _load_nothing(user_ids: Sequence[str]) -> dict[str, int]:
    return {}


class SessionRegistry:
    """The seats of one process.

    `policy` returns what is configured now; a stricter one than before holds for who connects from then on.
    `save_last_seen` gets (user, milliseconds) in batches; `load_last_seen` answers for people who are not here.
    `roll` is the cluster's; without one there is no other node.
    """

    def __init__(
        self,
        clock: Clock,
        policy: Callable[[], Policy] = _many,
        *,
        roll: Roll | None = None,
        save_last_seen: SaveLastSeen = _save_nothing,
        load_last_seen: LoadLastSeen = _load_nothing,
    ) -> None:
        self._clock = clock
        self._policy = policy
        self._roll = roll
        self._save = save_last_seen
        self._load = load_last_seen
        self._seats: dict[str, list[Seat]] = {}
        self._names: list[str] = []
        """User ids of `_seats`, sorted, so that a page of who is online costs no sorting."""
        self._entering: dict[str, Seat] = {}
        """By session: those that wait for their slot."""
        self._holders: dict[str, Seat] = {}
        """By session: those that took a slot."""
        self._gone: OrderedDict[str, Presence] = OrderedDict()
        self._unsaved: OrderedDict[str, int] = OrderedDict()
        self._watching = Watching()
        self._turn: list[str] = []
        """Who of those watched is still to be read again."""
        self._turn_at = clock.monotonic() + _LOOK_AGAIN_S
        if roll is not None:
            roll.attach(self)

    # ------------------------------------------------------------ seats

    async def admit(self, seat: Seat) -> None:
        """Give the session its seat, ousting whom the policy says.

        Raises ChatError with SESSION_REFUSED when the policy is `reject` and another device is connected, and with
        UNAVAILABLE when the device has said hello again since.  The same
        device always replaces itself, and a session that seems gone never stands in the way: a crash must not lock
        anybody out.
        """
        policy = self._policy()
        if self._is_outdated(seat):
            raise ChatError(Code.UNAVAILABLE)
        if policy == "reject" and any(
            other.device_id != seat.device_id and not other.seems_gone() for other in self._seats.get(seat.user_id, ())
        ):
            raise ChatError(Code.SESSION_REFUSED)
        roll = self._roll
        if roll is None:
            self._sit(seat, policy)
            return
        row = roll.row(seat.id, seat.user_id, seat.device_id, seat.came)
        lost = [] if policy == "many" else await self._take_slot(roll, seat, row, replace=policy == "replace")
        roll.enter(row)
        self._sit(seat, policy)
        for other in lost:
            await roll.slots.kick(other)

    async def _take_slot(self, roll: Roll, seat: Seat, row: SessionRow, *, replace: bool) -> list[SessionRow]:
        """Return the sessions that lost their place to this one."""
        self._entering[seat.id] = seat
        try:
            lost = await roll.slots.take(row, replace=replace)
        finally:
            still = self._entering.pop(seat.id, None) is not None
        if not still:
            # It ended, or another took the slot from it, before it sat.
            roll.free(seat.user_id, seat.id)
            raise ChatError(Code.SESSION_REPLACED)
        self._holders[seat.id] = seat
        return lost

    def _is_outdated(self, seat: Seat) -> bool:
        """Whether its peer has left this connection for another, which is seated here."""
        others = self._seats.get(seat.user_id, ())
        return any(other.device_id == seat.device_id and seat.came.given_up_for(other.came) for other in others)

    def _sit(self, seat: Seat, policy: Policy) -> None:
        others = list(self._seats.get(seat.user_id, ()))
        # Seated before the others are ousted, so that nobody sees the person offline in between.
        seats = self._seats.get(seat.user_id)
        if seats is None:
            self._seats[seat.user_id] = [seat]
            insort(self._names, seat.user_id)
            self._gone.pop(seat.user_id, None)
            self._watching.tell(Presence(seat.user_id, PresenceState.ONLINE, self._clock.now_ms()))
        else:
            seats.append(seat)
        for other in others:
            if policy != "many" or other.device_id == seat.device_id:
                other.ousted()

    def leave(self, seat: Seat, *, logged_out: bool) -> None:
        """Free the seat of a session that ended.  Idempotent."""
        self._entering.pop(seat.id, None)
        self._holders.pop(seat.id, None)
        seats = self._seats.get(seat.user_id)
        if seats is None or seat not in seats:
            return
        now = self._clock.now_ms()
        seats.remove(seat)
        if self._roll is not None:
            self._roll.leave(Departure(seat.id, seat.user_id, not logged_out, now))
        if seats:
            return
        del self._seats[seat.user_id]
        self._names.pop(bisect_right(self._names, seat.user_id) - 1)
        presence = Presence(seat.user_id, PresenceState.OFFLINE if logged_out else PresenceState.DROPPED, now)
        self._gone[seat.user_id] = presence
        if len(self._gone) > _REMEMBERED:
            self._gone.popitem(last=False)
        self._unsaved[seat.user_id] = now
        if len(self._unsaved) > _PENDING:
            self._unsaved.popitem(last=False)
        if self._roll is None:
            # Otherwise the rows say whether that was the last session, and the roll that they changed.
            self._watching.tell(presence)

    def _seated(self, user_id: str, session_id: str) -> Seat | None:
        return next((seat for seat in self._seats.get(user_id, ()) if seat.id == session_id), None)

    # ------------------------------------------------------------ for the roll

    def kicked(self, kick: Kick) -> bool:
        """End a session that lost its place; False when it has no place here."""
        if kick.session_id in self._entering:
            if not kick.if_gone:
                del self._entering[kick.session_id]
            return True
        seat = self._seated(kick.user_id, kick.session_id)
        if seat is not None and (not kick.if_gone or seat.seems_gone()):
            seat.ousted()
        return seat is not None

    def stands_in_the_way(self, session_id: str, user_id: str) -> bool:
        """Whether that session is here and its peer seems to be there."""
        seat = self._entering.get(session_id) or self._seated(user_id, session_id)
        return seat is not None and not seat.seems_gone()

    def holders(self) -> list[tuple[str, str]]:
        """Return (user, session) of those that took a slot and sit."""
        return [(seat.user_id, session_id) for session_id, seat in self._holders.items()]

    def watches(self, user_id: str) -> bool:
        """Whether anybody here wants to hear of this person."""
        return user_id in self._watching

    async def look(self, user_ids: Sequence[str]) -> None:
        """Read the presence of these people and tell who watches them.  Raises ChatError."""
        away = await self._away(user_ids)
        for name in user_ids:
            self._watching.tell(self._presence(name, away))

    # ------------------------------------------------------------ presence

    def devices_of(self, user_id: str) -> set[str]:
        """Return the devices on which somebody is connected here and answers."""
        return {seat.device_id for seat in self._seats.get(user_id, ()) if not seat.seems_gone()}

    @property
    def online(self) -> int:
        """How many people are connected to this process."""
        return len(self._names)

    async def online_after(self, user_id: str, limit: int) -> list[Presence]:
        """Return people who are online, by user id, beginning after the one given."""
        start = bisect_right(self._names, user_id)
        names = self._names[start : start + limit]
        if self._roll is not None:
            # Who has just come may not have a row yet.
            names = sorted({*names, *await self._roll.online_after(user_id, limit)})[:limit]
        now = self._clock.now_ms()
        return [Presence(name, PresenceState.ONLINE, now) for name in names]

    async def presence(self, user_ids: Sequence[str]) -> list[Presence]:
        """Return what is known of these people, in the order given."""
        # What is told of those who are watched here already is kept true.
        known = {name: one for name in user_ids if (one := self._watching.known(name)) is not None}
        try:
            known.update(await self._away([name for name in user_ids if name not in known]))
        except ChatError:
            if self._roll is None:
                raise
            # Best effort: what this process knows by itself.
            return [self._presence(name, known) for name in user_ids]
        found = [self._presence(name, known) for name in user_ids]
        for one in found:
            self._watching.note(one)
        return found

    def _presence(self, user_id: str, away: Mapping[str, Presence]) -> Presence:
        if user_id in self._seats:
            return Presence(user_id, PresenceState.ONLINE, self._clock.now_ms())
        return away.get(user_id) or self._gone.get(user_id) or Presence(user_id, PresenceState.OFFLINE, 0)

    async def _away(self, user_ids: Sequence[str]) -> dict[str, Presence]:
        """Return what the database says of those of these people who are not here."""
        unseated = [name for name in user_ids if name not in self._seats]
        found: dict[str, Presence] = {}
        if self._roll is not None and unseated:
            now = self._clock.now_ms()
            elsewhere = await self._roll.elsewhere(unseated)
            found = {name: Presence(name, PresenceState.ONLINE, now) for name in elsewhere}
            left = await self._roll.departures([name for name in unseated if name not in elsewhere])
            for name, one in left.items():
                state = PresenceState.DROPPED if one.dropped else PresenceState.OFFLINE
                found[name] = Presence(name, state, one.at_ms)
                here = self._gone.get(name)
                if here is not None and here.last_seen_ms > one.at_ms:
                    found[name] = here  # Left here, and not written yet.
        unknown = [name for name in unseated if name not in found and name not in self._gone]
        seen = await self._load(unknown) if unknown else {}
        found.update({name: Presence(name, PresenceState.OFFLINE, at_ms) for name, at_ms in seen.items()})
        return found

    async def save(self) -> None:
        """Hand the times of leaving since the last call to whoever keeps them.

        What could not be saved is tried again with the next call.
        """
        if self._roll is not None:
            self._roll.let_go()
            self._look_again(self._roll)
        if not self._unsaved:
            return
        batch, self._unsaved = self._unsaved, OrderedDict()
        try:
            await self._save(list(batch.items()))
        except BaseException as problem:
            self._unsaved = OrderedDict({**batch, **self._unsaved})
            if not isinstance(problem, ChatError):
                raise

    def _look_again(self, roll: Roll) -> None:
        """Have everybody watched read again in turn, for signals may be lost; how many at once is bounded."""
        now = self._clock.monotonic()
        if not self._turn and now >= self._turn_at:
            self._turn, self._turn_at = list(self._watching.people), now + _LOOK_AGAIN_S
        roll.changed(self._turn[-_LOOK_AGAIN:])
        del self._turn[-_LOOK_AGAIN:]

    # ------------------------------------------------------------ watching

    async def watch(self, watcher: Watcher, user_ids: Sequence[str]) -> None:
        """Replace the set of people whose presence `watcher` hears of; what is read afterwards misses nothing."""
        came, went = self._watching.watch(watcher, user_ids)
        if self._roll is not None:
            self._roll.care(came, went)
            await self._roll.listen(user_ids)

    def watchers(self, user_id: str) -> list[Watcher]:
        """Return who hears of somebody's presence here."""
        return self._watching.watchers(user_id)

    def watched(self, watcher: Watcher) -> frozenset[str]:
        """Return whose presence `watcher` hears of."""
        return self._watching.of(watcher)

    def unwatch(self, watcher: Watcher) -> None:
        """Tell `watcher` of nobody any more."""
        _, went = self._watching.watch(watcher, ())
        if self._roll is not None:
            self._roll.care((), went)

"""Which gateway a login is sent to.

Heartbeats tell how many sessions a node has, and are a second old; in that second a thousand logins may come, and other
`web` nodes assign at the same time without a word to each other.  So an assigner counts whom it sent and did not see
arrive, and takes it that each of the others sent as many: then the emptiest node is filled first, and only until it is
level, whoever asks whom.  A rate per node keeps the emptiest one from being flooded.

A login that asks again is sent where it was, while that node takes people: as this assigner remembers, or else as the
rows of open sessions say.  Nothing here is needed for correctness; any gateway serves anybody.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import random
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Collection, Sequence

from hubbub.base.clock import Clock
from hubbub.base.errors import ChatError, Code
from hubbub.cluster.model import NodeRecord, NodeState, NodeView
from hubbub.cluster.settings import Strategy

_REMEMBERED = 50_000
"""Logins whose node is known without asking the database."""

_COME_WITHIN_S = 10.0
"""Who was sent to a node and is not there by then is not counted any more."""

_BURST_S = 2.0
"""A node that was given nobody for so long may be given what it missed at once."""

_ASK_ROWS_S = 1.0
_NOBODY_RETRY_S = 1.0

SeatOf = Callable[[str, str], Awaitable[str]]
"""Maps (user, device) to the incarnation that has its session by the rows, or ""."""


async def _seat_unknown(user_id: str, device_id: str) -> str:
    return ""


def _one() -> int:
    return 1


class Assigner:
    """Chooses gateways for the logins that ask one `web` node.

    `live` returns the gateways as this process sees them, `strategy` and `connects_per_s` what is configured now, and
    `assigners` how many nodes assign, this one included.
    """

    def __init__(
        self,
        live: Callable[[], Sequence[NodeView]],
        clock: Clock,
        *,
        strategy: Callable[[], Strategy],
        connects_per_s: Callable[[], float],
        assigners: Callable[[], int] = _one,
        seat_of: SeatOf = _seat_unknown,
        rand: random.Random | None = None,
    ) -> None:
        self._live = live
        self._clock = clock
        self._strategy = strategy
        self._connects_per_s = connects_per_s
        self._assigners = assigners
        self._seat_of = seat_of
        self._rand = rand or random.Random()
        self._tallies: dict[str, _Tally] = {}
        self._remembered: OrderedDict[str, str] = OrderedDict()

    async def assign(self, login_id: str, user_id: str, device_id: str, *, avoid: Collection[str] = ()) -> NodeRecord:
        """Return the node for a login; `avoid` names nodes its client could not reach.

        Raises ChatError with UNAVAILABLE when no gateway takes people, and with OVERLOADED when each was given as many
        as it may be just now.
        """
        views = self._open(avoid)
        kept = _of(self._remembered.get(login_id, ""), views)
        if kept is None and not avoid:
            # Whoever names a node to avoid has just lost it: the rows would say no other.
            incarnation = await self._seat(user_id, device_id)
            views = self._open(avoid)
            kept = _of(incarnation, views)
        if kept is None:
            kept = self._choose(user_id, views)
        self._remembered[login_id] = kept.record.incarnation
        self._remembered.move_to_end(login_id)
        if len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)
        return kept.record

    def _open(self, avoid: Collection[str]) -> list[NodeView]:
        """Return the nodes that take people, without those to avoid unless there are no others."""
        views = [
            view
            for view in self._live()
            if view.state is NodeState.UP and not view.record.draining and view.record.weight > 0
        ]
        return [view for view in views if view.record.node_id not in avoid] or views

    async def _seat(self, user_id: str, device_id: str) -> str:
        try:
            async with asyncio.timeout(_ASK_ROWS_S):
                return await self._seat_of(user_id, device_id)
        except (ChatError, TimeoutError):
            return ""  # Where it was is a preference; that it gets in does not wait for it.

    def _choose(self, user_id: str, views: list[NodeView]) -> NodeView:
        if not views:
            raise ChatError(Code.UNAVAILABLE, retry_after_s=_NOBODY_RETRY_S)
        now = self._clock.monotonic()
        assigners = max(1, self._assigners())
        rate = self._connects_per_s() / assigners
        if len(self._tallies) > 2 * len(views) + 16:
            living = {view.record.incarnation for view in views}
            self._tallies = {name: tally for name, tally in self._tallies.items() if name in living}
        nodes = [self._look(view, now, rate, assigners) for view in views]
        free = [node for node in nodes if rate <= 0 or node.allowance >= 1.0]
        if not free:
            wait_s = min((1.0 - node.allowance) / rate for node in nodes)
            raise ChatError(Code.OVERLOADED, retry_after_s=wait_s + self._rand.random())
        chosen = CHOICES[self._strategy()](free, user_id, self._rand)
        chosen.allowance -= 1.0
        chosen.expected.append(now)
        return chosen.view

    def _look(self, view: NodeView, now: float, rate: float, assigners: int) -> _Tally:
        tally = self._tallies.get(view.record.incarnation)
        if tally is None:
            tally = self._tallies[view.record.incarnation] = _Tally(view, now, rate)
        tally.look(view, now, rate, assigners)
        return tally


class _Tally:
    """A node, and what its heartbeats do not say yet."""

    __slots__ = ("allowance", "arrived", "assigners", "expected", "filled_at", "turns", "view")

    def __init__(self, view: NodeView, now: float, rate: float) -> None:
        self.view = view
        self.expected: deque[float] = deque()
        """When those were sent who were not seen to arrive."""
        self.arrived = 0.0
        """Arrivals that were this assigner's by its share, and not taken out of `expected` yet."""
        self.assigners = 1
        self.allowance = max(1.0, rate * _BURST_S)
        self.filled_at = now
        self.turns = 0.0

    @property
    def load(self) -> float:
        """Sessions per weight, with one more and with whom all assigners sent meanwhile."""
        return (self.view.load.sessions + self.assigners * (len(self.expected) + 1)) / self.view.record.weight

    def look(self, view: NodeView, now: float, rate: float, assigners: int) -> None:
        """Take the present view; who is seen to have arrived is expected no longer."""
        self.arrived += max(0, view.load.sessions - self.view.load.sessions) / assigners
        while self.expected and (self.arrived >= 1.0 or now - self.expected[0] > _COME_WITHIN_S):
            self.expected.popleft()
            self.arrived = max(0.0, self.arrived - 1.0)
        if not self.expected:
            self.arrived = 0.0
        self.view = view
        self.assigners = assigners
        self.allowance = min(self.allowance + (now - self.filled_at) * rate, max(1.0, rate * _BURST_S))
        self.filled_at = now


def _of(incarnation: str, views: Sequence[NodeView]) -> NodeView | None:
    return next((view for view in views if view.record.incarnation == incarnation), None)


# ---------------------------------------------------------------- strategies


def _least_load(nodes: Sequence[_Tally], user_id: str, rand: random.Random) -> _Tally:
    return min(nodes, key=lambda node: (node.load, rand.random()))


def _round_robin(nodes: Sequence[_Tally], user_id: str, rand: random.Random) -> _Tally:
    """Give each its turn, as often as its weight says and as evenly as may be."""
    for node in nodes:
        node.turns += node.view.record.weight
    chosen = max(nodes, key=lambda node: node.turns)
    chosen.turns -= sum(node.view.record.weight for node in nodes)
    return chosen


def _random(nodes: Sequence[_Tally], user_id: str, rand: random.Random) -> _Tally:
    return rand.choices(nodes, [node.view.record.weight for node in nodes])[0]


def _consistent_hash(nodes: Sequence[_Tally], user_id: str, rand: random.Random) -> _Tally:
    """Weighted rendezvous hashing: a node that comes or goes moves nobody but those it takes or had."""

    def score(node: _Tally) -> float:
        digest = hashlib.blake2b(f"{node.view.record.node_id}/{user_id}".encode(), digest_size=7).digest()
        # In (0, 1): 56 bits could round up to 1.0, whose logarithm divides by nothing.
        even = (int.from_bytes(digest) >> 4) / 2.0**52 + 2.0**-54
        return -node.view.record.weight / math.log(even)

    return max(nodes, key=score)


CHOICES: dict[Strategy, Callable[[Sequence[_Tally], str, random.Random], _Tally]] = {
    "least_load": _least_load,
    "round_robin": _round_robin,
    "random": _random,
    "consistent_hash": _consistent_hash,
}
